//! What `opsdeck.yaml` holds: reads each section, with checks that types alone can't make.

use super::near::nearest;
use super::reader::{Entry, Reader, describe};
use super::{Config, EnvironmentConfig, RunbookConfig, VERSION, checks, freeze, notify, recovery, release};
use crate::project::colour;
use crate::project::problem::Problem;
use crate::yaml::{self, Mark, Node};
use std::path::Path;

const TOP: [&str; 9] =
    ["version", "forks", "environments", "runbooks", "vars", "releases", "checks", "recovery", "notify"];
const ENVIRONMENT: [&str; 6] = ["inventory", "colour", "protect", "vars", "freeze", "approvals"];
const RUNBOOK: [&str; 10] =
    ["name", "key", "help", "module", "args", "playbook", "hosts", "become", "extra_vars", "environments"];

/// What the file is checked against.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The project's root: paths are relative to it.
    pub root: &'a Path,
    /// Names of environments that were discovered.
    pub discovered: &'a [String],
}

/// Reads the text of `file`. What is right in it is taken, everything else is a problem. `None`: it is no YAML at all.
pub fn read(text: &str, file: &str, context: &Context<'_>) -> (Option<Config>, Vec<Problem>) {
    let tree = match yaml::parse_one(text) {
        Ok(Some(tree)) => tree,
        Ok(None) => return (Some(Config::default()), Vec::new()),
        Err(error) => return (None, vec![Problem::yaml(file, &error)]),
    };
    let mut reader = Reader::new(file);
    let config = top(&tree, &mut reader, context);
    (Some(config), reader.problems)
}

fn top(tree: &Node, reader: &mut Reader, context: &Context<'_>) -> Config {
    let mut config = Config::default();
    if let Some(node) = tree.get("version") {
        config.version = reader.number(node, "version", 1, u32::MAX);
        if config.version.is_some_and(|version| version > VERSION) {
            reader.newer = true;
            let message = "this file is of a newer format: use the newer opsdeck that it was written for";
            reader.mistake(node.mark, message, describe(node), format!("version {VERSION}"));
        }
    }
    let entries = reader.mapping(tree, "opsdeck.yaml", Some(&TOP));
    let find = |key: &str| entries.iter().find(|entry| entry.key == key);
    config.forks = find("forks").and_then(|entry| reader.number(entry.value, "forks", 1, 10_000));
    let mut declared: Vec<String> = Vec::new();
    if let Some(entry) = find("environments") {
        for entry in reader.mapping(entry.value, "environments", None) {
            declared.push(entry.key.to_owned());
            let read = environment(&entry, reader, context);
            config.environments.push((entry.key.to_owned(), read));
        }
    }
    let named: Vec<String> = context.discovered.iter().filter(|name| !declared.contains(name)).cloned().collect();
    declared.extend(named);
    if let Some(entry) = find("runbooks") {
        let mut taken = Taken::default();
        for node in reader.list(entry.value, "runbooks") {
            config.runbooks.extend(runbook(node, reader, context, &declared, &mut taken));
        }
    }
    config.vars = find("vars").map(|entry| reader.vars(entry.value, "vars")).unwrap_or_default();
    if let Some(entry) = find("releases") {
        let known = release::Known { context, environments: &declared };
        config.releases = release::read(entry.value, reader, &known);
    }
    if let Some(entry) = find("checks") {
        config.checks = checks::read(entry.value, reader, &declared);
    }
    let environments: Vec<&str> = declared.iter().map(String::as_str).collect();
    let mut receivers: Option<Vec<&str>> = None;
    if let Some(entry) = find("notify") {
        config.notify = notify::read(entry.value, reader, &environments);
        receivers =
            entry.value.get("receivers").map(|all| all.entries().iter().filter_map(|(key, _)| key.text()).collect());
    }
    if let Some(entry) = find("recovery") {
        let runbooks: Vec<&str> = config.runbooks.iter().map(|runbook| runbook.name.as_str()).collect();
        let checks: Vec<&str> = config.checks.iter().map(|check| check.name.as_str()).collect();
        let once = config.checks.iter().filter(|check| !check.is_of_hosts());
        let once: Vec<&str> = once.map(|check| check.name.as_str()).collect();
        let names = recovery::Names {
            runbooks: &runbooks,
            environments: &environments,
            checks: &checks,
            once: &once,
            receivers: receivers.as_deref(),
        };
        config.recovery = recovery::read(entry.value, reader, &names);
    }
    config
}

fn environment(entry: &Entry<'_>, reader: &mut Reader, context: &Context<'_>) -> EnvironmentConfig {
    let mut config = EnvironmentConfig::default();
    let what = format!("environment \"{}\"", entry.key);
    for field in reader.mapping(entry.value, &what, Some(&ENVIRONMENT)) {
        match field.key {
            "inventory" => {
                for (source, mark) in reader.texts(field.value, "inventory") {
                    exists(&source, mark, "inventory", reader, context);
                    config.inventory.push(source);
                }
            }
            "colour" => {
                if let Some(text) = reader.text(field.value, "colour") {
                    match text.parse::<colour::Colour>() {
                        Ok(_) => config.colour = Some(text),
                        Err(expected) => {
                            let near = nearest(&text, colour::NAMES.map(|(name, _)| name));
                            let hint = near.map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default();
                            reader.mistake(
                                field.value.mark,
                                format!("no such colour{hint}"),
                                format!("{text:?}"),
                                expected,
                            );
                        }
                    }
                }
            }
            "vars" => config.vars = reader.vars(field.value, "vars"),
            "freeze" => config.freeze = freeze::read(field.value, reader),
            "approvals" => config.approvals = release::approvals(field.value, reader),
            // whoever wrote something there wants care: a mistake protects
            _ => config.protect = Some(reader.boolean(field.value, "protect").unwrap_or(true)),
        }
    }
    if config.inventory.is_empty() && !context.discovered.iter().any(|name| name == entry.key) {
        let near = nearest(entry.key, context.discovered.iter().map(String::as_str));
        let hint = near.map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default();
        let expected = match context.discovered {
            [] => "an inventory here: none was discovered".to_owned(),
            names => format!("an inventory here, or one of {}", names.join(", ")),
        };
        let message = format!("no environment of this name was discovered{hint}");
        reader.mistake(entry.mark, message, format!("{:?}", entry.key), expected);
    }
    config
}

