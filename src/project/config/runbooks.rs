//! `runbooks:` of `opsdeck.yaml`: recovery commands, each a module or a playbook.

use super::keys::{Keys, Shape, keys, of};
use super::reader::{Reader, describe};
use super::shapes::{environments, flag, list, path, placed, text, texts};
use super::text::Text;
use crate::yaml::Node;
use serde_json::json;

keys! {
    /// A recovery command: either a module or a playbook.
    #[derive(Debug, Clone, PartialEq)]
    pub struct RunbookConfig {
        /// Name in the menu.
        name: Text => placed(), required("this runbook has no name", "name: what the menu shows");
        /// One key that starts it from the recovery menu.
        key: Option<Text> => key();
        /// What it is for.
        help: Option<String> => text();
        /// Module of an ad-hoc command.
        module: Option<String> => text(), kind();
        /// Arguments of the module.
        args: Option<Text> => placed(), with(&["module"]);
        /// Playbook, relative to this file.
        playbook: Option<String> => path(), kind();
        /// Host pattern (module) or limit (playbook). Without it: the marked hosts.
        hosts: Option<String> => text();
        /// Become another user (root, where nothing else is configured).
        r#become: bool => flag();
        /// Extra variables as for -e: key=value, {"json": true} or @file; a text or a list.
        extra_vars: Vec<String> => extra_vars();
        /// Environments it is offered in. Without it: all.
        environments: Vec<String> => environments();
    }
}

/// All; then they are known. A name or a key that two have is a mistake of the second.
pub fn runbooks() -> impl Shape<Value = Vec<RunbookConfig>> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let mut read = list(of(runbook, RunbookConfig::schema)).read(node, what, reader)?;
        let (mut names, mut keys) = (Vec::new(), Vec::new());
        for runbook in &mut read {
            unique(&runbook.name, "name", &mut names, reader);
            if runbook.key.as_ref().is_some_and(|key| !unique(key, "key", &mut keys, reader)) {
                runbook.key = None;
            }
        }
        read.retain(|book| book.module.is_some() != book.playbook.is_some() && !book.name.text.is_empty());
        reader.known.runbooks = read.iter().map(|runbook| runbook.name.text.clone()).collect();
        Some(read)
    };
    of(read, || list(of(runbook, || json!({ "$ref": "#/$defs/RunbookConfig" }))).schema())
}

fn runbook(node: &Node, _: &str, reader: &mut Reader) -> Option<RunbookConfig> {
    let before = reader.problems.len();
    let mut runbook = RunbookConfig::default();
    let fields = runbook.fill(node, node.mark, "a runbook", reader);
    if fields.is_empty() && reader.problems.len() > before {
        return None;
    }
    match (RunbookConfig::kinds_in(node).as_slice(), &runbook.args) {
        ([], _) => {
            let expected = "module (with args) or playbook";
            reader.mistake(node.mark, "a runbook needs a module or a playbook", "neither".into(), expected);
        }
        ([_, (_, mark), ..], _) => {
            let message = "a runbook is a module or a playbook, not both";
            reader.mistake(*mark, message, "both".into(), "module or playbook");
        }
        (_, Some(_)) if runbook.playbook.is_some() => {
            let mark = fields.iter().find(|field| field.key == "args").map_or(node.mark, |field| field.mark);
            let message = "args belong to a module, this runbook has a playbook";
            reader.mistake(mark, message, "\"args\"".into(), "extra_vars, or a module");
        }
        _ => {}
    }
    Some(runbook)
}

/// `false`: another one has it.
fn unique(text: &Text, what: &str, taken: &mut Vec<Text>, reader: &mut Reader) -> bool {
    if let Some(other) = taken.iter().find(|other| other.text == text.text) {
        let message = format!("this {what} is taken by the runbook in line {}", other.mark.line);
        reader.mistake(text.mark, message, format!("{:?}", text.text), format!("a {what} of its own"));
        return false;
    }
    taken.extend((!text.text.is_empty()).then(|| text.clone()));
    true
}

fn key() -> impl Shape<Value = Text> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let key = placed().read(node, what, reader)?;
        let mut chars = key.text.chars();
        if chars.next().is_some_and(|c| c.is_control() || c.is_whitespace()) || chars.next().is_some() {
            reader.mistake(node.mark, "a key is one character", describe(node), "one character that a keyboard has");
            return None;
        }
        Some(key)
    };
    of(read, || json!({ "type": "string", "minLength": 1, "maxLength": 1 }))
}

fn extra_vars() -> impl Shape<Value = Vec<String>> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let mut vars = Vec::new();
        for (text, mark) in reader.texts(node, what) {
            let trimmed = text.trim_start();
            if trimmed.starts_with(['{', '[', '@']) || trimmed.contains('=') {
                vars.push(text);
            } else {
                let expected = "key=value, {\"key\": \"value\"} or @file";
                reader.mistake(mark, "these are no extra variables", format!("{text:?}"), expected);
            }
        }
        Some(vars)
    };
    of(read, || texts().schema())
}
