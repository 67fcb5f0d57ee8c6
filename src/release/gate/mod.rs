//! Gates: one reading each, made by touching the world. Whether a row of readings passes is the machine's business.

use super::state::Verdict;

/// What one reading came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Within bounds, out of bounds, or not known.
    pub verdict: Verdict,
    /// What was got (`503 Service Unavailable`, `182`, `no data`), safe for a terminal, one line.
    pub got: String,
    /// What is needed (`200`, `at most 250`).
    pub need: String,
}
