//! One document as Ansible loads it: JSON is tried first, then YAML as libyaml reads it. What Ansible's own loader would refuse,
//! or has no use for here, is refused.

use super::json::{self, Attempt};
use super::parse::parse_one;
use super::{Error, Kind, Mark, Node};

/// The document in `text`, if it holds one.
///
/// # Errors
/// Text that is not YAML, and text of which only Ansible's own parser can say what it means.
pub fn ansible(text: &str) -> Result<Option<Node>, Error> {
    match json::object(text, false) {
        Attempt::Tree(node) => return Ok(Some(node)),
        Attempt::Unsure(mark, why) => return Err(Error { mark, message: why.into(), too_large: false }),
        Attempt::NotJson => {}
    }
    let root = parse_one(text)?;
    match &root {
        // an empty text at the root is nothing; other texts are of no use to anybody here
        Some(Node { kind: Kind::Scalar { text, plain: true }, tag: None, .. }) if text.is_empty() => {}
        Some(Node { kind: Kind::Scalar { .. }, mark, .. }) => {
            return refuse(*mark, "expected a mapping, found text");
        }
        Some(root) => nodes(root)?,
        None => {}
    }
    Ok(root)
}

fn refuse<T>(mark: Mark, message: &str) -> Result<T, Error> {
    Err(Error { mark, message: message.into(), too_large: false })
}

/// Nodes that Python's dictionaries and libyaml's scanner treat differently.
fn nodes(node: &Node) -> Result<(), Error> {
    match &node.kind {
        Kind::Scalar { .. } => Ok(()),
        Kind::Sequence(items) => items.iter().try_for_each(nodes),
        Kind::Mapping(entries) => entries.iter().try_for_each(|(key, value)| match key.kind {
            Kind::Scalar { ref text, plain: true } if text.is_empty() => refuse(key.mark, "an empty key"),
            Kind::Scalar { .. } => nodes(value),
            _ => refuse(key.mark, "a key that is no text (a template wants quotes)"),
        }),
    }
}
