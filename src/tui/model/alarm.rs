//! What the alarm line knows.

use crate::alarm::Facts;

#[derive(Debug, Default)]
pub struct Alarm {
    /// As it was read last; `None`: not read yet.
    pub facts: Option<Facts>,
    /// The environment in sight, and since when (Unix milliseconds).
    pub came: Option<(usize, i64)>,
}
