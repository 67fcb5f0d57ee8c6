//! Reads `strategy:`: how hosts are brought over, in which sizes, and when it stops.

use super::{Pace, Size, Strategy};
use crate::project::config::reader::{Entry, Reader, describe};
use crate::yaml::{Kind, Node};

/// The strategies.
pub const STRATEGIES: [&str; 3] = ["rolling", "blue_green", "canary"];
/// Keys of all strategies.
const PACE: [&str; 4] = ["max_unavailable", "budget", "soak", "progress_deadline"];

/// Keys of one strategy.
pub fn keys_of(strategy: &str) -> Vec<&'static str> {
    let own: &[&str] = match strategy {
        "blue_green" => &["pools"],
        "canary" => &["batches", "weights", "hosts"],
        _ => &["batches", "surge"],
    };
    own.iter().chain(&PACE).copied().collect()
}

/// A strategy: its name, or its name with its options.
pub fn strategy(node: &Node, reader: &mut Reader) -> Option<(Strategy, Pace)> {
    let (name, mark, fields) = match &node.kind {
        Kind::Mapping(entries) if entries.len() == 1 => {
            let entry = reader.mapping(node, "strategy", None).pop()?;
            let keys = keys_of(entry.key);
            let known = STRATEGIES.contains(&entry.key);
            let fields = if known { reader.mapping(entry.value, entry.key, Some(&keys)) } else { Vec::new() };
            (entry.key, entry.mark, fields)
        }
        Kind::Scalar { text, .. } => (text.as_str(), node.mark, Vec::new()),
        _ => {
            let expected = format!("one of {}, or one of them with its options", STRATEGIES.join(", "));
            reader.mistake(node.mark, "strategy is no such thing", describe(node), expected);
            return None;
        }
    };
    if !STRATEGIES.contains(&name) {
        reader.no_such("strategy", name, mark, &STRATEGIES);
        return None;
    }
    let pace = pace(&fields, reader);
    let field = |key: &str| fields.iter().find(|field| field.key == key);
    let strategy = match name {
        "rolling" => Strategy::Rolling { surge: field("surge").and_then(|f| reader.template(f.value, "surge")) },
        "blue_green" => {
            let pools = field("pools").map(|f| reader.named(f.value, "pools")).unwrap_or_default();
            if pools.len() != 2 {
                let at = field("pools").map_or(mark, |f| f.value.mark);
                let expected = "pools: {blue: PATTERN, green: PATTERN}";
                reader.mistake(at, "blue_green needs two pools", format!("{} of them", pools.len()), expected);
            }
            Strategy::BlueGreen { pools }
        }
        _ => {
            let weights = field("weights").map(|f| self::weights(f.value, reader)).unwrap_or_default();
            let hosts = field("hosts").and_then(|f| reader.template(f.value, "hosts"));
            match (field("weights"), field("batches"), &hosts) {
                (Some(weights), Some(_), _) => {
                    let found = "both".to_owned();
                    reader.mistake(weights.mark, "a canary grows by batches or by weights", found, "one of them");
                }
                (Some(weights), None, None) => {
                    let expected = "hosts: the pattern of those that take the share";
                    reader.mistake(
                        weights.mark,
                        "weights need a group that takes them",
                        "no \"hosts\"".into(),
                        expected,
                    );
                }
                (None, _, Some(hosts)) => {
                    let expected = "hosts: beside strategy: of the release, or weights: here";
                    reader.mistake(hosts.mark, "these hosts belong to weights", format!("{:?}", hosts.text), expected);
                }
                _ => {}
            }
            Strategy::Canary { weights, hosts }
        }
    };
    Some((strategy, pace))
}

fn pace(fields: &[Entry<'_>], reader: &mut Reader) -> Pace {
    let mut pace = Pace::default();
    for Entry { key, value, .. } in fields {
        match *key {
            "batches" => pace.batches = batches(value, reader),
            "max_unavailable" => pace.max_unavailable = reader.size(value, "max_unavailable", 1),
            "budget" => pace.budget = reader.size(value, "budget", 0),
            "soak" => pace.soak = reader.seconds(value, "soak"),
            "progress_deadline" => {
                pace.progress_deadline = reader.seconds(value, "progress_deadline").filter(|seconds| *seconds > 0);
            }
            _ => {}
        }
    }
    pace
}

fn batches(node: &Node, reader: &mut Reader) -> Vec<Size> {
    match node.kind {
        Kind::Sequence(_) => {
            if node.items().is_empty() {
                reader.mistake(node.mark, "no batch at all", describe(node), "sizes such as [1, 25%, 50%]");
            }
            node.items().iter().filter_map(|item| reader.size(item, "a batch", 1)).collect()
        }
        _ => reader.size(node, "a batch", 1).into_iter().collect(),
    }
}

fn weights(node: &Node, reader: &mut Reader) -> Vec<u8> {
    let mut weights: Vec<u8> = Vec::new();
    for item in reader.list(node, "weights") {
        let text = item.text().map(|text| text.strip_suffix('%').unwrap_or(text));
        let weight = text.and_then(|text| text.parse().ok()).filter(|weight| (1..=100).contains(weight));
        match weight.filter(|weight| weights.last().is_none_or(|last| last < weight)) {
            Some(weight) => weights.push(weight),
            None => {
                let expected = "percentages from 1 to 100 that grow, such as [5, 25, 50, 100]";
                reader.mistake(item.mark, "this is no share that grows", describe(item), expected);
            }
        }
    }
    if weights.last().is_some_and(|last| *last != 100) {
        let expected = "100 as the last share: then all traffic has the new version";
        reader.mistake(node.mark, "the shares end too early", format!("{}%", weights.last().unwrap_or(&0)), expected);
    }
    weights
}
