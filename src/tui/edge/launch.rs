//! Performs Launch's effects: modules, documentation, questions, leases, and the launch itself.

use super::Context;
use crate::ansible::Ask;
use crate::ansible::doc::Docs;
use crate::ansible::prompts::{given_names, scan};
use crate::ansible::tools::{self, Tool};
use crate::project::cfg::Env;
use crate::run::fan::engines;
use crate::run::{self, lease};
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
        data::Effect::Aim { aim, env, ask, given } => {
            if let Ask::Shell(shell) = &*ask {
                let words = match engines::plan(shell, &context.project.root, &Env::current(), given, false) {
                    Ok(engines) => engines.words(),
                    Err(why) => format!("which engine runs it is known when it runs: {}", text::plain(&why)),
                };
                context.answer(Msg::Data(Data::Launch(data::Data::Engines(words))));
            }
            let hosts = hosts(context, env, &ask);
            let holder = holder(context, &ask, hosts.as_deref());
            data::Data::Aim { aim, hosts: hosts.map(|h| h.len()), holder }
        }
        data::Effect::Launch { env, request } => {
            let mut request = *request.0;
            request.hosts = hosts(context, env, &request.ask);
            let launched = run::launch(&context.state, request);
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
    let held = lease::holder(&context.state, &control, ask, &context.project.root, hosts);
    held.ok().flatten().map(|(_, why)| why)
}

/// The hosts that it will touch, as far as the inventory that is in memory tells; `None`: not known.
fn hosts(context: &Context, env: usize, ask: &Ask) -> Option<Vec<String>> {
    let inventory = context.inventories.get(env)?;
    let limit = ask.common().limit.as_deref();
    let select = |pattern: &str| {
        let chosen = inventory.select(pattern, limit).ok()?;
        Some(chosen.hosts.iter().map(|id| inventory.host_name(*id).to_owned()).collect::<Vec<_>>())
    };
    match ask {
        Ask::Adhoc(adhoc) => select(&adhoc.pattern),
        Ask::Shell(shell) => select(&shell.pattern),
        Ask::Playbook(play) => {
            let playbook = context.project.playbooks.iter().find(|p| p.path == play.playbook)?;
            let mut all = vec![];
            for (_, pattern) in &playbook.plays {
                // A pattern with variables is known to Ansible alone.
                if pattern.contains("{{") {
                    return None;
                }
                all.extend(select(pattern)?);
            }
            all.sort_unstable();
            all.dedup();
            Some(all)
        }
    }
}
