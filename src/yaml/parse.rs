//! From text to a tree of nodes: drives the event parser, keeps positions, replaces aliases, refuses bombs, and what
//! libyaml refuses between brackets.

use super::flow::Flow;
use super::{Error, Kind, Mark, Node};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use std::collections::HashMap;

/// Files larger than this are refused before parsing: brackets nested without end cost quadratic time.
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
    read(text, None)
}

/// As [`parse_one`], and refuses what libyaml would refuse between brackets, or read as something else.
///
/// # Errors
/// As there, and the first such place.
pub(super) fn parse_strictly(text: &str) -> Result<Option<Node>, Error> {
    only(read(text, Some(Flow::new(text)))?)
}

fn read(text: &str, mut strict: Option<Flow<'_>>) -> Result<Vec<Node>, Error> {
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
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(|e| wrong(mark(*e.marker()), e.info()))?;
        if let Some(message) = strict.as_mut().and_then(|flow| flow.refuses(&event, span, build.wants_key())) {
            return Err(wrong(mark(span.start), message));
        }
        build.event(event, mark(span.start))?;
    }
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
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(|e| wrong(mark(*e.marker()), e.info()))?;
        if let Event::Alias(_) = event {
            return Err(wrong(mark(span.start), "an alias, which opsdeck never writes here"));
        }
    }
    Ok(())
}

/// The only document of a text; `None` when it holds none (empty, or comments alone).
///
/// # Errors
/// As [`parse`], and where a second document begins.
pub fn parse_one(text: &str) -> Result<Option<Node>, Error> {
    only(parse(text)?)
}

fn only(documents: Vec<Node>) -> Result<Option<Node>, Error> {
    let mut documents = documents.into_iter();
    let first = documents.next();
    match documents.next() {
        Some(second) => Err(wrong(second.mark, "expected a single document, but another begins here")),
        None => Ok(first),
    }
}

fn mark(m: Marker) -> Mark {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Mark { line: number(m.line()), column: number(m.col()).saturating_add(1) }
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
    anchor: usize,
    key: Option<Node>,
}

struct Build {
    anchors: HashMap<usize, (Node, usize)>,
    open: Vec<Open>,
    done: Vec<Node>,
    nodes: usize,
    /// Nodes that may still be repeated.
    repeats: usize,
}

impl Build {
    /// True if the next node is the key of a mapping.
    fn wants_key(&self) -> bool {
        self.open.last().is_some_and(|open| matches!(open.node.kind, Kind::Mapping(_)) && open.key.is_none())
    }

    fn event(&mut self, event: Event<'_>, mark: Mark) -> Result<(), Error> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let kind = Kind::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain };
                self.close(Node { mark, tag: tag.map(|t| tag_text(&t)), kind }, anchor, 1)
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(Node { mark, tag: tag.map(|t| tag_text(&t)), kind: Kind::Sequence(Vec::new()) }, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(Node { mark, tag: tag.map(|t| tag_text(&t)), kind: Kind::Mapping(Vec::new()) }, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => self.close(open.node, open.anchor, 1),
                None => Ok(()),
            },
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some((_, size)) => {
                    let size = *size;
                    self.repeat(size, mark)?;
                    let node = self.anchors.get(&anchor).map(|(node, _)| node.clone());
                    node.map_or(Ok(()), |node| self.close(node, 0, size))
                }
                None => Err(wrong(mark, "this alias names an anchor that is not complete here")),
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
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

    fn begin(&mut self, node: Node, anchor: usize) -> Result<(), Error> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_large(node.mark, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.open.push(Open { node, anchor, key: None });
        Ok(())
    }

    fn close(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), Error> {
        self.nodes += size;
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} nodes");
            return Err(too_large(node.mark, message));
        }
        if anchor != 0 {
            let size = count(&node);
            self.repeat(size, node.mark)?;
            self.anchors.insert(anchor, (node.clone(), size));
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

fn count(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::Scalar { .. } => 0,
        Kind::Sequence(items) => items.iter().map(count).sum(),
        Kind::Mapping(entries) => entries.iter().map(|(k, v)| count(k) + count(v)).sum(),
    }
}

fn tag_text(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
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
