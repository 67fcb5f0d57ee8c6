//! Through the files: playbooks, plays, roles. Tasks are read in `tasks`.

use super::among::among;
use super::touch::{Touch, TouchKind};
use super::words::{conditional, list, templated, truthy};
use super::{Question, QuestionKind, Scan, Unseen, delegate};
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
    pub file: &'a Path,
    pub playbook: &'a Path,
    /// Folder of the role, inside one.
    pub role: Option<&'a Path>,
    pub maybe: bool,
}

pub(super) struct Walk<'a> {
    pub scan: Scan,
    root: &'a Path,
    given: &'a BTreeSet<String>,
    roles: Vec<PathBuf>,
    collections: Vec<PathBuf>,
    seen: HashSet<PathBuf>,
    /// Playbooks that import each other, the outermost first.
    within: Vec<PathBuf>,
    files: usize,
}

/// Which files of a role are meant: `tasks_from` and `handlers_from`, where they are not `main`.
#[derive(Default)]
pub(super) struct From {
    pub tasks: Option<String>,
    pub handlers: Option<String>,
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
        Self {
            scan: Scan::default(),
            root,
            given,
            roles,
            collections,
            seen: HashSet::new(),
            within: Vec::new(),
            files: 0,
        }
    }

    /// A playbook, as often as it is imported: each time its plays run again.
    pub fn playbook(&mut self, path: &Path, from: Option<(Here<'_>, &Node)>) {
        let path = &tidy(path);
        if self.within.contains(path) {
            let Some((here, node)) = from else { return };
            return self.unknown(&self.relative(path).to_string_lossy(), "it imports itself", true, here, node);
        }
        let Some(plays) = self.parse(path, true, from) else { return };
        self.within.push(path.clone());
        let folder = path.parent().unwrap_or(self.root).to_path_buf();
        let here = Here { file: path, playbook: &folder, role: None, maybe: false };
        for play in plays.items() {
            match import(play) {
                Some(target) => self.import_playbook(target, here),
                None => self.play(play, here),
            }
        }
        self.within.pop();
    }

    fn import_playbook(&mut self, target: &Node, here: Here<'_>) {
        let Some(name) = target.text().filter(|name| !templated(name)) else {
            let what = target.text().unwrap_or("import_playbook");
            return self.unknown(what, "its name is known only when it runs", true, here, target);
        };
        let path = here.playbook.join(name);
        match self.of_collection(name, here.playbook) {
            Some(found) => self.playbook(&found, Some((here, target))),
            None if path.exists() || !name.contains('.') || name.contains('/') => {
                self.playbook(&path, Some((here, target)));
            }
            None => {
                self.unknown(name, "no such file was found, nor such a playbook of a collection", true, here, target)
            }
        }
    }

    /// The file of `namespace.collection.playbook`, where the collection is installed.
    fn of_collection(&self, name: &str, playbook: &Path) -> Option<PathBuf> {
        let [namespace, collection, rest] = name.splitn(3, '.').collect::<Vec<_>>()[..] else { return None };
        let inside = Path::new("ansible_collections").join(namespace).join(collection).join("playbooks");
        let names = [rest.to_owned(), format!("{rest}.yml"), format!("{rest}.yaml")];
        self.collections(playbook).find_map(|place| {
            let folder = place.join(&inside);
            names.iter().map(|name| folder.join(name)).find(|path| path.is_file())
        })
    }

    /// Where collections lie: beside the playbook first.
    fn collections(&self, playbook: &Path) -> impl Iterator<Item = PathBuf> {
        std::iter::once(playbook.join("collections")).chain(self.collections.iter().cloned())
    }

    fn play(&mut self, play: &Node, here: Here<'_>) {
        if let Some(hosts) = play.get("hosts") {
            let patterns = list(hosts).into_iter().filter_map(Node::text).map(str::to_owned).collect();
            self.touch(TouchKind::Play(patterns), here, hosts);
        }
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
        self.delegation(entry, entry, here);
        let here = Here { maybe: here.maybe || conditional(entry), ..here };
        self.role(name.text().unwrap_or_default(), &From::default(), here, name);
    }

    pub fn role(&mut self, text: &str, from: &From, here: Here<'_>, at: &Node) {
        if text.is_empty() || templated(text) {
            let what = if text.is_empty() { "role" } else { text };
            return self.unseen(what, "its name is known only when it runs", here, at);
        }
        let Some(folder) = self.find_role(text, here) else {
            return self.unseen(text, "no such role was found", here, at);
        };
        let inside = Here { role: Some(&folder), ..here };
        for (kind, file) in [("meta", None), ("tasks", from.tasks.as_deref()), ("handlers", from.handlers.as_deref())] {
            let kinds = folder.join(kind);
            let files = match file {
                Some(name) if templated(name) => among(&[kinds], name, false),
                name => yaml_file(&kinds, name.unwrap_or("main")).into_iter().collect(),
            };
            if let Some(name) = file.filter(|_| files.is_empty()) {
                self.unseen(name, "no such file was found in the role", here, at);
            }
            let maybe = here.maybe || file.is_some_and(templated);
            for path in files {
                let Some(content) = self.read(&path, Some((here, at))) else { continue };
                let inside = Here { file: &path, maybe, ..inside };
                if kind == "meta" {
                    for dependency in content.get("dependencies").map(list).unwrap_or_default() {
                        self.role_entry(dependency, inside);
                    }
                } else {
                    self.tasks(Some(&content), inside);
                }
            }
        }
    }

    fn find_role(&self, name: &str, here: Here<'_>) -> Option<PathBuf> {
        let parts: Vec<_> = name.split('.').collect();
        if let [namespace, collection, role] = parts[..] {
            let inside = Path::new("ansible_collections").join(namespace).join(collection).join("roles").join(role);
            let found = self.collections(here.playbook).map(|place| place.join(&inside)).find(|path| path.is_dir());
            return found;
        }
        let beside = here.role.and_then(Path::parent).map(Path::to_path_buf);
        let first = [Some(here.playbook.join("roles")), beside].into_iter().flatten();
        let places = first.chain(self.roles.iter().cloned()).chain([here.playbook.to_path_buf()]);
        places.map(|place| place.join(name)).find(|path| path.is_dir())
    }

    /// A file's tree, once; `None` if it was read before, or cannot be (which is noted).
    pub fn read(&mut self, path: &Path, from: Option<(Here<'_>, &Node)>) -> Option<Node> {
        let path = tidy(path);
        if self.seen.contains(&path) {
            return None;
        }
        let tree = self.parse(&path, false, from);
        self.seen.insert(path);
        tree
    }

    /// A file's tree; what keeps it from being read is noted. `plays`: it is a playbook.
    fn parse(&mut self, path: &Path, plays: bool, from: Option<(Here<'_>, &Node)>) -> Option<Node> {
        self.files += 1;
        let tree = if self.files > MAX_FILES {
            Err(format!("more than {MAX_FILES} files were read before it"))
        } else {
            open::read_given(path, open::WRITTEN).map_err(|e| e.to_string()).and_then(|bytes| {
                let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
                if text.starts_with("$ANSIBLE_VAULT") {
                    return Err("it is encrypted".into());
                }
                yaml::parse_one(&text).map_err(|e| e.to_string())
            })
        };
        let why = match tree {
            Ok(tree) => return tree,
            Err(why) => why,
        };
        let what = self.relative(path).to_string_lossy().into_owned();
        match from {
            Some((here, node)) => self.unknown(&what, &why, plays, here, node),
            None => {
                let (kind, file) =
                    (TouchKind::Unseen { what: what.clone(), why: why.clone(), plays }, self.relative(path));
                self.scan.touches.push(Touch::new(kind, &file, 1));
                self.scan.unseen.push(Unseen { what, why, file, line: 1, unread: false });
            }
        }
        if let Some(last) = self.scan.unseen.last_mut() {
            last.unread = path.exists();
        }
        None
    }

    /// A question, once: a playbook may be imported twice.
    pub fn ask(&mut self, kind: QuestionKind, here: Here<'_>, at: &Node) {
        let question = Question { kind, file: self.relative(here.file), line: at.mark.line, maybe: here.maybe };
        if !self.scan.questions.contains(&question) {
            self.scan.questions.push(question);
        }
    }

    pub fn touch(&mut self, kind: TouchKind, here: Here<'_>, at: &Node) {
        let file = self.relative(here.file);
        self.scan.touches.push(Touch::new(kind, &file, at.mark.line));
    }

    /// `delegate_to` of a task, block or role; `task` has the loop.
    pub fn delegation(&mut self, node: &Node, task: &Node, here: Here<'_>) {
        let Some(to) = node.get("delegate_to") else { return };
        for reach in delegate::reach(to.text().unwrap_or_default(), task) {
            self.touch(TouchKind::Delegated(reach), here, to);
        }
    }

    /// Tasks that could not be looked into.
    pub fn unseen(&mut self, what: &str, why: &str, here: Here<'_>, at: &Node) {
        self.unknown(what, why, false, here, at);
    }

    fn unknown(&mut self, what: &str, why: &str, plays: bool, here: Here<'_>, at: &Node) {
        let (what, why, file, line) = (what.to_owned(), why.to_owned(), self.relative(here.file), at.mark.line);
        self.touch(TouchKind::Unseen { what: what.clone(), why: why.clone(), plays }, here, at);
        self.scan.unseen.push(Unseen { what, why, file, line, unread: false });
    }

    fn relative(&self, path: &Path) -> PathBuf {
        let path = tidy(path);
        path.strip_prefix(tidy(self.root)).map(Path::to_path_buf).unwrap_or(path)
    }
}

fn import(play: &Node) -> Option<&Node> {
    ["import_playbook", "ansible.builtin.import_playbook"].iter().find_map(|key| play.get(key))
}

/// `file` in `folder` as Ansible finds it, with or without its ending.
fn yaml_file(folder: &Path, file: &str) -> Option<PathBuf> {
    let names = [format!("{file}.yml"), format!("{file}.yaml"), format!("{file}.json"), file.to_owned()];
    names.iter().map(|name| folder.join(name)).find(|path| path.is_file())
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
