//! Silences on the screen: what a line would silence, or which silence it is under, and the question before it.

use super::form::{self, What};
use crate::health::silence::{self, Target, Word, words};
use crate::state::silences::SilenceRow;
use crate::tui::effect;
use crate::tui::model::Model;

/// The silence that the line under the cursor is under.
fn held(model: &Model) -> Option<&SilenceRow> {
    let (picture, row) = (model.health.of(model.env)?, model.health.current()?);
    picture.silences.of(silence::What { host: row.host.as_deref(), check: Some(&row.check), service: None })
}

/// The word that a key says of the line: its host, else its check; the hosts of a common cause. Without a reason yet.
fn word(model: &Model) -> Option<What> {
    let environment = model.project.environments.get(model.env?)?.name.clone();
    let word = |targets| Word { environment: environment.clone(), targets, reason: String::new() };
    if let Some(row) = held(model) {
        return Some(What::Lift(word(vec![Target::named(&row.target)])));
    }
    if let Some(cause) = model.health.cause() {
        let hosts = &model.health.of(model.env)?.board.causes.get(cause)?.hosts;
        return Some(What::Silence(word(hosts.iter().cloned().map(Target::Host).collect())));
    }
    let row = model.health.current()?;
    let target = row.host.clone().map_or_else(|| Target::Check(row.check.clone()), Target::Host);
    Some(What::Silence(word(vec![target])))
}

/// Why there is nothing to silence.
pub fn none(model: &Model) -> Option<String> {
    word(model).is_none().then(|| "nothing is under the cursor".into())
}

/// What will happen, before it is asked for how long and why.
pub fn question(model: &Model) -> Vec<String> {
    match (word(model), held(model)) {
        (Some(What::Lift(word)), Some(row)) => {
            let target = word.words();
            vec![
                format!("{target} is {}.", words(row)),
                format!("People hear of {target} again, and recovery may act."),
            ]
        }
        (Some(What::Silence(word)), _) => vec![
            format!("Silence {} of {} for a while.", word.words(), word.environment),
            "Nobody is told of it, and recovery leaves it alone; it is measured and shown as ever.".into(),
        ],
        _ => vec![],
    }
}

/// Asks for how long and why.
pub fn begin(model: &mut Model) -> Vec<effect::Effect> {
    word(model).map_or_else(Vec::new, |what| form::begin(model, what))
}
