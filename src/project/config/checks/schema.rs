//! The JSON Schema of `checks:`, for editors. A test holds its keys against those of the reader.

use super::METRICS;
use crate::project::config::release::schema::{gate, words::*};
use serde_json::{Map, Value, json};

/// The schema of a check.
pub fn check() -> Value {
    let mut own = json!({
        "shell": text("Command on the host itself, over SSH: 0 is good, 75 is not known, anything else is bad."),
        "sample": { "oneOf": [flag("The built-in sample as it is, or none."), sample()],
                    "description": "The built-in sample: what its numbers are held against on these hosts." },
        "on": text("Host pattern. Default: all hosts; a probe that names no host is asked once."),
        "environments": one_or_many(json!({ "type": "string" }), "Environments that have it. Default: all."),
        "interval": seconds("Between two readings. Default: 10s; the sample 15s."),
        "timeout": seconds("Of a reading. Default: 3s; the sample 5s."),
    });
    let mut gate = gate();
    let probe = gate["properties"].as_object_mut().map(std::mem::take).unwrap_or_default();
    let of_gates = ["passes", "fails", "inconclusive", "window", "interval", "timeout"];
    if let Some(own) = own.as_object_mut() {
        own.extend(probe.into_iter().filter(|(key, _)| !of_gates.contains(&key.as_str())));
        own.extend(judged());
    }
    object(own)
}

fn judged() -> Map<String, Value> {
    let number = || json!({ "type": "number" });
    let edge = |description: &str| {
        let both = object(json!({ "enter": number(), "leave": number() }));
        json!({ "oneOf": [number(), both], "description": description })
    };
    let all = json!({
        "warn": edge("Where a person should look: a number, or where that begins and where it ends."),
        "bad": edge("Where it is bad."),
        "low": flag("Small numbers are the bad ones."),
        "for": seconds("It must last so long before it counts."),
        "rise": number_of("Good readings in a row until it is better again. Default: 2; of the sample 1."),
        "fall": number_of("Bad readings in a row until it counts. Default: 3; of the sample 1 or 2."),
    });
    all.as_object().cloned().unwrap_or_default()
}

fn number_of(description: &str) -> Value {
    number(1, 1_000, description)
}

/// The schema of a sample.
pub fn sample() -> Value {
    let metric = json!({ "oneOf": [{ "type": ["boolean", "number"] }, object(Value::Object(judged()))],
                         "description": "Where a person should look, or more; no: it is not looked at." });
    let mut all: Map<String, Value> = METRICS.iter().map(|name| ((*name).to_owned(), metric.clone())).collect();
    all.insert("full_in".into(), seconds("A disk that is full in so long is a warning. Default: 4h; 0: never."));
    all.insert("ignore".into(), one_or_many(json!({ "type": "string" }), "Mounts that are not looked at."));
    object(Value::Object(all))
}
