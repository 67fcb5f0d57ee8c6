//! INI sources, line by line into the store, as Ansible's `ini` plugin does: what came before a bad line stays.

use super::lines::{is_space, lines, strip};
use super::{Trouble, host_pattern, literal, shlex};
use crate::inventory::store::{GroupId, Place, Stop, Store, UNGROUPED};
use crate::yaml::Mark;

/// A longer line is left to Ansible: its words are looked for one by one.
const LINE: usize = 64 << 10;

fn too_long() -> Stop {
    Stop::Unsure(format!("the line is longer than {} KiB", LINE >> 10))
}

/// A section or child that was named before its group was defined.
struct Pending {
    name: String,
    line: u32,
    /// The groups that want it as a child; `None`: it was named as `[name:vars]`.
    parents: Option<Vec<GroupId>>,
}

enum State {
    Hosts,
    Vars,
    Children,
}

/// Reads a whole file into `store`.
///
/// # Errors
/// The first line that Ansible refuses, or that only Ansible can read.
pub fn parse(store: &mut Store, file: u32, text: &str) -> Result<(), Trouble> {
    let mut read = Read { store, file, group: UNGROUPED, state: State::Hosts, pending: Vec::new() };
    for (n, line) in lines(text).enumerate() {
        let number = u32::try_from(n + 1).unwrap_or(u32::MAX);
        let content = strip(line);
        if content.is_empty() || content.starts_with([';', '#']) {
            continue;
        }
        let fits = if content.len() > LINE { Err((0, too_long())) } else { Ok(()) };
        fits.and_then(|()| read.line(content, number)).map_err(|(at, stop)| {
            let before = line.len() - line.trim_start_matches(is_space).len() + at;
            let column = line.get(..before).map_or(1, |s| s.chars().count() + 1);
            Trouble { mark: Mark { line: number, column: u32::try_from(column).unwrap_or(u32::MAX) }, stop }
        })?;
    }
    match read.pending.first() {
        None => Ok(()),
        Some(pending) => {
            let name = &pending.name;
            let what = match &pending.parents {
                None => format!("[{name}:vars] sets variables of a group that is defined nowhere; expected [{name}]"),
                Some(parents) => {
                    let parent = parents.last().map(|id| read.store.group(*id).name.clone()).unwrap_or_default();
                    format!("[{parent}:children] names `{name}`, which is defined nowhere; expected [{name}]")
                }
            };
            Err(Trouble { mark: Mark { line: pending.line, column: 1 }, stop: Stop::Wrong(what) })
        }
    }
}

struct Read<'a> {
    store: &'a mut Store,
    file: u32,
    group: GroupId,
    state: State,
    pending: Vec<Pending>,
}

/// Byte offset in the line, and why.
type Bad = (usize, Stop);

fn bad<T>(at: usize, what: impl Into<String>) -> Result<T, Bad> {
    Err((at, Stop::Wrong(what.into())))
}

