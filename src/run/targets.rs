//! Which hosts a run will touch, told before it runs: the one answer for leases, confirmations, verbs and specs. Natively,
//! and only where that is sure; whatever keeps the answer from being whole is said with its file and line, and hosts that
//! are not known overlap with all others when leases are compared.
//!
//! Touched are the hosts that plays select and those that tasks are delegated to (a limit does not keep Ansible from
//! these); the machine itself is not, where a task is only delegated to it. The answer is an upper bound: tags, conditions
//! and `run_once` leave hosts out, and never add one.

use super::Ask;
use crate::ansible::ask::{Adhoc, Shell};
use crate::ansible::prompts::{self, To, Touch, TouchKind, templated};
use crate::inventory::{Declined, HostId, Inventory, LOCALHOST, Options};
use crate::project::cfg::{AnsibleCfg, Env};
use crate::state::file;
use crate::text::human;
use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::Path;

/// More hosts than this go into a file: a command line has an end.
const ON_THE_LINE: usize = 50;
/// So many hosts that came or went are named.
const NAMED: usize = 5;

/// The hosts that something will touch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Targets {
    /// Those that its plays, or its pattern, select.
    pub hosts: Part,
    /// Those that its tasks are delegated to, and that no play selects.
    pub beside: Part,
    /// What matches no host, so that nothing would run: `` `wbe1` ``, ``the limit `wbe1` ``.
    pub nothing: Option<String>,
    /// Parts of its pattern and its limit that match no host and no group.
    pub unmatched: Vec<String>,
}

/// Hosts, and whether they are all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// The hosts that are known, in order.
    pub names: Vec<String>,
    /// Why there may be others: `site.yml:12: the hosts of the play are a template: {{ where }}`. `None`: there are none.
    pub open: Option<String>,
}

/// Where the answer comes from.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    /// The hosts and groups, or why only Ansible can read them.
    pub inventory: Result<&'a Inventory, &'a str>,
    /// What the playbook holds ([`prompts::scan`]); nothing for other kinds.
    pub touches: &'a [Touch],
    /// The hosts that the limit names, where whoever asks knows that they are hosts.
    pub only: Option<&'a [String]>,
}

/// The hosts that `ask` will touch in the project at `root`, from the files as they are now.
pub fn now(ask: &Ask, root: &Path, env: &Env, only: Option<&[String]>) -> Targets {
    let touches = match ask {
        Ask::Playbook(play) => {
            prompts::scan(root, &play.playbook, &BTreeSet::new(), &AnsibleCfg::load(root, env)).touches
        }
        Ask::Adhoc(_) | Ask::Shell(_) => vec![],
    };
    seen(ask, root, env, only, &touches)
}

/// As [`now`], with what is known already of the playbook.
pub fn seen(ask: &Ask, root: &Path, env: &Env, only: Option<&[String]>, touches: &[Touch]) -> Targets {
    let inventory = load(ask, root, env);
    of(ask, Sight { inventory: inventory.as_ref().map_err(String::as_str), touches, only })
}

fn load(ask: &Ask, root: &Path, env: &Env) -> Result<Inventory, String> {
    let common = ask.common();
    let sources = if common.inventory.is_empty() {
        let named = AnsibleCfg::load(root, env).inventory();
        let named = named.ok_or("neither -i nor ansible.cfg names an inventory, so it is Ansible's own")?;
        named.iter().map(|path| path.to_string_lossy().into_owned()).collect()
    } else {
        common.inventory.clone()
    };
    let told = |mut declined: Declined| {
        let file = declined.file.as_deref().map(|file| file.strip_prefix(root).unwrap_or(file).to_path_buf());
        declined.file = file;
        format!("only Ansible can read the inventory: {declined}")
    };
    Inventory::load(root, &sources, &Options { env: env.clone() }).map_err(told)
}

/// The hosts that `ask` will touch.
pub fn of(ask: &Ask, sight: Sight<'_>) -> Targets {
    let limit = ask.common().limit.as_deref();
    let mut find = Find { sight, limit, grown: None, hosts: Named::default(), beside: Named::default() };
    match ask {
        Ask::Adhoc(adhoc) => {
            find.pattern(&adhoc.pattern);
            let module = adhoc.module.rsplit('.').next().unwrap_or_default();
            if module.starts_with("include_") || module.starts_with("import_") {
                find.beside.open(|| format!("what {module} brings in is not looked into"));
            }
        }
        Ask::Shell(shell) => find.pattern(&shell.pattern),
        Ask::Playbook(_) => sight.touches.iter().for_each(|touch| find.touch(touch)),
    }
    let hosts = find.hosts.part;
    let selected: HashSet<&String> = hosts.names.iter().collect();
    let mut beside = find.beside.part;
    beside.names.retain(|name| !selected.contains(name));
    let (nothing, unmatched) = sight.inventory.map_or_else(|_| (None, vec![]), |inventory| asked(ask, inventory));
    Targets { hosts, beside, nothing, unmatched }
}

