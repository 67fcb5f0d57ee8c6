//! An entry as the fields that are committed to, and back: what follows from others is not kept, but is there when read.

use super::commit::Fields;
use super::entry::{Entry, SCHEMA_VERSION, sha256, span};
use super::redact::REDACTED;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Fields that follow from others.
const DERIVED: &[&str] = &["schema_version", "trace_id", "span_id"];
/// Fields by which rows are found and paired: they cannot be redacted.
const FIXED: &[&str] = &[
    "seq",
    "event_id",
    "timestamp_ms",
    "action",
    "code",
    "phase",
    "status",
    "run_id",
    "parent_event_id",
    "process",
    "token",
    "chain",
    "key_id",
    "journal_bytes",
    "journal_digest",
];
/// Texts that are always there.
const TEXTS: &[&str] = &["operator", "effective_user", "host"];

/// The fields that a row of this entry has.
pub(super) fn of(entry: &Entry) -> serde_json::Result<Fields> {
    let mut fields = super::v1::fields(serde_json::to_value(entry)?);
    let bare = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(all) => all.is_empty(),
        _ => false,
    };
    fields.retain(|name, value| {
        name.starts_with("metadata.") || !(bare(value) || name == "metadata" || DERIVED.contains(&name.as_str()))
    });
    // They follow from the hosts, as long as these are there.
    if fields.contains_key("targets") {
        fields.remove("targets_count");
        fields.remove("targets_digest");
    }
    Ok(fields)
}

/// Whether a field may be redacted.
pub(super) fn may_go(name: &str) -> bool {
    !FIXED.contains(&name)
}

/// What the fields say, with all that follows from them; `gone`: the names of those that were redacted.
pub(super) fn entry(fields: Fields, gone: Vec<String>) -> serde_json::Result<(Entry, Value)> {
    let (mut body, mut metadata) = (Map::new(), Map::new());
    for (name, value) in fields {
        match name.strip_prefix("metadata.") {
            Some(key) => drop(metadata.insert(key.to_owned(), value)),
            None => drop(body.insert(name, value)),
        }
    }
    let id = |body: &Map<String, Value>, name: &str| body.get(name)?.as_str()?.parse::<Uuid>().ok();
    if let Some(run) = id(&body, "run_id") {
        body.insert("trace_id".to_owned(), json!(run.simple().to_string()));
    }
    if let Some(intent) = id(&body, "parent_event_id").or_else(|| id(&body, "event_id")) {
        body.insert("span_id".to_owned(), json!(span(intent)));
    }
    if let Some(Value::Array(hosts)) = body.get("targets") {
        let hosts: Vec<&str> = hosts.iter().filter_map(Value::as_str).collect();
        let (count, digest) = (hosts.len(), sha256(hosts.join("\n").as_bytes()));
        body.insert("targets_count".to_owned(), json!(count));
        body.insert("targets_digest".to_owned(), json!(digest));
    }
    for name in &gone {
        match name.strip_prefix("metadata.") {
            Some(key) => drop(metadata.insert(key.to_owned(), json!(REDACTED))),
            None if TEXTS.contains(&name.as_str()) || name == "subject" || name == "reason" => {
                body.insert(name.clone(), json!(REDACTED));
            }
            None => {}
        }
    }
    body.insert("metadata".to_owned(), Value::Object(metadata));
    body.insert("redacted".to_owned(), json!(gone));
    body.entry("schema_version").or_insert(json!(SCHEMA_VERSION));
    let whole = Value::Object(body);
    let entry: Entry = serde_json::from_value(whole.clone())?;
    // Sorted, as rows of version 1 are; with what this version does not know.
    let mut sorted: BTreeMap<String, Value> = serde_json::from_value(serde_json::to_value(&entry)?)?;
    if let Value::Object(whole) = whole {
        let rest = whole
            .into_iter()
            .filter(|(name, value)| name != "redacted" && !sorted.contains_key(name) && !value.is_null());
        let rest: Vec<_> = rest.collect();
        sorted.extend(rest);
    }
    let body = Value::Object(sorted.into_iter().collect());
    Ok((entry, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Action, Record};
    use crate::state::operator::Operator;

    fn sample() -> Entry {
        let operator = Operator { name: "alice".into(), host: "h".into(), ..Operator::default() };
        let mut record = Record { run_id: Some(Uuid::now_v7()), ..Record::intent(Action::RunLaunch, &operator) };
        record.targets = Some(vec!["b".into(), "a".into()]);
        record.metadata.insert("cwd".into(), json!("/srv"));
        record.metadata.insert("limit".into(), json!(null));
        Entry::new(&record, 7, Uuid::now_v7(), 5)
    }

    #[test]
    fn an_entry_comes_back_whole() {
        let entry = sample();
        let fields = of(&entry).unwrap();
        assert!(!fields.contains_key("trace_id") && !fields.contains_key("targets_digest"), "{fields:?}");
        assert_eq!(fields["metadata.limit"], json!(null));
        let (back, body) = super::entry(fields, Vec::new()).unwrap();
        assert_eq!(back, entry);
        assert_eq!(body, serde_json::to_value(&entry).unwrap());
    }

    #[test]
    fn what_is_gone_is_said_and_what_is_new_is_kept() {
        let mut fields = of(&sample()).unwrap();
        fields.remove("operator");
        fields.insert("weather".into(), json!("fine"));
        let (entry, body) = super::entry(fields, vec!["operator".into(), "metadata.cwd".into()]).unwrap();
        assert_eq!((entry.operator.as_str(), &entry.metadata["cwd"]), (REDACTED, &json!(REDACTED)));
        assert_eq!((&body["weather"], &body["redacted"]), (&json!("fine"), &json!(["operator", "metadata.cwd"])));
        assert!(!may_go("seq") && may_go("reason") && may_go("metadata.cwd"));
    }
}
