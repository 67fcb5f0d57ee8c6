//! A person's word that something is silent for a while, or no more: on the record, intent before, outcome after.

use super::Target;
use crate::audit::{Action, Acts, Record};
use crate::state::operator::Operator;
use crate::state::silences::SilenceRow;
use crate::state::{Control, DbError, StateDir};
use crate::text::human;
use serde_json::json;

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum SilenceError {
    #[error("{0}")]
    Db(#[from] DbError),
    /// It could not be recorded: then it is not done.
    #[error("{0}")]
    Ledger(#[from] crate::audit::Error),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub environment: String,
    /// What; of one environment all at once, or nothing.
    pub targets: Vec<Target>,
    pub reason: String,
}

/// Silences until then. `now` and `until` in Unix milliseconds.
///
/// # Errors
/// It cannot be recorded or written.
pub fn silence(store: &StateDir, operator: &Operator, word: &Word, until: i64, now: i64) -> Result<(), SilenceError> {
    let rows: Vec<SilenceRow> = word.targets.iter().map(|target| word.row(target, operator, until, now)).collect();
    recorded(store, Action::SilenceSet, operator, word, Some(until), |control| control.put_silences(&rows, now))
}

/// Lifts silences before their time.
///
/// # Errors
/// It cannot be recorded or written.
pub fn lift(store: &StateDir, operator: &Operator, word: &Word) -> Result<(), SilenceError> {
    let targets = word.names();
    recorded(store, Action::SilenceLift, operator, word, None, |control| {
        control.lift_silences(&word.environment, &targets)
    })
}

impl Word {
    /// What it is about, as people type it.
    pub fn words(&self) -> String {
        self.names().join(", ")
    }

    /// The same, as short as a line: the first few, and how many more.
    pub fn brief(&self) -> String {
        human::few(self.names().iter().map(String::as_str))
    }

    fn names(&self) -> Vec<String> {
        self.targets.iter().map(Target::to_string).collect()
    }

    /// The hosts that it names.
    pub fn hosts<'a>(&'a self) -> Vec<&'a str> {
        let host = |target: &'a Target| match target {
            Target::Host(host) | Target::One { host, .. } => Some(host.as_str()),
            Target::All | Target::Check(_) | Target::Service(_) => None,
        };
        self.targets.iter().filter_map(host).collect()
    }

    fn row(&self, target: &Target, operator: &Operator, until: i64, at: i64) -> SilenceRow {
        let (environment, reason) = (self.environment.clone(), self.reason.clone());
        SilenceRow { environment, target: target.to_string(), until, operator: operator.name.clone(), reason, at }
    }
}

fn recorded(
    store: &StateDir,
    action: Action,
    operator: &Operator,
    word: &Word,
    until: Option<i64>,
    work: impl FnOnce(&Control) -> Result<(), DbError>,
) -> Result<(), SilenceError> {
    let control = Control::open(store)?;
    let acts = Acts::open(store, &control)?;
    let hosts: Vec<String> = word.hosts().into_iter().map(str::to_owned).collect();
    let about = |mut record: Record| {
        record.metadata.extend(until.map(|until| ("until".to_owned(), json!(human::rfc3339(until)))));
        Record {
            env: Some(word.environment.clone()),
            reason: Some(word.reason.clone()),
            subject: Some(format!("silence {}", word.words())),
            targets: (!hosts.is_empty()).then(|| hosts.clone()),
            ..record
        }
    };
    acts.around(action, operator, about, |_| Ok(work(&control)?))
}
