//! Reads `checks:`, with the place of every mistake.

use super::{CheckConfig, EdgeConfig, Judged, METRICS, SampleConfig, What};
use crate::project::config::keys::Shape;
use crate::project::config::reader::{Entry, Reader, describe};
use crate::project::config::release::probes;
use crate::project::config::shapes::environments;
use crate::project::config::text::Text;
use crate::yaml::{Kind, Node};

/// What a check may measure.
pub const KINDS: [&str; 7] = ["http", "tcp", "command", "shell", "systemd", "prometheus", "sample"];
/// Keys of every check.
pub const SHARED: [&str; 6] = ["on", "environments", "interval", "timeout", "rise", "fall"];
/// Keys of what has a number.
pub const NUMBER: [&str; 4] = ["warn", "bad", "low", "for"];
/// Keys of a sample beside its metrics.
pub const SAMPLE: [&str; 2] = ["full_in", "ignore"];
/// Keys of a metric.
pub const METRIC: [&str; 6] = ["warn", "bad", "low", "for", "rise", "fall"];
/// Keys of a level.
pub const EDGE: [&str; 2] = ["enter", "leave"];

/// All keys of a check.
pub fn keys() -> Vec<&'static str> {
    let probes = probes::PROBES.iter().flat_map(|probe| probes::keys_of(probe));
    KINDS.iter().chain(&SHARED).chain(&NUMBER).chain(probes).copied().collect()
}

fn keys_of(kind: &str) -> impl Iterator<Item = &'static str> {
    let number: &[&str] = if ["http", "tcp", "prometheus"].contains(&kind) { &NUMBER } else { &[] };
    number.iter().chain(probes::keys_of(kind)).copied()
}

/// The checks, in the order written.
pub fn read(node: &Node, reader: &mut Reader) -> Vec<CheckConfig> {
    let entries = reader.mapping(node, "checks", None);
    entries.iter().filter_map(|entry| check(entry, reader)).collect()
}

fn check(entry: &Entry<'_>, reader: &mut Reader) -> Option<CheckConfig> {
    let what = format!("check \"{}\"", entry.key);
    let kind = probes::kind(entry, &what, "check", (&KINDS, &keys()), reader)?;
    let allowed: Vec<&str> = [kind].into_iter().chain(keys_of(kind)).chain(SHARED).collect();
    let fields = reader.mapping(entry.value, &what, Some(&allowed));
    let field = |key: &str| fields.iter().find(|field| field.key == key);
    let judged = judged(&fields, reader);
    let measured = match kind {
        "sample" => What::Sample(sample(field(kind)?.value, reader)),
        "shell" => What::Shell(reader.text(field(kind)?.value, kind)?),
        _ => {
            let bounds = judged.warn.is_none() && judged.bad.is_none();
            let probe = probes::probe(kind, &fields, entry, (&what, bounds), reader)?;
            for text in probe.texts().into_iter().filter(|text| text.text.contains("{{")) {
                let found = format!("{:?}", text.text);
                let expected = "{host} or {variable} of a host: a check has no other variables";
                reader.mistake(text.mark, "this cannot be filled in", found, expected);
            }
            What::Probe(probe)
        }
    };
    let seconds = |key: &str, reader: &mut Reader| {
        field(key).and_then(|field| reader.seconds(field.value, key)).filter(|seconds| *seconds > 0)
    };
    let named = field("environments").and_then(|field| environments().read(field.value, field.key, reader));
    Some(CheckConfig {
        name: entry.key.to_owned(),
        mark: entry.mark,
        what: measured,
        on: field("on").and_then(|field| Some(Text::new(reader.text(field.value, "on")?, field.value.mark))),
        environments: named.unwrap_or_default(),
        interval: seconds("interval", reader),
        timeout: seconds("timeout", reader),
        judged,
    })
}

