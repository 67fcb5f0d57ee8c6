//! Performs Launch's effects: modules, documentation, questions, leases, and the launch itself.

use super::{Context, said};
use crate::ansible::Ask;
use crate::ansible::doc::Docs;
use crate::text;
use crate::tui::msg::{Data, Msg};
use crate::tui::screens::launch::data;

pub(super) fn perform(context: &Context, effect: data::Effect) {
    let answer = match effect {
        data::Effect::Modules => data::Data::Modules(docs(context).and_then(|d| d.modules().map_err(|e| said(&e)))),
        data::Effect::Doc(module) => {
            let result = docs(context).and_then(|d| d.module(&module).map_err(|e| said(&e)));
            data::Data::Doc { module, result }
        }
        data::Effect::Scan { playbook, extra_vars } => {
            let scan = context.desk.questions(&context.project, &playbook, &extra_vars);
            data::Data::Scan { playbook, extra_vars, scan }
        }
        data::Effect::Aim { aim, ask, only, given } => {
            if let Ask::Shell(shell) = &*ask {
                let words = context
                    .desk
                    .engines(&context.project, shell, given)
                    .unwrap_or_else(|why| format!("which engine runs it is known when it runs: {}", text::plain(&why)));
                context.answer(Msg::Data(Data::Launch(data::Data::Engines(words))));
            }
            let (targets, holder) = context.desk.aim(&context.project, &ask, only.as_deref());
            data::Data::Aim { aim, targets, holder }
        }
        data::Effect::Launch { request } => data::Data::Launched(context.act(|acting| acting.launch(*request.0))),
    };
    context.answer(Msg::Data(Data::Launch(answer)));
}

fn docs(context: &Context) -> Result<Docs, String> {
    context.desk.docs(&context.project).map_err(|e| said(&e))
}
