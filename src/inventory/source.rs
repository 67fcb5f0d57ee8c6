//! Sources as given to `-i`: comma lists, files, folders; which of Ansible's plugins reads each, and what it says.

use super::parse::{Trouble, address, ini, lines, yaml as yaml_source};
use super::settings::Settings;
use super::store::{Place, Stop, Store, UNGROUPED};
use super::{Declined, Warning};
use crate::open;
use crate::yaml::{self, Kind, Mark, Node};
use address::Address;
use std::cell::OnceCell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Reads sources into a store, one after the other.
pub struct Reader<'a> {
    pub root: &'a Path,
    pub settings: &'a Settings,
    pub store: Store,
    pub warnings: Vec<Warning>,
}

/// True: a plugin took it.
type Taken = Result<bool, Declined>;

/// What one plugin says of a file.
enum Verdict {
    Taken,
    /// It does not want files of this name.
    NotMine,
    Refused(Mark, String),
}

/// A file's text; several plugins look at its document, which is read once.
struct Text<'a> {
    path: &'a Path,
    text: &'a str,
    tree: OnceCell<Result<Option<Node>, Declined>>,
}

impl Text<'_> {
    fn document(&self) -> Result<Option<&Node>, Declined> {
        let tree = self.tree.get_or_init(|| document(self.path, self.text));
        tree.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }
}

fn declined<T>(path: &Path, mark: Option<Mark>, why: impl Into<String>) -> Result<T, Declined> {
    Err(Declined { file: Some(path.to_path_buf()), mark, why: why.into(), hopeless: false })
}

/// What hangs whoever reads it is left to nobody.
pub fn endless(path: &Path, what: &str) -> Declined {
    let why = format!("it is {what}, which whoever reads it waits for: put a regular file there");
    Declined { file: Some(path.to_path_buf()), mark: None, why, hopeless: true }
}

/// The absolute path of a source, `.` and `..` taken out, links not followed.
pub fn absolute(root: &Path, source: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for part in root.join(source).components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => _ = path.pop(),
            other => path.push(other),
        }
    }
    path
}

