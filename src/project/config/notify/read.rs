//! Reads `notify:`, with the place of every mistake. What is half read tells nobody: `opsdeck check` and the log say so.

use super::{Address, Kind, Notify, Receiver, Severity, Target, Via};
use crate::project::config::reader::{Entry, Reader, describe};
use crate::yaml::{Kind as Yaml, Node};

pub(super) const NOTIFY: [&str; 3] = ["receivers", "default", "checks"];
/// How a receiver is told: exactly one of these.
pub(super) const VIAS: [&str; 4] = ["alertmanager", "webhook", "command", "screen"];
pub(super) const SHARED: [&str; 3] = ["kinds", "severity", "environments"];
pub(super) const TARGET: [&str; 3] = ["url", "url_file", "headers_file"];

/// The section; `environments`: those that there are.
pub fn read(node: &Node, reader: &mut Reader, environments: &[&str]) -> Notify {
    let mut notify = Notify::default();
    let fields = reader.mapping(node, "notify", Some(&NOTIFY));
    let field = |key: &str| fields.iter().find(|field| field.key == key);
    if let Some(field) = field("receivers") {
        let entries = reader.mapping(field.value, "receivers", None);
        notify.receivers = entries.iter().filter_map(|entry| receiver(entry, reader, environments)).collect();
        // The default may name one that has a mistake of its own: that is not another one.
        let names: Vec<&str> = entries.iter().map(|entry| entry.key).collect();
        if let Some(field) = fields.iter().find(|field| field.key == "default") {
            notify.default = known(field.value, "receiver", &names, reader);
        }
    } else if let Some(field) = field("default") {
        let expected = "receivers: NAME: {alertmanager: {url: ...}}";
        reader.mistake(field.mark, "there is no receiver", "no \"receivers\"".into(), expected);
    }
    if let Some(field) = field("checks") {
        match field.value.text() {
            Some("bad") if fields.iter().all(|field| field.key != "receivers") => {
                let expected = "receivers: NAME: {alertmanager: {url: ...}}";
                reader.mistake(field.mark, "nobody is told of checks", "no \"receivers\"".into(), expected);
            }
            Some("bad") => notify.checks = true,
            Some("off") => {}
            _ => reader.mistake(field.value.mark, "no such word", describe(field.value), "bad or off"),
        }
    }
    notify
}

fn receiver(entry: &Entry<'_>, reader: &mut Reader, environments: &[&str]) -> Option<Receiver> {
    let before = reader.problems.len();
    let what = format!("receiver \"{}\"", entry.key);
    let keys: Vec<&str> = VIAS.iter().chain(&SHARED).copied().collect();
    let fields = reader.mapping(entry.value, &what, Some(&keys));
    let mut ways = fields.iter().filter(|field| VIAS.contains(&field.key));
    let (first, second) = (ways.next(), ways.next());
    let via = match (first, second) {
        (Some(field), None) => via(field, reader),
        (None, _) => {
            let expected = format!("one of {}", VIAS.join(", "));
            reader.mistake(entry.mark, format!("{what} is told in no way"), "none of them".into(), expected);
            None
        }
        (Some(_), Some(second)) => {
            let expected = "one way a receiver; another way is another receiver";
            reader.mistake(second.mark, format!("{what} is told in two ways"), format!("{:?}", second.key), expected);
            None
        }
    };
    let mut read = Receiver {
        name: entry.key.to_owned(),
        via: via?,
        kinds: Vec::new(),
        severity: Severity::default(),
        environments: Vec::new(),
    };
    for Entry { key, value, .. } in &fields {
        match *key {
            "kinds" => {
                let names = Kind::ALL.map(|(name, _)| name);
                let chosen = known(value, "kind of notice", &names, reader);
                read.kinds =
                    Kind::ALL.iter().filter(|(name, _)| chosen.iter().any(|c| c == name)).map(|k| k.1).collect();
            }
            "severity" => {
                let names = Severity::ALL.map(|(name, _)| name);
                let least = reader.text(value, key).unwrap_or_default();
                match Severity::ALL.iter().find(|(name, _)| *name == least) {
                    Some((_, severity)) => read.severity = *severity,
                    None => reader.no_such("severity", &least, value.mark, &names),
                }
            }
            "environments" => read.environments = known(value, "environment", environments, reader),
            _ => {}
        }
    }
    (reader.problems.len() == before || reader.newer).then_some(read)
}

