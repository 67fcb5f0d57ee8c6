//! An instant query whose every sample must be within bounds. No sample, a value that is no number, a warning, an answer
//! of another moment: all of them mean that nothing is known.

use super::request::{self, Failed, Http};
use super::target::Target;
use super::{One, Seen, Verdict, each};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// With this begins what is got where the server gave no answer at all.
pub const SILENCE: &str = "Prometheus: ";
/// An answer may be evaluated this many seconds before or after our own clock.
const STALE: f64 = 60.0;

/// What every sample must keep to.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// At least.
    pub min: Option<f64>,
    /// At most.
    pub max: Option<f64>,
}

impl Bounds {
    pub fn need(self) -> String {
        match (self.min, self.max) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("at least {min}"),
            (None, Some(max)) => format!("at most {max}"),
            (None, None) => "a bound: min or max".into(),
        }
    }

    /// How far beyond a bound; not above zero: within.
    fn excess(self, value: f64) -> f64 {
        let below = self.min.map_or(f64::NEG_INFINITY, |min| min - value);
        below.max(self.max.map_or(f64::NEG_INFINITY, |max| value - max))
    }
}

/// Asks `server` for each host that the query names.
pub fn read(server: &str, query: &str, bounds: Bounds, hosts: &[Target], deadline: Instant) -> Vec<Seen> {
    each(&[server, query], hosts, deadline, move |texts, limit| ask(&texts[0], &texts[1], bounds, limit))
}

fn ask(server: &str, query: &str, bounds: Bounds, limit: Duration) -> One {
    let url = format!("{}/api/v1/query?query={}", server.trim_end_matches('/'), encode(query));
    let request = Http { method: "GET".into(), url, ..Http::default() };
    let now = jiff::Timestamp::now().as_millisecond() as f64 / 1000.0;
    match request::send(&request, limit) {
        Ok(answer) => {
            judge(answer.status, &answer.body, bounds, now).unwrap_or_else(|e| (Verdict::Inconclusive, e, None))
        }
        Err(Failed { why, .. }) => (Verdict::Inconclusive, format!("{SILENCE}{why}"), None),
    }
}

/// Percent-encoding of everything but unreserved characters (RFC 3986).
fn encode(text: &str) -> String {
    let one = |b: u8| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    text.bytes().map(one).collect()
}

/// The answer of `/api/v1/query`.
#[derive(Deserialize)]
struct Wire {
    status: String,
    #[serde(default)]
    error: String,
    data: Option<Data>,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Scalar(Point),
    Vector(Vec<Sample>),
    String(IgnoredAny),
    Matrix(IgnoredAny),
}

/// When (seconds) and what, as text.
type Point = (f64, String);

#[derive(Deserialize)]
struct Sample {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    value: Option<Point>,
}

/// # Errors
/// Why nothing is known, in words.
fn judge(status: u16, body: &str, bounds: Bounds, now: f64) -> Result<One, String> {
    let wire: Wire = serde_json::from_str(body).map_err(|e| format!("{status}: no answer of Prometheus ({e})"))?;
    if wire.status != "success" {
        return Err(format!("Prometheus answered {status}: {}", wire.error));
    }
    if let Some(warning) = wire.warnings.first() {
        return Err(format!("Prometheus warns: {warning}"));
    }
    if bounds.min.is_none() && bounds.max.is_none() {
        return Err("there is no bound to hold it against".into());
    }
    let samples = match wire.data {
        Some(Data::Scalar(point)) => vec![Sample { metric: BTreeMap::new(), value: Some(point) }],
        Some(Data::Vector(samples)) => samples,
        Some(Data::String(_) | Data::Matrix(_)) => return Err("the query gives text or a range, not numbers".into()),
        None => Vec::new(),
    };
    let mut worst: Option<(f64, f64, &Sample)> = None;
    for sample in &samples {
        let (at, text) = sample.value.as_ref().ok_or_else(|| format!("a histogram, not a number{}", of(sample)))?;
        let value: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
        if !value.is_finite() {
            return Err(format!("{value}{}", of(sample)));
        }
        if (now - at).abs() > STALE {
            return Err(format!("{value} of another moment: {:.0} s from now", at - now));
        }
        let excess = bounds.excess(value);
        if worst.is_none_or(|(most, ..)| excess > most) {
            worst = Some((excess, value, sample));
        }
    }
    let (excess, value, sample) = worst.ok_or("no data")?;
    let verdict = if excess > 0.0 { Verdict::Fail } else { Verdict::Pass };
    Ok((verdict, format!("{value}{}", of(sample)), Some(value)))
}

/// The sample's labels, where it has any.
fn of(sample: &Sample) -> String {
    if sample.metric.is_empty() {
        return String::new();
    }
    let labels: Vec<String> = sample.metric.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!(" {{{}}}", labels.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: f64 = 1000.0;

    fn vector(samples: &str) -> String {
        format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{samples}]}}}}"#)
    }

    #[test]
    fn every_sample_must_keep_to_the_bounds() {
        let bounds = Bounds { min: Some(1.0), max: Some(250.0) };
        let one = |host: &str, value: &str| format!(r#"{{"metric":{{"i":"{host}"}},"value":[1000.2,"{value}"]}}"#);
        let body = vector(&[one("a", "1"), one("b", "250"), one("c", "7")].join(","));
        assert_eq!(judge(200, &body, bounds, NOW), Ok((Verdict::Pass, "1 {i=\"a\"}".into(), Some(1.0))));
        let body = vector(&[one("a", "251"), one("b", "300.5"), one("c", "0")].join(","));
        assert_eq!(judge(200, &body, bounds, NOW), Ok((Verdict::Fail, "300.5 {i=\"b\"}".into(), Some(300.5))));
        let body = r#"{"status":"success","data":{"resultType":"scalar","result":[1000,"0.5"]}}"#;
        assert_eq!(judge(200, body, bounds, NOW), Ok((Verdict::Fail, "0.5".into(), Some(0.5))));
    }

    #[test]
    fn what_is_not_known_never_passes() {
        let bounds = Bounds { min: None, max: Some(250.0) };
        let one = |at: f64, value: &str| vector(&format!(r#"{{"metric":{{}},"value":[{at},"{value}"]}}"#));
        let warned = one(NOW, "1").replacen('{', r#"{"warnings":["half of the stores are gone"],"#, 1);
        let histogram = vector(r#"{"metric":{},"histogram":[1000,{"count":"1"}]}"#);
        let text = r#"{"status":"success","data":{"resultType":"string","result":[1000,"x"]}}"#;
        let error = r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
        for (body, why) in [
            (vector(""), "no data"),
            (one(NOW, "NaN"), "NaN"),
            (one(NOW, "-Inf"), "-inf"),
            (one(NOW - 300.0, "1"), "1 of another moment: -300 s from now"),
            (warned, "Prometheus warns: half of the stores are gone"),
            (histogram, "a histogram, not a number"),
            (text.into(), "the query gives text or a range, not numbers"),
            (error.into(), "Prometheus answered 400: parse error"),
            ("<html>".into(), "400: no answer of Prometheus (expected value at line 1 column 1)"),
        ] {
            assert_eq!(judge(400, &body, bounds, NOW), Err(why.to_owned()), "{body}");
        }
        let unbound = Bounds { min: None, max: None };
        assert!(judge(200, &one(NOW, "1"), unbound, NOW).is_err());
    }

    #[test]
    fn a_query_goes_into_an_address_as_it_is() {
        assert_eq!(encode("up{a=\"ä\"}+1"), "up%7Ba%3D%22%C3%A4%22%7D%2B1");
    }
}
