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
/// More nodes than this, counted after aliases are replaced, is a bomb.
const MAX_NODES: usize = 8_000_000;

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
        return Err(Error { mark: Mark { line: 1, column: 1 }, message: format!("larger than {MAX_BYTES} bytes") });
    }
    let mut build = Build { anchors: HashMap::new(), open: Vec::new(), done: Vec::new(), nodes: 0 };
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(|e| Error { mark: mark(*e.marker()), message: e.info().to_owned() })?;
        if let Some(message) = strict.as_mut().and_then(|flow| flow.refuses(&event, span, build.wants_key())) {
            return Err(Error { mark: mark(span.start), message: message.into() });
        }
        build.event(event, mark(span.start))?;
    }
    Ok(build.done)
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
        Some(second) => {
            Err(Error { mark: second.mark, message: "expected a single document, but another begins here".into() })
        }
        None => Ok(first),
    }
}

fn mark(m: Marker) -> Mark {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Mark { line: number(m.line()), column: number(m.col()).saturating_add(1) }
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
                Some((node, size)) => {
                    let (node, size) = (node.clone(), *size);
                    self.close(node, 0, size)
                }
                None => Err(Error { mark, message: "this alias names an anchor that is not complete here".into() }),
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn begin(&mut self, node: Node, anchor: usize) -> Result<(), Error> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Error { mark: node.mark, message: format!("nested deeper than {MAX_DEPTH} levels") });
        }
        self.open.push(Open { node, anchor, key: None });
        Ok(())
    }

    fn close(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), Error> {
        self.nodes += size;
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} nodes once aliases are replaced");
            return Err(Error { mark: node.mark, message });
        }
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), count(&node)));
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
