//! `gates:` of a release (what is measured between batches), and how a host tells its version.

use crate::project::config::keys::{Keys, Shape, keys, of};
use crate::project::config::probes::{Measured, Probe};
use crate::project::config::reader::{Entry, Reader, describe};
use crate::project::config::shapes::{address, by_name, defined, number, positive, seconds, text};
use crate::project::config::text::Text;
use crate::yaml::Node;

/// A gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// Its name.
    pub name: String,
    /// What is measured.
    pub probe: Probe,
    /// How often, and what decides.
    pub readings: Readings,
}

keys! {
    /// A gate as it is written.
    pub struct Written {
        ..measured: Measured;
        ..readings: Readings;
    }
}

keys! {
    /// How often a gate measures, and what decides.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Readings {
        /// Between readings.
        interval: u32 = 10 => positive();
        /// Of a reading.
        timeout: u32 = 3 => positive();
        /// Passes in a row that are needed.
        passes: u32 = 3 => number(1, 1_000);
        /// Fails in a row that decide.
        fails: u32 = 3 => number(1, 1_000);
        /// Readings without data in a row before a person is asked.
        inconclusive: u32 = 3 => number(1, 1_000);
        /// All of it takes at least this.
        window: u32 = 60 => seconds();
    }
}

keys! {
    /// How a host can be asked for its version, as it is written.
    struct Asked {
        /// Command on the host; the first word it prints is the version.
        command: Option<String> => text(), kind();
        /// File on the host; its first word is the version.
        file: Option<String> => text(), kind();
        /// Address; {host} stands for the host.
        http: Option<Text> => address("the address"), kind();
        /// Header with the version.
        header: Option<String> => text(), with(&["http"]);
        /// Key of a JSON body.
        key: Option<String> => text(), with(&["http"]);
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

/// The gates, by name.
pub fn gates() -> impl Shape<Value = Vec<Gate>> {
    by_name(gate, || defined(text(), "Gate").schema())
}

fn gate(entry: &Entry<'_>, reader: &mut Reader) -> Option<Gate> {
    let what = format!("gate \"{}\"", entry.key);
    let kind = Written::kind_of(entry, &what, "gate", reader)?;
    let mut written = Written::default();
    written.fill_kind(Some(kind), entry.value, entry.mark, &what, reader);
    let probe = written.measured.probe(entry, "this gate", true, reader)?;
    Some(Gate { name: entry.key.to_owned(), probe, readings: written.readings })
}

/// How a host tells its version.
pub fn version_probe() -> impl Shape<Value = VersionProbe> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let mut asked = Asked::default();
        asked.fill(node, node.mark, what, reader);
        if Asked::kinds_in(node).len() != 1 {
            let expected = "one of command, file and http";
            reader.mistake(node.mark, "a version is asked for in one way", describe(node), expected);
            return None;
        }
        let Asked { command, file, http, header, key } = asked;
        let one = command.map(VersionProbe::Command).or(file.map(VersionProbe::File));
        one.or(http.map(|url| VersionProbe::Http { url, header, key }))
    };
    of(read, Asked::schema)
}
