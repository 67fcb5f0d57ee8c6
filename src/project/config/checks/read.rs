//! Reads a check, with the place of every mistake.

use super::{CheckConfig, METRICS, What};
use crate::project::config::keys::{Keys, Shape, keys, of};
use crate::project::config::probes::Measured;
use crate::project::config::reader::{Entry, Reader, describe};
use crate::project::config::shapes::{decimal, environments, flag, number, placed, positive, seconds, text, texts};
use crate::project::config::text::Text;
use crate::yaml::{Kind, Node};
use serde_json::json;

/// Kinds of check that have a number.
const NUMBERS: &[&str] = &["http", "tcp", "prometheus"];

keys! {
    /// A check as it is written.
    pub struct Written {
        ..measured: Measured;
        ..judged: Judged;
        /// Command on the host itself, over SSH: 0 is good, 75 is not known, anything else is bad.
        shell: Option<String> => text(), kind();
        /// The built-in sample: what its numbers are held against on these hosts.
        sample: Option<SampleConfig> => sample(), kind();
        /// Host pattern. Default: all hosts; a probe that names no host is asked once.
        on: Option<Text> => placed();
        /// Environments that have it. Default: all.
        environments: Vec<String> => environments();
        /// Between two readings. Default: 10s; the sample 15s.
        interval: Option<u32> => positive();
        /// Of a reading. Default: 3s; the sample 5s.
        timeout: Option<u32> => positive();
    }
}

keys! {
    /// How readings are judged. `None`: not said.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Judged {
        /// Where a person should look: a number, or where that begins and where it ends.
        warn: Option<EdgeConfig> => edge(), with(NUMBERS);
        /// Where it is bad.
        bad: Option<EdgeConfig> => edge(), with(NUMBERS);
        /// Small numbers are the bad ones.
        low: bool => flag(), with(NUMBERS);
        /// It must last so long before it counts.
        hold as "for": Option<u32> => seconds(), with(NUMBERS);
        /// Good readings in a row until it is better again. Default: 2; of the sample 1.
        rise: Option<u32> => number(1, 1_000);
        /// Bad readings in a row until it counts. Default: 3; of the sample 1 or 2.
        fall: Option<u32> => number(1, 1_000);
    }
}

keys! {
    /// Where a level begins, and where it ends; `None`: at the same number.
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct EdgeConfig {
        /// Beyond this it begins.
        enter: f64 => decimal();
        /// Back from this it ends. Default: at the same number.
        leave: Option<f64> => decimal();
    }
}

keys! {
    /// The sample's numbers.
    #[derive(Debug, Clone, PartialEq)]
    pub struct SampleConfig {
        {
            /// Name ([`METRICS`]) and what is said; `None`: it is not looked at.
            metrics: Vec<(String, Option<Judged>)>,
        }
        /// A disk that is full in so long is a warning. Default: 4h; 0: never.
        full_in: Option<u32> => seconds();
        /// Mounts that are not looked at.
        ignore: Vec<String> => texts();
    }
}

/// A check, by its name.
pub fn check(entry: &Entry<'_>, reader: &mut Reader) -> Option<CheckConfig> {
    let what = format!("check \"{}\"", entry.key);
    let kind = Written::kind_of(entry, &what, "check", reader)?;
    let mut written = Written::default();
    let fields = written.fill_kind(Some(kind), entry.value, entry.mark, &what, reader);
    let Written { measured, judged, shell, sample, on, environments, interval, timeout } = written;
    judged.fits(&fields, reader);
    let measured = match (shell, sample) {
        (Some(shell), _) => What::Shell(shell),
        (_, Some(sample)) => What::Sample(sample),
        _ => {
            let probe = measured.probe(entry, &what, judged.warn.is_none() && judged.bad.is_none(), reader)?;
            for text in probe.texts().into_iter().filter(|text| text.text.contains("{{")) {
                let found = format!("{:?}", text.text);
                let expected = "{host} or {variable} of a host: a check has no other variables";
                reader.mistake(text.mark, "this cannot be filled in", found, expected);
            }
            What::Probe(probe)
        }
    };
    let (name, mark) = (entry.key.to_owned(), entry.mark);
    Some(CheckConfig { name, mark, what: measured, on, environments, interval, timeout, judged })
}

