//! The command of a step that is Ansible, for machines that start one after the other. A run of one command has its own
//! from its launcher.

use super::step::{Child, StepCommand};
use crate::ansible::ask::Ask;
use crate::ansible::environment::{self, Channels};
use crate::ansible::{callback, tools};
use crate::project::cfg::{AnsibleCfg, Env};
use crate::state::{StateDir, file};
use serde_json::{Map, Value};
use std::io;
use std::path::Path;
use uuid::Uuid;

#[derive(Debug, Clone, Copy)]
pub struct What<'a> {
    pub run: Uuid,
    /// Number of the child in it.
    pub number: u32,
    pub cwd: &'a Path,
    /// Seconds after which it is stopped.
    pub timeout: Option<u32>,
    /// Fencing token of the run's lease.
    pub fence: Option<i64>,
    /// Passwords are there for Ansible, where it asks for them.
    pub secrets: bool,
}

/// The command of a step that is Ansible. `vars` come before those on its command line; vaulted values among them stay
/// sealed, Ansible opens them when it uses them. Makes the step's folder.
///
/// # Errors
/// Ansible is not there, or the folder cannot be written.
pub fn ansible(store: &StateDir, what: What<'_>, ask: Ask, vars: Map<String, Value>) -> io::Result<StepCommand> {
    let (env, dir) = (Env::current(), store.run(what.run).step(what.number));
    file::private_dir(dir.path())?;
    let adhoc = matches!(ask, Ask::Adhoc(_));
    let tool = tools::find(if adhoc { tools::Tool::Adhoc } else { tools::Tool::Playbook }, &env);
    let plugin = callback::install(&store.plugins())?;
    let (events, stop_file) = (dir.events(), dir.stop());
    let channels = Channels { plugin: &plugin, events: &events, stop_file: &stop_file };
    let added = environment::additions(channels, adhoc, &AnsibleCfg::load(what.cwd, &env), &env);
    let child = Child::Ansible { ask, tool: tool.map_err(io::Error::other)?, vars };
    Ok(command(what, child, added))
}

/// The command of a step that is any other program: it has no way to be handed a password.
pub fn program(what: What<'_>, argv: Vec<String>) -> StepCommand {
    command(What { secrets: false, ..what }, Child::Program { argv }, Default::default())
}

fn command(what: What<'_>, child: Child, env: std::collections::BTreeMap<String, String>) -> StepCommand {
    StepCommand {
        child,
        env,
        cwd: what.cwd.to_owned(),
        timeout: what.timeout,
        run: what.run.to_string(),
        secrets: what.secrets,
        fence: what.fence,
    }
}
