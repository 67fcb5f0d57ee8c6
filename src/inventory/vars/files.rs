//! `group_vars` and `host_vars`: which files belong to a name, and what they hold. Folders are listed once, files read once.

use super::Value;
use crate::inventory::source::{absolute, document, endless};
use crate::inventory::{Declined, Engine, Inventory, value};
use crate::open;
use crate::yaml::Kind as NodeKind;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `group_vars`
    Group,
    /// `host_vars`
    Host,
}

/// One file's variables: name, value, line.
#[derive(Debug, Default)]
pub struct FileVars {
    pub name: Arc<str>,
    pub vars: Vec<(Arc<str>, Value, u32)>,
    /// It is encrypted: what it holds is not known.
    pub sealed: bool,
}

/// What was read so far.
#[derive(Debug, Default)]
pub struct Files {
    folders: OnceLock<Vec<Folder>>,
    read: Mutex<HashMap<PathBuf, Result<Arc<FileVars>, Declined>>>,
}

/// A place that may hold both folders.
#[derive(Debug)]
struct Folder {
    real: PathBuf,
    group_vars: Option<Listing>,
    host_vars: Option<Listing>,
}

#[derive(Debug)]
struct Listing {
    path: PathBuf,
    names: HashSet<String>,
}

const ENDINGS: [&str; 4] = ["", ".yml", ".yaml", ".json"];

impl Inventory {
    /// The files of one group or host, all folders in their order.
    pub(super) fn var_files(&self, kind: Kind, name: &str) -> Result<Vec<Arc<FileVars>>, Declined> {
        self.var_files_of(kind, std::iter::once(name))
    }

    /// The files of several, folder by folder: all names of one folder come before the next.
    pub(super) fn var_files_of<'a>(
        &self,
        kind: Kind,
        names: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<Vec<Arc<FileVars>>, Declined> {
        let mut found = Vec::new();
        if self.engine != Engine::Native || self.settings.no_files {
            return Ok(found);
        }
        for folder in self.files.folders.get_or_init(|| self.var_folders()) {
            let listing = match kind {
                Kind::Group => &folder.group_vars,
                Kind::Host => &folder.host_vars,
            };
            let Some(listing) = listing else { continue };
            for name in names.clone() {
                for path in listing.files(name)? {
                    found.push(self.files.read(path)?);
                }
            }
        }
        Ok(found)
    }

    /// Beside each source, then the project's root: Ansible's own order.
    fn var_folders(&self) -> Vec<Folder> {
        let mut folders: Vec<Folder> = Vec::new();
        for source in &self.sources {
            let path = absolute(&self.root, source);
            if source.contains(',') && !path.exists() {
                continue;
            }
            let dir = if path.is_dir() { Some(path.as_path()) } else { path.parent() };
            folders.extend(dir.map(Folder::of));
        }
        folders.push(Folder::of(&self.root));
        // the same folder twice in a row changes nothing
        folders.dedup_by(|later, first| later.real == first.real);
        folders
    }
}

impl Folder {
    fn of(dir: &Path) -> Self {
        let real = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_path_buf());
        let list = |name: &str| {
            let path = real.join(name);
            let entries = fs::read_dir(&path).ok()?;
            let names = entries.flatten().filter_map(|e| e.file_name().into_string().ok()).collect();
            Some(Listing { path, names })
        };
        let (group_vars, host_vars) = (list("group_vars"), list("host_vars"));
        Self { real, group_vars, host_vars }
    }
}

fn declined<T>(path: &Path, why: impl Into<String>) -> Result<T, Declined> {
    Err(Declined { file: Some(path.to_path_buf()), mark: None, why: why.into(), hopeless: false })
}

