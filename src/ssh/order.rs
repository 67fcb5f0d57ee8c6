//! What is to be run on a host, what comes of it, and how it ended.

use std::time::Duration;

/// What is to be run.
pub(super) struct Order<'a> {
    pub line: &'a str,
    /// Its standard input: written when the session is open, and never where it did not open in time.
    pub stdin: &'a [u8],
    /// How long the host may take to open a session.
    pub open: Duration,
    /// How long it may run.
    pub timeout: Duration,
    /// Bytes of each output that are handed on.
    pub limit: usize,
}

/// A piece of output, as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunk<'a> {
    Out(&'a [u8]),
    Err(&'a [u8]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// Bytes of standard output, also of those that were thrown away.
    pub out: u64,
    /// Bytes of standard error.
    pub err: u64,
    /// Something that it left in the background holds its output open: what that writes is not heard.
    pub held: bool,
}
