//! docs/configuration.md is what the schema says: each key of `opsdeck.yaml`, where it stands, what it takes, what it is for.
//! `OPSDECK_UPDATE=1 cargo test --test house configuration::` writes it anew.

use opsdeck::project::config;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const HEAD: &str = "# The keys of opsdeck.yaml

Each is declared once, in `src/project/config`; this page is written from there by
`OPSDECK_UPDATE=1 cargo test --test house configuration::`. All of them are optional where nothing else is said. NAME is a name of
your own. `opsdeck check` names every mistake with its place, `opsdeck schema` prints the same for your editor.
";

struct Page<'a> {
    schema: &'a Value,
    text: String,
    /// Mappings that stand on the page already.
    shown: BTreeSet<String>,
}

impl<'a> Page<'a> {
    /// A mapping, then the mappings below it.
    fn mapping(&mut self, path: &str, value: &'a Value) {
        let Some(keys) = value["properties"].as_object() else { return };
        if !self.shown.insert(value["properties"].to_string()) {
            return;
        }
        let required = |key: &str| value["required"].as_array().is_some_and(|all| all.iter().any(|name| name == key));
        self.text += &format!("\n## {path}\n| key | value | what it is |\n|---|---|---|\n");
        for (key, value) in keys {
            let about = value["description"].as_str().unwrap_or_default().replace('|', "\\|");
            let needed = if required(key) { " Required." } else { "" };
            self.text += &format!("| `{key}` | {} | {about}{needed} |\n", self.words(value));
        }
        for (key, value) in keys {
            let path = if path == "opsdeck.yaml" { key.clone() } else { format!("{path}.{key}") };
            self.below(&path, value);
        }
    }

    fn below(&mut self, path: &str, value: &'a Value) {
        if let Some(name) = value["$ref"].as_str() {
            let name = name.trim_start_matches("#/$defs/");
            let heading = if name.ends_with("Config") { path } else { name };
            if self.shown.insert(name.to_owned()) {
                self.below(heading, &self.schema["$defs"][name]);
            }
        }
        self.mapping(path, value);
        value["oneOf"].as_array().into_iter().flatten().for_each(|one| self.below(path, one));
        for (end, inner) in [("[]", &value["items"]), (".NAME", &value["additionalProperties"])] {
            if inner.is_object() {
                self.below(&format!("{path}{end}"), inner);
            }
        }
    }

    /// What a key takes.
    fn words(&self, value: &Value) -> String {
        if let Some(name) = value["$ref"].as_str() {
            let name = name.trim_start_matches("#/$defs/");
            return format!("see {name}");
        }
        if let Some(words) = value["enum"].as_array() {
            let words: Vec<String> = words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
            return words.join(", ");
        }
        if let Some(word) = value["const"].as_str() {
            return format!("`{word}`");
        }
        if let Some(ways) = value["oneOf"].as_array().filter(|_| value["properties"].is_null()) {
            let mut words: Vec<String> = ways.iter().map(|way| self.words(way)).collect();
            words.retain(|word| word != "nothing");
            words.dedup();
            return words.join(" or ");
        }
        let kind = value["type"].as_str().or(value["type"][0].as_str()).unwrap_or("any value");
        match kind {
            "integer" => match (value["minimum"].as_u64(), value["maximum"].as_u64()) {
                (Some(least), Some(most)) if least == most => least.to_string(),
                (Some(least), Some(most)) => format!("{least} to {most}"),
                (Some(least), None) => format!("a number from {least}"),
                _ => "a whole number".to_owned(),
            },
            "string" if value["type"][1] == "integer" && value["maximum"] == 0 => {
                "a time such as `30s`, `5m`".to_owned()
            }
            "string" => "text".to_owned(),
            "boolean" => "true or false".to_owned(),
            "array" => "a list".to_owned(),
            "object" if value["properties"].is_null() => "names with their values".to_owned(),
            "object" => "a mapping".to_owned(),
            "null" => "nothing".to_owned(),
            other => format!("a {other}"),
        }
    }
}

#[test]
fn the_page_of_keys_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let schema = config::schema();
    let mut page = Page { schema: &schema, text: HEAD.to_owned(), shown: BTreeSet::new() };
    page.mapping("opsdeck.yaml", &schema);
    if std::env::var_os("OPSDECK_UPDATE").is_some() {
        std::fs::write(path, page.text).unwrap();
    } else {
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == page.text, "run: OPSDECK_UPDATE=1 cargo test --test house configuration::");
    }
}

#[test]
fn every_key_says_what_it_is_for() {
    fn walk(path: &str, value: &Value, bare: &mut Vec<String>) {
        for (key, value) in value["properties"].as_object().into_iter().flatten() {
            let said = value["description"].as_str().is_some_and(|text| !text.is_empty());
            if !said && value["$ref"].is_null() {
                bare.push(format!("{path}.{key}"));
            }
            walk(&format!("{path}.{key}"), value, bare);
        }
        value["oneOf"].as_array().into_iter().flatten().for_each(|one| walk(path, one, bare));
        walk_if(path, &value["items"], bare);
        walk_if(path, &value["additionalProperties"], bare);
    }
    fn walk_if(path: &str, value: &Value, bare: &mut Vec<String>) {
        if value.is_object() {
            walk(path, value, bare);
        }
    }
    let mut bare = Vec::new();
    let schema = config::schema();
    walk("", &schema, &mut bare);
    schema["$defs"].as_object().into_iter().flatten().for_each(|(name, value)| walk(name, value, &mut bare));
    assert!(bare.is_empty(), "keys without a line of documentation: {bare:?}");
}
