//! Values out of a YAML tree, each mistake noted with its place. Knows types, not what `opsdeck.yaml` holds.

use super::near::nearest;
use crate::project::problem::Problem;
use crate::yaml::{Kind, Mark, Node};
use std::path::PathBuf;

/// Names of what there is, as far as it is read: others may name it.
#[derive(Debug, Default)]
pub struct Known {
    /// The project's root: paths are relative to it.
    pub root: PathBuf,
    /// Environments, declared or discovered.
    pub environments: Vec<String>,
    /// Releases but the one that is read.
    pub releases: Vec<String>,
    /// Runbooks.
    pub runbooks: Vec<String>,
    /// Checks, with those that are built in.
    pub checks: Vec<String>,
    /// Those of them that are asked once for all, not of each host.
    pub once: Vec<String>,
    /// Receivers of `notify:`; `None`: it declares none, and any name may stand there.
    pub receivers: Option<Vec<String>>,
}

/// Collects mistakes while values are taken.
pub struct Reader {
    file: PathBuf,
    /// What names may stand for.
    pub known: Known,
    /// Unknown keys are no mistake: the file is of a newer version.
    pub newer: bool,
    /// What was found.
    pub problems: Vec<Problem>,
}

/// One entry of a mapping.
pub struct Entry<'n> {
    /// Its key.
    pub key: &'n str,
    /// Where the key stands.
    pub mark: Mark,
    /// Its value.
    pub value: &'n Node,
}

impl Reader {
    /// For a file, as it is named in messages.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), known: Known::default(), newer: false, problems: Vec::new() }
    }

    /// Notes a mistake.
    pub fn mistake(&mut self, mark: Mark, message: impl Into<String>, found: String, expected: impl Into<String>) {
        self.problems.push(Problem::error(&self.file, message).at(mark).found(found).expected(expected));
    }

    /// Notes a name that stands for nothing.
    pub fn must_know(&mut self, what: &str, name: &str, mark: Mark, known: fn(&Known) -> &[String]) {
        let known = known(&self.known);
        if !known.iter().any(|known| known == name) {
            let known = known.to_vec();
            self.no_such(what, name, mark, &known.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }

    fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) {
        self.mistake(node.mark, format!("{what} has the wrong type"), describe(node), expected);
    }

    /// The entries of a mapping; keys must be texts and stand once. `keys`: the only ones allowed.
    pub fn mapping<'n>(&mut self, node: &'n Node, what: &str, keys: Option<&[&str]>) -> Vec<Entry<'n>> {
        if !matches!(node.kind, Kind::Mapping(_)) {
            if !is_null(node) {
                self.wrong_type(node, what, "a mapping");
            }
            return Vec::new();
        }
        let mut entries: Vec<Entry<'n>> = Vec::new();
        for (key, value) in node.entries() {
            let Some(text) = key.text().filter(|_| !is_null(key)) else {
                self.wrong_type(key, &format!("a key of {what}"), "text");
                continue;
            };
            if let Some(first) = entries.iter().find(|entry| entry.key == text) {
                let message = format!("\"{text}\" stands twice in {what}, first in line {}", first.mark.line);
                self.mistake(key.mark, message, describe(key), "each key once");
                continue;
            }
            if keys.is_some_and(|keys| !keys.contains(&text)) {
                self.unknown(key, text, what, keys.unwrap_or_default());
                continue;
            }
            entries.push(Entry { key: text, mark: key.mark, value });
        }
        entries
    }

    fn unknown(&mut self, key: &Node, text: &str, what: &str, keys: &[&str]) {
        if self.newer {
            return;
        }
        let hint = nearest(text, keys.iter().copied()).map(|key| format!("; did you mean \"{key}\"?"));
        let message = format!("unknown key in {what}{}", hint.unwrap_or_default());
        self.mistake(key.mark, message, describe(key), format!("one of {}", keys.join(", ")));
    }

    /// The items of a list.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        if !matches!(node.kind, Kind::Sequence(_)) && !is_null(node) {
            self.wrong_type(node, what, "a list");
        }
        node.items()
    }

    /// A text that is not empty.
    pub fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        match node.text().filter(|text| !is_null(node) && !text.trim().is_empty()) {
            Some(text) => Some(text.to_owned()),
            None => {
                self.wrong_type(node, what, "text");
                None
            }
        }
    }

    /// A text or a list of texts, each with its place.
    pub fn texts(&mut self, node: &Node, what: &str) -> Vec<(String, Mark)> {
        match node.kind {
            Kind::Sequence(_) => {
                let each = node.items().iter();
                each.filter_map(|item| Some((self.text(item, &format!("an item of {what}"))?, item.mark))).collect()
            }
            Kind::Scalar { .. } if !is_null(node) => vec![(node.text().unwrap_or_default().to_owned(), node.mark)],
            _ => {
                self.wrong_type(node, what, "text or a list of texts");
                Vec::new()
            }
        }
    }

    /// True or false, in all spellings that Ansible's YAML has: `yes`, `on`, `True` ...
    pub fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        let known = match &node.kind {
            Kind::Scalar { text, plain: true } if node.tag.is_none() => match text.as_str() {
                "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
                "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if known.is_none() {
            self.wrong_type(node, what, "true or false");
        }
        known
    }

    /// A whole number within bounds, both included.
    pub fn number(&mut self, node: &Node, what: &str, least: u32, most: u32) -> Option<u32> {
        let known = match &node.kind {
            Kind::Scalar { text, plain: true } => text.parse().ok().filter(|n| (least..=most).contains(n)),
            _ => None,
        };
        if known.is_none() {
            let expected = format!("a whole number from {least} to {most}");
            self.mistake(node.mark, format!("{what} is not such a number"), describe(node), expected);
        }
        known
    }
}

/// What stands there, for messages.
pub fn describe(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar { .. } if is_null(node) => "nothing".to_owned(),
        Kind::Scalar { text, .. } => format!("{text:?}"),
        Kind::Sequence(_) => "a list".to_owned(),
        Kind::Mapping(_) => "a mapping".to_owned(),
    }
}

fn is_null(node: &Node) -> bool {
    matches!(&node.kind, Kind::Scalar { text, plain: true } if ["", "~", "null", "Null", "NULL"].contains(&text.as_str()))
}
