//! Gates of a release and its version probe, as written.

use super::step::Http;
use crate::project::config::text::Text;

/// A gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// Its name.
    pub name: String,
    /// What is measured.
    pub probe: Probe,
    /// Seconds.
    pub interval: Option<u32>,
    /// Seconds.
    pub timeout: Option<u32>,
    /// In a row.
    pub passes: Option<u32>,
    /// In a row.
    pub fails: Option<u32>,
    /// In a row.
    pub inconclusive: Option<u32>,
    /// Seconds.
    pub window: Option<u32>,
}

/// What a gate measures.
#[derive(Debug, Clone, PartialEq)]
pub enum Probe {
    /// A request.
    Http(Http),
    /// `host:port`.
    Tcp(Text),
    /// A program here.
    Command(Vec<Text>),
    /// A unit.
    Systemd(Text),
    /// A query.
    Prometheus {
        /// Server.
        url: Text,
        /// Query.
        query: Text,
        /// Lower bound.
        min: Option<f64>,
        /// Upper bound.
        max: Option<f64>,
    },
}

impl Probe {
    /// All that may hold something to fill in.
    pub fn texts(&self) -> Vec<&Text> {
        match self {
            Probe::Http(http) => {
                let more = http.headers.iter().map(|(_, value)| value).chain(&http.body).chain(&http.contains);
                std::iter::once(&http.url).chain(more).collect()
            }
            Probe::Tcp(text) | Probe::Systemd(text) => vec![text],
            Probe::Command(argv) => argv.iter().collect(),
            Probe::Prometheus { url, query, .. } => vec![url, query],
        }
    }
}

/// How a host tells its version.
#[derive(Debug, Clone, PartialEq)]
pub enum VersionProbe {
    /// A command on it, for Ansible.
    Command(String),
    /// A file on it.
    File(String),
    /// A request.
    Http {
        /// Address.
        url: Text,
        /// Header.
        header: Option<String>,
        /// Key of a JSON body.
        key: Option<String>,
    },
}