impl Reader<'_> {
    pub fn source(&mut self, source: &str) -> Taken {
        if source.contains(',') {
            let path = self.root.join(source);
            if path.exists() {
                return declined(&path, None, "a path with a comma: versions of Ansible differ on it");
            }
            return self.list(source);
        }
        if source.contains('$') || source.starts_with('~') {
            return declined(Path::new(source), None, "Ansible replaces `$` and `~` in this path");
        }
        self.path(&absolute(self.root, source))
    }

    fn warn(&mut self, path: &Path, mark: Option<Mark>, text: impl Into<String>) {
        self.warnings.push(Warning { file: Some(path.to_path_buf()), mark, text: text.into() });
    }

    /// `web1,web2:2222`
    fn list(&mut self, source: &str) -> Taken {
        if !self.settings.plugins.iter().any(|p| p == "host_list") {
            return declined(Path::new(source), None, "comma lists are not enabled");
        }
        for item in source.split(',').map(lines::strip).filter(|item| !item.is_empty()) {
            let (name, port) = match address::parse(item) {
                Address::Host(name, port) if !name.contains('[') => (name, port),
                Address::Unsure => return declined(Path::new(source), None, format!("the name `{item}`")),
                _ => (item.to_owned(), None),
            };
            if !self.store.host_ids.contains_key(name.as_str()) {
                let added = self.store.add_host(&name, UNGROUPED, port, Place::default());
                if let Err(Stop::Wrong(why) | Stop::Unsure(why) | Stop::TooLarge(why)) = added {
                    return declined(Path::new(source), None, why);
                }
            }
        }
        Ok(true)
    }

    fn path(&mut self, path: &Path) -> Taken {
        let Ok(meta) = fs::metadata(path) else {
            if path != Path::new("/etc/ansible/hosts") {
                self.warn(path, None, "there is no such file or folder: it gives no hosts");
            }
            return Ok(false);
        };
        if meta.is_dir() {
            return self.folder(path);
        }
        if let Some(what) = open::endless(path) {
            return Err(endless(path, what));
        }
        if !meta.is_file() {
            return declined(path, None, "this is no regular file");
        }
        if meta.permissions().mode() & 0o111 != 0 && self.settings.plugins.iter().any(|p| p == "script") {
            return declined(path, None, "it is executable: an inventory script");
        }
        self.file(path)
    }

    fn folder(&mut self, path: &Path) -> Taken {
        if let Some((what, mark)) = &self.settings.passed_over.unknown {
            return declined(path, *mark, format!("{what} is a pattern that only Python reads"));
        }
        let entries = match fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
            Ok(entries) => entries,
            Err(e) => return declined(path, None, format!("the folder can't be read: {e}")),
        };
        let mut names = Vec::with_capacity(entries.len());
        for entry in entries {
            match entry.file_name().into_string() {
                Ok(name) if !name.contains('\n') => names.push(name),
                _ => return declined(path, None, "a file's name in this folder is no plain text"),
            }
        }
        names.sort();
        let mut parsed = false;
        for name in names {
            if !self.settings.passed_over.is(&name) {
                parsed |= self.path(&path.join(name))?;
            }
        }
        if !parsed {
            self.warn(path, None, "no file in this folder could be read as an inventory");
        }
        Ok(parsed)
    }

    fn file(&mut self, path: &Path) -> Taken {
        let bytes = match open::read_given(path, open::FLEET) {
            Ok(bytes) => bytes,
            Err(e) => return declined(path, None, format!("it can't be read: {e}")),
        };
        if bytes.starts_with(b"$ANSIBLE_VAULT;") {
            return declined(path, None, "it is encrypted as a whole");
        }
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(e) => {
                let line = 1 + e.as_bytes()[..e.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count();
                let mark = Mark { line: u32::try_from(line).unwrap_or(u32::MAX), column: 1 };
                return declined(path, Some(mark), "this is not UTF-8");
            }
        };
        let file = self.store.files.len() as u32;
        self.store.files.push(path.to_string_lossy().into());
        let text = Text { path, text: &text, tree: OnceCell::new() };
        let mut refused = Vec::new();
        for plugin in &self.settings.plugins {
            let verdict = match plugin.as_str() {
                "auto" => self.auto(&text)?,
                "yaml" => self.yaml(file, &text)?,
                "ini" => self.ini(path, file, text.text)?,
                "toml" if path.extension().is_some_and(|ext| ext == "toml") => {
                    return declined(path, None, "a TOML inventory");
                }
                _ => Verdict::NotMine,
            };
            match verdict {
                Verdict::Taken => return Ok(true),
                Verdict::NotMine => {}
                Verdict::Refused(mark, why) => refused.push((plugin.as_str(), mark, why)),
            }
        }
        // the one that the name promises, else the last that tried
        let named = if is_yaml(path) { "yaml" } else { "ini" };
        let at = refused.iter().position(|(plugin, ..)| *plugin == named).unwrap_or(refused.len().saturating_sub(1));
        if refused.is_empty() {
            self.warn(path, None, "no enabled plugin reads a file of this name");
        } else {
            let (_, mark, why) = refused.swap_remove(at);
            self.warn(path, Some(mark), format!("{why}. Ansible ignores the rest of this file"));
        }
        Ok(false)
    }

    /// Looks whether a `.yml` file is a plugin's configuration; it never takes one itself.
    fn auto(&self, text: &Text<'_>) -> Result<Verdict, Declined> {
        let path = text.path;
        if path.extension().is_none_or(|ext| ext != "yml" && ext != "yaml") {
            return Ok(Verdict::NotMine);
        }
        if let Some(root) = text.document()? {
            plugin(path, root)?;
        }
        Ok(Verdict::NotMine)
    }

    fn yaml(&mut self, file: u32, text: &Text<'_>) -> Result<Verdict, Declined> {
        let path = text.path;
        let plain = path.extension().is_none();
        if !(plain || is_yaml(path)) {
            return Ok(Verdict::NotMine);
        }
        if plain && never_a_mapping(text.text) {
            return Ok(Verdict::Refused(Mark::default(), "it is no YAML mapping".into()));
        }
        let start = Mark { line: 1, column: 1 };
        let root = match text.document()? {
            None => return Ok(Verdict::Refused(start, "the file is empty; expected a mapping of groups".into())),
            Some(root) => root,
        };
        match &root.kind {
            Kind::Mapping(entries) if !entries.is_empty() => {}
            Kind::Mapping(_) => {
                return Ok(Verdict::Refused(start, "the file is empty; expected a mapping of groups".into()));
            }
            _ => {
                let why = format!("expected a mapping of groups, found {}", root.kind_name());
                return Ok(Verdict::Refused(root.mark, why));
            }
        }
        plugin(path, root)?;
        let mut warnings = Vec::new();
        let outcome = yaml_source::parse(&mut self.store, file, root, &mut warnings);
        for (mark, text) in warnings {
            self.warn(path, Some(mark), text);
        }
        verdict(path, outcome)
    }

    fn ini(&mut self, path: &Path, file: u32, text: &str) -> Result<Verdict, Declined> {
        if path.extension().is_some_and(|ext| ext == "toml") {
            return Ok(Verdict::NotMine);
        }
        verdict(path, ini::parse(&mut self.store, file, text))
    }
}

