//! Reads `gates:` (what is measured between batches) and `version_probe:`.

use super::steps::{address, http};
use super::{Gate, Probe, VersionProbe};
use crate::project::config::reader::{Entry, Reader, describe};
use crate::yaml::Node;

/// What a gate may measure.
pub const PROBES: [&str; 5] = ["http", "tcp", "command", "systemd", "prometheus"];
/// Keys of every gate.
const TIMES: [&str; 6] = ["interval", "timeout", "passes", "fails", "inconclusive", "window"];
/// How a host can be asked for its version.
pub const VERSION: [&str; 5] = ["command", "file", "http", "header", "key"];

/// Keys beside that of a kind of probe.
pub fn keys_of(probe: &str) -> &'static [&'static str] {
    match probe {
        "http" => &["method", "headers", "body", "status", "contains"],
        "prometheus" => &["url", "min", "max"],
        _ => &[],
    }
}

/// All keys of a gate, for the schema.
pub fn keys() -> Vec<&'static str> {
    PROBES.iter().chain(&TIMES).chain(PROBES.iter().flat_map(|probe| keys_of(probe))).copied().collect()
}

/// The gates, in the order written.
pub fn gates(node: &Node, reader: &mut Reader) -> Vec<Gate> {
    let entries = reader.mapping(node, "gates", None);
    entries.iter().filter_map(|entry| gate(entry, reader)).collect()
}

fn gate(entry: &Entry<'_>, reader: &mut Reader) -> Option<Gate> {
    let what = format!("gate \"{}\"", entry.key);
    let kind = kind(entry, &what, "gate", (&PROBES, &keys()), reader)?;
    let allowed: Vec<&str> = [kind].iter().chain(keys_of(kind)).chain(&TIMES).copied().collect();
    let fields = reader.mapping(entry.value, &what, Some(&allowed));
    let probe = probe(kind, &fields, entry, ("this gate", true), reader)?;
    let name = entry.key.to_owned();
    let mut gate = Gate {
        name,
        probe,
        interval: None,
        timeout: None,
        passes: None,
        fails: None,
        inconclusive: None,
        window: None,
    };
    for Entry { key, value, .. } in &fields {
        match *key {
            "interval" => gate.interval = reader.seconds(value, "interval").filter(|seconds| *seconds > 0),
            "timeout" => gate.timeout = reader.seconds(value, "timeout").filter(|seconds| *seconds > 0),
            "passes" => gate.passes = reader.number(value, "passes", 1, 1_000),
            "fails" => gate.fails = reader.number(value, "fails", 1, 1_000),
            "inconclusive" => gate.inconclusive = reader.number(value, "inconclusive", 1, 1_000),
            "window" => gate.window = reader.seconds(value, "window"),
            _ => {}
        }
    }
    Some(gate)
}

/// Which of `kinds` a gate or a check is: the one that it names. `keys`: all that it may have.
pub fn kind(
    entry: &Entry<'_>,
    what: &str,
    thing: &str,
    (kinds, keys): (&[&'static str], &[&str]),
    reader: &mut Reader,
) -> Option<&'static str> {
    let texts = || entry.value.entries().iter().filter_map(|(key, _)| Some((key.text()?, key.mark)));
    let named: Vec<&'static str> =
        texts().filter_map(|(key, _)| kinds.iter().find(|kind| **kind == key)).copied().collect();
    if let [kind] = named.as_slice() {
        return Some(kind);
    }
    match texts().find(|(key, _)| !keys.contains(key)).filter(|_| named.is_empty()) {
        Some((text, mark)) => reader.no_such(&format!("kind of {thing}"), text, mark, kinds),
        None => {
            let message = format!("{what} measures {}", if named.is_empty() { "nothing" } else { "several things" });
            reader.mistake(entry.mark, message, describe(entry.value), format!("one of {}", kinds.join(", ")));
        }
    }
    None
}

/// What is measured; `bounds`: a query needs `min` or `max`.
pub fn probe(
    kind: &str,
    fields: &[Entry<'_>],
    entry: &Entry<'_>,
    (what, bounds): (&str, bool),
    reader: &mut Reader,
) -> Option<Probe> {
    let field = |key: &str| fields.iter().find(|field| field.key == key).map(|field| field.value);
    let value = field(kind)?;
    Some(match kind {
        "http" => Probe::Http(http(value, fields, reader)?),
        "tcp" => {
            let address = reader.template(value, "tcp")?;
            let port = address.text.rsplit_once(':').map(|(_, port)| port);
            if !port.is_some_and(|port| port.contains("{{") || port.parse::<u16>().is_ok_and(|port| port > 0)) {
                reader.mistake(
                    value.mark,
                    "this address has no port",
                    describe(value),
                    "host:port, such as {host}:8080",
                );
            }
            Probe::Tcp(address)
        }
        "command" => Probe::Command(reader.argv(value, "command")?),
        "systemd" => Probe::Systemd(reader.template(value, "systemd")?),
        _ => {
            let query = reader.template(value, "prometheus")?;
            let url = match field("url") {
                Some(url) => address(url, "the server's address", reader)?,
                None => {
                    let expected = "url: http://127.0.0.1:9090";
                    reader.mistake(entry.mark, format!("{what} knows no server"), "no \"url\"".into(), expected);
                    return None;
                }
            };
            let min = field("min").and_then(|node| reader.decimal(node, "min"));
            let max = field("max").and_then(|node| reader.decimal(node, "max"));
            if bounds && min.is_none() && max.is_none() {
                let expected = "min, max or both: what the value must be within";
                let message = format!("{what} has no bounds and would always pass");
                reader.mistake(entry.mark, message, "neither".into(), expected);
            } else if min.zip(max).is_some_and(|(min, max)| min > max) {
                let at = field("max").map_or(entry.mark, |node| node.mark);
                reader.mistake(at, "nothing is within these bounds", "max below min".into(), "max at or above min");
            }
            Probe::Prometheus { url, query, min, max }
        }
    })
}

/// How a host tells its version.
pub fn version_probe(node: &Node, reader: &mut Reader) -> Option<VersionProbe> {
    let fields = reader.mapping(node, "version_probe", Some(&VERSION));
    let field = |key: &str| fields.iter().find(|field| field.key == key).map(|field| field.value);
    match (field("command"), field("file"), field("http")) {
        (Some(command), None, None) => reader.text(command, "command").map(VersionProbe::Command),
        (None, Some(file), None) => reader.text(file, "file").map(VersionProbe::File),
        (None, None, Some(url)) => Some(VersionProbe::Http {
            url: address(url, "the address", reader)?,
            header: field("header").and_then(|node| reader.text(node, "header")),
            key: field("key").and_then(|node| reader.text(node, "key")),
        }),
        _ => {
            let expected = "one of command, file and http";
            reader.mistake(node.mark, "a version is asked for in one way", describe(node), expected);
            None
        }
    }
}
