//! Which files and folders are inventory sources, by name and a look at their first bytes. Parses nothing: `inventory` does.

use crate::open;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Folders beside an inventory that hold variables or plugins, never hosts.
const NEVER_HOSTS: [&str; 11] = [
    "group_vars",
    "host_vars",
    "vars_plugins",
    "vars",
    "files",
    "templates",
    "roles",
    "tasks",
    "playbooks",
    "patches",
    "artifacts",
];
/// Name endings that Ansible passes over in a folder of sources.
const IGNORED: [&str; 12] =
    [".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"];
const LOOK: u64 = 64 << 10;

/// What a folder holds, one level deep, sorted by name.
#[derive(Debug, Default)]
pub struct Folder {
    /// Files that hold hosts.
    pub sources: Vec<PathBuf>,
    /// True if Ansible would read more than `sources` when it is given the folder.
    pub mixed: bool,
    /// Folders that may hold sources.
    pub folders: Vec<PathBuf>,
}

/// Looks into a folder. One that can't be read is empty.
pub fn folder(path: &Path) -> Folder {
    let mut found = Folder::default();
    let mut entries: Vec<_> = fs::read_dir(path).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    for entry in entries {
        let name = file_name(&entry);
        if name.starts_with('.') || IGNORED.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        if entry.is_dir() {
            if !NEVER_HOSTS.contains(&name) {
                found.folders.push(entry);
            } else if !["group_vars", "host_vars", "vars_plugins"].contains(&name) {
                found.mixed = true;
            }
        } else if is_source(&entry) {
            found.sources.push(entry);
        } else {
            found.mixed = true;
        }
    }
    found
}

/// True if the file looks like an inventory: a script, a plugin's configuration, INI, TOML or YAML with hosts.
pub fn is_source(path: &Path) -> bool {
    let Ok(meta) = path.metadata() else { return false };
    if !meta.is_file() {
        return false;
    }
    let mut bytes = Vec::new();
    if open::given(path).and_then(|f| f.take(LOOK).read_to_end(&mut bytes)).is_err() || bytes.contains(&0) {
        return false;
    }
    if bytes.starts_with(b"#!") {
        return meta.permissions().mode() & 0o111 != 0;
    }
    let text = String::from_utf8_lossy(&bytes);
    let name = file_name(path);
    match path.extension().and_then(|ext| ext.to_str()) {
        Some("yml" | "yaml" | "json") => yaml_has_hosts(&text),
        Some("toml") => text.contains("hosts"),
        Some("ini" | "inventory" | "hosts" | "inv") => has_lines(&text),
        Some(_) => ["hosts", "inventory"].iter().any(|word| name.starts_with(word)) && has_lines(&text),
        None => {
            let document = ["readme", "license", "makefile", "vagrantfile", "dockerfile", "jenkinsfile", "codeowners"];
            !document.contains(&name.to_lowercase().as_str()) && has_lines(&text)
        }
    }
}

/// The last part of a path, as text; empty where it is none.
pub fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// An empty file is an inventory too, but one of comments alone says nothing of hosts.
fn has_lines(text: &str) -> bool {
    text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with(['#', ';']))
}

fn yaml_has_hosts(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#') && !line.starts_with("---") && !line.starts_with('%')
    });
    let Some(first) = lines.clone().next() else { return false };
    if first.trim_start().starts_with(['-', '[']) {
        return false; // a list: plays, tasks or requirements
    }
    lines.any(|line| {
        ["hosts", "children", "plugin", "_meta"].iter().any(|word| {
            line.match_indices(word).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                let after = line[at + word.len()..].trim_start_matches(['"', '\'']).trim_start();
                after.starts_with(':') && before.is_none_or(|c| c.is_whitespace() || "\"'{,".contains(c))
            })
        })
    })
}