impl Judged {
    /// What only its numbers together can tell.
    fn fits(&self, fields: &[Entry<'_>], reader: &mut Reader) {
        let side = if self.low { "above" } else { "below" };
        for (field, edge) in fields.iter().filter_map(|field| Some((field, self.edge(field.key)?))) {
            let Some(leave) = edge.leave else { continue };
            if if self.low { leave < edge.enter } else { leave > edge.enter } {
                let at = field.value.get("leave").unwrap_or(field.value);
                let message = format!("{} would end before it begins", field.key);
                reader.mistake(at.mark, message, describe(at), format!("a number at or {side} enter"));
            }
        }
        let (warn, bad) = (self.warn.map(|edge| edge.enter), self.bad.map(|edge| edge.enter));
        if let Some((warn, bad)) = warn.zip(bad)
            && (if self.low { bad > warn } else { bad < warn })
            && let Some(field) = fields.iter().find(|field| field.key == "bad")
        {
            let expected = if self.low { "bad at or below warn" } else { "bad at or above warn" };
            reader.mistake(field.value.mark, "bad comes before warn", describe(field.value), expected);
        }
    }

    fn edge(&self, key: &str) -> Option<EdgeConfig> {
        match key {
            "warn" => self.warn,
            "bad" => self.bad,
            _ => None,
        }
    }
}

fn sample() -> impl Shape<Value = SampleConfig> {
    let schema = || {
        let judged = Judged::schema();
        let metric = json!({ "oneOf": [{ "type": ["boolean", "number"] }, judged],
                             "description": "Where a person should look, or more; no: it is not looked at." });
        let mut sample = SampleConfig::schema();
        METRICS.iter().for_each(|name| sample["properties"][*name] = metric.clone());
        json!({ "oneOf": [flag().schema(), sample] })
    };
    of(|node, what, reader| Some(sampled(node, what, reader)), schema)
}

fn sampled(node: &Node, what: &str, reader: &mut Reader) -> SampleConfig {
    let mut config = SampleConfig::default();
    // `sample: yes` is the sample as it is.
    if let Kind::Scalar { .. } = node.kind {
        if reader.boolean(node, what) == Some(false) {
            config.metrics = METRICS.iter().map(|name| ((*name).to_owned(), None)).collect();
        }
        return config;
    }
    let keys = SampleConfig::keys();
    let allowed: Vec<&str> = METRICS.into_iter().chain(keys.iter().map(|key| key.name)).collect();
    for field in reader.mapping(node, what, Some(&allowed)) {
        if !config.take(&field, reader) {
            config.metrics.push((field.key.to_owned(), metric(field.key, field.value, reader)));
        }
    }
    config
}

fn metric(name: &str, node: &Node, reader: &mut Reader) -> Option<Judged> {
    let mut judged = Judged::default();
    match &node.kind {
        Kind::Mapping(_) => {
            let fields = judged.fill(node, node.mark, name, reader);
            judged.fits(&fields, reader);
        }
        // A bare number is where a person should look.
        Kind::Scalar { text, .. } if text.parse::<f64>().is_ok() => judged.warn = edge().read(node, name, reader),
        _ if reader.boolean(node, name) == Some(false) => return None,
        _ => {}
    }
    Some(judged)
}

/// `85` or `{enter: 85, leave: 80}`.
fn edge() -> impl Shape<Value = EdgeConfig> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        if !matches!(node.kind, Kind::Mapping(_)) {
            return Some(EdgeConfig { enter: reader.decimal(node, what)?, leave: None });
        }
        let mut edge = EdgeConfig { enter: f64::NAN, leave: None };
        let fields = edge.fill(node, node.mark, what, reader);
        if !fields.iter().any(|field| field.key == "enter") {
            reader.mistake(node.mark, format!("{what} begins nowhere"), "no \"enter\"".into(), "enter: a number");
        }
        edge.enter.is_finite().then_some(edge)
    };
    of(read, || json!({ "oneOf": [decimal().schema(), EdgeConfig::schema()] }))
}
