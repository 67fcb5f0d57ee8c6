//! One document as Ansible loads it: JSON is tried first, then YAML as libyaml reads it. Our event parser follows YAML
//! 1.2; where the two may part (tabs, directives, odd characters, keys that are no scalars ...) this refuses instead.

use super::json::{self, Attempt};
use super::{Error, Kind, Mark, Node, parse_one};

/// The document in `text`, if it holds one.
///
/// # Errors
/// Text that is not YAML, and text of which only Ansible's own parser can say what it means.
pub fn ansible(text: &str) -> Result<Option<Node>, Error> {
    match json::object(text, false) {
        Attempt::Tree(node) => return Ok(Some(node)),
        Attempt::Unsure(mark, why) => return Err(Error { mark, message: why.into() }),
        Attempt::NotJson => {}
    }
    characters(text)?;
    let root = parse_one(text)?;
    if let Some(root) = &root {
        nodes(root)?;
    }
    Ok(root)
}

fn refuse<T>(mark: Mark, message: &str) -> Result<T, Error> {
    Err(Error { mark, message: message.into() })
}

/// Characters and lines that the two versions of YAML treat in different ways.
fn characters(text: &str) -> Result<(), Error> {
    for (n, line) in text.split('\n').enumerate() {
        let number = u32::try_from(n + 1).unwrap_or(u32::MAX);
        let at = |byte: usize| {
            let column = line.get(..byte).map_or(0, |s| s.chars().count());
            Mark { line: number, column: u32::try_from(column + 1).unwrap_or(u32::MAX) }
        };
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_ascii() && !line.bytes().any(|b| b < b' ' || b == 0x7f) {
            // the common case
        } else if let Some((byte, c)) = line.char_indices().find(|(_, c)| odd(*c)) {
            return refuse(at(byte), &format!("the character U+{:04X}", c as u32));
        }
        if line.bytes().take_while(|b| *b == b' ' || *b == b'\t').any(|b| b == b'\t') && !line.trim().is_empty() {
            return refuse(at(0), "a tab before the text; expected spaces");
        }
        if line.starts_with('%') {
            return refuse(at(0), "a YAML directive");
        }
        if line.contains('&') {
            anchors(line).map_or(Ok(()), |byte| refuse(at(byte), "an anchor with unusual characters"))?;
        }
    }
    Ok(())
}

fn odd(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// The byte of an `&` or `*` whose name libyaml would cut elsewhere.
fn anchors(line: &str) -> Option<usize> {
    line.match_indices(['&', '*']).map(|(at, _)| at).find(|at| {
        let starts = line[..*at].chars().next_back().is_none_or(|c| " \t[{,".contains(c));
        let name = line[at + 1..].split([' ', '\t', ',', ']', '}']).next().unwrap_or_default();
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        starts && !name.is_empty() && !name.chars().all(word) && !name.starts_with(['&', '*'])
    })
}

/// Nodes that Python's dictionaries and libyaml's scanner treat differently.
fn nodes(node: &Node) -> Result<(), Error> {
    match &node.kind {
        Kind::Scalar { .. } => Ok(()),
        Kind::Sequence(items) => items.iter().try_for_each(nodes),
        Kind::Mapping(entries) => entries.iter().try_for_each(|(key, value)| match key.kind {
            Kind::Scalar { .. } => nodes(value),
            _ => refuse(key.mark, "a key that is no text (a template wants quotes)"),
        }),
    }
}
