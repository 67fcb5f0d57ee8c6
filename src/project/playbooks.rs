//! Playbooks: YAML files that hold plays, in the project's folder and in `playbooks/`. A textual look first, then a parse.

use super::Playbook;
use super::problem::Problem;
use crate::open;
use crate::yaml::{self, Node};
use memchr::memmem;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that are searched for playbooks, with what is below them.
const FOLDERS: [&str; 3] = ["playbooks", "playbook", "plays"];
/// Folders below them that hold other things.
const OTHERS: [&str; 18] = [
    "roles",
    "collections",
    "group_vars",
    "host_vars",
    "vars",
    "defaults",
    "tasks",
    "handlers",
    "templates",
    "files",
    "meta",
    "library",
    "inventories",
    "inventory",
    "venv",
    "node_modules",
    "molecule",
    "__pycache__",
];
/// Deeper than this no playbook is looked for.
const DEEPEST: usize = 6;
/// More files than this are not looked at; a warning says so.
const MOST: usize = 5_000;
/// Larger files hold no plays that a person wrote.
const LARGEST: u64 = 4 << 20;

/// The playbooks of a project, sorted by path, and files that look like some but are broken.
pub fn find(root: &Path) -> (Vec<Playbook>, Vec<Problem>) {
    let mut files = Vec::new();
    collect(root, 0, &mut files);
    FOLDERS.iter().for_each(|folder| collect(&root.join(folder), 1, &mut files));
    let mut problems = Vec::new();
    if files.len() >= MOST {
        let message = format!("more than {MOST} YAML files: the rest was not searched for playbooks");
        problems.push(Problem::warning(".", message));
    }
    files.sort();
    let mut playbooks = Vec::new();
    for found in read_all(root, &files) {
        match found {
            Ok(playbook) => playbooks.push(playbook),
            Err(problem) => problems.push(problem),
        }
    }
    (playbooks, problems)
}

/// True if the folder holds a playbook directly; for finding the root, so it stops at the first.
pub fn any(folder: &Path) -> bool {
    let mut files = Vec::new();
    collect(folder, 0, &mut files);
    files.iter().any(|file| matches!(read(folder, file), Some(Ok(_))))
}

/// One playbook by its path in the project; `None` where there is none, or where it cannot be read.
pub fn one(root: &Path, path: &str) -> Option<Playbook> {
    read(root, &root.join(path))?.ok()
}

/// Level 0 is the project's own folder: its subfolders are not entered.
fn collect(folder: &Path, level: usize, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (name, Ok(kind)) = (entry.file_name(), entry.file_type()) else { continue };
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        if files.len() >= MOST {
            return;
        }
        if kind.is_dir() {
            if (1..DEEPEST).contains(&level) && !OTHERS.contains(&name) {
                collect(&entry.path(), level + 1, files);
            }
        } else if name.ends_with(".yml") || name.ends_with(".yaml") {
            files.push(entry.path());
        }
    }
}

/// Reads on every processor: a thousand files are a matter of milliseconds, but of many system calls.
fn read_all(root: &Path, files: &[PathBuf]) -> Vec<Result<Playbook, Problem>> {
    let some = |files: &[PathBuf]| files.iter().filter_map(|file| read(root, file)).collect::<Vec<_>>();
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get()).min(8);
    if files.len() < 64 || threads == 1 {
        return some(files);
    }
    std::thread::scope(|scope| {
        let parts = files.chunks(files.len().div_ceil(threads)).map(|part| scope.spawn(move || some(part)));
        let running: Vec<_> = parts.collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    })
}

/// `None`: no playbook.
fn read(root: &Path, file: &Path) -> Option<Result<Playbook, Problem>> {
    let meta = file.metadata().ok().filter(|meta| meta.is_file() && meta.len() <= LARGEST)?;
    let bytes = if meta.len() == 0 { return None } else { open::read_given(file, LARGEST).ok()? };
    if !may_hold_plays(&bytes) {
        return None;
    }
    let path = file.strip_prefix(root).unwrap_or(file);
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(_) => return Some(Err(Problem::error(path, "this is not UTF-8").expected("UTF-8 text"))),
    };
    match yaml::parse_one(text) {
        Ok(tree) => {
            let plays = plays(&tree?);
            (!plays.is_empty()).then(|| Ok(Playbook { path: path.to_string_lossy().into_owned(), plays }))
        }
        Err(error) => Some(Err(Problem::yaml(path, &error))),
    }
}

fn may_hold_plays(bytes: &[u8]) -> bool {
    let word = |word: &str| memmem::find(bytes, word.as_bytes()).is_some();
    !bytes.starts_with(b"$ANSIBLE_VAULT") && bytes.contains(&b'-') && (word("hosts") || word("import_playbook"))
}

/// Name and hosts of every play. Empty where the document is no playbook.
fn plays(tree: &Node) -> Vec<(String, String)> {
    let import = |play: &Node| {
        let keys = ["import_playbook", "ansible.builtin.import_playbook"];
        keys.iter().find_map(|key| play.get(key)).map(|file| file.text().unwrap_or_default().to_owned())
    };
    let play = |play: &Node| {
        let name = play.get("name").and_then(Node::text).map(str::to_owned);
        if let Some(file) = import(play) {
            return Some((name.unwrap_or_else(|| format!("import_playbook {file}")), String::new()));
        }
        let hosts = play.get("hosts")?;
        let hosts = match hosts.text() {
            Some(text) => text.to_owned(),
            None => hosts.items().iter().filter_map(Node::text).collect::<Vec<_>>().join(","),
        };
        Some((name.unwrap_or_else(|| hosts.clone()), hosts))
    };
    tree.items().iter().filter_map(play).collect()
}
