//! `checks:` of `opsdeck.yaml`, as written: what is asked of hosts and services, how often, and what is bad. What holds
//! where nothing is said: `health::plan`.

mod read;
#[cfg(test)]
mod tests;

pub use read::{EdgeConfig, Judged, SampleConfig};

use super::keys::{Keys, Shape, of};
use super::probes::Probe;
use super::reader::Reader;
use super::text::Text;
use crate::yaml::{Mark, Node};
use serde_json::json;

/// The numbers of the built-in sample, as they are named in the file.
pub const METRICS: [&str; 12] = [
    "cpu",
    "memory",
    "swap",
    "load",
    "pressure_cpu",
    "pressure_memory",
    "pressure_io",
    "disk",
    "inodes",
    "connections",
    "clock",
    "uptime",
];

/// A text has a place for a value of each host: `{host}`, `{http_port}`; not `{{ template }}`, nor `{job="a"}` of a query.
fn has_a_place(text: &str) -> bool {
    let name = |word: &str| {
        let mut chars = word.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    text.replace("{{", "  ").split('{').skip(1).filter_map(|rest| rest.split_once('}')).any(|(word, _)| name(word))
}

/// The section; then they are known, and which of them are asked once for all.
pub(super) fn checks() -> impl Shape<Value = Vec<CheckConfig>> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let entries = reader.mapping(node, what, None);
        let checks: Vec<CheckConfig> = entries.iter().filter_map(|entry| read::check(entry, reader)).collect();
        reader.known.checks.splice(0..0, checks.iter().map(|check| check.name.clone()));
        reader.known.once =
            checks.iter().filter(|check| !check.is_of_hosts()).map(|check| check.name.clone()).collect();
        Some(checks)
    };
    of(read, || json!({ "type": ["object", "null"], "additionalProperties": read::Written::schema() }))
}

/// One check.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckConfig {
    /// Its name.
    pub name: String,
    /// Where it stands in the file.
    pub mark: Mark,
    /// What is measured.
    pub what: What,
    /// Host pattern; `None`: every host, or (where the probe names no host) once for all.
    pub on: Option<Text>,
    /// Environments; empty: all.
    pub environments: Vec<String>,
    /// Seconds between two readings.
    pub interval: Option<u32>,
    /// Seconds that a reading may take.
    pub timeout: Option<u32>,
    /// How its number or its answers are judged.
    pub judged: Judged,
}

impl CheckConfig {
    /// It is asked of each host, not once for all.
    pub fn is_of_hosts(&self) -> bool {
        match &self.what {
            What::Sample(_) | What::Shell(_) | What::Probe(Probe::Systemd(_)) => true,
            What::Probe(probe) => probe.texts().iter().any(|text| has_a_place(&text.text)),
        }
    }
}

/// What is measured.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A probe, as gates have them.
    Probe(Probe),
    /// A command on the host itself, for its shell: 0 is good, 75 is not known.
    Shell(String),
    /// The built-in sample, with what is said of its numbers.
    Sample(SampleConfig),
}
