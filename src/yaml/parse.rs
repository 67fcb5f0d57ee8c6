//! From text to a tree of nodes: libyaml (a port of the one that Ansible reads with) gives the events; positions are kept, aliases
//! replaced, bombs refused.

use super::{Error, Kind, Mark, Node};
use libyaml_safer::{Event, EventData, Parser, ScalarStyle};
use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// Files larger than this are refused before parsing.
pub const MAX_BYTES: usize = 64 << 20;
/// Nesting deeper than this is refused.
pub const MAX_DEPTH: usize = 128;
/// More nodes than this, counted after aliases are replaced, are refused.
const MAX_NODES: usize = 8_000_000;
/// What anchors keep and aliases repeat may come to so many nodes, and to [`REPEATED`] more for each byte of the text:
/// defaults that each of a fleet's hosts takes are far below it, and a bomb is far above.
const REPEATED_FREE: usize = 50_000;
const REPEATED: usize = 10;

/// All documents of a text. An empty text has none.
///
/// # Errors
/// The first place where the text is no YAML, or is larger or deeper than is sane.
pub fn parse(text: &str) -> Result<Vec<Node>, Error> {
    if text.len() > MAX_BYTES {
        return Err(too_large(Mark { line: 1, column: 1 }, format!("larger than {} MiB", MAX_BYTES >> 20)));
    }
    let mut build = Build {
        anchors: HashMap::new(),
        open: Vec::new(),
        done: Vec::new(),
        nodes: 0,
        repeats: REPEATED_FREE + REPEATED * text.len(),
    };
    events(text, |event, mark| build.event(event, mark))?;
    Ok(build.done)
}

/// Refuses a text with aliases: for files that opsdeck writes, and that another reader unfolds without bounds.
///
/// # Errors
/// The first alias, or the first place before it where the text is no YAML.
pub fn no_aliases(text: &str) -> Result<(), Error> {
    // Most such texts hold no anchor at all.
    if !(text.contains('&') && text.contains('*')) {
        return Ok(());
    }
    events(text, |event, mark| match event {
        EventData::Alias { .. } => Err(wrong(mark, "an alias, which opsdeck never writes here")),
        _ => Ok(()),
    })
}

/// The only document of a text; `None` when it holds none (empty, or comments alone).
///
/// # Errors
/// As [`parse`], and where a second document begins.
pub fn parse_one(text: &str) -> Result<Option<Node>, Error> {
    let mut documents = parse(text)?.into_iter();
    let first = documents.next();
    match documents.next() {
        Some(second) => Err(wrong(second.mark, "expected a single document, but another begins here")),
        None => Ok(first),
    }
}

/// The events of a text, each with the place where it begins.
fn events(text: &str, mut each: impl FnMut(EventData, Mark) -> Result<(), Error>) -> Result<(), Error> {
    // libyaml passes over the first byte order mark, and counts it as no column.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // The port fails where a block of text ends with the file, without a last line break. It gets one, and its text loses it again.
    const BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
    // The port's marks count bytes, where libyaml's count characters.
    let (whole, size) = (text.ends_with(BREAKS), text.len() as u64);
    let last_line = text.rsplit(BREAKS).next().unwrap_or_default();
    // Where the last line is blank, it is of the block only where the block's own last line is.
    let has_more = |value: &str| {
        let own = value.strip_suffix('\n').map(|value| value.rsplit('\n').next().unwrap_or_default());
        own.is_some_and(|own| !is_blank(last_line) || is_blank(own))
    };
    let ended;
    let mut bytes = if whole {
        text.as_bytes()
    } else {
        ended = format!("{text}\n");
        ended.as_bytes()
    };
    let mut parser = Parser::new();
    parser.set_input_string(&mut bytes);
    let mut last = Mark { line: 1, column: 1 };
    loop {
        // It must not take the program with it, whatever it is given.
        let next = quietly(|| parser.parse());
        let Event { data, start_mark, end_mark, .. } = match next {
            Ok(Ok(event)) => event,
            Ok(Err(e)) => return Err(refused(text, &e, last)),
            Err(_) => {
                let why =
                    "the YAML reader failed behind this place; a tag right before a comma wants a blank between them";
                return Err(wrong(last, why));
            }
        };
        last = mark(start_mark);
        match data {
            EventData::StreamEnd => return Ok(()),
            EventData::Scalar {
                mut value,
                style: style @ (ScalarStyle::Literal | ScalarStyle::Folded),
                anchor,
                tag,
                ..
            } if !whole && end_mark.index >= size && has_more(&value) => {
                value.pop();
                let (plain_implicit, quoted_implicit) = (false, false);
                each(EventData::Scalar { anchor, tag, value, plain_implicit, quoted_implicit, style }, last)?;
            }
            data => each(data, last)?,
        }
    }
}

