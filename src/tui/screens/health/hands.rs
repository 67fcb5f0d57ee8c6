//! What recovery gave up, or has in hand, taken over by a person from the line that it belongs to.

use super::form::{self, What};
use super::note;
use crate::health::board::Row;
use crate::recovery::incident::{Incident, State};
use crate::text::human;
use crate::tui::effect;
use crate::tui::model::Model;
use std::collections::HashMap;

/// The incidents of the line under the cursor that nobody has in hand: of its row, or of all rows of a common cause.
fn incidents(model: &Model) -> Vec<&Incident> {
    let Some(picture) = model.health.of(model.env) else { return vec![] };
    let rows: Vec<&Row> = match model.health.cause() {
        Some(cause) => picture.board.rows.iter().filter(|row| row.cause == Some(cause)).collect(),
        None => model.health.current().into_iter().collect(),
    };
    // The footer asks at every frame, and a thousand hosts may have a thousand incidents.
    let mut of: HashMap<&str, Vec<&Row>> = HashMap::new();
    rows.into_iter().for_each(|row| of.entry(row.host.as_deref().unwrap_or_default()).or_default().push(row));
    let open = |i: &&Incident| !matches!(i.state, State::Healthy | State::Taken);
    let is_of = |i: &Incident| {
        of.get(i.host.as_str()).is_some_and(|rows| rows.iter().any(|row| note::is_of(&model.project, i, row)))
    };
    picture.incidents.iter().filter(open).filter(|i| is_of(i)).collect()
}

/// Why there is none to take over.
pub fn none(model: &Model) -> Option<String> {
    incidents(model).is_empty().then(|| "recovery has nothing in hand here".into())
}

/// What is asked before it.
pub fn begin(model: &mut Model) -> Vec<effect::Effect> {
    let all = incidents(model);
    let about = match all.as_slice() {
        [] => return vec![],
        [one] => format!("{} on {} is {}: {}.", one.policy, one.host, one.state.name(), one.why),
        many => {
            let hosts: Vec<&str> = many.iter().map(|i| i.host.as_str()).collect();
            format!("{}: {}.", human::of(many.len() as u64, "incident"), human::few(hosts.into_iter()))
        }
    };
    let ids = all.iter().map(|incident| incident.id).collect();
    form::begin(model, What::TakeOver(ids, about))
}
