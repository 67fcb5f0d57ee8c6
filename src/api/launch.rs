//! What is looked at before something is launched: modules, questions, the hosts that it would touch, and who holds them.

use super::Desk;
use crate::ansible::Ask;
use crate::ansible::ask::{ExtraVars, Shell};
use crate::ansible::doc::Docs;
use crate::ansible::prompts::{Scan, given_names, scan};
use crate::ansible::tools::{self, Tool};
use crate::project::Project;
use crate::project::cfg::Env;
use crate::run::fan::engines::{self, Given};
use crate::run::lease;
use crate::run::targets::{self, Targets};
use crate::state::Control;

impl Desk {
    /// The modules and their documentation, asked of the project's own Ansible.
    ///
    /// # Errors
    /// There is no `ansible-doc`.
    pub fn docs(&self, project: &Project) -> Result<Docs, tools::NotFound> {
        let env = Env::current();
        let tool = tools::find(Tool::Doc, &env)?;
        let collections = project.cfg.collections_path();
        Ok(Docs::new(tool, &project.root, &self.state.root().join("cache"), collections, &env))
    }

    /// What a playbook would ask a person for.
    pub fn questions(&self, project: &Project, playbook: &str, extra_vars: &[ExtraVars]) -> Scan {
        scan(&project.root, playbook, &given_names(extra_vars, &project.root), &project.cfg)
    }

    /// Which engine reaches which host of a shell command, in words.
    ///
    /// # Errors
    /// It is known only when it runs, and why.
    pub fn engines(&self, project: &Project, shell: &Shell, given: Given) -> Result<String, String> {
        let planned = engines::plan(shell, &project.root, &Env::current(), given, false);
        planned.map(|engines| engines.words()).map_err(|e| e.to_string())
    }

    /// The hosts that it would touch, and the run that holds any of them, in words.
    pub fn aim(&self, project: &Project, ask: &Ask, only: Option<&[String]>) -> (Targets, Option<String>) {
        let targets = targets::now(ask, &project.root, &Env::current(), only);
        let holder = Control::open(&self.state).and_then(|control| {
            lease::holder(&self.state, Some(&control), ask, &project.root, targets.touched().as_deref())
        });
        let words = match holder {
            Ok(holder) => holder.map(|(_, why)| why),
            Err(e) => Some(format!("whether another run holds these hosts cannot be told: {e}")),
        };
        (targets, words)
    }
}