fn verdict(path: &Path, outcome: Result<(), Trouble>) -> Result<Verdict, Declined> {
    match outcome {
        Ok(()) => Ok(Verdict::Taken),
        Err(Trouble { mark, stop: Stop::Wrong(why) }) => Ok(Verdict::Refused(mark, why)),
        Err(Trouble { mark, stop: Stop::Unsure(why) }) => declined(path, Some(mark), why),
        Err(Trouble { mark, stop: Stop::TooLarge(why) }) => {
            Err(Declined { file: Some(path.to_path_buf()), mark: Some(mark), why, hopeless: true })
        }
    }
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext == "yml" || ext == "yaml" || ext == "json")
}

/// A file that names a plugin is its configuration.
fn plugin(path: &Path, root: &Node) -> Result<(), Declined> {
    let Some(node) = root.get("plugin") else { return Ok(()) };
    declined(path, Some(node.mark), "it is the configuration of an inventory plugin")
}

/// The document of a file as Ansible reads it, JSON first; or why only Ansible can.
pub fn document(path: &Path, text: &str) -> Result<Option<Node>, Declined> {
    let at = |e: yaml::Error| (Some(path.to_path_buf()), Some(e.mark), e.message, e.too_large);
    yaml::ansible(text).map_err(|e| {
        let (file, mark, why, hopeless) = at(e);
        Declined { file, mark, why, hopeless }
    })
}

/// True if the first line with content proves that no YAML reader finds a mapping here: a section header, or words
/// without a colon before a blank (a key lies on one line). Most files called `hosts` are INI; this spares them doubt.
fn never_a_mapping(text: &str) -> bool {
    let content = |line: &&str| !line.trim().is_empty() && !line.trim_start_matches(' ').starts_with('#');
    if text.contains(|c: char| c < ' ' && c != '\n' && c != '\t' && c != '\r') {
        return false;
    }
    let Some(line) = text.split('\n').find(content).map(|line| line.trim_end_matches('\r')) else { return false };
    let line = line.trim_start_matches(' ');
    if line.contains(['\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{feff}']) {
        return false;
    }
    if let Some(inner) = line.strip_prefix('[') {
        let Some((name, rest)) = inner.split_once(']') else { return false };
        let plain = !name.is_empty() && !name.contains(|c| "[]{}\"'#&*!|>%@`,?\t ".contains(c));
        let rest = rest.trim();
        return plain && (rest.is_empty() || rest.starts_with('#'));
    }
    let first = line.chars().next().unwrap_or('#');
    if "-?:,[]{}#&*!|>'\"%@`\t".contains(first) {
        return false;
    }
    let code = line.find(" #").map_or(line, |at| &line[..at]);
    let key = |(at, _): (usize, &str)| code[at + 1..].chars().next().is_none_or(|c| c == ' ' || c == '\t');
    !code.match_indices(':').any(key)
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