impl Read<'_> {
    fn line(&mut self, line: &str, number: u32) -> Result<(), Bad> {
        let place = Place { file: self.file, line: number };
        if let Some((name, kind)) = section(line) {
            return self.section(name, kind, place);
        }
        if line.starts_with('[') && line.ends_with(']') {
            return bad(
                0,
                format!("`{line}` is no section; expected [group], [group:vars] or [group:children] without spaces"),
            );
        }
        match self.state {
            State::Hosts => self.hosts(line, place),
            State::Children => self.child(line, place),
            State::Vars => {
                let Some((name, value)) = line.split_once('=') else {
                    return bad(0, format!("expected name=value in a :vars section, found `{line}`"));
                };
                let at = name.len() + 1;
                let value = literal::eval(strip(value)).map_err(|why| (at, Stop::Unsure(why.into())))?;
                let group = self.store.group(self.group).name.clone();
                self.store.set(&group, strip(name), value, place).map_err(|stop| (at, stop))
            }
        }
    }

    fn section(&mut self, name: &str, kind: Option<&str>, place: Place) -> Result<(), Bad> {
        self.state = match kind.unwrap_or("hosts") {
            "hosts" => State::Hosts,
            "vars" => State::Vars,
            "children" => State::Children,
            other => {
                let at = name.len() + 2;
                return bad(at, format!("[{name}:{other}] has an unknown kind; expected :vars, :children or none"));
            }
        };
        let vars = matches!(self.state, State::Vars);
        let waits = self.pending.iter().position(|p| p.name == name);
        if vars && waits.is_none() && !self.store.group_ids.contains_key(name) {
            self.pending.push(Pending { name: name.to_owned(), line: place.line, parents: None });
        }
        self.group = self.store.add_group(name, place).map_err(|stop| (1, stop))?;
        if let Some(at) = waits.filter(|_| !vars) {
            self.settle(at)?;
        }
        Ok(())
    }

    /// A group that was waited for is here: its parents get it.
    fn settle(&mut self, at: usize) -> Result<(), Bad> {
        let (name, parents) = (self.pending[at].name.clone(), self.pending[at].parents.clone().unwrap_or_default());
        for parent in parents {
            self.store.add_child(parent, &name).map_err(|stop| (1, stop))?;
            let parent = &self.store.group(parent).name;
            if self.pending.iter().any(|p| p.name == **parent && p.parents.is_some()) {
                return Err((1, Stop::Unsure("groups that wait for one another".into())));
            }
        }
        self.pending.remove(at);
        Ok(())
    }

    fn child(&mut self, line: &str, place: Place) -> Result<(), Bad> {
        let end = line.find(|c| c == ':' || c == ']' || is_space(c)).unwrap_or(line.len());
        let (mut name, rest) = line.split_at(end);
        let rest = rest.trim_start_matches(is_space);
        if !(rest.is_empty() || rest.starts_with('#')) {
            // `#` belongs to a name (`a#b`), unless the line is only a name if a comment begins there
            name = name.rfind('#').map_or("", |at| &name[..at]);
        }
        if name.is_empty() {
            return bad(end, format!("expected the name of one group, found `{line}`"));
        }
        if self.store.group_ids.contains_key(name) {
            return self.store.add_child(self.group, name).map_err(|stop| (0, stop));
        }
        match self.pending.iter_mut().find(|p| p.name == name) {
            None => {
                let parents = Some(vec![self.group]);
                self.pending.push(Pending { name: name.to_owned(), line: place.line, parents });
                Ok(())
            }
            Some(Pending { parents: Some(parents), .. }) => {
                parents.push(self.group);
                Ok(())
            }
            // cannot be: a group that waits for its definition as [name:vars] exists already
            Some(Pending { parents: None, .. }) => Err((0, Stop::Unsure("a group that waits twice".into()))),
        }
    }

    fn hosts(&mut self, line: &str, place: Place) -> Result<(), Bad> {
        let words = match shlex::split(line) {
            Ok(words) => words,
            Err("No closing quotation") => return bad(line.find(['"', '\'']).unwrap_or(0), "a quote is never closed"),
            Err(_) => return bad(line.len().saturating_sub(1), "the line ends in `\\`"),
        };
        let Some((pattern, rest)) = words.split_first() else { return bad(0, "expected a host") };
        let (names, port) = host_pattern(pattern, self.store.ranges).map_err(|refusal| (0, refusal.into()))?;
        self.store.ranged(&names);
        if strip(pattern).ends_with(':') && port.is_none() {
            return bad(0, format!("`{pattern}` ends in `:`; expected a port after it (or is this YAML?)"));
        }
        if names.iter().any(|name| strip(name) == "---") {
            return bad(0, "`---` begins YAML, but this is read as INI; expected a host");
        }
        let mut vars: Vec<(&str, _)> = Vec::new();
        for word in rest {
            let at = || line.find(word.as_str()).unwrap_or(pattern.len());
            let Some((name, value)) = word.split_once('=') else {
                return bad(at(), format!("expected name=value after the host, found `{word}`"));
            };
            let value = literal::eval(value).map_err(|why| (at(), Stop::Unsure(why.into())))?;
            match vars.iter_mut().find(|(n, _)| *n == name) {
                Some(var) => var.1 = value,
                None => vars.push((name, value)),
            }
        }
        for name in &names {
            self.store.add_host(name, self.group, port, place).map_err(|stop| (0, stop))?;
            for (key, value) in &vars {
                self.store.set(name, key, value.clone(), place).map_err(|stop| (0, stop))?;
            }
        }
        Ok(())
    }
}

/// `[name]` or `[name:kind]`, maybe with a comment after it.
fn section(line: &str) -> Option<(&str, Option<&str>)> {
    let inner = line.strip_prefix('[')?;
    let end = inner.find(|c| c == ':' || c == ']' || is_space(c))?;
    let (name, rest) = inner.split_at(end);
    let (kind, rest) = match rest.strip_prefix(':') {
        None => (None, rest),
        Some(rest) => {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
            (Some(&rest[..end]).filter(|kind| !kind.is_empty())?.into(), &rest[end..])
        }
    };
    let rest = rest.strip_prefix(']')?.trim_start_matches(is_space);
    (!name.is_empty() && (rest.is_empty() || rest.starts_with('#'))).then_some((name, kind))
}
