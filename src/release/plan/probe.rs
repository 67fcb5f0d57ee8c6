//! What is asked of the world: gates, and which version a host runs.

use super::Probe;
use serde::{Deserialize, Serialize};

/// A measurement that must pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    pub name: String,
    pub probe: Probe,
    /// Seconds between two readings.
    pub interval: u32,
    /// Seconds that a reading may take.
    pub timeout: u32,
    /// Passes one after another that are needed.
    pub passes: u32,
    /// Fails one after another that decide.
    pub fails: u32,
    /// Readings that could not be made or had no data, one after another, before a person is asked.
    pub inconclusive: u32,
    /// Seconds that all of it must take at least.
    pub window: u32,
}

/// How a host tells its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum VersionProbe {
    /// A command on the host (through Ansible): its first word of output is the version.
    Command {
        /// It, for the `command` module.
        command: String,
    },
    /// A file on the host whose first word is the version.
    File { path: String },
    /// A request from the control host; `{host}` is the inventory name, `{ansible_host}` and other host variables too.
    Http {
        url: String,
        /// Header with the version; else the first word of the body, or of this key where the body is JSON.
        header: Option<String>,
        /// Key in a JSON body.
        key: Option<String>,
    },
}
