//! What a verification comes to: an intact ledger and what should be known of it, or the first place that is not as written.

use super::chain::Head;
use super::intents::Open;
use super::pairs::Pairs;
use serde::Serialize;
use uuid::Uuid;

/// An unbroken chain, and what does not break it but should be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intact {
    pub rows: i64,
    pub head: Head,
    /// The newest head known from elsewhere that was found in the chain, if there was one.
    pub known: Option<Head>,
    /// Only the rows after this one were read: it was verified before. `None`: all of them were.
    pub since: Option<Head>,
    /// Intents without an outcome: nobody knows whether they were carried out.
    pub open: Vec<Open>,
    /// Runs that ended by their journal, and have no `run.end`.
    pub unended: Vec<Uuid>,
    /// What was held against the journals.
    pub journals: Journals,
    /// What the next verification goes on from.
    pub(super) pairs: Box<Pairs>,
}

/// What was held against the runs' folders.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Journals {
    /// Journals that hold what they held when their run ended.
    pub same: u64,
    /// Ended runs whose folder is not here any more.
    pub missing: u64,
    /// Runs that are older than the ledger.
    pub older: u64,
    /// Runs that say that they were launched under break-glass, and that it does not hold yet.
    pub unrecorded: u64,
    /// What could not be read, in words: nothing is said of it.
    pub unread: Vec<String>,
}

/// The first place where the ledger is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// Number of the first bad (or missing) row; 0: it is not a row.
    pub seq: i64,
    /// What is wrong with it.
    pub why: String,
}

impl Intact {
    /// An intact ledger of so many rows, all read, with nothing else to say.
    pub fn of(rows: i64, head: Head, known: Option<Head>) -> Self {
        Intact {
            rows,
            head,
            known,
            since: None,
            open: Vec::new(),
            unended: Vec::new(),
            journals: Journals::default(),
            pairs: Box::default(),
        }
    }
}

impl Broken {
    pub(super) fn at(seq: i64, why: impl Into<String>) -> Self {
        Broken { seq, why: why.into() }
    }
}
