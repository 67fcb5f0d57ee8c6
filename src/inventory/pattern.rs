//! Host patterns: `web:&prod:!db1`, globs, `~regex`, subscripts, `@file` in a limit; in Ansible's own order.
//!
//! Source of the rules: `ansible/inventory/manager.py` of ansible-core 2.19.

mod glob;
mod regex;
mod split;

use super::parse::lines;
use super::store::{GroupId, HostId, LOCALHOST};
use super::{Declined, Engine, Inventory};
use crate::open;
use std::collections::HashSet;
use std::fmt;
use std::path::Path;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Each host once. The implicit localhost has an id of its own that only [`Inventory::host_name`] knows.
    pub hosts: Vec<HostId>,
    /// True if Ansible gives this order each time; false if its own order changes from run to run.
    pub fixed: bool,
    /// Parts of the pattern that match nothing.
    pub unmatched: Vec<String>,
}

/// Why a pattern selects nothing that we can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternError {
    Wrong(String),
    /// Only Ansible can say.
    Declined(Declined),
}

impl std::error::Error for PatternError {}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatternError::Wrong(what) => write!(f, "{what}"),
            PatternError::Declined(declined) => write!(f, "{declined}"),
        }
    }
}

fn unsure<T>(why: impl Into<String>) -> Result<T, PatternError> {
    Err(PatternError::Declined(Declined { why: why.into(), ..Declined::default() }))
}

/// A list while it is made: hosts may repeat, and the order may be chance.
#[derive(Default, Clone)]
struct Listed {
    hosts: Vec<HostId>,
    chance: bool,
}

impl Inventory {
    /// The hosts that `ansible PATTERN --limit LIMIT --list-hosts` prints, in that order.
    ///
    /// # Errors
    /// A pattern that Ansible refuses, or whose meaning only Ansible can tell.
    pub fn select(&self, pattern: &str, limit: Option<&str>) -> Result<Selection, PatternError> {
        let mut found = self.chosen(&split::split(pattern)?, limit)?;
        if found.hosts.is_empty() && LOCALHOST.contains(&pattern) {
            // here Ansible falls back to the very name that was asked for, even if the limit has just left it out
            found.hosts.push(self.host(pattern).unwrap_or_else(|| implicit(pattern)));
        }
        Ok(found)
    }

    /// The hosts of a play: `patterns` as its `hosts:` names them, each cut for itself. Not even `localhost` gets past the
    /// limit here.
    pub fn select_play(&self, patterns: &[String], limit: Option<&str>) -> Result<Selection, PatternError> {
        let mut parts = Vec::new();
        for pattern in patterns {
            parts.extend(split::split(pattern)?);
        }
        self.chosen(&parts, limit)
    }

    /// The hosts of a limit that holds nothing but their own names: whatever becomes of groups, it lets no other pass.
    /// `None`: it holds other things, or nothing.
    pub fn limited_to(&self, limit: &str) -> Option<Vec<HostId>> {
        let parts = self.limits(limit).ok()?;
        let named =
            parts.iter().filter(|part| !part.is_empty()).map(|part| self.host(part)).collect::<Option<Vec<_>>>();
        named.filter(|hosts| !hosts.is_empty())
    }

    /// True if the patterns of a play are nothing but names of hosts: no group that is made later changes what they select.
    pub fn names_hosts(&self, patterns: &[String]) -> bool {
        let is_host = |part: &String| self.host(part).is_some() || LOCALHOST.contains(&part.as_str());
        patterns.iter().all(|pattern| split::split(pattern).is_ok_and(|parts| parts.iter().all(is_host)))
    }

