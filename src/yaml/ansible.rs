//! One document as Ansible loads it: JSON is tried first, then YAML as libyaml reads it. Our event parser follows YAML
//! 1.2; where the two may part (tabs, directives, odd characters, keys that are no scalars ...) this refuses instead.

use super::json::{self, Attempt};
use super::parse::parse_strictly;
use super::{Error, Kind, Mark, Node};
use std::collections::HashSet;

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
    characters(text)?;
    if let Some(line) = open_end(text) {
        return refuse(Mark { line, column: 1 }, "a block of text at the end of a file without a last line break");
    }
    let root = parse_strictly(text)?;
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

/// Characters and lines that the two versions of YAML treat in different ways.
fn characters(text: &str) -> Result<(), Error> {
    let mut content = false;
    let mut ended = None;
    let mut known = HashSet::new();
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
        let bare = line.trim_start_matches([' ', '-', '?']);
        if bare.starts_with('\t') {
            return refuse(at(line.len() - bare.len()), "a tab where the line begins; expected spaces");
        }
        if !(bare.is_empty() || bare.starts_with('#')) {
            if let Some(mark) = ended {
                return refuse(mark, "the end of the document (`...`) with more after it");
            }
            if line.starts_with("...") {
                if !content {
                    return refuse(at(0), "the end of a document that has not begun");
                }
                ended = Some(at(0));
            }
            content = true;
        }
        if line.starts_with('%') {
            return refuse(at(0), "a YAML directive");
        }
        if line.contains(['&', '*']) {
            anchors(line, &mut known).map_or(Ok(()), |byte| {
                refuse(at(byte), "an anchor with unusual characters, or one that stands twice")
            })?;
        }
    }
    Ok(())
}

fn odd(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// The byte of an `&` or `*` that begins a node and whose name libyaml would cut elsewhere, or has seen before.
fn anchors<'a>(line: &'a str, known: &mut HashSet<&'a str>) -> Option<usize> {
    // Where the word before begins, as far as the line was looked at: it may be as long as the line.
    let (mut word, mut blank, mut seen) = (0, true, 0);
    line.match_indices(['&', '*']).map(|(at, _)| at).find(|at| {
        for (n, c) in line[seen..*at].char_indices() {
            match c {
                ' ' | '\t' => blank = true,
                '[' | '{' | ',' => (word, blank) = (seen + n + 1, false),
                _ if blank => (word, blank) = (seen + n, false),
                _ => {}
            }
        }
        seen = *at;
        let before = line[..*at].trim_end_matches([' ', '\t']);
        let last = before.get(word..).unwrap_or_default();
        let starts =
            before.is_empty() || before.ends_with([':', '-', '?', ',', '[', '{']) || last.starts_with(['!', '&']);
        if !starts {
            return false;
        }
        let name = line[at + 1..].split([' ', '\t', ',', ']', '}']).next().unwrap_or_default();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let twice = line.as_bytes()[*at] == b'&' && !known.insert(name);
        twice || name.is_empty() || !name.chars().all(is_word)
    })
}

/// A block of text that ends with the file, without a last line break: the two versions see another text.
fn open_end(text: &str) -> Option<u32> {
    if text.ends_with('\n') {
        return None;
    }
    let header = |line: &str| {
        let code = line.find(" #").map_or(line, |at| &line[..at]);
        code.trim_end().trim_end_matches(|c: char| c.is_ascii_digit() || c == '+' || c == '-').ends_with(['|', '>'])
    };
    text.split('\n').position(header).and_then(|n| u32::try_from(n + 1).ok())
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
