//! Small pieces that schemas are made of.

use serde_json::{Value, json};

/// A piece: text.
pub fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

/// A piece: seconds.
pub fn seconds(description: &str) -> Value {
    let pattern = "^(0|(\\d+d)?(\\d+h)?(\\d+m)?(\\d+s)?)$";
    json!({ "type": ["string", "integer"], "pattern": pattern, "minimum": 0, "maximum": 0, "description": description })
}

/// A piece: number.
pub fn number(least: u32, most: u32, description: &str) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most, "description": description })
}

/// A piece: flag.
pub fn flag(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

/// A piece: size.
pub fn size(least: u32, description: &str) -> Value {
    json!({
        "description": description,
        "oneOf": [{ "type": "integer", "minimum": least }, { "type": "string", "pattern": "^\\d+%?$" }],
    })
}

/// A piece: list.
pub fn list(of: Value, description: &str) -> Value {
    json!({ "type": "array", "items": of, "description": description })
}

/// A piece: one or many.
pub fn one_or_many(of: Value, description: &str) -> Value {
    json!({ "oneOf": [of, { "type": "array", "items": of }], "description": description })
}

/// A piece: by name.
pub fn by_name(description: &str) -> Value {
    json!({ "type": "object", "additionalProperties": { "type": ["string", "number"] }, "description": description })
}

/// A piece: object.
pub fn object(properties: Value) -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

/// A piece: named.
pub fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// A piece: argv.
pub fn argv(description: &str) -> Value {
    one_or_many(json!({ "type": "string" }), description)
}