    fn chosen(&self, patterns: &[String], limit: Option<&str>) -> Result<Selection, PatternError> {
        if self.engine == Engine::Ansible {
            return unsure("this inventory was read by Ansible, which does not tell the order of its hosts");
        }
        let mut run = Run { inventory: self, implicit: None, unmatched: Vec::new() };
        let mut listed = run.all_of(patterns)?;
        let limits = limit.map(|limit| self.limits(limit)).transpose()?.unwrap_or_default();
        if !limits.is_empty() {
            let within: HashSet<HostId> = run.all_of(&limits)?.hosts.into_iter().collect();
            listed.hosts.retain(|host| within.contains(host));
        }
        let mut seen = HashSet::new();
        listed.hosts.retain(|host| seen.insert(*host));
        let fixed = !listed.chance || listed.hosts.len() < 2;
        Ok(Selection { hosts: listed.hosts, fixed, unmatched: run.unmatched })
    }

    /// A limit's patterns; each line of an `@file` is one.
    fn limits(&self, limit: &str) -> Result<Vec<String>, PatternError> {
        let mut limits = Vec::new();
        for part in split::split(limit)? {
            let Some(file) = part.strip_prefix('@') else {
                limits.push(part);
                continue;
            };
            let path = self.root.join(Path::new(file));
            let told = path.display();
            if path.is_dir() {
                return Err(PatternError::Wrong(format!(
                    "{told} is a folder; expected a file with a host on each line"
                )));
            }
            match open::read_given(&path, open::FLEET).map(String::from_utf8) {
                Ok(Ok(text)) if text.contains('\r') => {
                    return unsure(format!("{told} has line breaks of another kind"));
                }
                Ok(Ok(text)) => limits.extend(text.split('\n').map(|line| lines::strip(line).to_owned())),
                Ok(Err(_)) => return unsure(format!("{told} is not UTF-8")),
                Err(_) if !path.exists() => return Err(PatternError::Wrong(format!("there is no limit file {told}"))),
                Err(e) => return Err(PatternError::Wrong(format!("the limit file {told} can't be read: {e}"))),
            }
        }
        Ok(limits)
    }
}

struct Run<'a> {
    inventory: &'a Inventory,
    /// The name under which the implicit localhost was first asked for.
    implicit: Option<HostId>,
    unmatched: Vec<String>,
}