/// What the pattern, or of a playbook the limit, selects: nobody, and why, and its parts that match nothing. Ansible refuses
/// a limit that leaves no host, but where there is none at all.
fn asked(ask: &Ask, inventory: &Inventory) -> (Option<String>, Vec<String>) {
    let limit = ask.common().limit.as_deref();
    let (pattern, what) = match (ask, limit) {
        (Ask::Playbook(_), None) => return (None, vec![]),
        (Ask::Playbook(_), Some(limit)) => ("all", format!("the limit `{limit}`")),
        (Ask::Adhoc(Adhoc { pattern, .. }) | Ask::Shell(Shell { pattern, .. }), None) => {
            (pattern.as_str(), format!("`{pattern}`"))
        }
        (Ask::Adhoc(Adhoc { pattern, .. }) | Ask::Shell(Shell { pattern, .. }), Some(limit)) => {
            (pattern.as_str(), format!("`{pattern}` and the limit `{limit}`"))
        }
    };
    let Ok(found) = inventory.select(pattern, limit) else { return (None, vec![]) };
    let is_free = matches!(ask, Ask::Playbook(_)) && inventory.hosts().next().is_none();
    let nothing = (found.hosts.is_empty() && !is_free).then_some(what);
    (nothing, found.unmatched)
}

/// Names, each once, as they are found.
#[derive(Default)]
struct Named {
    part: Part,
    seen: HashSet<String>,
}

impl Named {
    fn add(&mut self, name: &str) {
        if !self.seen.contains(name) {
            self.seen.insert(name.to_owned());
            self.part.names.push(name.to_owned());
        }
    }

    fn open(&mut self, why: impl FnOnce() -> String) {
        self.part.open.get_or_insert_with(why);
    }
}

struct Find<'a> {
    sight: Sight<'a>,
    limit: Option<&'a str>,
    /// Why later plays may select others than now.
    grown: Option<String>,
    hosts: Named,
    beside: Named,
}

impl Find<'_> {
    fn pattern(&mut self, pattern: &str) {
        let found = self.sight.inventory.map_err(str::to_owned).and_then(|inventory| {
            let selected =
                inventory.select(pattern, self.limit).map_err(|e| format!("the pattern `{pattern}`: {e}"))?;
            Ok((inventory, selected.hosts))
        });
        match found {
            Ok((inventory, hosts)) => hosts.iter().for_each(|id| self.hosts.add(inventory.host_name(*id))),
            Err(why) => self.bounded(why),
        }
    }

    fn touch(&mut self, touch: &Touch) {
        let place = touch.place();
        match &touch.kind {
            TouchKind::Play(patterns) => self.play(patterns, &place),
            TouchKind::Delegated(to) => self.delegated(to, &place),
            TouchKind::Makes(what) => {
                let why = || format!("{place}: {what} may change what later plays select");
                self.grown.get_or_insert_with(why);
            }
            TouchKind::Unseen { what, why, plays } => {
                let why = format!("{place}: {what} could not be looked into ({why})");
                if *plays {
                    self.bounded(why.clone());
                }
                self.beside.open(|| why.clone());
                self.grown.get_or_insert(why);
            }
        }
    }

    fn play(&mut self, patterns: &[String], place: &str) {
        if let Some(template) = patterns.iter().find(|pattern| templated(pattern)) {
            return self.bounded(format!("{place}: the hosts of the play are a template: {template}"));
        }
        let inventory = match self.sight.inventory {
            Ok(inventory) => inventory,
            Err(why) => return self.bounded(why.to_owned()),
        };
        match inventory.select_play(patterns, self.limit) {
            Ok(selected) => selected.hosts.iter().for_each(|id| self.hosts.add(inventory.host_name(*id))),
            Err(e) => self.bounded(format!("{place}: {e}")),
        }
        if let Some(grown) = self.grown.clone().filter(|_| !inventory.names_hosts(patterns)) {
            self.bounded(grown);
        }
    }

    /// Which hosts it is cannot be told; but a limit that names hosts lets no other pass.
    fn bounded(&mut self, why: String) {
        if let Some(only) = self.sight.only {
            return only.iter().for_each(|name| self.hosts.add(name));
        }
        let named = self.sight.inventory.ok().and_then(|inventory| {
            let hosts: Vec<HostId> = inventory.limited_to(self.limit?)?;
            Some(hosts.iter().map(|id| inventory.host_name(*id).to_owned()).collect::<Vec<_>>())
        });
        match named {
            Some(named) => named.iter().for_each(|name| self.hosts.add(name)),
            None => self.hosts.open(|| why),
        }
    }

    fn delegated(&mut self, to: &To, place: &str) {
        let pattern = match to {
            To::Host(name) if LOCALHOST.contains(&name.as_str()) => return,
            To::Host(name) => return self.beside.add(name),
            To::Template(text) => {
                return self.beside.open(|| format!("{place}: where the task is delegated to is a template: {text}"));
            }
            To::Pattern(pattern) => pattern,
        };
        if let Some(grown) = &self.grown {
            self.beside.open(|| grown.clone());
        }
        let inventory = match self.sight.inventory {
            Ok(inventory) => inventory,
            Err(why) => return self.beside.open(|| why.to_owned()),
        };
        match inventory.select_play(std::slice::from_ref(pattern), None) {
            Ok(selected) => selected.hosts.iter().for_each(|id| self.beside.add(inventory.host_name(*id))),
            Err(e) => self.beside.open(|| format!("{place}: {e}")),
        }
    }
}

