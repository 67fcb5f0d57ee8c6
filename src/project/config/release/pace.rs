//! `strategy:` of a release: how hosts are brought over, in which sizes, and when it stops.

use crate::project::config::keys::{Keys, Shape, keys, of};
use crate::project::config::reader::{Reader, describe};
use crate::project::config::shapes::{named, one_or_list, positive, seconds, size, template};
use crate::project::config::text::Text;
use crate::project::config::values::Size;
use crate::yaml::{Kind, Mark, Node};
use serde_json::{Value, json};

/// The strategies.
const STRATEGIES: [&str; 3] = ["rolling", "blue_green", "canary"];

/// A strategy and its pace.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct How {
    /// How hosts are brought over.
    pub strategy: Strategy,
    /// How fast, and when it stops.
    pub pace: Pace,
}

keys! {
    /// A strategy's options as they are written.
    struct Written {
        ..pace: Pace;
        /// Pattern of hosts that are added meanwhile.
        surge: Option<Text> => template(), with(&["rolling"]);
        /// Host pattern of each of the two pools.
        pools: Vec<(String, Text)> => named(), with(&["blue_green"]);
        /// Shares of traffic in percent: [5, 25, 50, 100].
        weights: Option<Vec<u8>> => weights(), with(&["canary"]);
        /// Pattern of the hosts that take the shares.
        hosts: Option<Text> => template(), with(&["canary"]);
    }
}

keys! {
    /// How fast, and when it stops. `None`: the default of the builder.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Pace {
        /// Sizes of batches; the last repeats. Default: [1, 25%].
        batches: Vec<Size> => batches(), with(&["rolling", "canary"]);
        /// Hosts out of service at once. Default: 25%.
        max_unavailable: Option<Size> => size(1);
        /// Failed, unreachable and unknown hosts before it stops.
        budget: Size = Size::Hosts(0) => size(0);
        /// Between a batch and its gates.
        soak: u32 = 10 => seconds();
        /// In this time a host must come further.
        progress_deadline: u32 = 600 => positive();
    }
}

/// How hosts are brought over.
#[derive(Debug, Clone, PartialEq)]
pub enum Strategy {
    /// Batch after batch.
    Rolling {
        /// Pattern of hosts that are added.
        surge: Option<Text>,
    },
    /// Two pools and a switch.
    BlueGreen {
        /// Name and pattern of each.
        pools: Vec<(String, Text)>,
    },
    /// A first group that grows; with `weights` a share of traffic that grows.
    Canary {
        /// Shares (percent) in steps.
        weights: Vec<u8>,
        /// Pattern of the hosts that take them.
        hosts: Option<Text>,
    },
}

impl Default for Strategy {
    fn default() -> Self {
        Self::Rolling { surge: None }
    }
}

/// A strategy: its name, or its name with its options.
pub fn strategy() -> impl Shape<Value = How> {
    let schema = || {
        let options = STRATEGIES.iter().map(|name| {
            let mut options = Written::schema_of(Some(name));
            options["description"] = format!("Options of {name}.").into();
            ((*name).to_owned(), options)
        });
        let options: serde_json::Map<String, Value> = options.collect();
        let options = json!({ "type": "object", "additionalProperties": false, "properties": options });
        json!({ "oneOf": [{ "enum": ["rolling", "canary"] }, options] })
    };
    of(read, schema)
}

fn read(node: &Node, what: &str, reader: &mut Reader) -> Option<How> {
    let mut written = Written::default();
    let (name, mark, options) = match &node.kind {
        Kind::Mapping(entries) if entries.len() == 1 => {
            let entry = reader.mapping(node, what, None).pop()?;
            (entry.key, entry.mark, Some(entry.value))
        }
        Kind::Scalar { text, .. } => (text.as_str(), node.mark, None),
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
    let fields = options.map(|node| written.fill_kind(Some(name), node, node.mark, name, reader)).unwrap_or_default();
    let at = |key: &str| fields.iter().find(|field| field.key == key);
    let strategy = match name {
        "rolling" => Strategy::Rolling { surge: written.surge },
        "blue_green" => {
            let pools = written.pools;
            if pools.len() != 2 {
                let at = at("pools").map_or(mark, |field| field.value.mark);
                let expected = "pools: {blue: PATTERN, green: PATTERN}";
                reader.mistake(at, "blue_green needs two pools", format!("{} of them", pools.len()), expected);
            }
            Strategy::BlueGreen { pools }
        }
        _ => {
            canary(at("weights").map(|field| field.mark), at("batches").is_some(), written.hosts.as_ref(), reader);
            Strategy::Canary { weights: written.weights.unwrap_or_default(), hosts: written.hosts }
        }
    };
    Some(How { strategy, pace: written.pace })
}

/// What of a canary fits together; `weights`: where they stand.
fn canary(weights: Option<Mark>, batches: bool, hosts: Option<&Text>, reader: &mut Reader) {
    match (weights, batches, hosts) {
        (Some(mark), true, _) => {
            let found = "both".to_owned();
            reader.mistake(mark, "a canary grows by batches or by weights", found, "one of them");
        }
        (Some(mark), false, None) => {
            let expected = "hosts: the pattern of those that take the share";
            reader.mistake(mark, "weights need a group that takes them", "no \"hosts\"".into(), expected);
        }
        (None, _, Some(hosts)) => {
            let expected = "hosts: beside strategy: of the release, or weights: here";
            reader.mistake(hosts.mark, "these hosts belong to weights", format!("{:?}", hosts.text), expected);
        }
        _ => {}
    }
}

fn batches() -> impl Shape<Value = Vec<Size>> {
    let read = |node: &Node, _: &str, reader: &mut Reader| {
        if matches!(node.kind, Kind::Sequence(_)) && node.items().is_empty() {
            reader.mistake(node.mark, "no batch at all", describe(node), "sizes such as [1, 25%, 50%]");
        }
        one_or_list(|| size(1)).read(node, "a batch", reader)
    };
    of(read, || one_or_list(|| size(1)).schema())
}

fn weights() -> impl Shape<Value = Vec<u8>> {
    let schema = || json!({ "type": "array", "items": { "type": ["integer", "string"] } });
    of(|node, what, reader| Some(shares(node, what, reader)), schema)
}

fn shares(node: &Node, what: &str, reader: &mut Reader) -> Vec<u8> {
    let mut weights: Vec<u8> = Vec::new();
    for item in reader.list(node, what) {
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
