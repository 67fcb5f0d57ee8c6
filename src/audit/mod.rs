//! The audit ledger: who did what, where, from where, and how it ended. INSERT only, hash-chained, intent before action.
//!
//! Rows of version 2 bind each field by a salted commitment (`commit`), so that a value can be redacted while its row still
//! verifies; rows of version 1 (SHA-256 over the previous hash as 64 hex digits, then the row's canonical JSON) stay where they
//! are, and the chain goes on from the last of them. What looks like a secret is replaced before hashing. What belongs here:
//! records, the chain, reading them back. When something is worth a record is decided by whoever does it.
//!
//! The chain shows every change inside the ledger. That its tail was cut shows against heads that were kept elsewhere (the
//! checkpoint file beside it, the mark of the last verification, the head that `opsdeck audit verify` prints), and against the
//! runs' folders. Under one uid all of these can be written by whoever can write the ledger: evidence, not a barrier. Only a
//! head that is kept where they cannot write is one.

mod around;
mod canonical;
mod chain;
mod checkpoint;
mod columns;
mod commit;
mod entry;
mod fields;
mod intents;
mod journal;
pub mod launched;
mod ledger;
mod looks;
mod mark;
mod newest;
mod pairs;
mod query;
mod record;
mod redact;
mod redaction;
mod runs;
mod v1;
mod v2;
mod verdict;
mod verify;
mod walk;
mod witness;

pub use canonical::canonical;
pub use chain::{Head, hex};
pub use entry::{Entry, SCHEMA_VERSION};
pub use intents::Open;
pub use journal::{Sum, Summing, is_ended};
pub use ledger::{Error, Ledger, PATIENCE, Receipt};
pub use looks::is_name as is_secret_name;
pub use query::{Filter, Page, Row};
pub use record::{Action, Phase, Record, Release, Standing, Status};
pub use redact::{REDACTED, text as redacted};
pub use redaction::Redaction;
pub use verdict::{Broken, Intact, Journals};
pub use verify::verify_absent;
pub use witness::{Acts, at_odds, lost, missing, outrun};
