//! Through the files: playbooks, plays, roles. Tasks are read in `tasks`.

use super::{Question, QuestionKind, Scan, Unseen};
use crate::open;
use crate::project::cfg::AnsibleCfg;
use crate::yaml::{self, Node};
use std::collections::{BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf};

/// More files than this are not read: a project that large has its own reasons.
const MAX_FILES: usize = 5_000;

/// Where a node stands.
#[derive(Clone, Copy)]
pub(super) struct Here<'a> {
    /// The file.
    pub file: &'a Path,
    /// Folder of the playbook.
    pub playbook: &'a Path,
    /// Folder of the role, inside one.
    pub role: Option<&'a Path>,
    /// A condition stands above.
    pub maybe: bool,
}

pub(super) struct Walk<'a> {
    pub scan: Scan,
    root: &'a Path,
    given: &'a BTreeSet<String>,
    roles: Vec<PathBuf>,
    collections: Vec<PathBuf>,
    seen: HashSet<PathBuf>,
}

impl<'a> Walk<'a> {
    pub fn new(root: &'a Path, given: &'a BTreeSet<String>, cfg: &AnsibleCfg) -> Self {
        let home = cfg.variable("HOME").map(PathBuf::from).unwrap_or_default().join(".ansible");
        let roles = cfg.roles_path().unwrap_or_else(|| {
            vec![home.join("roles"), "/usr/share/ansible/roles".into(), "/etc/ansible/roles".into()]
        });
        let collections = cfg
            .collections_path()
            .unwrap_or_else(|| vec![home.join("collections"), "/usr/share/ansible/collections".into()]);
        Self { scan: Scan::default(), root, given, roles, collections, seen: HashSet::new() }
    }

