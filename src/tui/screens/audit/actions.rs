//! What can be done with the ledger: read it. Nothing here changes a record, because nothing can.

use super::Effect;
use crate::tui::actions::Action;
use crate::tui::effect;
use crate::tui::model::Model;
use crate::tui::model::screen::Request;

pub const ACTIONS: &[Action] = &[
    Action::new(
        "audit.search",
        &["/"],
        "search",
        "Search: since:2h until:today operator:NAME status:failure env:NAME run:ID and words",
        |m| {
            m.audit.typing = true;
            vec![]
        },
    )
    .hint(80),
    Action::new("audit.detail", &["enter"], "detail", "Show all that a record says, or only the list", |m| {
        m.audit.detail = !m.audit.detail;
        vec![]
    })
    .hint(70)
    .unless(none),
    Action::new("audit.open", &["o"], "open run", "Open the run of this record", |m| {
        let id = m.audit.current().and_then(|r| r.entry.run_id);
        id.map(|id| m.ask(Request::Run(id))).unwrap_or_default()
    })
    .hint(60)
    .unless(|m| none(m).or_else(|| m.audit.current()?.entry.run_id.is_none().then(|| "the record has no run".into()))),
    Action::new("audit.verify", &["V"], "verify", "Verify every record and every link of the chain again", |m| {
        m.audit.verdict = None;
        vec![effect::Effect::Audit(Effect::Verify { all: true })]
    })
    .hint(50),
    Action::new("audit.refresh", &["ctrl-r"], "read again", "Read the ledger again", super::search).hint(30),
    Action::new("audit.copy", &["y"], "copy", "Copy the record as JSON, both hashes with it", |m| {
        m.audit.current().map(|r| effect::Effect::Copy(r.json().to_string())).into_iter().collect()
    })
    .unless(none),
];

fn none(model: &Model) -> Option<String> {
    model.audit.current().is_none().then(|| "no record under the cursor".into())
}
