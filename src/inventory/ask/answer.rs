//! The JSON of `ansible-inventory --list` as an [`Inventory`].

use super::{AskError, Said};
use crate::inventory::settings::Settings;
use crate::inventory::store::{ALL, GroupId, Place, Stop, Store};
use crate::inventory::value::Value;
use crate::inventory::{Engine, Inventory, Options, Warning};
use crate::yaml::json::{self, Attempt};
use crate::yaml::{Kind, Node};
use std::collections::HashSet;
use std::path::Path;

pub fn read(root: &Path, sources: &[String], options: &Options, said: &Said) -> Result<Inventory, AskError> {
    let tree = object(&said.stdout)?;
    let warnings = said.stderr.lines().filter(|line| !line.trim().is_empty());
    let warnings = warnings.map(|line| Warning { file: None, mark: None, text: line.to_owned() }).collect();
    let from = From { root, sources, options, warnings, engine: Engine::Ansible };
    inventory(&tree, Store::new(), from)
}

/// One JSON object.
pub fn object(text: &str) -> Result<Node, AskError> {
    match json::object(text, true) {
        Attempt::Tree(tree) => Ok(tree),
        Attempt::NotJson => Err(AskError::Unreadable("expected one JSON object".into())),
        Attempt::Unsure(mark, why) => Err(AskError::Unreadable(format!("{}:{}: {why}", mark.line, mark.column))),
    }
}

/// Where an answer comes from.
pub struct From<'a> {
    pub root: &'a Path,
    pub sources: &'a [String],
    pub options: &'a Options,
    pub warnings: Vec<Warning>,
    pub engine: Engine,
}

/// Groups with their hosts and children, and `_meta.hostvars`; `store` may know names already, in their order.
pub fn inventory(tree: &Node, mut store: Store, from: From<'_>) -> Result<Inventory, AskError> {
    let broken = |stop| match stop {
        Stop::Wrong(why) | Stop::Unsure(why) | Stop::TooLarge(why) => AskError::Unreadable(why),
    };
    let mut todo = vec![ALL];
    let mut seen = HashSet::new();
    while let Some(group) = todo.pop() {
        if !seen.insert(group) {
            continue;
        }
        let entry = tree.get(&store.group(group).name.clone());
        let list = |key: &str| entry.and_then(|e| e.get(key)).map_or(&[][..], Node::items);
        for name in list("hosts").iter().filter_map(Node::text) {
            store.add_host(name, group, None, Place::default()).map_err(broken)?;
        }
        let mut children: Vec<GroupId> = Vec::new();
        for name in list("children").iter().filter_map(Node::text) {
            let child = store.add_group(name, Place::default()).map_err(broken)?;
            store.add_child(group, name).map_err(broken)?;
            children.push(child);
        }
        todo.extend(children.into_iter().rev());
    }
    let hostvars = tree.get("_meta").and_then(|meta| meta.get("hostvars")).map_or(&[][..], Node::entries);
    for (host, vars) in hostvars {
        let Some(host) = host.text() else { continue };
        let Some(id) = store.host_ids.get(host).copied() else { continue };
        for (name, node) in vars.entries() {
            let name = store.word(name.text().unwrap_or_default());
            let value = value(node).map_err(AskError::Unreadable)?;
            store.set_own(id, name, value);
        }
    }
    let root = std::path::absolute(from.root).unwrap_or_else(|_| from.root.to_path_buf());
    let settings = Settings::of(&root, &from.options.env);
    Ok(Inventory::assemble(from.engine, root, from.sources.to_vec(), store, from.warnings, settings))
}

/// A value with Ansible's wrappers taken off.
fn value(node: &Node) -> Result<Value, String> {
    let plain = || Value::of(node).map_err(|(mark, why)| format!("{}:{}: {why}", mark.line, mark.column));
    match &node.kind {
        Kind::Sequence(items) => Ok(Value::List(items.iter().map(value).collect::<Result<_, _>>()?)),
        Kind::Mapping(entries) => match &entries[..] {
            [(key, inner)] if key.text() == Some("__ansible_vault") => {
                Ok(Value::Vault(inner.text().unwrap_or_default().into()))
            }
            [(key, inner)] if key.text() == Some("__ansible_unsafe") => {
                Ok(Value::Unsafe(inner.text().unwrap_or_default().into()))
            }
            entries => {
                let entry = |(key, node): &(Node, Node)| Ok((key.text().unwrap_or_default().into(), value(node)?));
                Ok(Value::Map(entries.iter().map(entry).collect::<Result<Vec<_>, String>>()?.into()))
            }
        },
        Kind::Scalar { .. } => plain(),
    }
}