impl Listing {
    /// The files of a name: the first of NAME, NAME.yml, NAME.yaml, NAME.json that exists; a folder stands for its files.
    fn files(&self, name: &str) -> Result<Vec<PathBuf>, Declined> {
        if name.starts_with('/') {
            return Ok(Vec::new()); // Ansible's exception for names that are paths
        }
        if name.contains(['/', '$', '\0']) || name == "." || name == ".." || self.path.to_string_lossy().contains('$') {
            return declined(&self.path, format!("Ansible builds a path from the name `{name}`"));
        }
        for ending in ENDINGS {
            let file = if ending.is_empty() { name.to_owned() } else { format!("{name}{ending}") };
            // a link that leads nowhere is in the folder, but does not exist
            if !self.names.contains(&file) || !self.path.join(&file).exists() {
                continue;
            }
            let path = self.path.join(file);
            let mut found = Vec::new();
            if path.is_dir() {
                within(&path, 0, &mut found)?
            } else {
                found.push(path)
            }
            return Ok(found);
        }
        Ok(Vec::new())
    }
}

/// Files of a folder in sorted order; hidden ones, backups and other endings are passed over.
fn within(dir: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Declined> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) => return declined(dir, format!("the folder can't be read: {e}")),
    };
    let mut names = Vec::new();
    for entry in entries {
        match entry.map(|e| e.file_name().into_string()) {
            Ok(Ok(name)) if !name.contains('$') => names.push(name),
            _ => return declined(dir, "a file's name in this folder is no plain text"),
        }
    }
    if depth > 32 {
        return declined(dir, "folders nested too deep");
    }
    names.sort();
    for name in names.iter().filter(|name| !name.starts_with('.') && !name.ends_with('~')) {
        let path = dir.join(name);
        let ending = name.trim_start_matches('.').rfind('.').map_or("", |at| &name[at..]);
        if path.is_dir() && ending.is_empty() {
            within(&path, depth + 1, found)?;
        } else if path.is_file() && ENDINGS.contains(&ending) {
            found.push(path);
        }
    }
    Ok(())
}

impl Files {
    fn read(&self, path: PathBuf) -> Result<Arc<FileVars>, Declined> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.get(&path) {
            return known.clone();
        }
        let vars = load(&path).map(Arc::new);
        read.insert(path, vars.clone());
        vars
    }
}

fn load(path: &Path) -> Result<FileVars, Declined> {
    let name: Arc<str> = path.to_string_lossy().into();
    if let Some(what) = open::endless(path) {
        return Err(endless(path, what));
    }
    let bytes = match open::read_given(path, open::FLEET) {
        Ok(bytes) => bytes,
        Err(e) => return declined(path, format!("it can't be read: {e}")),
    };
    if bytes.starts_with(b"$ANSIBLE_VAULT") {
        return Ok(FileVars { name, vars: Vec::new(), sealed: true });
    }
    let Ok(text) = String::from_utf8(bytes) else { return declined(path, "this is not UTF-8") };
    let nothing = FileVars { name: name.clone(), ..FileVars::default() };
    let Some(root) = document(path, &text)? else { return Ok(nothing) };
    match root.kind {
        NodeKind::Mapping(_) => {}
        _ => {
            // an empty value is passed over; anything else is an error of Ansible's
            let value = Value::of(&root).map_err(|e| value::declined(path, e))?;
            if !value.is_truthy() {
                return Ok(nothing);
            }
            let why = format!("expected variables as a mapping, found {}", root.kind_name());
            return Err(value::declined(path, (root.mark, why)));
        }
    }
    if root.tag.is_some() {
        return Err(value::declined(path, (root.mark, "a tag on the whole file".into())));
    }
    let entries = value::entries(&root, false).map_err(|e| value::declined(path, e))?;
    if let Some((_, key, _)) = entries.iter().find(|(_, key, _)| !value::is_text(key)) {
        return Err(value::declined(path, (key.mark, "a variable whose name is no text".into())));
    }
    let vars = entries.into_iter().map(|(name, key, value)| (name, value, key.mark.line)).collect();
    Ok(FileVars { name, vars, sealed: false })
}
