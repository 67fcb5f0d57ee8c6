//! What a person is called for: something became bad, or recovery needs a person. Pure.

use super::data::Picture;
use crate::health::board::Row;
use crate::recovery::incident::State;
use std::collections::HashSet;

/// What is new in a picture against the one before, in words; `None`: nothing to call for.
pub fn news(environment: &str, before: &Picture, after: &Picture) -> Option<String> {
    let name = |row: &Row| (row.host.clone(), row.check.clone());
    let bad = |picture: &Picture| -> HashSet<_> {
        picture.board.rows.iter().filter(|row| row.is_alert()).map(name).collect()
    };
    let was = bad(before);
    let fresh: Vec<&Row> = after.board.rows.iter().filter(|row| row.is_alert() && !was.contains(&name(row))).collect();
    let called = |picture: &Picture| -> HashSet<_> {
        picture.incidents.iter().filter(|i| i.state == State::Escalated).map(|i| i.id).collect()
    };
    let needed = called(after).difference(&called(before)).count();
    let bad = match fresh.as_slice() {
        [] => None,
        [one] => {
            let host = one.host.as_deref().map(|host| format!("{host} ")).unwrap_or_default();
            Some(format!("{host}{} is bad: {}", one.check, one.text))
        }
        many => Some(format!("{} checks became bad", many.len())),
    };
    let person = (needed > 0).then(|| format!("a person is needed ({needed})"));
    let parts: Vec<String> = person.into_iter().chain(bad).collect();
    (!parts.is_empty()).then(|| format!("{environment}: {}", parts.join("; ")))
}
