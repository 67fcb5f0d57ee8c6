//! Reads `notify:`, with the place of every mistake. What is half read tells nobody: `opsdeck check` and the log say so.

use super::{Address, Kind, Receiver, Severity, Target, Via};
use crate::project::config::keys::{Keys, Shape, keys, of};
use crate::project::config::reader::{Entry, Reader, describe};
use crate::project::config::shapes::{argv, by_name, environments, flag, names, text, texts, word, words};
use crate::project::config::text::Text;
use crate::yaml::{Kind as Yaml, Node};
use serde_json::json;

keys! {
    /// Whom to tell what; without any receiver nobody is told.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Notify {
        /// Who is told, by name.
        receivers: Vec<Receiver> => receivers();
        /// Receivers of what names nobody. Default: all.
        default: Vec<String> => those();
        /// bad: every check that becomes bad, or well again, is told. Default: off.
        checks: bool => checks();
    }
}

keys! {
    /// A receiver as it is written.
    struct Written {
        /// An Alertmanager: its address; alerts are posted to /api/v2/alerts.
        alertmanager: Option<Target> => target(), kind();
        /// An address that JSON is posted to.
        webhook: Option<Target> => target(), kind();
        /// A program with arguments, in the project's folder; JSON comes on its stdin, exit 0 means told.
        command: Option<Vec<String>> => command(), kind();
        /// Open screens: bell and OSC 9.
        screen: bool => screen(), kind();
        /// What it is told. Default: everything.
        kinds: Vec<Kind> => words("kind of notice", &Kind::ALL);
        /// It is told what is at least so grave.
        severity: Severity = Severity::Info => word("severity", &Severity::ALL);
        /// Environments it is told about. Default: all.
        environments: Vec<String> => environments();
    }
}

keys! {
    /// An address with its headers.
    struct Place {
        /// http://host:port/path or https://..., without a login.
        url: Option<String> => url(), kind();
        /// File with the address, where that is a secret itself; readable by its owner alone (0600).
        url_file: Option<String> => text(), kind();
        /// File with headers, one a line, readable by its owner alone (0600); relative to this file.
        headers_file: Option<String> => text();
    }
}

const ONE: &str = "receivers: NAME: {alertmanager: {url: ...}}";

fn receivers() -> impl Shape<Value = Vec<Receiver>> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        // One that has a mistake of its own may be named all the same: that is not another one.
        let names = node.entries().iter().filter_map(|(key, _)| key.text()).map(str::to_owned).collect();
        reader.known.receivers = Some(names);
        by_name(receiver, Written::schema).read(node, what, reader)
    };
    of(read, || by_name(receiver, Written::schema).schema())
}

fn those() -> impl Shape<Value = Vec<String>> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        if reader.known.receivers.is_none() {
            reader.mistake(node.mark, "there is no receiver", describe(node), ONE);
            return None;
        }
        names("receiver", |known| known.receivers.as_deref().unwrap_or_default()).read(node, what, reader)
    };
    of(read, || texts().schema())
}

fn checks() -> impl Shape<Value = bool> {
    let read = |node: &Node, _: &str, reader: &mut Reader| {
        match node.text() {
            Some("bad") if reader.known.receivers.is_some() => return Some(true),
            Some("bad") => reader.mistake(node.mark, "nobody is told of checks", describe(node), ONE),
            Some("off") => {}
            _ => reader.mistake(node.mark, "no such word", describe(node), "bad or off"),
        }
        None
    };
    of(read, || json!({ "enum": ["off", "bad", false] }))
}

fn receiver(entry: &Entry<'_>, reader: &mut Reader) -> Option<Receiver> {
    let before = reader.problems.len();
    let what = format!("receiver \"{}\"", entry.key);
    let mut written = Written::default();
    written.fill(entry.value, entry.mark, &what, reader);
    match Written::kinds_in(entry.value).as_slice() {
        [_] => {}
        [] => {
            let expected = format!("one of {}", Written::kinds().join(", "));
            reader.mistake(entry.mark, format!("{what} is told in no way"), "none of them".into(), expected);
        }
        [_, (second, mark), ..] => {
            let expected = "one way a receiver; another way is another receiver";
            reader.mistake(*mark, format!("{what} is told in two ways"), format!("{second:?}"), expected);
        }
    }
    let Written { alertmanager, webhook, command, screen, kinds, severity, environments } = written;
    let via = alertmanager.map(Via::Alertmanager).or(webhook.map(Via::Webhook)).or(command.map(Via::Command));
    let via = via.or(screen.then_some(Via::Screen))?;
    let receiver = Receiver { name: entry.key.to_owned(), via, kinds, severity, environments };
    (reader.problems.len() == before || reader.newer).then_some(receiver)
}

fn command() -> impl Shape<Value = Vec<String>> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let argv: Vec<Text> = reader.argv(node, what)?;
        if let Some(word) = argv.iter().find(|word| word.text.contains("{{")) {
            let expected = "a program and its arguments: what is told comes on its stdin, as JSON";
            reader.mistake(word.mark, "nothing is filled in here", format!("{:?}", word.text), expected);
        }
        Some(argv.into_iter().map(|word| word.text).collect())
    };
    of(read, || argv().schema())
}

fn screen() -> impl Shape<Value = bool> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let screen = reader.boolean(node, what)?;
        if !screen {
            reader.mistake(node.mark, "this tells nobody", describe(node), "screen: yes");
        }
        Some(screen)
    };
    of(read, || flag().schema())
}

/// `http://127.0.0.1:9093` or `{url: ..., headers_file: ...}` or `{url_file: ...}`.
fn target() -> impl Shape<Value = Target> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let mut place = Place::default();
        if let Yaml::Mapping(_) = node.kind {
            place.fill(node, node.mark, what, reader);
            match Place::kinds_in(node).as_slice() {
                [_] => {}
                [] => {
                    let expected = "url: http://127.0.0.1:9093, or url_file: a file with the address";
                    reader.mistake(node.mark, format!("{what} has no address"), "no \"url\"".into(), expected);
                }
                [_, (_, mark), ..] => {
                    let found = Place::kinds().join(" and ");
                    reader.mistake(*mark, format!("{what} has two addresses"), found, "one of them");
                    return None;
                }
            }
        } else {
            place.url = url().read(node, what, reader);
        }
        let address = place.url.map(Address::Url).or(place.url_file.map(|file| Address::File(file.into())))?;
        Some(Target { address, headers_file: place.headers_file.map(Into::into) })
    };
    of(read, || json!({ "oneOf": [text().schema(), Place::schema()] }))
}

fn url() -> impl Shape<Value = String> {
    of(address, || text().schema())
}

fn address(node: &Node, what: &str, reader: &mut Reader) -> Option<String> {
    let url = reader.text(node, what)?;
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
