//! Which hosts a run will touch, told before it runs: natively, and only where the native engine is sure. What it leaves
//! to Ansible stays unknown, and unknown hosts overlap with all others when leases are compared.

use super::Ask;
use crate::inventory::{Inventory, Options};
use crate::project::cfg::{AnsibleCfg, Env};
use crate::state::file;
use std::io;
use std::path::Path;

/// More hosts than this go into a file: a command line has an end.
const ON_THE_LINE: usize = 50;

/// The hosts, in the order of the pattern; `None`: not known before it runs.
pub fn known(ask: &Ask, root: &Path, env: &Env) -> Option<Vec<String>> {
    let common = ask.common();
    let sources = if common.inventory.is_empty() {
        let named = AnsibleCfg::load(root, env).inventory()?;
        named.iter().map(|path| path.to_string_lossy().into_owned()).collect()
    } else {
        common.inventory.clone()
    };
    let patterns = match ask {
        Ask::Adhoc(adhoc) => vec![adhoc.pattern.clone()],
        Ask::Shell(shell) => vec![shell.pattern.clone()],
        Ask::Playbook(play) => {
            let plays = crate::project::playbook(root, &play.playbook)?.plays;
            plays.into_iter().map(|(_, hosts)| hosts).collect()
        }
    };
    // An imported playbook has its own patterns; a template is only known to Ansible.
    if patterns.iter().any(|p| p.trim().is_empty() || p.contains("{{")) {
        return None;
    }
    let inventory = Inventory::load(root, &sources, &Options { env: env.clone() }).ok()?;
    let mut hosts = indexmap::IndexSet::new();
    for pattern in &patterns {
        let selection = inventory.select(pattern, common.limit.as_deref()).ok()?;
        // A group that is not there yet may be made by an earlier play (add_host, group_by).
        if patterns.len() > 1 && !selection.unmatched.is_empty() {
            return None;
        }
        hosts.extend(selection.hosts.iter().map(|id| inventory.host_name(*id).to_owned()));
    }
    Some(hosts.into_iter().collect())
}

/// What `--limit` is given for these hosts: their names, or the file at `path` with them.
///
/// # Errors
/// The file cannot be written.
pub(super) fn limit(hosts: &[String], path: &Path) -> io::Result<String> {
    if hosts.len() <= ON_THE_LINE {
        return Ok(hosts.join(","));
    }
    file::write_whole(path, format!("{}\n", hosts.join("\n")).as_bytes())?;
    Ok(format!("@{}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::spec::{Adhoc, Common, Play};

    fn hosts(playbook: &str, limit: Option<&str>) -> Option<Vec<String>> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("hosts.ini"), "[web]\nw[1:3]\n[db]\nd1\n").unwrap();
        std::fs::write(dir.path().join("x.yml"), playbook).unwrap();
        let common =
            Common { inventory: vec!["hosts.ini".into()], limit: limit.map(str::to_owned), ..Common::default() };
        let ask = match playbook {
            "" => Ask::Adhoc(Adhoc { pattern: "web:!w2".into(), module: "ping".into(), args: None, common }),
            _ => Ask::Playbook(Play { playbook: "x.yml".into(), common, ..Play::default() }),
        };
        known(&ask, dir.path(), &Env::default())
    }

    fn names(names: &[&str]) -> Option<Vec<String>> {
        Some(names.iter().map(|&n| n.to_owned()).collect())
    }

    #[test]
    fn of_a_pattern_and_of_all_plays() {
        assert_eq!(hosts("", None), names(&["w1", "w3"]));
        assert_eq!(hosts("- hosts: db\n- hosts: web\n", None), names(&["d1", "w1", "w2", "w3"]));
        assert_eq!(hosts("- hosts: [web, db]\n", Some("w1,d1")), names(&["w1", "d1"]));
        assert_eq!(hosts("- hosts: nowhere\n", None), names(&[]));
    }

    #[test]
    fn unknown_stays_unknown() {
        assert_eq!(hosts("- hosts: '{{ where }}'\n", None), None);
        assert_eq!(hosts("- hosts: web\n- import_playbook: other.yml\n", None), None);
        assert_eq!(hosts("- hosts: web\n- hosts: made_later\n", None), None);
        assert_eq!(hosts("- hosts: [\n", None), None);
    }
}
