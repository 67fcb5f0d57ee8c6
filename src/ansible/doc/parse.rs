//! The JSON of `ansible-doc`, whose shapes vary: one text or a list of them, numbers and booleans as choices.

use super::{DocError, Module, ModuleDoc, ModuleOption};
use serde_json::{Map, Value};

pub(super) fn modules(json: &[u8]) -> Result<Vec<Module>, DocError> {
    let all = object(json)?;
    let named = |(name, short): (String, Value)| Module { name, short: plain(&short) };
    let mut modules: Vec<_> = all.into_iter().map(named).collect();
    modules.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(modules)
}

pub(super) fn module(asked: &str, json: &[u8]) -> Result<ModuleDoc, DocError> {
    let unknown = || DocError::Unknown(asked.to_owned());
    let (key, entry) = object(json)?.into_iter().next().ok_or_else(unknown)?;
    let doc = entry.get("doc").and_then(Value::as_object).ok_or_else(unknown)?;
    let text = |key: &str| doc.get(key).map(plain).unwrap_or_default();
    let (short_name, collection) = (text("module"), text("collection"));
    let name = if key.contains('.') || collection.is_empty() { key } else { format!("{collection}.{short_name}") };
    let mut options: Vec<_> =
        doc.get("options").and_then(Value::as_object).into_iter().flatten().map(|(n, o)| option(n, o)).collect();
    options.sort_by(|a, b| b.required.cmp(&a.required).then_with(|| a.name.cmp(&b.name)));
    Ok(ModuleDoc {
        name,
        short: text("short_description"),
        description: texts(doc.get("description")),
        options,
        examples: entry.get("examples").map(|v| v.as_str().unwrap_or_default().trim().to_owned()).unwrap_or_default(),
    })
}

fn option(name: &str, entry: &Value) -> ModuleOption {
    let text = |key: &str| entry.get(key).filter(|v| !v.is_null()).map(plain);
    let kind = text("type").unwrap_or_else(|| "str".into());
    ModuleOption {
        name: name.to_owned(),
        aliases: texts(entry.get("aliases")),
        kind: match text("elements") {
            Some(elements) if kind == "list" => format!("list of {elements}"),
            _ => kind,
        },
        required: entry.get("required") == Some(&Value::Bool(true)),
        choices: match entry.get("choices") {
            Some(Value::Object(choices)) => choices.keys().cloned().collect(),
            choices => texts(choices),
        },
        default: text("default"),
        description: texts(entry.get("description")),
    }
}

fn object(json: &[u8]) -> Result<Map<String, Value>, DocError> {
    serde_json::from_slice(json).map_err(|e| DocError::Said(format!("something that is no JSON ({e})")))
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.iter().map(plain).collect(),
        Some(one) => vec![plain(one)],
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => without_markup(text),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        other => other.to_string(),
    }
}

/// `C(x)`, `V(x)`, `O(x)`, `M(x)`, `B(x)`, `I(x)`, `E(x)`, `P(x)`, `RV(x)`, `U(x)`, `HORIZONTALLINE`, `L(text,url)`, `R(text,ref)`.
fn without_markup(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('(') {
        let letters = rest[..open].chars().rev().take_while(char::is_ascii_uppercase).count();
        let (before, mark) = rest[..open].split_at(open - letters);
        let inner = rest[open + 1..].split_once(')').filter(|_| {
            matches!(mark, "C" | "V" | "O" | "M" | "B" | "I" | "E" | "P" | "RV" | "U" | "L" | "R")
                && !before.ends_with(|c: char| c.is_alphanumeric())
        });
        match inner {
            None => {
                plain.push_str(&rest[..=open]);
                rest = &rest[open + 1..];
            }
            Some((inner, behind)) => {
                plain.push_str(before);
                let shown = match mark {
                    "L" | "R" => inner.split_once(',').map_or(inner, |(text, _)| text),
                    "P" => inner.split_once('#').map_or(inner, |(name, _)| name),
                    _ => inner,
                };
                plain.push_str(shown);
                rest = behind;
            }
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_taken_out_and_other_brackets_stay() {
        let text = "Set O(mode=0644) (see M(file)), L(docs,https://x.y) or f(x); U(http://z)";
        assert_eq!(without_markup(text), "Set mode=0644 (see file), docs or f(x); http://z");
        assert_eq!(without_markup("B("), "B(");
    }

    #[test]
    fn options_of_all_shapes() {
        let json = br#"{"x": {"doc": {"module": "x", "collection": "a.b", "description": "one", "options": {
            "zed": {"required": true, "type": "list", "elements": "str", "description": ["C(a)"]},
            "mode": {"choices": [true, 1, "x"], "default": false, "aliases": ["m"]},
            "state": {"choices": {"up": "u", "down": "d"}, "default": null}}}, "examples": "\n- x:\n"}}"#;
        let doc = module("x", json).unwrap();
        assert_eq!(
            (doc.name.as_str(), &doc.description[..], doc.examples.as_str()),
            ("a.b.x", &["one".to_owned()][..], "- x:")
        );
        let line = |o: &ModuleOption| {
            format!("{} {} {} {:?} {:?} {:?}", o.name, o.kind, o.required, o.choices, o.default, o.description)
        };
        let lines: Vec<_> = doc.options.iter().map(line).collect();
        let expected = [
            r#"zed list of str true [] None ["a"]"#,
            r#"mode str false ["yes", "1", "x"] Some("no") []"#,
            r#"state str false ["up", "down"] None []"#,
        ];
        assert_eq!(lines, expected);
        assert!(matches!(module("y", b"{}"), Err(DocError::Unknown(name)) if name == "y"));
        assert!(matches!(module("y", b"oops"), Err(DocError::Said(_))));
    }
}
