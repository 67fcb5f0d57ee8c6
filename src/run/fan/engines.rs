//! Which engine runs a shell command on which host: ours over SSH, or Ansible, with the reason. What is shown before a
//! launch and what is done after it come from here.

use crate::ansible::ask::Shell;
use crate::inventory::ask::{self, AskError, Cancel, Wanted};
use crate::inventory::{self, Inventory, PatternError};
use crate::project::cfg::{AnsibleCfg, Env};
use crate::ssh::{self, Options, Route, Target};
use std::path::Path;
use std::time::Duration;

/// How long Ansible may take where only it can read the sources, or resolve variables.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which passwords are given with a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Given {
    pub become_password: bool,
    pub connection_password: bool,
}

/// The hosts by engine, in the order of the pattern.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Engines {
    pub ssh: Vec<Target>,
    /// Through Ansible: the host and why.
    pub ansible: Vec<(String, String)>,
    /// Parts of the pattern that select nothing.
    pub unmatched: Vec<String>,
}

/// Why the hosts cannot be told before Ansible runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unplanned {
    /// Only Ansible can, and it was not asked, or its answer makes no sense here.
    #[error("{0}")]
    Ansible(String),
    /// Nobody can: a source, or the pattern, is wrong.
    #[error("{0}")]
    Wrong(String),
}

impl Engines {
    /// All hosts: those over SSH first.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.ssh.iter().map(|t| t.name.as_str()).chain(self.ansible.iter().map(|(name, _)| name.as_str()))
    }

    /// In words, for a person: `398 hosts over SSH, 2 through Ansible (its connection is docker)`.
    pub fn words(&self) -> String {
        let hosts = |n: usize| if n == 1 { "1 host".to_owned() } else { format!("{n} hosts") };
        let nothing = match self.unmatched.as_slice() {
            [] => String::new(),
            parts => format!("; `{}` matches nothing", parts.join("`, `")),
        };
        let engines = match (self.ssh.len(), self.ansible.as_slice()) {
            (0, []) => "no host".to_owned(),
            (n, []) => format!("{} over SSH", hosts(n)),
            (0, through) => format!("{} through Ansible ({})", hosts(through.len()), reasons(through)),
            (n, through) => format!("{} over SSH, {} through Ansible ({})", hosts(n), through.len(), reasons(through)),
        };
        engines + &nothing
    }
}

/// The most frequent reason, and that there are others.
fn reasons(through: &[(String, String)]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for (_, why) in through {
        match counts.iter_mut().find(|(known, _)| known == why) {
            Some((_, n)) => *n += 1,
            None => counts.push((why, 1)),
        }
    }
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    match counts.as_slice() {
        [(why, _)] => (*why).to_owned(),
        [(why, _), rest @ ..] => format!("{why}; {} other reasons", rest.len()),
        [] => String::new(),
    }
}

/// Sorts the hosts that a command selects. With `asks`, sources that only Ansible can read are read by it, and templates and
/// vaults resolved, which takes a second.
///
/// # Errors
/// See [`Unplanned`].
pub fn plan(shell: &Shell, root: &Path, env: &Env, given: Given, asks: bool) -> Result<Engines, Unplanned> {
    let common = &shell.common;
    let cfg = AnsibleCfg::load(root, env);
    let sources = match common.inventory.as_slice() {
        [] => cfg.inventory().unwrap_or_default().iter().map(|p| p.display().to_string()).collect(),
        named => named.to_vec(),
    };
    let options = inventory::Options { env: env.clone() };
    let limit = common.limit.as_deref();
    let ways = Options {
        user: common.user.clone(),
        r#become: common.r#become,
        become_user: common.become_user.clone(),
        become_password: given.become_password,
        connection_password: given.connection_password,
    };
    let (names, hidden) = ssh::variables();
    let ask = |hosts: Option<Vec<String>>| {
        let wanted = Wanted { names, hidden, hosts };
        ask::resolve(root, &sources, &wanted, &options, PATIENCE, &Cancel::default())
    };
    let select = |inventory: &Inventory| {
        inventory.select(&shell.pattern, limit).map_err(|e| match e {
            PatternError::Wrong(why) => Unplanned::Wrong(why),
            PatternError::Declined(declined) => Unplanned::Ansible(declined.to_string()),
        })
    };
    let mut engines = Engines::default();
    let (found, routes) = match Inventory::load(root, &sources, &options) {
        Ok(inventory) => {
            let found = select(&inventory)?;
            let resolve = |hosts| match asks {
                true => ask(Some(hosts)).map_err(|e| e.to_string()),
                false => Err("asked when it runs".to_owned()),
            };
            let (routes, _) = ssh::ways(&inventory, &found.hosts, (&cfg, &ways), resolve);
            let names = found.hosts.iter().map(|host| inventory.host_name(*host).to_owned());
            engines.unmatched = found.unmatched;
            (names.collect::<Vec<_>>(), routes)
        }
        Err(declined) if !asks || declined.hopeless => return Err(Unplanned::Ansible(declined.to_string())),
        Err(_) => {
            let resolved = ask(None).map_err(|e| match e {
                AskError::Unread(_) => Unplanned::Wrong(e.to_string()),
                _ => Unplanned::Ansible(e.to_string()),
            })?;
            let found = select(&resolved.inventory)?;
            let names = found.hosts.iter().map(|host| resolved.inventory.host_name(*host).to_owned());
            let names: Vec<String> = names.collect();
            let routes = names.iter().map(|name| ssh::resolved_way(&resolved, name, (&cfg, &ways))).collect();
            engines.unmatched = found.unmatched;
            (names, routes)
        }
    };
    for (name, route) in found.into_iter().zip(routes) {
        match route {
            Route::Ssh(target) => engines.ssh.push(*target),
            Route::Ansible { why } => engines.ansible.push((name, why)),
        }
    }
    Ok(engines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(inventory: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("hosts.ini"), inventory).unwrap();
        let common = crate::ansible::ask::Common { inventory: vec!["hosts.ini".into()], ..Default::default() };
        let shell = Shell { pattern: "all".into(), command: "uptime".into(), timeout: 9, common, ..Shell::default() };
        plan(&shell, dir.path(), &Env::from([("HOME", "/h")]), Given::default(), false).unwrap().words()
    }

    #[test]
    fn a_person_is_told_which_engine_and_why() {
        assert_eq!(words("a\nb\n"), "2 hosts over SSH");
        let mixed = "a\nc1 ansible_connection=docker\nc2 ansible_connection=docker\nw ansible_shell_type=cmd\n";
        let expected = "1 host over SSH, 3 through Ansible (its connection is docker; 1 other reasons)";
        assert_eq!(words(mixed), expected);
        assert_eq!(words("l ansible_connection=local\n"), "1 host through Ansible (its connection is local)");
    }
}