/// Catches a panic, of which nothing is printed.
fn quietly<T>(f: impl FnOnce() -> T) -> std::thread::Result<T> {
    thread_local!(static QUIET: Cell<bool> = const { Cell::new(false) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    QUIET.set(true);
    let done = catch_unwind(AssertUnwindSafe(f));
    QUIET.set(false);
    done
}

/// What libyaml says, where and why.
fn refused(text: &str, e: &libyaml_safer::Error, last: Mark) -> Error {
    let place = e.problem_mark().map_or_else(|| odd(text).unwrap_or(last), mark);
    let line = text.split('\n').nth(place.line.saturating_sub(1) as usize).unwrap_or_default();
    if line.chars().nth(place.column.saturating_sub(1) as usize) == Some('\t') {
        return wrong(place, "a tab where the line begins; expected spaces");
    }
    let context = e.context().map(|context| format!(" {context}")).unwrap_or_default();
    let since = e.context_mark().filter(|since| Some(*since) != e.problem_mark());
    let since = since.map(|since| format!(" that begins in line {}", since.line + 1)).unwrap_or_default();
    Error { mark: place, message: format!("{}{context}{since}", e.problem()), too_large: false }
}

/// The first character that YAML does not allow: the reader tells of it without a place.
fn odd(text: &str) -> Option<Mark> {
    let allowed = |c: char| {
        matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}')
            || matches!(c, '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}') && c != '\u{feff}'
    };
    text.split('\n').enumerate().find_map(|(n, line)| {
        let column = line.chars().position(|c| !allowed(c))?;
        Some(Mark { line: number(n as u64 + 1), column: number(column as u64 + 1) })
    })
}

fn number(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn mark(m: libyaml_safer::Mark) -> Mark {
    Mark { line: number(m.line + 1), column: number(m.column + 1) }
}

fn wrong(mark: Mark, message: &str) -> Error {
    Error { mark, message: message.into(), too_large: false }
}

fn too_large(mark: Mark, message: String) -> Error {
    Error { mark, message, too_large: true }
}

/// A collection whose end has not been seen yet.
struct Open {
    node: Node,
    anchor: Option<String>,
    key: Option<Node>,
}

struct Build {
    anchors: HashMap<String, (Node, usize)>,
    open: Vec<Open>,
    done: Vec<Node>,
    nodes: usize,
    /// Nodes that may still be repeated.
    repeats: usize,
}

impl Build {
    fn event(&mut self, event: EventData, mark: Mark) -> Result<(), Error> {
        match event {
            EventData::Scalar { anchor, tag, value, style, plain_implicit, .. } => {
                let plain = match tag.as_deref() {
                    None | Some("!") => plain_implicit,
                    Some(_) => style == ScalarStyle::Plain,
                };
                self.close(Node { mark, tag: said(tag), kind: Kind::Scalar { text: value, plain } }, anchor, 1)
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                self.begin(Node { mark, tag: said(tag), kind: Kind::Sequence(Vec::new()) }, anchor)
            }
            EventData::MappingStart { anchor, tag, .. } => {
                self.begin(Node { mark, tag: said(tag), kind: Kind::Mapping(Vec::new()) }, anchor)
            }
            EventData::SequenceEnd | EventData::MappingEnd => match self.open.pop() {
                Some(open) => self.close(open.node, open.anchor, 1),
                None => Ok(()),
            },
            EventData::Alias { anchor } => match self.anchors.get(&anchor) {
                Some((_, size)) => {
                    let size = *size;
                    self.repeat(size, mark)?;
                    let node = self.anchors.get(&anchor).map(|(node, _)| node.clone());
                    node.map_or(Ok(()), |node| self.close(node, None, size))
                }
                None => Err(wrong(mark, "this alias names an anchor that is not complete here")),
            },
            // Anchors hold in their own document.
            EventData::DocumentEnd { .. } => {
                self.anchors.clear();
                Ok(())
            }
            EventData::StreamStart { .. } | EventData::StreamEnd | EventData::DocumentStart { .. } => Ok(()),
        }
    }

    /// Before `nodes` nodes are copied.
    fn repeat(&mut self, nodes: usize, mark: Mark) -> Result<(), Error> {
        let Some(left) = self.repeats.checked_sub(nodes) else {
            return Err(too_large(mark, "aliases unfold to far more than the text holds".into()));
        };
        self.repeats = left;
        Ok(())
    }

    fn begin(&mut self, node: Node, anchor: Option<String>) -> Result<(), Error> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_large(node.mark, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.open.push(Open { node, anchor, key: None });
        Ok(())
    }

    fn close(&mut self, node: Node, anchor: Option<String>, size: usize) -> Result<(), Error> {
        self.nodes += size;
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} nodes");
            return Err(too_large(node.mark, message));
        }
        if let Some(anchor) = anchor {
            let size = count(&node);
            self.repeat(size, node.mark)?;
            let (mark, twice) = (node.mark, format!("the anchor &{anchor} stands twice"));
            if self.anchors.insert(anchor, (node.clone(), size)).is_some() {
                return Err(wrong(mark, &twice));
            }
        }
        let Some(parent) = self.open.last_mut() else {
            self.done.push(node);
            return Ok(());
        };
        match &mut parent.node.kind {
            Kind::Sequence(items) => items.push(node),
            Kind::Mapping(entries) => match parent.key.take() {
                Some(key) => entries.push((key, node)),
                None => parent.key = Some(node),
            },
            Kind::Scalar { .. } => {}
        }
        Ok(())
    }
}

