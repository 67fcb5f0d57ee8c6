//! A one-shot question to the edge, as a screen keeps it.

/// A question to the edge, and its answer once it is there.
#[derive(Debug)]
pub struct Asked<T> {
    /// What was asked: a pattern, a host.
    pub what: String,
    /// `None` as long as it is being worked out.
    pub answer: Option<Result<T, String>>,
}

impl<T> Asked<T> {
    /// A question without an answer.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), answer: None }
    }
}
