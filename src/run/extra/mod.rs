//! `-e` values that look like secrets travel as secrets: they are taken off the line, whatever form it has, and only
//! their names stay in their place. All others stay on the line in their own form and order, since later ones win.

mod mapping;
pub mod pairs;

use crate::ansible::ask::{Ask, Common, ExtraVars};
use crate::ansible::secrets::{SecretName, Secrets};
use crate::audit;
use regex::Regex;
use serde_json::{Map, Value};
use std::sync::LazyLock;
use zeroize::Zeroizing;

/// A variable and its value as JSON.
pub type Variable = (String, Zeroizing<String>);

/// What one `-e` text comes to.
#[derive(Debug, Default)]
struct Split {
    /// What stays on the line; `None`: nothing.
    rest: Option<String>,
    /// Variables that go as secrets.
    secret: Vec<Variable>,
}

/// Takes the secret variables off what is asked, and puts them among the secrets. Secret variables that have no place yet
/// (from a file) come last of all, and win.
///
/// # Errors
/// Why a text cannot be read as Ansible would; never holds a value.
pub fn seal(common: &mut Common, secrets: &mut Secrets) -> Result<(), String> {
    let mut sealed = Vec::new();
    let given: Vec<String> =
        names(secrets).filter(|name| !placed(&common.extra_vars, name)).map(str::to_owned).collect();
    for extra in std::mem::take(&mut common.extra_vars) {
        match extra {
            ExtraVars::Text(text) => {
                let Split { rest, mut secret } = split(&text)?;
                secret.retain(|(name, _)| !given.contains(name));
                sealed.extend(rest.map(ExtraVars::Text));
                if !secret.is_empty() {
                    let names = secret.into_iter().map(|variable| put(variable, &mut sealed, secrets));
                    let names = names.collect::<Result<_, _>>()?;
                    sealed.push(ExtraVars::Secret { secret: names });
                }
            }
            placed => sealed.push(placed),
        }
    }
    sealed.push(ExtraVars::Secret { secret: given });
    sealed.retain(|extra| !matches!(extra, ExtraVars::Secret { secret } if secret.is_empty()));
    common.extra_vars = sealed;
    Ok(())
}

/// Takes the secret ones out of variables that come before all of the command line, and gives them the first place there.
pub fn seal_vars(vars: &mut Map<String, Value>, common: &mut Common, secrets: &mut Secrets) {
    let (secret, rest): (Map<_, _>, Map<_, _>) =
        std::mem::take(vars).into_iter().partition(|(name, value)| is_secret(name, value));
    *vars = rest;
    let mut first = Vec::new();
    for (name, value) in secret {
        // The command line's own wins.
        if !placed(&common.extra_vars, &name) {
            secrets.set(SecretName::Extra(name.clone()), Zeroizing::new(value.to_string()));
            first.push(name);
        }
    }
    if !first.is_empty() {
        common.extra_vars.insert(0, ExtraVars::Secret { secret: first });
    }
}

/// Secret variables that have a place and no value: names to be given again.
pub fn missing(common: &Common, secrets: &Secrets) -> Vec<String> {
    let has = |name: &&String| secrets.get(&SecretName::Extra((*name).clone())).is_some();
    common.extra_vars.iter().flat_map(ExtraVars::secret).filter(|name| !has(name)).cloned().collect()
}

/// Variables of a JSON or YAML mapping, as `--secrets-from` takes it: each with its value as JSON.
///
/// # Errors
/// It is no mapping, or only Ansible can read it. Never holds a value.
pub fn variables(text: &str) -> Result<Vec<Variable>, String> {
    mapping::all(text)
}

/// The name of a `-e NAME` that has no value and looks like a secret: asked for without showing it.
pub fn is_bare(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text.is_empty() && text.chars().all(word) && audit::is_secret_name(text)
}

/// A warning where something that looks like a secret stands in what is asked itself: it cannot be taken out of there.
pub fn bare(ask: &Ask) -> Option<String> {
    static TEMPLATE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"(?s)["']?\{\{.*?\}\}["']?"#).ok());
    let (text, instead) = match ask {
        Ask::Adhoc(adhoc) => (adhoc.args.as_deref()?, "-e NAME asks for it hidden, and {{ NAME }} stands for it"),
        Ask::Shell(shell) => (shell.command.as_str(), "let it read a file on the host"),
        Ask::Playbook(_) => return None,
    };
    // What a template will stand for is not here.
    let text = TEMPLATE.as_ref().map_or(text.into(), |template| template.replace_all(text, audit::REDACTED));
    (audit::redacted(&text) != text).then(|| {
        format!("what looks like a secret is written out in it, so lists, the run's files and `ps` show it: {instead}")
    })
}

