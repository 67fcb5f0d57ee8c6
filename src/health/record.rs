//! What is kept of a check in one place, and of the answers behind it. The form on disk is a cache: what cannot be read
//! (another version wrote it) is measured again.

use super::judge::{CheckState, Rule};
use super::series::{Series, Trend};
use serde::{Deserialize, Serialize};

/// First byte of what is stored: changes with the types below.
const FORMAT: u8 = 2;

/// Bytes of an answer that are kept.
pub const OUTPUT: usize = 4 << 10;

/// What a value is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    #[default]
    Number,
    Percent,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// In a second.
    PerSecond,
}

/// One check in one place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its name: `ssh`, `disk /var`, or that of a check of `opsdeck.yaml`.
    pub check: String,
    /// What it has in common with others (`disk`); where nothing else, its name.
    pub family: String,
    /// How it is measured (`df over ssh`, `http from here`).
    pub source: String,
    /// What is needed, in words (`at most 85%`, `200 to 299`).
    pub need: String,
    /// What its number is counted in.
    pub unit: Unit,
    /// The number of the last reading.
    pub value: Option<f64>,
    /// What it is held against.
    pub rule: Rule,
    /// What is known of it.
    pub state: CheckState,
    pub series: Series,
    /// Where that number is going.
    pub trend: Option<Trend>,
}

/// What one probe of one host last came to: all checks that it feeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The host; `None`: measured once for all.
    pub host: Option<String>,
    /// The probe: `sample`, or the name of a check. Its raw answers are kept under this name.
    pub probe: String,
    /// When it was made (Unix milliseconds).
    pub at: i64,
    pub records: Vec<Record>,
}

/// One answer as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raw {
    /// When it was asked for (Unix milliseconds).
    pub at: i64,
    /// Milliseconds until it was there.
    pub took: u32,
    /// What was run or asked, exactly.
    pub command: String,
    /// How it ended (`exit 0`, `no answer within 5 s`).
    pub ended: String,
    /// The first [`OUTPUT`] bytes of the answer. Hostile.
    pub output: Vec<u8>,
}

pub(super) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // A type of plain values cannot fail; were it to, nothing readable is stored and it is measured again.
    postcard::to_extend(value, vec![FORMAT]).unwrap_or_default()
}

/// What was stored; `None`: by another version.
pub(super) fn decode<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Option<T> {
    let (format, rest) = bytes.split_first()?;
    (*format == FORMAT).then(|| postcard::from_bytes(rest).ok()).flatten()
}
