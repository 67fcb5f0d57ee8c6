//! Fills `{{ name }}` of opsdeck.yaml with variables. A value becomes part of one word: it is never split, no shell sees it.

use super::Refused;
use crate::project::config::text::Text;
use serde_json::Value;
use std::collections::BTreeMap;

pub struct Fill<'a> {
    vars: &'a BTreeMap<String, Value>,
}

impl<'a> Fill<'a> {
    pub fn new(vars: &'a BTreeMap<String, Value>) -> Self {
        Self { vars }
    }

    /// A text, filled in.
    ///
    /// # Errors
    /// Its place, and the name that is no variable, or whose value is sealed or no plain text.
    pub fn text(&self, text: &Text) -> Result<String, Refused> {
        text.fill(|name| self.value(name)).map_err(|name| {
            let place = format!("opsdeck.yaml:{}:{}", text.mark.line, text.mark.column);
            let why = match self.vars.get(name.as_str()).or_else(|| self.vars.get(builtin(&name))) {
                None => format!("no variable {name} is known: expected one of vars:, or -x {name}=..."),
                Some(Value::Object(map)) if map.contains_key("__ansible_vault") => format!(
                    "{name} is encrypted: a command line or an address would show it; pass it in a playbook instead"
                ),
                Some(_) => format!("{name} is no plain value: expected text, a number, true or false"),
            };
            Refused(format!("{place}: {why}"))
        })
    }

    /// Several.
    pub fn all(&self, texts: &[Text]) -> Result<Vec<String>, Refused> {
        texts.iter().map(|text| self.text(text)).collect()
    }

    /// One that may be missing.
    pub fn maybe(&self, text: Option<&Text>) -> Result<Option<String>, Refused> {
        text.map(|text| self.text(text)).transpose()
    }

    /// Named ones.
    pub fn named(&self, texts: &[(String, Text)]) -> Result<BTreeMap<String, String>, Refused> {
        texts.iter().map(|(name, text)| Ok((name.clone(), self.text(text)?))).collect()
    }

    fn value(&self, name: &str) -> Option<String> {
        match self.vars.get(name).or_else(|| self.vars.get(builtin(name)))? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(yes) => Some(yes.to_string()),
            _ => None,
        }
    }
}

/// Short names of the built-in variables, where no variable of the operator has them.
fn builtin(name: &str) -> &str {
    match name {
        "version" => "release_version",
        "environment" => "release_environment",
        "release" => "release_name",
        other => other,
    }
}
