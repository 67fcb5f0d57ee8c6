//! YAML as Ansible reads it: a tree of nodes that keep their position, tag and style.
//!
//! The tree is what was written; [`scalar`] says what PyYAML (YAML 1.1, which Ansible uses) makes of a plain scalar.
//! Errors carry line and column. Nothing here knows what an inventory or a playbook is.

mod ansible;
pub mod json;
mod parse;
pub mod scalar;

pub use ansible::ansible;
pub use parse::{MAX_BYTES, MAX_DEPTH, no_aliases, parse, parse_one};

/// A place in a file; both numbers count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where the node begins.
    pub mark: Mark,
    /// An explicit tag (`!vault`, `!unsafe`, `tag:yaml.org,2002:str` ...), as written but with handles resolved.
    pub tag: Option<String>,
    pub kind: Kind,
}

/// The three kinds of node; aliases are already replaced by what they name.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Text, and whether it stood there without quotes and block markers (only then does YAML 1.1 give it a type).
    Scalar {
        text: String,
        /// True for a plain scalar.
        plain: bool,
    },
    Sequence(Vec<Node>),
    /// A mapping, in the order written, duplicates and `<<` keys included.
    Mapping(Vec<(Node, Node)>),
}

/// Why a text is not YAML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {message}", mark.line, mark.column)]
pub struct Error {
    /// Where.
    pub mark: Mark,
    /// What was found or expected.
    pub message: String,
    /// It is larger than is sane: whoever else reads it would fare no better.
    pub too_large: bool,
}

impl Node {
    /// The value of `key` if this is a mapping that has it (the last one wins, as in PyYAML).
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().rev().find(|(k, _)| k.text() == Some(key)).map(|(_, v)| v)
    }

    /// The entries of a mapping; empty for anything else.
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; empty for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The text of a scalar, whatever type YAML gives it.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// A word for error messages: "a mapping", "a list", "text".
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Scalar { .. } => "text",
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a mapping",
        }
    }
}
