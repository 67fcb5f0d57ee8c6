//! Hosts and groups while sources are read: additions, depth, and the rules that Ansible enforces at the end.
//!
//! Source of the rules: `ansible/inventory/{data,group,host}.py` of ansible-core 2.19. Ids count up in the order of
//! definition, which is the order of Ansible's own tables.

use super::parse::range::MANY;
use super::value::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Groups nested deeper than this are refused.
const DEEPEST: u32 = 1_000;

/// A host; an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostId(pub u32);

/// A group; an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub u32);

/// A line of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Index into [`Store::files`].
    pub file: u32,
    /// Line, from 1; 0 where there is none (a comma list).
    pub line: u32,
}

/// Variables in the order they were first set.
#[derive(Debug, Clone, Default)]
pub struct Vars(pub Vec<(Arc<str>, Value, Place)>);

impl Vars {
    fn set(&mut self, name: Arc<str>, value: Value, place: Place) {
        match self.0.iter_mut().find(|(n, ..)| *n == name) {
            Some(var) => (var.1, var.2) = (value, place),
            None => self.0.push((name, value, place)),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Host {
    pub name: Arc<str>,
    pub vars: Vars,
    pub place: Place,
    /// The groups that name it; their ancestors are found from there.
    pub groups: Vec<GroupId>,
}

#[derive(Debug, Clone)]
pub struct Group {
    pub name: Arc<str>,
    pub vars: Vars,
    pub place: Place,
    pub depth: u32,
    pub priority: i64,
    pub hosts: Vec<HostId>,
    pub children: Vec<GroupId>,
    pub parents: Vec<GroupId>,
}

/// Why a source can't be read further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Ansible refuses it too: what was found and expected.
    Wrong(String),
    /// Only Ansible can say what it makes of this.
    Unsure(String),
    /// More than is sane: Ansible would fare no better.
    TooLarge(String),
}

impl<T: Into<String>> From<T> for Stop {
    fn from(text: T) -> Self {
        Stop::Wrong(text.into())
    }
}

/// `all`.
pub const ALL: GroupId = GroupId(0);
/// `ungrouped`.
pub const UNGROUPED: GroupId = GroupId(1);
/// Names that Ansible takes for the machine it runs on.
pub const LOCALHOST: [&str; 3] = ["127.0.0.1", "localhost", "::1"];

#[derive(Debug, Clone)]
pub struct Store {
    pub hosts: Vec<Host>,
    pub groups: Vec<Group>,
    pub host_ids: HashMap<Arc<str>, HostId>,
    pub group_ids: HashMap<Arc<str>, GroupId>,
    /// The first host that is the machine itself.
    pub localhost: Option<HostId>,
    pub files: Vec<Arc<str>>,
    words: HashSet<Arc<str>>,
    /// Names that ranges may still give.
    pub ranges: usize,
}

impl Store {
    pub fn new() -> Self {
        let mut store = Self {
            hosts: Vec::new(),
            groups: Vec::new(),
            host_ids: HashMap::new(),
            group_ids: HashMap::new(),
            localhost: None,
            files: Vec::new(),
            words: HashSet::new(),
            ranges: MANY,
        };
        for name in ["all", "ungrouped"] {
            let id = GroupId(store.groups.len() as u32);
            store.push_group(id, name.into(), Place::default());
        }
        store.groups[0].children.push(UNGROUPED);
        store.groups[1].parents.push(ALL);
        store.groups[1].depth = 1;
        store
    }

    pub fn host(&self, id: HostId) -> &Host {
        &self.hosts[id.0 as usize]
    }

    pub fn group(&self, id: GroupId) -> &Group {
        &self.groups[id.0 as usize]
    }

    fn group_mut(&mut self, id: GroupId) -> &mut Group {
        &mut self.groups[id.0 as usize]
    }

    /// One copy of each variable's name.
    pub fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(word) = self.words.get(text) {
            return word.clone();
        }
        let word: Arc<str> = text.into();
        self.words.insert(word.clone());
        word
    }

    fn push_group(&mut self, id: GroupId, name: Arc<str>, place: Place) {
        self.group_ids.insert(name.clone(), id);
        self.groups.push(Group {
            name,
            vars: Vars::default(),
            place,
            depth: 0,
            priority: 1,
            hosts: Vec::new(),
            children: Vec::new(),
            parents: Vec::new(),
        });
    }

    /// A range gave these names.
    pub fn ranged(&mut self, names: &[String]) {
        if names.len() > 1 {
            self.ranges = self.ranges.saturating_sub(names.len());
        }
    }

    /// The group of that name, new or known.
    pub fn add_group(&mut self, name: &str, place: Place) -> Result<GroupId, Stop> {
        if name.is_empty() {
            return Err("a group needs a name".into());
        }
        if let Some(id) = self.group_ids.get(name) {
            return Ok(*id);
        }
        let id = GroupId(self.groups.len() as u32);
        self.push_group(id, name.into(), place);
        Ok(id)
    }

    /// The host of that name, new or known, in `group`. A port counts only for a new one.
    pub fn add_host(&mut self, name: &str, group: GroupId, port: Option<u32>, place: Place) -> Result<HostId, Stop> {
        if name.is_empty() {
            return Err("a host needs a name".into());
        }
        let id = match self.host_ids.get(name) {
            Some(id) => *id,
            None => {
                let id = HostId(self.hosts.len() as u32);
                let name: Arc<str> = name.into();
                self.host_ids.insert(name.clone(), id);
                let mut vars = Vars::default();
                if let Some(port) = port.filter(|port| *port != 0) {
                    vars.set(self.word("ansible_port"), Value::Int(i64::from(port)), place);
                }
                if self.localhost.is_none() && LOCALHOST.contains(&&*name) {
                    self.localhost = Some(id);
                }
                self.hosts.push(Host { name, vars, place, groups: Vec::new() });
                id
            }
        };
        self.join(group, id);
        Ok(id)
    }

    /// Names hosts before any group does: in the order in which Ansible knows them.
    pub fn announce(&mut self, names: &[&str]) {
        for name in names.iter().filter(|name| !name.is_empty()) {
            let id = HostId(self.hosts.len() as u32);
            let name: Arc<str> = (*name).into();
            if self.host_ids.contains_key(&name) {
                continue;
            }
            self.host_ids.insert(name.clone(), id);
            if self.localhost.is_none() && LOCALHOST.contains(&&*name) {
                self.localhost = Some(id);
            }
            self.hosts.push(Host { name, vars: Vars::default(), place: Place::default(), groups: Vec::new() });
        }
    }

    fn join(&mut self, group: GroupId, host: HostId) {
        let groups = &mut self.hosts[host.0 as usize].groups;
        if !groups.contains(&group) {
            groups.push(group);
            self.group_mut(group).hosts.push(host);
        }
    }

    /// Sets a variable of the group of that name, or else of the host: where both exist the group has it, as in Ansible.
    pub fn set(&mut self, entity: &str, name: &str, value: Value, place: Place) -> Result<(), Stop> {
        let word = self.word(name);
        if let Some(id) = self.group_ids.get(entity).copied() {
            if name == "ansible_group_priority" {
                self.group_mut(id).priority = priority(&value)?;
            } else {
                self.group_mut(id).vars.set(word, value, place);
            }
            return Ok(());
        }
        match self.host_ids.get(entity).copied() {
            Some(id) => self.hosts[id.0 as usize].vars.set(word, value, place),
            None => return Err(Stop::Wrong(format!("no host or group is called `{entity}`"))),
        }
        Ok(())
    }

    /// Sets a variable of a host itself, as an answer of Ansible's tells it.
    pub fn set_own(&mut self, host: HostId, name: Arc<str>, value: Value) {
        self.hosts[host.0 as usize].vars.0.push((name, value, Place::default()));
    }

    /// Puts the group, or else host, called `child` below `parent`.
    pub fn add_child(&mut self, parent: GroupId, child: &str) -> Result<(), Stop> {
        if let Some(id) = self.group_ids.get(child).copied() {
            return self.add_child_group(parent, id);
        }
        match self.host_ids.get(child).copied() {
            Some(id) => self.join(parent, id),
            None => return Err(Stop::Wrong(format!("`{child}` is neither a group nor a host"))),
        }
        Ok(())
    }

    fn add_child_group(&mut self, parent: GroupId, child: GroupId) -> Result<(), Stop> {
        if parent == child {
            return Err(Stop::Wrong(format!("the group `{}` can't be its own child", self.group(child).name)));
        }
        if self.group(parent).children.contains(&child) {
            return Ok(());
        }
        if self.ancestors([parent]).contains(&child) {
            let (child, parent) = (&self.group(child).name, &self.group(parent).name);
            return Err(Stop::Wrong(format!("a loop: `{parent}` already lies below `{child}`")));
        }
        if child == ALL || (child == UNGROUPED && parent != ALL) {
            let name = &self.group(child).name;
            return Err(Stop::Unsure(format!("the group `{name}` as a child of another")));
        }
        if parent == UNGROUPED {
            // Ansible takes hosts out of it that still lie below it
            return Err(Stop::Unsure("groups below `ungrouped`".into()));
        }
        self.group_mut(parent).children.push(child);
        self.group_mut(child).parents.push(parent);
        let least = self.group(parent).depth + 1;
        let depth = self.group(child).depth.max(least);
        self.group_mut(child).depth = depth;
        self.sink(child)
    }

    /// Children lie at least one deeper; level by level as Ansible does it.
    fn sink(&mut self, group: GroupId) -> Result<(), Stop> {
        let mut depth = self.group(group).depth;
        let mut level = self.group(group).children.clone();
        while !level.is_empty() || depth > DEEPEST {
            if depth > DEEPEST {
                let name = &self.group(group).name;
                return Err(Stop::TooLarge(format!("groups are nested deeper than {DEEPEST} levels at `{name}`")));
            }
            depth += 1;
            let mut next = Vec::new();
            for id in level {
                if self.group(id).depth < depth {
                    self.group_mut(id).depth = depth;
                    next.extend_from_slice(&self.group(id).children);
                }
            }
            level = next;
        }
        Ok(())
    }

    /// Those groups' ancestors, without the groups themselves unless they are above one another.
    pub fn ancestors(&self, of: impl IntoIterator<Item = GroupId>) -> HashSet<GroupId> {
        let mut found = HashSet::new();
        let mut todo: Vec<GroupId> = of.into_iter().collect();
        while let Some(id) = todo.pop() {
            for parent in &self.group(id).parents {
                if found.insert(*parent) {
                    todo.push(*parent);
                }
            }
        }
        found
    }

    /// The rules at the end: every group below `all`, every host in a group or in `ungrouped`, never in both.
    pub fn reconcile(&mut self) -> Result<(), Stop> {
        for id in (1..self.groups.len() as u32).map(GroupId) {
            if self.group(id).parents.is_empty() {
                self.add_child_group(ALL, id)?;
            }
        }
        let mut grouped = HashSet::new();
        for id in (0..self.hosts.len() as u32).map(HostId) {
            let groups = &self.host(id).groups;
            let real = groups.iter().any(|g| *g != ALL && *g != UNGROUPED);
            let ungrouped = groups.contains(&UNGROUPED);
            if real && ungrouped {
                grouped.insert(id);
            } else if !real && !ungrouped {
                let name = self.host(id).name.clone();
                if self.group_ids.contains_key(&name) {
                    return Err(Stop::Unsure(format!("`{name}` is a host without group and a group")));
                }
                self.join(UNGROUPED, id);
            }
        }
        self.group_mut(UNGROUPED).hosts.retain(|id| !grouped.contains(id));
        for id in grouped {
            self.hosts[id.0 as usize].groups.retain(|g| *g != UNGROUPED);
        }
        Ok(())
    }
}

/// Python's `int()` of a priority.
fn priority(value: &Value) -> Result<i64, Stop> {
    match value {
        Value::Int(n) => Ok(*n),
        Value::Bool(b) => Ok(i64::from(*b)),
        Value::Text(text) => {
            let trimmed = text.trim();
            let digits = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
            let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            if digits.contains('_') || !digits.is_ascii() {
                return Err(Stop::Unsure("a priority that Python reads in its own way".into()));
            }
            let parsed = if number { trimmed.parse().ok() } else { None };
            parsed.ok_or_else(|| Stop::Wrong(format!("ansible_group_priority must be a number, not `{text}`")))
        }
        Value::Null | Value::List(_) | Value::Map(_) => Err("ansible_group_priority must be a number".into()),
        _ => Err(Stop::Unsure("a priority that is no plain number".into())),
    }
}