/// Names of the variables among the secrets.
fn names(secrets: &Secrets) -> impl Iterator<Item = &str> {
    secrets.names().filter_map(|name| match name {
        SecretName::Extra(variable) => Some(variable.as_str()),
        _ => None,
    })
}

fn placed(extra: &[ExtraVars], name: &str) -> bool {
    extra.iter().flat_map(ExtraVars::secret).any(|known| known == name)
}

/// Puts one among the secrets. Given twice, the later counts, in the later place.
fn put((name, value): Variable, sealed: &mut [ExtraVars], secrets: &mut Secrets) -> Result<String, String> {
    let key = SecretName::Extra(name.clone());
    if secrets.get(&key).is_some_and(|old| old.starts_with('{')) && value.starts_with('{') {
        // With `hash_behaviour = merge` Ansible would merge them.
        return Err(format!("-e: `{name}` holds a secret and is given twice as a mapping: give it once"));
    }
    for extra in sealed {
        if let ExtraVars::Secret { secret } = extra {
            secret.retain(|known| *known != name);
        }
    }
    secrets.set(key, value);
    Ok(name)
}

/// One `-e` text, as Ansible's `load_extra_vars` tells the forms apart.
fn split(text: &str) -> Result<Split, String> {
    match text.chars().next() {
        // A file stays a reference; a path without `@` is refused by Ansible itself.
        None | Some('@' | '/' | '.') => Ok(Split { rest: Some(text.to_owned()), secret: vec![] }),
        Some('{' | '[') => mapping::split(text),
        Some(_) => words(text),
    }
}

fn words(text: &str) -> Result<Split, String> {
    let words = match pairs::words(text) {
        Ok(words) => words,
        Err(why) => return unclear(text, why),
    };
    const RAW: &str = "_raw_params";
    let raw: Vec<&str> = words.iter().filter(|word| word.pair.is_none()).map(|word| word.raw.as_str()).collect();
    let raw = pairs::join(raw.into_iter());
    let mut secret: Vec<Variable> = Vec::new();
    let pairs = words.iter().filter_map(|word| word.pair.as_ref()).map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in pairs.chain((!raw.is_empty()).then_some((RAW, raw.as_str()))) {
        let own = secret.iter_mut().find(|(known, _)| known == name);
        let json = || Zeroizing::new(Value::from(value).to_string());
        match own {
            // The last of a name counts, secret by its look or not.
            Some((_, kept)) => *kept = json(),
            None if is_secret_text(name, value) => secret.push((name.to_owned(), json())),
            None => {}
        }
    }
    let goes = |name: &str| secret.iter().any(|(known, _)| known == name);
    let stays = words.iter().filter(|word| !goes(word.pair.as_ref().map_or(RAW, |(name, _)| name)));
    let rest = pairs::join(stays.map(|word| word.raw.as_str()));
    Ok(Split { rest: (!rest.trim().is_empty()).then_some(rest), secret })
}

/// What cannot be read stays as it is, since Ansible will say what is wrong with it; unless it looks as if a secret were in it.
fn unclear(text: &str, why: &str) -> Result<Split, String> {
    let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if audit::redacted(text) == text && !text.split(|c| !name(c)).any(audit::is_secret_name) {
        return Ok(Split { rest: Some(text.to_owned()), secret: vec![] });
    }
    Err(format!(
        "-e holds what looks like a secret, in a form that only Ansible can read ({why}): give it as name=value, as JSON, or in a file (@FILE)"
    ))
}

/// True for a text that is secret: by its name, or by what stands in it (`dsn=postgres://me:S3@db`). Truth values are none.
fn is_secret_text(name: &str, value: &str) -> bool {
    let plain = ["", "true", "false", "yes", "no", "on", "off", "none", "null"];
    let plain = plain.contains(&value.to_ascii_lowercase().as_str());
    !plain && (audit::is_secret_name(name) || audit::redacted(value) != value)
}

/// True for a variable in which a secret is, at any depth. Vaulted values are sealed already.
pub fn is_secret(name: &str, value: &Value) -> bool {
    let named = audit::is_secret_name(name);
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(_) => named,
        Value::String(text) => is_secret_text(name, text),
        Value::Array(items) => items.iter().any(|item| is_secret(if named { name } else { "" }, item)),
        Value::Object(entries) if entries.contains_key("__ansible_vault") => false,
        Value::Object(entries) => {
            entries.iter().any(|(key, inner)| is_secret(key, inner) || (named && is_secret(name, inner)))
        }
    }
}

#[cfg(test)]
mod tests;
