//! The JSON Schema of `recovery:`, for editors; from the keys of the reader.

use super::read::{COUNTS, MODES, SPANS};
use crate::project::config::release::schema::words::{list, number, object, one_or_many, seconds, text};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use std::borrow::Cow;

/// The section, by name of policy.
pub struct Section;

impl JsonSchema for Section {
    fn schema_name() -> Cow<'static, str> {
        "Recovery".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["object", "null"], "additionalProperties": schema() })
    }
}

fn schema() -> Value {
    let names = |description: &str| one_or_many(json!({ "type": "string" }), description);
    let rung = json!({ "oneOf": [
        { "type": "string" },
        object(json!({ "runbook": text("Name of a runbook."), "timeout": seconds("After which it is stopped. Default: 2m.") })),
    ] });
    let counts = COUNTS.iter().map(|(key, least, most, help)| ((*key).to_owned(), number(*least, *most, help)));
    let spans = SPANS.iter().map(|(key, help)| ((*key).to_owned(), seconds(help)));
    let guards: serde_json::Map<String, Value> = counts.chain(spans).collect();
    let mut policy = object(json!({
        "help": text("What it is for."),
        "check": text("The check that it watches, by its name; one that is asked of hosts."),
        "service": text("The service that rates are counted for. Default: the policy's name."),
        "environments": names("Environments in which it holds. Default: all."),
        "mode": { "enum": MODES.map(|(name, _)| name), "description": "off (default), observe: say what it would have done, act." },
        "ladder": list(rung, "Runbooks, the gentlest first; when the last did not help a person is called."),
        "diagnostics": names("Commands on the host before anything is done to it, or none. Default: units, journal, sockets, disks, processes."),
        "depends_on": names("Checks that must be well before anything is done here."),
        "guards": object(Value::Object(guards)),
        "verify": object(json!({
            "passes": number(1, 100, "Readings in a row that must pass. Default: 3."),
            "window": seconds("Over at least this. Default: 30s."),
            "deadline": seconds("And that within this. Default: 2m."),
            "interval": seconds("Between two readings. Default: 5s."),
        })),
        "probation": seconds("How long it is watched afterwards. Default: 10m."),
        "relapses": number(0, 100, "How often it may go bad again in that time. Default: 1."),
        "deadline": seconds("After which a person is called, whatever is still possible. Default: 30m."),
        "receivers": names("Who is called, one after the other."),
        "answer_within": seconds("Without an answer the next one is called after this. Default: 10m."),
    }));
    policy["required"] = json!(["check", "ladder"]);
    policy
}

#[cfg(test)]
mod tests {
    use super::super::read::{POLICY, RUNG, VERIFY};
    use super::*;

    #[test]
    fn the_schema_has_the_keys_of_the_reader() {
        let schema = schema();
        let keys = |value: &Value| {
            let mut keys: Vec<String> = value["properties"].as_object().unwrap().keys().cloned().collect();
            keys.sort_unstable();
            keys
        };
        fn sorted(mut keys: Vec<&str>) -> Vec<&str> {
            keys.sort_unstable();
            keys
        }
        assert_eq!(keys(&schema), sorted(POLICY.to_vec()));
        assert_eq!(keys(&schema["properties"]["verify"]), sorted(VERIFY.to_vec()));
        let guards = COUNTS.iter().map(|(key, ..)| *key).chain(SPANS.iter().map(|(key, _)| *key)).collect();
        assert_eq!(keys(&schema["properties"]["guards"]), sorted(guards));
        assert_eq!(keys(&schema["properties"]["ladder"]["items"]["oneOf"][1]), sorted(RUNG.to_vec()));
    }
}
