//! Stages: a list, each `- NAME: [steps]`, or `- NAME: {steps: [...], needs: [...], join: fail_fast}`. They run in
//! the order of the list, except that a stage comes after those that it needs.

use super::steps::{Step, groups};
use crate::project::config::keys::{Keys, Shape, keys, of};
use crate::project::config::reader::{Reader, describe};
use crate::project::config::shapes::texts;
use crate::yaml::{Kind, Mark, Node};
use serde_json::json;

/// A stage.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Groups one after another, the steps of a group at once.
    pub groups: Vec<Vec<Step>>,
    /// The first failure of a group stops the others.
    pub fail_fast: bool,
}

keys! {
    /// A stage that is written in full.
    struct Written {
        /// Steps one after another.
        steps: Vec<Vec<Step>> => groups();
        /// Stages that come before.
        needs: Vec<(String, Mark)> => needs();
        /// fail_fast: the first failure stops the steps beside it. Default: all.
        join: bool => join();
    }
}

/// A stage with what it needs, before they are put in order.
struct Read {
    stage: Stage,
    mark: Mark,
    needs: Vec<(String, Mark)>,
}

/// The stages in the order in which they run.
pub fn stages() -> impl Shape<Value = Vec<Stage>> {
    let one = || json!({ "oneOf": [groups().schema(), Written::schema()] });
    let schema = move || {
        let stage = json!({ "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": one() });
        json!({ "type": "array", "items": stage })
    };
    of(|node, what, reader| Some(read(node, what, reader)), schema)
}

fn read(node: &Node, what: &str, reader: &mut Reader) -> Vec<Stage> {
    let mut read: Vec<Read> = Vec::new();
    for item in reader.list(node, what) {
        let entries = reader.mapping(item, "a stage", None);
        let [entry] = entries.as_slice() else {
            if entries.len() > 1 {
                let expected = "each stage as an item of its own: \"- NAME: [steps]\"";
                reader.mistake(entries[1].mark, "two stages in one item", describe(item), expected);
            }
            continue;
        };
        if !entry.key.starts_with(char::is_alphabetic) || entry.key == "rollback" || entry.key.contains('/') {
            let expected = "a name such as prepare, build, deploy or verify (rollback: stands beside stages)";
            reader.mistake(entry.mark, "this is no name for a stage", format!("{:?}", entry.key), expected);
        }
        if let Some(first) = read.iter().find(|other| other.stage.name == entry.key) {
            let message = format!("there is a stage of this name in line {}", first.mark.line);
            reader.mistake(entry.mark, message, format!("{:?}", entry.key), "each stage once");
            continue;
        }
        let mut written = Written::default();
        let what = format!("stage \"{}\"", entry.key);
        if matches!(entry.value.kind, Kind::Mapping(_)) {
            written.fill(entry.value, entry.mark, &what, reader);
        } else {
            written.steps = groups().read(entry.value, &what, reader).unwrap_or_default();
        }
        let stage = Stage { name: entry.key.to_owned(), groups: written.steps, fail_fast: written.join };
        read.push(Read { stage, mark: entry.mark, needs: written.needs });
    }
    order(read, node, reader)
}

fn needs() -> impl Shape<Value = Vec<(String, Mark)>> {
    of(|node, what, reader| Some(reader.texts(node, what)), || texts().schema())
}

fn join() -> impl Shape<Value = bool> {
    let read = |node: &Node, _: &str, reader: &mut Reader| match node.text() {
        Some("fail_fast") => Some(true),
        Some("all") => Some(false),
        _ => {
            reader.mistake(node.mark, "no such way to end a group", describe(node), "all or fail_fast");
            None
        }
    };
    of(read, || json!({ "enum": ["all", "fail_fast"] }))
}

/// The order of the list, needs first; a circle and a name that is none are mistakes.
fn order(mut read: Vec<Read>, node: &Node, reader: &mut Reader) -> Vec<Stage> {
    let names: Vec<String> = read.iter().map(|read| read.stage.name.clone()).collect();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    for stage in &mut read {
        for (name, mark) in stage.needs.iter().filter(|(name, _)| !names.contains(name)) {
            reader.no_such("stage", name, *mark, &known);
        }
        stage.needs.retain(|(name, _)| names.contains(name));
    }
    if !names.is_empty() && !names.iter().any(|name| name == "deploy") {
        let expected = "a stage \"deploy\": its steps run once for each batch";
        reader.mistake(node.mark, "no stage deploys", names.join(", "), expected);
    }
    let mut sorted: Vec<Stage> = Vec::new();
    while !read.is_empty() {
        let ready = |read: &Read| read.needs.iter().all(|(name, _)| sorted.iter().any(|stage| stage.name == *name));
        let Some(next) = read.iter().position(ready) else {
            let circle: Vec<_> = read.iter().map(|read| read.stage.name.as_str()).collect();
            let at = read[0].needs[0].1;
            let expected = "stages of which one needs nothing that comes later";
            reader.mistake(at, "these stages need one another in a circle", circle.join(", "), expected);
            return sorted;
        };
        sorted.push(read.remove(next).stage);
    }
    sorted
}
