//! The JSON Schema of `notify:`, for editors; from the keys of the reader.

use super::{Kind, Severity};
use crate::project::config::release::schema::words::{argv, flag, object, one_or_many, text};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use std::borrow::Cow;

/// The section.
pub struct Section;

impl JsonSchema for Section {
    fn schema_name() -> Cow<'static, str> {
        "Notify".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["object", "null"], "additionalProperties": false,
            "properties": schema()["properties"].clone(),
        })
    }
}

/// The whole of it.
pub(super) fn schema() -> Value {
    let names = |description: &str| one_or_many(json!({ "type": "string" }), description);
    object(json!({
        "receivers": { "type": ["object", "null"], "additionalProperties": receiver(), "description": "Who is told, by name." },
        "default": names("Receivers of what names nobody. Default: all."),
        "checks": { "enum": ["off", "bad", false], "description": "bad: every check that becomes bad, or well again, is told. Default: off." },
    }))
}

/// A receiver.
pub(super) fn receiver() -> Value {
    let word = |names: Vec<&str>| json!({ "enum": names });
    let kinds = Kind::ALL.iter().map(|(name, _)| *name).collect();
    let severities: Vec<&str> = Severity::ALL.iter().map(|(name, _)| *name).collect();
    let mut receiver = object(json!({
        "alertmanager": target("An Alertmanager: its address; alerts are posted to /api/v2/alerts."),
        "webhook": target("An address that JSON is posted to."),
        "command": argv("A program with arguments, in the project's folder; JSON comes on its stdin, exit 0 means told."),
        "screen": flag("Open screens: bell and OSC 9."),
        "kinds": one_or_many(word(kinds), "What it is told. Default: everything."),
        "severity": { "enum": severities, "description": "It is told what is at least so grave. Default: info." },
        "environments": one_or_many(json!({ "type": "string" }), "Environments it is told about. Default: all."),
    }));
    receiver["oneOf"] = super::read::VIAS.iter().map(|via| json!({ "required": [via] })).collect();
    receiver
}

/// An address with its headers.
pub(super) fn target(description: &str) -> Value {
    let mut whole = object(json!({
        "url": text("http://host:port/path or https://..., without a login."),
        "url_file": text("File with the address, where that is a secret itself; readable by its owner alone (0600)."),
        "headers_file": text("File with headers, one a line, readable by its owner alone (0600); relative to this file."),
    }));
    whole["oneOf"] = json!([{ "required": ["url"] }, { "required": ["url_file"] }]);
    json!({ "oneOf": [{ "type": "string" }, whole], "description": description })
}
