//! Performs Fleet's effects: inventories and what Ansible says of them, variables, patterns.

use super::{Context, last_runs};
use crate::inventory::{Engine, HostVars, Inventory, Value, verify};
use crate::project::Environment;
use crate::text;
use crate::tui::msg::{Data, Msg};
use crate::tui::screens::fleet::data::{self, Var, Verdict};
use crate::tui::screens::fleet::topology::{Group, Topology};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Characters of a value that are kept: more than a screen shows.
const VALUE: usize = 10_000;

/// Inventories that were read, by the index of their environment.
#[derive(Debug, Clone, Default)]
pub struct Inventories(Arc<Mutex<HashMap<usize, Arc<Inventory>>>>);

impl Inventories {
    fn put(&self, env: usize, inventory: Arc<Inventory>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(env, inventory);
    }

    /// The one of an environment, if it was read.
    pub fn get(&self, env: usize) -> Option<Arc<Inventory>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&env).cloned()
    }
}

pub(super) fn perform(context: &Context, effect: data::Effect) {
    match effect {
        data::Effect::LastRuns { env } => last_runs::read(context, env),
        data::Effect::Topology { env } => topology(context, env),
        data::Effect::Verify { env } => verify_again(context, env),
        data::Effect::Vars { env, host } => {
            let result = variables(context, env, &host);
            answer(context, data::Data::Vars { env, host, result });
        }
        data::Effect::Select { env, pattern } => {
            let result = select(context, env, &pattern);
            answer(context, data::Data::Selected { env, pattern, result });
        }
    }
}

pub(super) fn answer(context: &Context, data: data::Data) {
    context.answer(Msg::Data(Data::Fleet(data)));
}

/// Natively where that gives Ansible's answer; else Ansible is asked.
fn topology(context: &Context, env: usize) {
    let Some(environment) = context.project.environments.get(env) else { return };
    let (result, verdict) = match context.desk.inventory(&context.project, environment) {
        Ok(inventory) => (Ok(inventory), Verdict::Native),
        Err(declined) if declined.hopeless => {
            let why = text::plain(&declined.to_string()).into_owned();
            (Err(why.clone()), Verdict::Unverified(why))
        }
        Err(declined) => (ask(context, environment), Verdict::Ansible(declined.to_string())),
    };
    let result = result.map(|inventory| keep(context, env, inventory));
    answer(context, data::Data::Topology { env, result, verdict });
}

fn keep(context: &Context, env: usize, inventory: Inventory) -> Topology {
    let shown = shown(&inventory);
    context.inventories.put(env, Arc::new(inventory));
    shown
}

fn ask(context: &Context, environment: &Environment) -> Result<Inventory, String> {
    context.desk.asked(&context.project, environment, &context.cancel).map_err(|e| e.to_string())
}

/// Where Ansible says something else, its answer wins and the difference is shown.
fn verify_again(context: &Context, env: usize) {
    let Some(environment) = context.project.environments.get(env) else { return };
    let Some(native) = context.inventories.get(env).filter(|i| i.engine() == Engine::Native) else { return };
    let verdict = match ask(context, environment) {
        Ok(asked) => {
            let differences = verify(&native, &asked, false);
            if differences.is_empty() {
                Verdict::Same
            } else {
                let result = Ok(keep(context, env, asked));
                return answer(context, data::Data::Topology { env, result, verdict: Verdict::Differs(differences) });
            }
        }
        Err(why) => Verdict::Unverified(text::plain(&why).into_owned()),
    };
    answer(context, data::Data::Verdict { env, verdict });
}

fn variables(context: &Context, env: usize, host: &str) -> Result<Vec<Var>, String> {
    let inventory = context.inventories.get(env).ok_or("the inventory is not read yet")?;
    let id = inventory.host(host).ok_or_else(|| format!("{host} is no longer in the inventory"))?;
    let HostVars { vars, sealed } = inventory.host_vars(id).map_err(|declined| declined.to_string())?;
    let place = |origin: crate::inventory::Origin| match origin.line {
        Some(line) => format!("{}:{line}", below(context, &origin.file)),
        None => below(context, &origin.file),
    };
    let open = vars.into_iter().map(|var| Var {
        name: var.name.to_string(),
        value: one_line(&var.value),
        origin: var.origin.map(place).unwrap_or_default(),
        vaulted: var.value.is_vaulted(),
    });
    let closed = sealed.into_iter().map(|file| Var {
        name: "(a whole file)".into(),
        value: String::new(),
        origin: below(context, &file.display().to_string()),
        vaulted: true,
    });
    Ok(open.chain(closed).collect())
}

/// A path as people in the project name it.
fn below(context: &Context, path: &str) -> String {
    let root = format!("{}/", context.project.root.display());
    path.strip_prefix(&root).unwrap_or(path).to_owned()
}

fn select(context: &Context, env: usize, pattern: &str) -> Result<Vec<String>, String> {
    let inventory = context.inventories.get(env).ok_or("the inventory is not read yet")?;
    let environment = context.project.environments.get(env).ok_or("there is no such environment")?;
    context.desk.select(&context.project, environment, &inventory, pattern, &context.cancel)
}

/// Hosts and groups by number. A group `ungrouped` without hosts is not shown.
fn shown(inventory: &Inventory) -> Topology {
    let hosts = inventory.hosts().map(|id| inventory.host_name(id).to_owned()).collect();
    let empty = |id: &crate::inventory::GroupId| {
        inventory.group_name(*id) == "ungrouped" && inventory.direct_hosts_of(*id).is_empty()
    };
    let groups = inventory.groups().map(|id| {
        let mut below: Vec<u32> = inventory.hosts_of(id).hosts.iter().map(|h| h.0).collect();
        below.sort_unstable();
        Group {
            name: inventory.group_name(id).to_owned(),
            children: inventory.children_of(id).iter().filter(|c| !empty(c)).map(|c| c.0).collect(),
            hosts: below,
            direct: inventory.direct_hosts_of(id).iter().map(|h| h.0).collect(),
        }
    });
    Topology { hosts, groups: groups.collect() }
}

/// A value on one line, as JSON without the quotes around a bare text; cut where it is very long.
fn one_line(value: &Value) -> String {
    fn write(out: &mut String, value: &Value) {
        if out.len() > VALUE {
            return;
        }
        match value {
            Value::Null => out.push_str("null"),
            Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Value::Int(n) => out.push_str(&n.to_string()),
            Value::BigInt(digits) => out.push_str(digits),
            Value::Float(f) => out.push_str(&f.to_string()),
            Value::Text(text) | Value::Unsafe(text) => out.push_str(&format!("{:?}", &**text)),
            Value::Vault(_) => out.push_str("(vaulted)"),
            Value::List(items) => {
                out.push('[');
                for (n, item) in items.iter().enumerate() {
                    out.push_str(if n > 0 { ", " } else { "" });
                    write(out, item);
                }
                out.push(']');
            }
            Value::Map(entries) => {
                out.push('{');
                for (n, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if n > 0 { ", " } else { "" });
                    out.push_str(&format!("{key}: "));
                    write(out, value);
                }
                out.push('}');
            }
        }
    }
    match value {
        Value::Text(text) | Value::Unsafe(text) => text::plain(text).chars().take(VALUE).collect(),
        other => {
            let mut out = String::new();
            write(&mut out, other);
            text::plain(&out).chars().take(VALUE).collect()
        }
    }
}