impl Run<'_> {
    /// Plain patterns first, then `&`, then `!`; without a plain one, from all hosts.
    fn all_of(&mut self, patterns: &[String]) -> Result<Listed, PatternError> {
        let of = |mark: Option<char>| {
            let this = move |p: &&String| p.chars().next().filter(|c| matches!(c, '&' | '!')) == mark;
            patterns.iter().filter(|p| !p.is_empty()).filter(this).map(String::as_str).collect::<Vec<_>>()
        };
        let mut order = of(None);
        if order.is_empty() {
            order.push("all");
        }
        order.extend(of(Some('&')));
        order.extend(of(Some('!')));
        let mut listed = Listed::default();
        for pattern in order {
            if let Some(host) = self.inventory.host(pattern) {
                listed.hosts.push(host);
                continue;
            }
            let found = self.one(pattern)?;
            let set: HashSet<HostId>;
            match pattern.as_bytes().first() {
                Some(b'!') => {
                    set = found.hosts.into_iter().collect();
                    listed.hosts.retain(|host| !set.contains(host));
                }
                Some(b'&') => {
                    set = found.hosts.into_iter().collect();
                    listed.hosts.retain(|host| set.contains(host));
                }
                _ => {
                    set = listed.hosts.iter().copied().collect();
                    listed.chance |= found.chance && found.hosts.len() > 1;
                    listed.hosts.extend(found.hosts.into_iter().filter(|host| !set.contains(host)));
                }
            }
        }
        Ok(listed)
    }

    fn one(&mut self, pattern: &str) -> Result<Listed, PatternError> {
        let pattern = pattern.strip_prefix(['&', '!']).unwrap_or(pattern);
        if pattern.is_empty() {
            return unsure("a mark without a pattern: Ansible fails on it");
        }
        let (expression, subscript) =
            if pattern.starts_with('~') { (pattern, None) } else { split::subscript(pattern)? };
        if expression.is_empty() {
            return unsure("a subscript without a pattern");
        }
        let listed = self.matching(expression)?;
        let Some((start, end)) = subscript.filter(|_| !listed.hosts.is_empty()) else { return Ok(listed) };
        if listed.chance {
            let why = format!("`{pattern}`: Ansible itself takes these hosts in another order each time");
            return unsure(why);
        }
        let count = i64::try_from(listed.hosts.len()).unwrap_or(i64::MAX);
        let hosts = match end {
            // an end of 0 counts as none: Ansible's own slip
            Some(end) if end != 0 => {
                let end = if end == -1 { count } else { (end + 1).min(count) };
                let start = start.min(count);
                if start < end { listed.hosts[start as usize..end as usize].to_vec() } else { Vec::new() }
            }
            _ => {
                let at = if start < 0 { start + count } else { start };
                match usize::try_from(at).ok().and_then(|at| listed.hosts.get(at)) {
                    Some(host) => vec![*host],
                    None => {
                        let what = format!("`{pattern}` counts past the end: {count} hosts match before the subscript");
                        return Err(PatternError::Wrong(what));
                    }
                }
            }
        };
        Ok(Listed { hosts, chance: false })
    }

    /// Groups that match give all their hosts; hosts are tried too if no group did or the pattern has magic.
    fn matching(&mut self, pattern: &str) -> Result<Listed, PatternError> {
        let inventory = self.inventory;
        let matcher = Matcher::of(pattern, inventory)?;
        let mut listed = Listed::default();
        let groups: Vec<GroupId> = match &matcher {
            Matcher::Word(word) => inventory.group(word).into_iter().collect(),
            _ => inventory.groups().filter(|id| matcher.is_match(inventory.group_name(*id))).collect(),
        };
        for id in &groups {
            let members = inventory.hosts_of(*id);
            listed.hosts.extend(&members.hosts);
            listed.chance |= !members.fixed;
        }
        if groups.is_empty() || pattern.starts_with('~') || pattern.contains(['.', '?', '*', '[']) {
            match &matcher {
                Matcher::Word(word) => listed.hosts.extend(inventory.host(word)),
                _ => {
                    listed.hosts.extend(inventory.hosts().filter(|id| matcher.is_match(inventory.host_name(*id))));
                }
            }
        }
        if listed.hosts.is_empty() && LOCALHOST.contains(&pattern) {
            listed.hosts.push(self.localhost(pattern));
        }
        if listed.hosts.is_empty() && groups.is_empty() && pattern != "all" {
            self.unmatched.push(pattern.to_owned());
        }
        Ok(listed)
    }

    /// The machine itself: the inventory's own entry for it under any name, else one that is made up, once.
    fn localhost(&mut self, name: &str) -> HostId {
        self.inventory.store.localhost.unwrap_or_else(|| *self.implicit.get_or_insert_with(|| implicit(name)))
    }
}

/// The id of a localhost that no source names.
fn implicit(name: &str) -> HostId {
    HostId(u32::MAX - LOCALHOST.iter().position(|n| *n == name).map_or(0, |at| at as u32))
}

/// How one expression is compared with names.
enum Matcher {
    Word(String),
    Glob(glob::Glob),
    Regex(::regex::Regex),
}

impl Matcher {
    fn of(pattern: &str, inventory: &Inventory) -> Result<Self, PatternError> {
        if let Some(expression) = pattern.strip_prefix('~') {
            let names =
                inventory.store.hosts.iter().map(|h| &h.name).chain(inventory.store.groups.iter().map(|g| &g.name));
            let ascii = names.into_iter().all(|name| name.is_ascii());
            return regex::python(expression, ascii).map(Matcher::Regex).or_else(unsure);
        }
        if !pattern.contains(['*', '?', '[']) {
            return Ok(Matcher::Word(pattern.to_owned()));
        }
        glob::Glob::new(pattern).map(Matcher::Glob).or_else(unsure)
    }

    fn is_match(&self, name: &str) -> bool {
        match self {
            Matcher::Word(word) => word == name,
            Matcher::Glob(glob) => glob.is_match(name),
            Matcher::Regex(regex) => regex.is_match(name),
        }
    }
}
