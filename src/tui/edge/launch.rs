//! Performs Launch's effects: modules, documentation, questions, leases, and the launch itself.

use super::Context;
use crate::ansible::Ask;
use crate::ansible::doc::Docs;
use crate::ansible::prompts::{given_names, scan};
use crate::ansible::tools::{self, Tool};
use crate::project::cfg::Env;
use crate::run::fan::engines;
use crate::run::{self, lease, targets};
use crate::state::Control;
use crate::text;
use crate::tui::msg::{Data, Msg};
use crate::tui::screens::launch::data;

pub(super) fn perform(context: &Context, effect: data::Effect) {
    let answer = match effect {
        data::Effect::Modules => data::Data::Modules(docs(context).and_then(|d| d.modules().map_err(said))),
        data::Effect::Doc(module) => {
            let result = docs(context).and_then(|d| d.module(&module).map_err(said));
            data::Data::Doc { module, result }
        }
        data::Effect::Scan { playbook, extra_vars } => {
            let project = &context.project;
            let given = given_names(&extra_vars, &project.root);
            let scan = scan(&project.root, &playbook, &given, &project.cfg);
            data::Data::Scan { playbook, extra_vars, scan }
        }
        data::Effect::Aim { aim, ask, only, given } => {
            if let Ask::Shell(shell) = &*ask {
                let words = match engines::plan(shell, &context.project.root, &Env::current(), given, false) {
                    Ok(engines) => engines.words(),
                    Err(why) => format!("which engine runs it is known when it runs: {}", text::plain(&why)),
                };
                context.answer(Msg::Data(Data::Launch(data::Data::Engines(words))));
            }
            let targets = targets::now(&ask, &context.project.root, &Env::current(), only.as_deref());
            let holder = holder(context, &ask, targets.touched().as_deref());
            data::Data::Aim { aim, targets, holder }
        }
        data::Effect::Launch { request } => {
            let launched = run::launch(&context.state, *request.0);
            data::Data::Launched(launched.map_err(said))
        }
    };
    context.answer(Msg::Data(Data::Launch(answer)));
}

fn said(error: impl std::fmt::Display) -> String {
    text::plain(&error.to_string()).into_owned()
}

fn docs(context: &Context) -> Result<Docs, String> {
    let env = Env::current();
    let tool = tools::find(Tool::Doc, &env).map_err(said)?;
    let collections = context.project.cfg.collections_path();
    Ok(Docs::new(tool, &context.project.root, &context.state.root().join("cache"), collections, &env))
}

fn holder(context: &Context, ask: &Ask, hosts: Option<&[String]>) -> Option<String> {
    let control = Control::open(&context.state).ok()?;
    let held = lease::holder(&context.state, Some(&control), ask, &context.project.root, hosts);
    held.ok().flatten().map(|(_, why)| why)
}
