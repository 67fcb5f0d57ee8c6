//! Hosts as probes see them, and the filling in of `{host}` and other variables of a host into addresses and commands.

use crate::inventory::ask::{self, AskError, Cancel, Depth, Wanted};
use crate::inventory::{Inventory, Options, Value};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// A host and those of its variables that are plain words or numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// Its name in the inventory.
    pub name: String,
    /// Variables by name (`ansible_host`, `http_port`). What is encrypted or templated is not among them.
    pub vars: BTreeMap<String, String>,
}

impl Target {
    /// A host of which only the name is known.
    pub fn named(name: &str) -> Self {
        Target { name: name.to_owned(), vars: BTreeMap::new() }
    }

    /// A host of an inventory. What is not known of it is left out.
    pub fn of(inventory: &Inventory, name: &str) -> Self {
        Self::read(inventory, name).unwrap_or_else(|e| {
            tracing::warn!("variables of {name} are not known: {e}");
            Target::named(name)
        })
    }

    /// Likewise.
    ///
    /// # Errors
    /// Its variables cannot be read.
    fn read(inventory: &Inventory, name: &str) -> Result<Self, String> {
        let found = inventory.host(name).map(|id| inventory.host_vars(id)).transpose().map_err(|e| e.to_string())?;
        let vars = found.iter().flat_map(|found| &found.vars);
        let vars = vars.filter_map(|v| Some((v.name.to_string(), word(&v.value)?))).collect();
        Ok(Target { name: name.to_owned(), vars })
    }

    /// `text` with `{host}` and `{variable}` filled in, in one pass; what is not known stays as it is, since braces also
    /// stand in JSON and in queries.
    pub fn fill(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            // `${host}` is the shell's.
            let known = rest[open + 1..].split_once('}').filter(|_| !rest[..open].ends_with('$'));
            let known = known.and_then(|(name, after)| Some((self.value(name)?, after)));
            match known {
                Some((value, after)) => {
                    out.push_str(value);
                    rest = after;
                }
                None => {
                    out.push('{');
                    rest = &rest[open + 1..];
                }
            }
        }
        out.push_str(rest);
        out
    }

    fn value(&self, name: &str) -> Option<&str> {
        match name {
            "host" | "inventory_hostname" => Some(&self.name),
            // As Ansible has it: a host without an address of its own is reached by its name.
            "ansible_host" => Some(self.vars.get(name).unwrap_or(&self.name)),
            _ => self.vars.get(name).map(String::as_str),
        }
    }
}

/// Hosts and groups as the native engine or else Ansible tells them within `limit`, in Ansible's order. Blocking.
///
/// # Errors
/// Why neither does.
pub fn load(cwd: &Path, sources: &[String], limit: Duration) -> Result<Inventory, String> {
    either(cwd, sources, |options| {
        let asked = ask::resolve(cwd, sources, &Wanted::default(), options, limit, &Cancel::default());
        asked.map(|resolved| resolved.inventory)
    })
}

/// Likewise with all variables, in any order.
fn whole(cwd: &Path, sources: &[String], limit: Duration) -> Result<Inventory, String> {
    either(cwd, sources, |options| ask::inventory(cwd, sources, Depth::Full, options, limit, &Cancel::default()))
}

fn either(
    cwd: &Path,
    sources: &[String],
    ansible: impl FnOnce(&Options) -> Result<Inventory, AskError>,
) -> Result<Inventory, String> {
    let options = Options::current();
    Inventory::load(cwd, sources, &options).or_else(|declined| match declined.hopeless {
        true => Err(declined.to_string()),
        false => ansible(&options).map_err(|e| format!("{declined}; {e}")),
    })
}

/// The hosts `names` with their variables. Where the inventory cannot be read within `limit`, with their names alone.
/// Blocking; ask once a batch, not once a reading.
pub fn targets(cwd: &Path, sources: &[String], names: &[String], limit: Duration) -> Vec<Target> {
    looked_up(cwd, sources, names, limit).0
}

/// As [`targets`], and whether all that the inventory says of them could be read.
pub fn looked_up(cwd: &Path, sources: &[String], names: &[String], limit: Duration) -> (Vec<Target>, bool) {
    let inventory = whole(cwd, sources, limit).inspect_err(|e| tracing::warn!("variables of hosts are not known: {e}"));
    let mut whole = inventory.is_ok();
    let target = |name: &String| match inventory.as_ref().map(|inventory| Target::read(inventory, name)) {
        Ok(Ok(target)) => target,
        Ok(Err(e)) => {
            tracing::warn!("variables of {name} are not known: {e}");
            whole = false;
            Target::named(name)
        }
        Err(_) => Target::named(name),
    };
    let targets = names.iter().map(target).collect();
    (targets, whole)
}

/// What stands between braces and could be the name of a variable.
pub fn between_braces(text: &str) -> impl Iterator<Item = &str> {
    let inner = text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    inner.filter(|name| {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !name.is_empty() && name.chars().all(word) && !name.starts_with(|c: char| c.is_ascii_digit())
    })
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) if text.contains("{{") || text.contains("{%") => None,
        Value::Text(text) | Value::Unsafe(text) | Value::BigInt(text) => Some(text.to_string()),
        Value::Int(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Float(f) => Some(f.to_string()),
        Value::Null | Value::Vault(_) | Value::List(_) | Value::Map(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_filled_in_once_and_other_braces_stay() {
        let mut w1 = Target::named("w1");
        w1.vars.insert("port".into(), "{host}".into());
        assert_eq!(w1.fill("http://{host}:{port}/"), "http://w1:{host}/", "what was filled in is not read again");
        assert_eq!(w1.fill(r#"up{instance="{host}:9100"} {nope} {"a":{"#), r#"up{instance="w1:9100"} {nope} {"a":{"#);
        assert_eq!(w1.fill("{ansible_host}"), "w1");
        assert_eq!(w1.fill("for host in a; do echo ${host} {host}; done"), "for host in a; do echo ${host} w1; done");
    }

    #[test]
    fn variables_come_from_the_inventory_without_those_that_ansible_would_template() {
        let dir = tempfile::tempdir().unwrap();
        let hosts =
            "[web]\nw1 ansible_host=10.0.0.1 port=8080 url='http://{{ inventory_hostname }}'\n[web:vars]\ntls=true\n";
        std::fs::write(dir.path().join("hosts"), hosts).unwrap();
        let names = ["w1".to_owned(), "gone".to_owned()];
        let found = targets(dir.path(), &["hosts".into()], &names, Duration::from_secs(30));
        assert_eq!(found[0].fill("{ansible_host}:{port} {tls} {url}"), "10.0.0.1:8080 true {url}");
        assert_eq!(found[1], Target::named("gone"));
    }
}
