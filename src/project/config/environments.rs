//! `environments:` of `opsdeck.yaml`.

use super::freeze;
use super::keys::{Keys, Shape, keys, of};
use super::near::nearest;
use super::reader::{Entry, Reader};
use super::shapes::{by_name, careful, list, small, texts, vars};
use crate::project::{Freeze, Vars, colour};
use crate::yaml::Node;
use serde_json::json;

keys! {
    /// An environment.
    #[derive(Debug, Clone, PartialEq)]
    pub struct EnvironmentConfig {
        /// Inventory sources as for -i, relative to this file: a text or a list. Not needed where discovery finds them.
        inventory: Vec<String> => sources();
        /// Colour of the top line: #rrggbb, or red, orange, yellow, green, cyan, blue, purple, magenta, pink, grey, white, black.
        colour: Option<String> => colour();
        /// Ask to type the environment's name before anything runs there. Default: true for names like production.
        protect: Option<bool> => careful();
        /// Variables of every release to it.
        vars: Vars => vars();
        /// Times in which no release begins here.
        freeze: Vec<Freeze> => list(freeze::window());
        /// How many people must agree to a release here, never the one who submitted it.
        approvals: Option<u8> => small(0, 20);
    }
}

/// All, by name; then what is known is those and what was discovered.
pub fn environments() -> impl Shape<Value = Vec<(String, EnvironmentConfig)>> {
    let schema = || json!({ "$ref": "#/$defs/EnvironmentConfig" });
    let read = move |node: &Node, what: &str, reader: &mut Reader| {
        let read = by_name(environment, schema).read(node, what, reader)?;
        let declared: Vec<String> = read.iter().map(|(name, _)| name.clone()).collect();
        reader.known.environments.retain(|name| !declared.contains(name));
        reader.known.environments.splice(0..0, declared);
        Some(read)
    };
    of(read, move || by_name(environment, schema).schema())
}

fn environment(entry: &Entry<'_>, reader: &mut Reader) -> Option<(String, EnvironmentConfig)> {
    let mut config = EnvironmentConfig::default();
    config.fill(entry.value, entry.mark, &format!("environment \"{}\"", entry.key), reader);
    let discovered = &reader.known.environments;
    if config.inventory.is_empty() && !discovered.iter().any(|name| name == entry.key) {
        let near = nearest(entry.key, discovered.iter().map(String::as_str));
        let hint = near.map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default();
        let expected = match discovered.as_slice() {
            [] => "an inventory here: none was discovered".to_owned(),
            names => format!("an inventory here, or one of {}", names.join(", ")),
        };
        let message = format!("no environment of this name was discovered{hint}");
        reader.mistake(entry.mark, message, format!("{:?}", entry.key), expected);
    }
    Some((entry.key.to_owned(), config))
}

fn sources() -> impl Shape<Value = Vec<String>> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let sources = reader.texts(node, what);
        for (source, mark) in sources.iter().filter(|(source, _)| !source.contains(',')) {
            reader.must_exist(source, *mark, what);
        }
        Some(sources.into_iter().map(|(source, _)| source).collect())
    };
    of(read, || texts().schema())
}

fn colour() -> impl Shape<Value = String> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let text = reader.text(node, what)?;
        if let Err(expected) = text.parse::<colour::Colour>() {
            let near = nearest(&text, colour::NAMES.map(|(name, _)| name));
            let hint = near.map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default();
            reader.mistake(node.mark, format!("no such colour{hint}"), format!("{text:?}"), expected);
            return None;
        }
        Some(text)
    };
    of(read, || json!({ "type": "string", "pattern": "^(#[0-9A-Fa-f]{6}|[A-Za-z]+)$" }))
}
