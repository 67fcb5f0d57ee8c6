//! YAML (and JSON) sources into the store, as Ansible's `yaml` plugin does.

use super::Trouble;
use super::host_pattern;
use crate::inventory::store::{GroupId, Place, Stop, Store};
use crate::inventory::value::{self, Value};
use crate::yaml::{Kind, Mark, Node};

/// Adds a document whose root is a mapping of groups.
///
/// # Errors
/// The first place that Ansible refuses, or that only Ansible can read.
pub fn parse(store: &mut Store, file: u32, root: &Node, warnings: &mut Vec<(Mark, String)>) -> Result<(), Trouble> {
    // Python builds the whole document before anything is added: what we can't build, we can't begin
    Value::of(root).map_err(unsure)?;
    let mut read = Read { store, file, warnings };
    for (name, key, data) in value::flat(root).map_err(unsure)? {
        read.group(&name, key, data)?;
    }
    Ok(())
}

fn unsure((mark, why): value::Unsure) -> Trouble {
    Trouble { mark, stop: Stop::Unsure(why) }
}

fn wrong<T>(mark: Mark, what: impl Into<String>) -> Result<T, Trouble> {
    Err(Trouble { mark, stop: Stop::Wrong(what.into()) })
}

struct Read<'a> {
    store: &'a mut Store,
    file: u32,
    warnings: &'a mut Vec<(Mark, String)>,
}

/// What Ansible sees in a node.
enum Seen<'a> {
    Nothing,
    Text(String),
    Map,
    Other(&'a Node),
}

fn seen(node: &Node) -> Seen<'_> {
    match node.kind {
        Kind::Mapping(_) => return Seen::Map,
        Kind::Sequence(_) => return Seen::Other(node),
        Kind::Scalar { .. } => {}
    }
    match Value::of(node) {
        Ok(Value::Null) => Seen::Nothing,
        Ok(Value::Text(text)) if value::is_text(node) => Seen::Text(text.to_string()),
        Ok(Value::Unsafe(text)) => Seen::Text(text.to_string()),
        _ => Seen::Other(node),
    }
}

impl Read<'_> {
    fn place(&self, mark: Mark) -> Place {
        Place { file: self.file, line: mark.line }
    }

    /// Adds a group; `None` where its definition was skipped.
    fn group(&mut self, name: &str, key: &Node, data: &Node) -> Result<Option<GroupId>, Trouble> {
        let nothing = match seen(data) {
            Seen::Nothing => true,
            Seen::Map => false,
            _ => {
                let what = format!("`{name}` is skipped: expected a mapping for a group, found {}", data.kind_name());
                self.warnings.push((data.mark, what));
                return Ok(None);
            }
        };
        if !value::is_text(key) {
            return wrong(key.mark, format!("a group's name must be text, not `{name}`; put it in quotes"));
        }
        let place = self.place(key.mark);
        let id = self.store.add_group(name, place).map_err(|stop| Trouble { mark: key.mark, stop })?;
        if nothing {
            return Ok(Some(id));
        }
        let entries = value::flat(data).map_err(unsure)?;
        for (section, _, node) in &entries {
            let known = matches!(&**section, "vars" | "children" | "hosts");
            if known && let Seen::Other(node) = seen(node) {
                let what = format!("`{section}` of group `{name}` must be a mapping, found {}", node.kind_name());
                return wrong(node.mark, what);
            }
        }
        for (section, key, node) in entries {
            let one = |text: String| vec![(text, node, None)];
            let items = match seen(node) {
                Seen::Nothing => continue,
                Seen::Map => {
                    let entries = value::flat(node).map_err(unsure)?;
                    entries.into_iter().map(|(k, key, v)| (k.to_string(), key, Some(v))).collect()
                }
                Seen::Text(text) if matches!(&*section, "vars" | "children" | "hosts") => one(text),
                _ => {
                    self.warnings.push((key.mark, format!("`{section}` of group `{name}` is skipped: no mapping")));
                    continue;
                }
            };
            match &*section {
                "vars" => self.vars(name, items)?,
                "children" => self.children(id, items)?,
                "hosts" => self.hosts(id, items)?,
                _ => {
                    let what = format!("`{section}` of group `{name}` is skipped; expected vars, children or hosts");
                    self.warnings.push((key.mark, what));
                }
            }
        }
        Ok(Some(id))
    }

    fn vars(&mut self, group: &str, items: Vec<(String, &Node, Option<&Node>)>) -> Result<(), Trouble> {
        for (name, key, node) in items {
            if node.is_some() && !value::is_text(key) {
                return Err(unsure((key.mark, "a variable whose name is no text".into())));
            }
            let value = node.map_or(Ok(Value::Null), Value::of).map_err(unsure)?;
            let place = self.place(key.mark);
            self.store.set(group, &name, value, place).map_err(|stop| Trouble { mark: key.mark, stop })?;
        }
        Ok(())
    }

    fn children(&mut self, group: GroupId, items: Vec<(String, &Node, Option<&Node>)>) -> Result<(), Trouble> {
        let nothing =
            Node { mark: Mark::default(), tag: None, kind: Kind::Scalar { text: String::new(), plain: true } };
        for (name, key, node) in items {
            self.group(&name, key, node.unwrap_or(&nothing))?;
            if !value::is_text(key) && node.is_some() {
                return wrong(key.mark, format!("a group's name must be text, not `{name}`; put it in quotes"));
            }
            self.store.add_child(group, &name).map_err(|stop| Trouble { mark: key.mark, stop })?;
        }
        Ok(())
    }

    fn hosts(&mut self, group: GroupId, items: Vec<(String, &Node, Option<&Node>)>) -> Result<(), Trouble> {
        for (pattern, key, node) in items {
            if node.is_some() && !value::is_text(key) {
                return wrong(key.mark, format!("a host's name must be text, not `{pattern}`; put it in quotes"));
            }
            let (names, port) = host_pattern(&pattern, self.store.ranges)
                .map_err(|refusal| Trouble { mark: key.mark, stop: refusal.into() })?;
            self.store.ranged(&names);
            let vars = match node {
                Some(node) if matches!(node.kind, Kind::Mapping(_)) => value::entries(node, false).map_err(unsure)?,
                Some(node) if Value::of(node).map_err(unsure)?.is_truthy() => {
                    let what = format!("variables of host `{pattern}` must be a mapping, found {}", node.kind_name());
                    return wrong(node.mark, what);
                }
                _ => Vec::new(),
            };
            if let Some((_, key, _)) = vars.iter().find(|(_, key, _)| !value::is_text(key)) {
                return Err(unsure((key.mark, "a variable whose name is no text".into())));
            }
            let place = self.place(key.mark);
            for name in &names {
                self.store.add_host(name, group, port, place).map_err(|stop| Trouble { mark: key.mark, stop })?;
                for (var, at, value) in &vars {
                    let place = self.place(at.mark);
                    let set = self.store.set(name, var, value.clone(), place);
                    set.map_err(|stop| Trouble { mark: at.mark, stop })?;
                }
            }
        }
        Ok(())
    }
}
