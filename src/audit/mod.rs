//! The audit ledger: who did what, where, from where, and how it ended. INSERT only, hash-chained, intent before action.
//!
//! A row's hash is SHA-256 over the previous row's hash (64 hex digits) followed by the row's canonical JSON (RFC 8785), so
//! an auditor can check a row with `sha256sum`. What is secret by its name is replaced before hashing. What belongs here:
//! records, the chain, reading them back. When something is worth a record is decided by whoever does it.
//!
//! The chain shows every change inside the ledger. That its tail was cut shows only against a head that was kept elsewhere:
//! the checkpoint file beside it (which the same user can write), or the head that `opsdeck audit verify` prints.

mod around;
mod canonical;
mod chain;
mod checkpoint;
mod entry;
mod ledger;
mod query;
mod record;
mod redact;
mod verify;

pub use canonical::canonical;
pub use chain::hex;
pub use entry::{Entry, SCHEMA_VERSION};
pub use ledger::{Error, Ledger, Receipt};
pub use query::{Filter, Page, Row};
pub use record::{Action, Phase, Record, Release, Standing, Status};
pub use redact::{REDACTED, is_secret_name, text as redacted};
pub use verify::{Broken, Head, Intact, verify_absent};
