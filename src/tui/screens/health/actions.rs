//! What can be done on Health.

use super::{refresh, rows};
use crate::tui::actions::Action;
use crate::tui::effect::Effect;
use crate::tui::model::Model;

/// Its actions.
pub const ACTIONS: &[Action] = &[
    Action::new("health.open", &["enter"], "open", "Open or close a common cause", |m| open(m, None))
        .hint(80)
        .unless(none),
    Action::new("health.filter", &["/"], "filter", "Show only checks whose line holds these words", |m| {
        m.health.typing = true;
        vec![]
    })
    .hint(70),
    Action::new("health.loud", &["v"], "not well", "Show only what is not well, or everything", |m| {
        m.health.choice.loud = !m.health.choice.loud;
        refresh(m);
        vec![]
    })
    .hint(50),
    Action::new(
        "health.sort",
        &["o"],
        "sort",
        "Change the order: worst first, changed last first, by host, by check",
        |m| {
            m.health.choice.sort = m.health.choice.sort.next();
            refresh(m);
            vec![]
        },
    )
    .hint(40),
    Action::new("health.copy", &["y"], "copy host", "Copy the name of the host to the clipboard", |m| {
        m.health.current().and_then(|row| row.host.clone()).map(Effect::Copy).into_iter().collect()
    })
    .unless(|m| {
        none(m).or_else(|| {
            m.health.current().and_then(|row| row.host.as_ref()).is_none().then(|| "this line is of no one host".into())
        })
    }),
];

fn none(model: &Model) -> Option<String> {
    model.health.lines.is_empty().then(|| "nothing is under the cursor".into())
}

/// Opens what is under the cursor (`Some(true)`), closes it, or does the other.
pub fn open(model: &mut Model, open: Option<bool>) -> Vec<Effect> {
    let s = &mut model.health;
    let Some(picture) = &s.picture else { return vec![] };
    let cause = s.cause().or_else(|| s.current().filter(|_| open == Some(false))?.cause);
    if let Some(cause) = cause {
        let name = rows::name(&picture.board, cause);
        if open.unwrap_or(!s.choice.open.contains(&name)) {
            s.choice.open.insert(name);
        } else {
            s.choice.open.remove(&name);
        }
        refresh(model);
    }
    vec![]
}