fn via(field: &Entry<'_>, reader: &mut Reader) -> Option<Via> {
    match field.key {
        "alertmanager" => target(field, reader).map(Via::Alertmanager),
        "webhook" => target(field, reader).map(Via::Webhook),
        "command" => {
            let argv = reader.argv(field.value, "command")?;
            if let Some(word) = argv.iter().find(|word| word.text.contains("{{")) {
                let expected = "a program and its arguments: what is told comes on its stdin, as JSON";
                reader.mistake(word.mark, "nothing is filled in here", format!("{:?}", word.text), expected);
            }
            Some(Via::Command(argv.into_iter().map(|word| word.text).collect()))
        }
        _ => match reader.boolean(field.value, "screen")? {
            true => Some(Via::Screen),
            false => {
                reader.mistake(field.value.mark, "this tells nobody", describe(field.value), "screen: yes");
                None
            }
        },
    }
}

/// `http://127.0.0.1:9093` or `{url: ..., headers_file: ...}` or `{url_file: ...}`.
fn target(field: &Entry<'_>, reader: &mut Reader) -> Option<Target> {
    let Yaml::Mapping(_) = field.value.kind else {
        return Some(Target { address: Address::Url(url(field.value, reader)?), headers_file: None });
    };
    let fields = reader.mapping(field.value, field.key, Some(&TARGET));
    let of = |key: &str| fields.iter().find(|field| field.key == key);
    let address = match (of("url"), of("url_file")) {
        (Some(place), None) => Address::Url(url(place.value, reader)?),
        (None, Some(file)) => Address::File(reader.text(file.value, "url_file")?.into()),
        (Some(_), Some(file)) => {
            let found = "\"url\" and \"url_file\"".into();
            reader.mistake(file.mark, format!("{} has two addresses", field.key), found, "one of them");
            return None;
        }
        (None, None) => {
            let expected = "url: http://127.0.0.1:9093, or url_file: a file with the address";
            reader.mistake(field.mark, format!("{} has no address", field.key), "no \"url\"".into(), expected);
            return None;
        }
    };
    let headers_file = of("headers_file").and_then(|file| reader.text(file.value, "headers_file"));
    Some(Target { address, headers_file: headers_file.map(Into::into) })
}

fn url(node: &Node, reader: &mut Reader) -> Option<String> {
    let url = reader.text(node, "url")?;
    match place(&url) {
        Some(place) if place.contains('@') => {
            // Not shown: it may hold a password.
            let expected = "headers_file: a file with Authorization: ...";
            reader.mistake(node.mark, "a login stands in this address", "NAME@".into(), expected);
            None
        }
        Some(_) => Some(url),
        None => {
            reader.mistake(node.mark, "this is no address", describe(node), "http://host:port/path or https://...");
            None
        }
    }
}

/// Host and port of an address that can be asked, with the login if there is one.
fn place(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    let place = rest.split(['/', '?', '#']).next()?;
    (!place.is_empty() && !url.contains(char::is_whitespace)).then_some(place)
}

fn known(node: &Node, what: &str, names: &[&str], reader: &mut Reader) -> Vec<String> {
    let found = reader.texts(node, what);
    for (name, mark) in found.iter().filter(|(name, _)| !names.contains(&name.as_str())) {
        reader.no_such(what, name, *mark, names);
    }
    found.into_iter().map(|(name, _)| name).collect()
}