    pub fn playbook(&mut self, path: &Path, from: Option<(Here<'_>, &Node)>) {
        let Some(plays) = self.read(path, from) else { return };
        let folder = path.parent().unwrap_or(self.root).to_path_buf();
        let here = Here { file: path, playbook: &folder, role: None, maybe: false };
        for play in plays.items() {
            match import(play) {
                Some(target) => self.import_playbook(target, here),
                None => self.play(play, here),
            }
        }
    }

    fn import_playbook(&mut self, target: &Node, here: Here<'_>) {
        match target.text() {
            Some(name) if !templated(name) => {
                let path = here.playbook.join(name);
                if path.exists() || !name.contains('.') || name.contains('/') {
                    return self.playbook(&path, Some((here, target)));
                }
                self.unseen(name, "a playbook of a collection", here, target);
            }
            name => self.unseen(name.unwrap_or("import_playbook"), "its name is known only when it runs", here, target),
        }
    }

    fn play(&mut self, play: &Node, here: Here<'_>) {
        for variable in play.get("vars_prompt").map(list).unwrap_or_default() {
            self.variable(variable, here);
        }
        let debugs = play.get("strategy").and_then(Node::text).is_some_and(|s| s.rsplit('.').next() == Some("debug"));
        if let Some(strategy) = play.get("strategy").filter(|_| debugs) {
            self.ask(QuestionKind::Debugger, here, strategy);
        }
        self.debugger(play, here);
        for section in ["pre_tasks", "tasks", "post_tasks", "handlers"] {
            self.tasks(play.get(section), here);
        }
        for role in play.get("roles").map(list).unwrap_or_default() {
            self.role_entry(role, here);
        }
    }

    fn variable(&mut self, variable: &Node, here: Here<'_>) {
        let text = |key: &str| variable.get(key).and_then(Node::text).map(str::to_owned);
        let Some(name) = text("name").or_else(|| variable.text().map(str::to_owned)) else { return };
        if self.given.contains(&name) {
            return;
        }
        let kind = QuestionKind::Variable {
            prompt: text("prompt").unwrap_or_else(|| name.clone()),
            private: text("private").is_none_or(|value| truthy(&value)),
            default: text("default"),
            confirm: text("confirm").is_some_and(|value| truthy(&value)),
            name,
        };
        self.ask(kind, here, variable);
    }

    /// An entry of `roles:` or of a role's `dependencies:`.
    fn role_entry(&mut self, entry: &Node, here: Here<'_>) {
        let name = entry.get("role").or_else(|| entry.get("name")).unwrap_or(entry);
        self.debugger(entry, here);
        self.role(name, None, Here { maybe: here.maybe || conditional(entry), ..here });
    }

    /// A role by name, with `tasks_from` where one is given.
    pub fn role(&mut self, name: &Node, tasks_from: Option<&str>, here: Here<'_>) {
        let Some(text) = name.text().filter(|text| !templated(text) && !tasks_from.is_some_and(templated)) else {
            return self.unseen(name.text().unwrap_or("role"), "its name is known only when it runs", here, name);
        };
        let Some(folder) = self.find_role(text, here) else {
            return self.unseen(text, "no such role was found", here, name);
        };
        let inside = Here { role: Some(&folder), ..here };
        for (kind, file) in [("meta", "main"), ("tasks", tasks_from.unwrap_or("main")), ("handlers", "main")] {
            let Some(path) = yaml_file(&folder.join(kind), file) else { continue };
            let Some(content) = self.read(&path, Some((here, name))) else { continue };
            let inside = Here { file: &path, ..inside };
            if kind == "meta" {
                for dependency in content.get("dependencies").map(list).unwrap_or_default() {
                    self.role_entry(dependency, inside);
                }
            } else {
                self.tasks(Some(&content), inside);
            }
        }
    }

    fn find_role(&self, name: &str, here: Here<'_>) -> Option<PathBuf> {
        let parts: Vec<_> = name.split('.').collect();
        if let [namespace, collection, role] = parts[..] {
            let inside = Path::new("ansible_collections").join(namespace).join(collection).join("roles").join(role);
            let adjacent = here.playbook.join("collections");
            let mut places = std::iter::once(&adjacent).chain(&self.collections);
            return places.find_map(|place| Some(place.join(&inside)).filter(|path| path.is_dir()));
        }
        let beside = here.role.and_then(Path::parent).map(Path::to_path_buf);
        let first = [Some(here.playbook.join("roles")), beside].into_iter().flatten();
        let places = first.chain(self.roles.iter().cloned()).chain([here.playbook.to_path_buf()]);
        places.map(|place| place.join(name)).find(|path| path.is_dir())
    }

    /// A file's tree, once; `None` if it was read before, or cannot be (which is noted).
    pub fn read(&mut self, path: &Path, from: Option<(Here<'_>, &Node)>) -> Option<Node> {
        let path = tidy(path);
        if self.seen.len() >= MAX_FILES || !self.seen.insert(path.clone()) {
            return None;
        }
        let tree = open::read_given(&path, open::WRITTEN).map_err(|e| e.to_string()).and_then(|bytes| {
            let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
            if text.starts_with("$ANSIBLE_VAULT") {
                return Err("it is encrypted".into());
            }
            yaml::parse_one(&text).map_err(|e| e.to_string())
        });
        match (tree, from) {
            (Ok(tree), _) => tree,
            (Err(why), Some((here, node))) => {
                self.unseen(&self.relative(&path).to_string_lossy(), &why, here, node);
                None
            }
            (Err(why), None) => {
                let file = self.relative(&path);
                self.scan.unseen.push(Unseen { what: file.to_string_lossy().into_owned(), why, file, line: 1 });
                None
            }
        }
    }

    pub fn ask(&mut self, kind: QuestionKind, here: Here<'_>, at: &Node) {
        let file = self.relative(here.file);
        self.scan.questions.push(Question { kind, file, line: at.mark.line, maybe: here.maybe });
    }

    pub fn unseen(&mut self, what: &str, why: &str, here: Here<'_>, at: &Node) {
        let file = self.relative(here.file);
        self.scan.unseen.push(Unseen { what: what.to_owned(), why: why.to_owned(), file, line: at.mark.line });
    }

    fn relative(&self, path: &Path) -> PathBuf {
        let path = tidy(path);
        path.strip_prefix(tidy(self.root)).map(Path::to_path_buf).unwrap_or(path)
    }
}

fn import(play: &Node) -> Option<&Node> {
    ["import_playbook", "ansible.builtin.import_playbook"].iter().find_map(|key| play.get(key))
}

/// The items of a list; a single value counts as a list of one.
fn list(node: &Node) -> Vec<&Node> {
    match &node.kind {
        yaml::Kind::Sequence(items) => items.iter().collect(),
        _ => vec![node],
    }
}

/// `file` in `folder` as Ansible finds it, with or without its ending.
fn yaml_file(folder: &Path, file: &str) -> Option<PathBuf> {
    let names = [format!("{file}.yml"), format!("{file}.yaml"), format!("{file}.json"), file.to_owned()];
    names.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// True if something may keep this node from running.
pub(super) fn conditional(node: &Node) -> bool {
    let never = |tags: &Node| {
        list(tags).iter().any(|tag| tag.text().is_some_and(|t| t.split(',').any(|t| t.trim() == "never")))
    };
    node.get("when").is_some() || node.get("tags").is_some_and(never)
}

pub(super) fn templated(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

pub(super) fn truthy(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "y" | "yes" | "on" | "1" | "true" | "t" | "1.0")
}

/// Without `.` and `..`, as far as that needs no look at the disk.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if tidy.file_name().is_some() => {
                tidy.pop();
            }
            part => tidy.push(part),
        }
    }
    tidy
}