fn is_blank(line: &str) -> bool {
    line.trim_matches(' ').is_empty()
}

/// `!` alone says that something is what it looks like.
fn said(tag: Option<String>) -> Option<String> {
    tag.filter(|tag| tag != "!")
}

fn count(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::Scalar { .. } => 0,
        Kind::Sequence(items) => items.iter().map(count).sum(),
        Kind::Mapping(entries) => entries.iter().map(|(k, v)| count(k) + count(v)).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    /// Levels that each name the one before, so often.
    fn bomb(levels: usize, each: usize) -> String {
        let mut text = "a0: &a0 [x]\n".to_owned();
        for n in 1..levels {
            let of = format!("*a{}", n - 1);
            text += &format!("a{n}: &a{n} [{}]\n", vec![of.as_str(); each].join(", "));
        }
        text
    }

    #[test]
    fn bombs_are_refused_before_they_unfold() {
        let merges: String = (1..40).map(|n| format!("m{n}: &m{n} {{a: *m{0}, b: *m{0}}}\n", n - 1)).collect();
        let nested = format!("{}x{}", "&a [".repeat(100), "]".repeat(100)).replace("&a [", "[");
        let begun = Instant::now();
        for text in [bomb(12, 9), bomb(40, 2), format!("m0: &m0 {{k: v}}\n{merges}")] {
            let error = parse(&text).unwrap_err();
            assert!(error.too_large && error.mark.line > 0, "{error}");
        }
        assert!(begun.elapsed().as_secs() < 2);
        assert!(parse(&nested).is_ok());
        assert!(parse(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn anchors_within_anchors_are_counted_as_often_as_they_are_kept() {
        let open: String = (0..120).map(|n| format!("&a{n} [")).collect();
        let text = format!("{open}{}{}", "x, ".repeat(20_000), "]".repeat(120));
        assert!(parse(&text).unwrap_err().too_large);
    }

    #[test]
    fn the_time_for_a_long_line_grows_with_its_length_alone() {
        let begun = Instant::now();
        let list = vec!["ü"; 100_000].join(", ");
        assert!(crate::yaml::ansible(&format!("a: [{list}]\n")).is_ok());
        assert!(crate::yaml::ansible(&format!("a: b{}\n", "&".repeat(1 << 20))).is_ok());
        assert!(begun.elapsed().as_secs() < 10);
    }

    #[test]
    fn what_a_fleet_shares_is_no_bomb() {
        let mut text = "defaults: &d {user: ops, port: 22, tags: [a, b, c]}\nhosts:\n".to_owned();
        (0..20_000).for_each(|n| text += &format!("  h{n}: {{<<: *d, id: {n}}}\n"));
        assert!(parse(&text).is_ok());
    }
}