/// Keys and names that runbooks have taken, with their lines.
#[derive(Default)]
struct Taken {
    keys: Vec<(String, u32)>,
    names: Vec<(String, u32)>,
}

fn runbook(
    node: &Node,
    reader: &mut Reader,
    context: &Context<'_>,
    environments: &[String],
    taken: &mut Taken,
) -> Option<RunbookConfig> {
    let before = reader.problems.len();
    let fields = reader.mapping(node, "a runbook", Some(&RUNBOOK));
    if fields.is_empty() && reader.problems.len() > before {
        return None;
    }
    let mut config = RunbookConfig::default();
    for field in &fields {
        let value = field.value;
        match field.key {
            "name" => config.name = unique(reader, value, "name", &mut taken.names).unwrap_or_default(),
            "key" => config.key = key(reader, value, taken),
            "help" => config.help = reader.text(value, "help"),
            "module" => config.module = reader.text(value, "module"),
            "args" => config.args = reader.text(value, "args"),
            "playbook" => {
                config.playbook = reader.text(value, "playbook");
                if let Some(path) = &config.playbook {
                    exists(path, value.mark, "playbook", reader, context);
                }
            }
            "hosts" => config.hosts = reader.text(value, "hosts"),
            "become" => config.r#become = reader.boolean(value, "become").unwrap_or_default(),
            "extra_vars" => config.extra_vars = extra_vars(reader, value),
            _ => config.environments = offered_in(reader, value, environments),
        }
    }
    let at = |key: &str| fields.iter().find(|field| field.key == key).map(|field| field.mark);
    if at("name").is_none() {
        reader.mistake(node.mark, "this runbook has no name", "no \"name\"".into(), "name: what the menu shows");
    }
    match (at("module"), at("playbook")) {
        (Some(_), Some(mark)) => {
            let found = "both".to_owned();
            reader.mistake(mark, "a runbook is a module or a playbook, not both", found, "module or playbook");
        }
        (None, None) => {
            let found = "neither".to_owned();
            reader.mistake(
                node.mark,
                "a runbook needs a module or a playbook",
                found,
                "module (with args) or playbook",
            );
        }
        (None, Some(_)) => {
            if let Some(mark) = at("args") {
                let expected = "extra_vars, or a module";
                reader.mistake(
                    mark,
                    "args belong to a module, this runbook has a playbook",
                    "\"args\"".into(),
                    expected,
                );
            }
        }
        (Some(_), None) => {}
    }
    (config.module.is_some() != config.playbook.is_some() && !config.name.is_empty()).then_some(config)
}

fn unique(reader: &mut Reader, node: &Node, what: &str, taken: &mut Vec<(String, u32)>) -> Option<String> {
    let text = reader.text(node, what)?;
    if let Some((_, line)) = taken.iter().find(|(other, _)| *other == text) {
        let message = format!("this {what} is taken by the runbook in line {line}");
        reader.mistake(node.mark, message, describe(node), format!("a {what} of its own"));
        return (what == "name").then_some(text);
    }
    taken.push((text.clone(), node.mark.line));
    Some(text)
}

fn key(reader: &mut Reader, node: &Node, taken: &mut Taken) -> Option<String> {
    let single = |text: &str| {
        let mut chars = text.chars();
        chars.next().is_some_and(|c| !c.is_control() && !c.is_whitespace()) && chars.next().is_none()
    };
    if node.text().is_some_and(|text| !text.is_empty() && !single(text)) {
        reader.mistake(node.mark, "a key is one character", describe(node), "one character that a keyboard has");
        return None;
    }
    unique(reader, node, "key", &mut taken.keys)
}

fn extra_vars(reader: &mut Reader, node: &Node) -> Vec<String> {
    let mut vars = Vec::new();
    for (text, mark) in reader.texts(node, "extra_vars") {
        let trimmed = text.trim_start();
        if trimmed.starts_with(['{', '[', '@']) || trimmed.contains('=') {
            vars.push(text);
        } else {
            let expected = "key=value, {\"key\": \"value\"} or @file";
            reader.mistake(mark, "these are no extra variables", format!("{text:?}"), expected);
        }
    }
    vars
}

fn offered_in(reader: &mut Reader, node: &Node, known: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    for (name, mark) in reader.texts(node, "environments") {
        if !known.contains(&name) {
            let near = nearest(&name, known.iter().map(String::as_str));
            let hint = near.map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default();
            let expected = if known.is_empty() {
                "no environment: none is known".into()
            } else {
                format!("one of {}", known.join(", "))
            };
            reader.mistake(mark, format!("no such environment{hint}"), format!("{name:?}"), expected);
        }
        // kept even if unknown: dropping it would offer the runbook everywhere
        names.push(name);
    }
    names
}

/// Notes a file that is named and is not there.
pub fn exists(path: &str, mark: Mark, what: &str, reader: &mut Reader, context: &Context<'_>) {
    let is_host_list = what == "inventory" && path.contains(',');
    if !is_host_list && !context.root.join(path).exists() {
        let message = format!("the {what} does not exist below {}", context.root.display());
        reader.mistake(mark, message, format!("{path:?}"), format!("the path of an existing {what}"));
    }
}