impl Targets {
    /// Why the hosts are not known before it runs; `None`: they are.
    pub fn open(&self) -> Option<&str> {
        self.hosts.open.as_deref().or(self.beside.open.as_deref())
    }

    /// Every host, where they are all known.
    pub fn touched(&self) -> Option<Vec<String>> {
        let known = self.open().is_none();
        known.then(|| self.hosts.names.iter().chain(&self.beside.names).cloned().collect())
    }

    /// In words, for a person: `3 hosts`, `3 hosts, and tasks are delegated to lb1`, `hosts not known before it runs: ...`.
    pub fn words(&self) -> String {
        let (hosts, beside) = (self.hosts.names.len(), &self.beside.names);
        let count = human::of(hosts as u64, "host");
        let also = match beside.as_slice() {
            [] => String::new(),
            some if some.len() <= NAMED => format!(", and tasks are delegated to {}", some.join(", ")),
            some => format!(", and tasks are delegated to {} others", some.len()),
        };
        if let Some(what) = &self.nothing {
            return format!("no host matches {what}");
        }
        let all = match (&self.hosts.open, &self.beside.open) {
            (None, None) => format!("{count}{also}"),
            (None, Some(why)) => format!("{count}{also}, and hosts not known before it runs: {why}"),
            (Some(why), _) if hosts == 0 => format!("hosts not known before it runs: {why}"),
            (Some(why), _) => format!("hosts not known before it runs, at least {hosts}{also}: {why}"),
        };
        match self.unmatched.as_slice() {
            [] => all,
            parts => format!("{all}; {}", unmatched(parts)),
        }
    }

    /// What is different from what a person was shown, in words; `None`: nothing.
    pub fn changed_since(&self, shown: &Targets) -> Option<String> {
        let all = |targets: &Targets| -> BTreeSet<String> {
            targets.hosts.names.iter().chain(&targets.beside.names).cloned().collect()
        };
        let (now, then) = (all(self), all(shown));
        let words = |of: Vec<&String>, what: &str| match of.as_slice() {
            [] => None,
            some if some.len() <= NAMED => {
                Some(format!("{} {what}", some.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ")))
            }
            some => Some(format!("{} and {} more {what}", some[0], some.len() - 1)),
        };
        let came = words(now.difference(&then).collect(), "came");
        let went = words(then.difference(&now).collect(), "went");
        let open = match (self.open(), shown.open()) {
            (Some(now), None) => Some(format!("they are not known any more: {now}")),
            (None, Some(_)) => Some("they are known now".to_owned()),
            (Some(now), Some(then)) if now != then => Some(now.to_owned()),
            _ => None,
        };
        let all: Vec<String> = [came, went, open].into_iter().flatten().collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

/// That parts of a pattern select nothing: most are slips of the pen.
pub fn unmatched(parts: &[String]) -> String {
    format!("`{}` {} no host and no group", parts.join("`, `"), if parts.len() == 1 { "matches" } else { "match" })
}

/// What `--limit` is given for these hosts: their names, or the file at `path` with them.
///
/// # Errors
/// The file cannot be written.
pub(super) fn limit(hosts: &[String], path: &Path) -> io::Result<String> {
    // On the line a comma or a colon in a name would cut it; a line of a file is one pattern.
    let cut = |host: &String| host.contains([',', ':']);
    if hosts.len() <= ON_THE_LINE && !hosts.iter().any(cut) {
        return Ok(hosts.join(","));
    }
    file::write_whole(path, format!("{}\n", hosts.join("\n")).as_bytes())?;
    Ok(format!("@{}", path.display()))
}

#[cfg(test)]
#[path = "targets_tests.rs"]
mod tests;
