//! Which files and folders are inventory sources, by name and a look at their first bytes. Parses nothing: `inventory` does.
//!
//! What a person never passes to `-i` is no source: passwords, keys, what ssh reads, templates, examples. A folder stands for
//! what is in it only where all that Ansible would read there is a source.

use super::cfg::AnsibleCfg;
use super::kinds::{self, file_name};
use super::passed_over::{PassedOver, VARIABLES};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders beside an inventory that hold other things, never hosts.
const NEVER_HOSTS: [&str; 8] = ["vars", "files", "templates", "roles", "tasks", "playbooks", "patches", "artifacts"];
/// Deeper than this nothing is looked for.
const DEEPEST: usize = 4;

/// By what a project's sources are told from other files.
#[derive(Debug, Default)]
pub struct Rules {
    passed_over: PassedOver,
    /// Files that hold secrets, by `ansible.cfg`.
    secret: Vec<PathBuf>,
}

impl Rules {
    /// Those that hold with `cfg`.
    pub fn of(cfg: &AnsibleCfg) -> Self {
        let secret = cfg.secret_files().iter().map(|path| real(path)).collect();
        Self { passed_over: PassedOver::of(cfg), secret }
    }

    /// True if the file is an inventory; see [`kinds`].
    pub fn is_source(&self, path: &Path) -> bool {
        !self.secret.contains(&real(path)) && kinds::is_inventory(path)
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// What a folder holds, one level deep, sorted by name.
#[derive(Debug, Default)]
pub struct Folder {
    /// Files that hold hosts.
    pub sources: Vec<PathBuf>,
    /// True if Ansible would read other files than `sources` when it is given the folder.
    pub mixed: bool,
    /// True if it depends on Ansible's version whether it reads all of `sources`.
    pub by_version: bool,
    /// Folders that may hold sources.
    pub folders: Vec<PathBuf>,
    /// Files of one word that may be hosts, or a password: not taken.
    pub doubtful: Vec<PathBuf>,
}

/// Looks into a folder. One that can't be read is empty.
pub fn folder(path: &Path, rules: &Rules) -> Folder {
    let mut found = Folder { mixed: rules.passed_over.unknown.is_some(), ..Folder::default() };
    let mut entries: Vec<_> = fs::read_dir(path).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    for entry in entries {
        let name = file_name(&entry);
        if name.starts_with('.') || VARIABLES.contains(&name) {
            continue;
        }
        let passed_over = rules.passed_over.is(name);
        if entry.is_dir() {
            if loops(path, &entry) || NEVER_HOSTS.contains(&name) {
                found.mixed |= !passed_over;
            } else if !passed_over {
                found.folders.push(entry);
            }
        } else if passed_over && !kinds::may_stand_alone(&entry) {
            continue;
        } else if rules.is_source(&entry) {
            // In a folder Ansible does not see it: it is named by itself.
            found.mixed |= passed_over;
            found.by_version |= rules.passed_over.may_be(name);
            found.sources.push(entry);
        } else if !passed_over {
            found.mixed = true;
            if !rules.secret.contains(&real(&entry)) && kinds::is_doubtful(&entry) {
                found.doubtful.push(entry);
            }
        }
    }
    found
}

/// A link to a folder above it, or to one that is found beside it under its own name.
fn loops(within: &Path, entry: &Path) -> bool {
    if !entry.is_symlink() {
        return false;
    }
    let (target, within) = (real(entry), real(within));
    within.starts_with(&target) || target.starts_with(&within)
}

/// True where Ansible, given the folder, reads sources and nothing else; with `any`, whichever version it is.
pub fn is_whole(path: &Path, rules: &Rules, any: bool) -> bool {
    fn whole(path: &Path, rules: &Rules, any: bool, depth: usize) -> bool {
        let Folder { sources, mixed, by_version, folders, .. } = folder(path, rules);
        let reads_all = !mixed && (!any || !by_version);
        reads_all
            && depth < DEEPEST
            && !(sources.is_empty() && folders.is_empty())
            && folders.iter().all(|sub| whole(sub, rules, any, depth + 1))
    }
    whole(path, rules, any, 0)
}

/// Every source in a folder and below it, in the order in which Ansible would read them.
pub fn below(path: &Path, rules: &Rules) -> Vec<PathBuf> {
    fn collect(path: &Path, rules: &Rules, depth: usize, out: &mut Vec<PathBuf>) {
        let folder = folder(path, rules);
        out.extend(folder.sources);
        if depth < DEEPEST {
            folder.folders.iter().for_each(|sub| collect(sub, rules, depth + 1, out));
        }
    }
    let mut out = Vec::new();
    collect(path, rules, 0, &mut out);
    out.sort();
    out
}
