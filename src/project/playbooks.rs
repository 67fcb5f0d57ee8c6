//! Playbooks: YAML files that hold plays, those first that lie where teams put them, then whatever else is found below the
//! project's folder. A textual look first, then a parse.

use super::Playbook;
use super::problem::Problem;
use crate::open;
use crate::yaml::{self, Node};
use memchr::memmem;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders of playbooks, by the end of their names: `infrastructure-playbooks` is one.
const FOLDERS: [&str; 3] = ["playbooks", "playbook", "plays"];
/// Where collections lie in a project; each has its own `playbooks`.
const COLLECTIONS: &str = "collections/ansible_collections";
/// Folders that hold other things.
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
/// Deeper than this no playbook is looked for: below the project, and below a folder of playbooks.
const DEEPEST: usize = 4;
const DEEPEST_USUAL: usize = 6;
/// More files than this are not looked at; a warning says so.
const MOST: usize = 5_000;
/// Larger files hold no plays that a person wrote.
const LARGEST: u64 = 4 << 20;

/// A file that may hold plays.
struct File {
    path: PathBuf,
    /// It lies where playbooks usually do.
    usual: bool,
}

/// The playbooks of a project, the usual ones first, each part sorted by path; and files that look like some but are broken.
pub fn find(root: &Path) -> (Vec<Playbook>, Vec<Problem>) {
    let mut files = Vec::new();
    collect(root, 0, true, &mut files);
    let namespaces = folders(&root.join(COLLECTIONS));
    for collection in namespaces.iter().flat_map(|namespace| folders(namespace)) {
        collect(&collection.join("playbooks"), 1, false, &mut files);
    }
    let mut problems = Vec::new();
    if files.len() >= MOST {
        let message = format!("more than {MOST} YAML files: the rest was not searched for playbooks");
        problems.push(Problem::warning(".", message));
    }
    files.sort_by(|a, b| (!a.usual, &a.path).cmp(&(!b.usual, &b.path)));
    let mut playbooks = Vec::new();
    for found in read_all(root, &files) {
        match found {
            Ok(playbook) => playbooks.push(playbook),
            Err(problem) => problems.push(problem),
        }
    }
    (playbooks, problems)
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found
}

fn is_usual(folder: &str) -> bool {
    FOLDERS
        .iter()
        .any(|name| folder.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with(['-', '_'])))
}

/// True if the folder holds a playbook, directly or in its `playbooks`; for finding the root, so it stops at the first.
pub fn any(folder: &Path) -> bool {
    let mut files = Vec::new();
    for folder in std::iter::once(folder.to_path_buf()).chain(FOLDERS.iter().map(|name| folder.join(name))) {
        collect(&folder, DEEPEST_USUAL, true, &mut files);
    }
    files.iter().any(|file| matches!(read(folder, &file.path, true), Some(Ok(_))))
}

/// One playbook by its path in the project; `None` where there is none, or where it cannot be read.
pub fn one(root: &Path, path: &str) -> Option<Playbook> {
    read(root, &root.join(path), true)?.ok()
}

/// Level 0 is the project's own folder. Links to folders are not followed, but where playbooks usually are.
fn collect(folder: &Path, level: usize, usual: bool, files: &mut Vec<File>) {
    let deepest = if usual && level > 0 { DEEPEST_USUAL } else { DEEPEST };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (name, Ok(kind)) = (entry.file_name(), entry.file_type()) else { continue };
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        if files.len() >= MOST {
            return;
        }
        let is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
        if kind.is_dir() || kind.is_symlink() && is_usual(name) && entry.path().is_dir() {
            if level < deepest && !OTHERS.contains(&name) {
                collect(&entry.path(), level + 1, is_usual(name) || usual && level > 0, files);
            }
        } else if is_yaml {
            files.push(File { path: entry.path(), usual });
        }
    }
}

/// Reads on every processor: a thousand files are a matter of milliseconds, but of many system calls.
fn read_all(root: &Path, files: &[File]) -> Vec<Result<Playbook, Problem>> {
    let some = |files: &[File]| files.iter().filter_map(|file| read(root, &file.path, file.usual)).collect::<Vec<_>>();
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

/// `None`: no playbook; outside the usual places also a broken file in which no line begins a play.
fn read(root: &Path, file: &Path, usual: bool) -> Option<Result<Playbook, Problem>> {
    let meta = file.metadata().ok().filter(|meta| meta.is_file() && meta.len() <= LARGEST)?;
    let bytes = if meta.len() == 0 { return None } else { open::read_given(file, LARGEST).ok()? };
    if !may_hold_plays(&bytes) {
        return None;
    }
    let path = file.strip_prefix(root).unwrap_or(file);
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(_) if !usual => return None,
        Err(_) => return Some(Err(Problem::error(path, "this is not UTF-8").expected("UTF-8 text"))),
    };
    match yaml::parse_one(text) {
        Ok(tree) => {
            let plays = plays(&tree?);
            (!plays.is_empty()).then(|| Ok(Playbook { path: path.to_string_lossy().into_owned(), plays, usual }))
        }
        Err(error) => (usual || begins_a_play(text)).then(|| Err(Problem::yaml(path, &error))),
    }
}

fn may_hold_plays(bytes: &[u8]) -> bool {
    let word = |word: &str| memmem::find(bytes, word.as_bytes()).is_some();
    !bytes.starts_with(b"$ANSIBLE_VAULT") && bytes.contains(&b'-') && (word("hosts") || word("import_playbook"))
}

fn begins_a_play(text: &str) -> bool {
    text.lines().any(|line| ["- hosts:", "  hosts:", "- import_playbook:"].iter().any(|start| line.starts_with(start)))
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
