//! The journal: `journal.jsonl`, one event a line, append-only, written by one supervisor and read by anybody.
//! What the events mean is the fold's business, not this room's.

mod decode;
mod guard;
mod reader;
mod writer;

#[cfg(test)]
mod tests;

pub use decode::decode;
pub use reader::{LINE, Pass, Reader};
pub use writer::Journal;

/// What can be wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file could not be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A line in the middle is not what the writer wrote.
    #[error(
        "{path}, line {line} (byte {offset}): {why}; what comes before it is shown, what comes after it is not known"
    )]
    Damaged {
        path: std::path::PathBuf,
        /// Line, from 1.
        line: u64,
        /// Byte offset of the line.
        offset: u64,
        why: String,
    },
    /// It holds events of a newer version.
    #[error("{path} was written by a newer opsdeck: this one only reads it")]
    Newer { path: std::path::PathBuf },
}