fn sample(node: &Node, reader: &mut Reader) -> SampleConfig {
    let mut config = SampleConfig::default();
    // `sample: yes` is the sample as it is.
    if let Kind::Scalar { .. } = node.kind {
        if reader.boolean(node, "sample") == Some(false) {
            config.metrics = METRICS.iter().map(|name| ((*name).to_owned(), None)).collect();
        }
        return config;
    }
    let allowed: Vec<&str> = METRICS.iter().chain(&SAMPLE).copied().collect();
    for Entry { key, value, .. } in reader.mapping(node, "sample", Some(&allowed)) {
        match key {
            "full_in" => config.full_in = reader.seconds(value, "full_in"),
            "ignore" => config.ignore = reader.texts(value, "ignore").into_iter().map(|(path, _)| path).collect(),
            name => config.metrics.push((name.to_owned(), metric(name, value, reader))),
        }
    }
    config
}

fn metric(name: &str, node: &Node, reader: &mut Reader) -> Option<Judged> {
    match &node.kind {
        Kind::Mapping(_) => {
            let fields = reader.mapping(node, name, Some(&METRIC));
            Some(judged(&fields, reader))
        }
        // A bare number is where a person should look.
        Kind::Scalar { text, .. } if text.parse::<f64>().is_ok() => {
            Some(Judged { warn: edge(node, name, false, reader), ..Judged::default() })
        }
        _ => match reader.boolean(node, name) {
            Some(true) | None => Some(Judged::default()),
            Some(false) => None,
        },
    }
}

fn judged(fields: &[Entry<'_>], reader: &mut Reader) -> Judged {
    let mut judged = Judged::default();
    let low = fields.iter().find(|field| field.key == "low");
    judged.low = low.and_then(|field| reader.boolean(field.value, "low")).unwrap_or_default();
    for Entry { key, value, .. } in fields {
        match *key {
            "warn" => judged.warn = edge(value, "warn", judged.low, reader),
            "bad" => judged.bad = edge(value, "bad", judged.low, reader),
            "for" => judged.hold = reader.seconds(value, "for"),
            "rise" => judged.rise = reader.number(value, "rise", 1, 1_000),
            "fall" => judged.fall = reader.number(value, "fall", 1, 1_000),
            _ => {}
        }
    }
    let (warn, bad) = (judged.warn.map(|edge| edge.enter), judged.bad.map(|edge| edge.enter));
    if let (Some(warn), Some(bad)) = (warn, bad)
        && (if judged.low { bad > warn } else { bad < warn })
        && let Some(field) = fields.iter().find(|field| field.key == "bad")
    {
        let expected = if judged.low { "bad at or below warn" } else { "bad at or above warn" };
        reader.mistake(field.value.mark, "bad comes before warn", describe(field.value), expected);
    }
    judged
}

/// `85` or `{enter: 85, leave: 80}`.
fn edge(node: &Node, what: &str, low: bool, reader: &mut Reader) -> Option<EdgeConfig> {
    if !matches!(node.kind, Kind::Mapping(_)) {
        return Some(EdgeConfig { enter: reader.decimal(node, what)?, leave: None });
    }
    let fields = reader.mapping(node, what, Some(&EDGE));
    let field = |key: &str| fields.iter().find(|field| field.key == key);
    let Some(enter) = field("enter") else {
        reader.mistake(node.mark, format!("{what} begins nowhere"), "no \"enter\"".into(), "enter: a number");
        return None;
    };
    let enter = reader.decimal(enter.value, "enter")?;
    let leave = field("leave").and_then(|field| Some((reader.decimal(field.value, "leave")?, field.value)));
    if let Some((leave, node)) = leave
        && (if low { leave < enter } else { leave > enter })
    {
        let expected = if low { "a number at or above enter" } else { "a number at or below enter" };
        reader.mistake(node.mark, format!("{what} would end before it begins"), describe(node), expected);
    }
    Some(EdgeConfig { enter, leave: leave.map(|(leave, _)| leave) })
}
