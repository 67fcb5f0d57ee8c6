//! Reads stages: a list, each `- NAME: [steps]`, or `- NAME: {steps: [...], needs: [...], join: fail_fast}`. They run in
//! the order of the list, except that a stage comes after those that it needs.

use super::Stage;
use super::steps::groups;
use crate::project::config::reader::{Reader, describe};
use crate::yaml::{Kind, Mark, Node};

/// Keys of a stage that is written in full.
pub const STAGE: [&str; 3] = ["steps", "needs", "join"];

/// A stage with what it needs, before they are put in order.
struct Read {
    stage: Stage,
    mark: Mark,
    needs: Vec<(String, Mark)>,
}

/// The stages in the order in which they run.
pub fn stages(node: &Node, reader: &mut Reader) -> Vec<Stage> {
    let mut read: Vec<Read> = Vec::new();
    for item in reader.list(node, "stages") {
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
        let mut stage = Stage { name: entry.key.to_owned(), ..Stage::default() };
        let mut needs = Vec::new();
        let what = format!("stage \"{}\"", entry.key);
        if matches!(entry.value.kind, Kind::Mapping(_)) {
            for field in reader.mapping(entry.value, &what, Some(&STAGE)) {
                match field.key {
                    "steps" => stage.groups = groups(field.value, &what, reader),
                    "needs" => needs = reader.texts(field.value, "needs"),
                    _ => stage.fail_fast = join(field.value, reader),
                }
            }
        } else {
            stage.groups = groups(entry.value, &what, reader);
        }
        read.push(Read { stage, mark: entry.mark, needs });
    }
    order(read, node, reader)
}

fn join(node: &Node, reader: &mut Reader) -> bool {
    match node.text() {
        Some("fail_fast") => true,
        Some("all") => false,
        _ => {
            reader.mistake(node.mark, "no such way to end a group", describe(node), "all or fail_fast");
            false
        }
    }
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
