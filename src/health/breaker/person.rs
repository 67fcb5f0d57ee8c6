//! A person's word over a breaker, on the record: intent before, outcome after. The one way by which people change breakers.

use super::{Breaker, Forced, Forcing, Input, Keeper, KeeperError, Key};
use crate::audit::{Action, Acts, Record};
use crate::state::StateDir;
use crate::state::operator::Operator;
use crate::text::human;
use serde_json::json;

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum SayError {
    /// The breaker cannot be read or written.
    #[error("{0}")]
    Keeper(#[from] KeeperError),
    /// It could not be recorded: then it is not done.
    #[error("{0}")]
    Ledger(#[from] crate::audit::Error),
}

/// Forces a breaker, or leaves it to itself again ([`Input::Force`], [`Input::Auto`]); gives it as it is then. `now`: Unix
/// milliseconds.
///
/// # Errors
/// It cannot be recorded, read or written.
pub fn say(
    store: &StateDir,
    operator: &Operator,
    key: &Key,
    input: &Input,
    reason: &str,
    now: i64,
) -> Result<Breaker, SayError> {
    let keeper = Keeper::open(store)?;
    let acts = Acts::open(store, keeper.control())?;
    let to = match input {
        Input::Force(Forced { to: Forcing::Open, .. }) => "open",
        Input::Force(Forced { to: Forcing::Closed, .. }) => "closed",
        Input::Force(Forced { to: Forcing::MetricsOnly, .. }) => "metrics only",
        _ => "auto",
    };
    let about = |mut record: Record| {
        if let Input::Force(forced) = input {
            record.metadata.insert("to".into(), json!(forced.to));
            record.metadata.insert("until".into(), json!(forced.until.map(human::rfc3339)));
        }
        Record {
            env: key.environment().map(str::to_owned),
            reason: Some(reason.to_owned()),
            subject: Some(format!("breaker {key}: {to}")),
            ..record
        }
    };
    acts.around(Action::BreakerForce, operator, about, |_| keeper.put(key, input, now).map_err(SayError::from))?;
    Ok(keeper.get(key)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Filter, Ledger};
    use crate::health::breaker::Position;

    #[test]
    fn a_word_is_on_the_record_before_and_after() {
        let dir = tempfile::tempdir().unwrap();
        let store = StateDir::at(dir.path().join("s"));
        let operator = Operator { name: "alice".into(), ..Operator::default() };
        let key: Key = "transport:prod/web1".parse().unwrap();
        let (by, reason) = ("alice".to_owned(), "migration".to_owned());
        let forced = Input::Force(Forced { to: Forcing::Open, until: Some(60_000), by, reason, at: 0 });
        let breaker = say(&store, &operator, &key, &forced, "migration", 0).unwrap();
        assert_eq!((breaker.position(1), breaker.position(60_000)), (Position::ForcedOpen, Position::Closed));
        let breaker = say(&store, &operator, &key, &Input::Auto, "it is over", 1).unwrap();
        assert_eq!(breaker.position(2), Position::Closed);
        let rows = Ledger::open(&store.audit()).unwrap().query(&Filter::default(), 10).unwrap().rows;
        let seen: Vec<_> = rows.iter().map(|r| (r.entry.phase.as_str(), r.entry.reason.as_deref().unwrap())).collect();
        let subjects: Vec<_> = rows.iter().map(|r| r.entry.subject.as_deref().unwrap()).collect();
        assert_eq!(subjects[1..3], ["breaker transport:prod/web1: auto", "breaker transport:prod/web1: open"]);
        assert_eq!(
            seen,
            [("outcome", "it is over"), ("intent", "it is over"), ("outcome", "migration"), ("intent", "migration")]
        );
    }
}
