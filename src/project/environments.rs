//! Environments without configuration: from the folders that teams use, and from the inventory that `ansible.cfg` names.
//!
//! Two sets of hosts are never merged by guess: where a folder could be one environment or several, it is several. What
//! `ansible.cfg` names is one, as Ansible reads it.

use super::Environment;
use super::cfg::AnsibleCfg;
use super::kinds::{file_name, is_environment_word};
use super::problem::Problem;
use super::sources::{self, Folder, Rules};
use std::path::{Path, PathBuf};

/// Folders whose entries are environments.
const CONTAINERS: [&str; 5] = ["inventories", "inventory", "environments", "envs", "hosts"];
/// Names that say "inventory" and nothing about which.
const GENERIC: [&str; 9] =
    ["hosts", "inventory", "inventories", "environments", "environment", "ansible", "main", "all", "static"];
/// Deeper than this no environment is looked for.
const DEEPEST: usize = 4;

/// All environments of a project, the default one of `ansible.cfg` first, then by name; and what is wrong with them.
pub fn find(root: &Path, cfg: &AnsibleCfg) -> (Vec<Environment>, Vec<Problem>) {
    let mut search = Search { root, rules: &Rules::of(cfg), found: Vec::new(), problems: Vec::new() };
    search.containers();
    let named = cfg.inventory().map(|paths| existing(root, cfg, paths, &mut search.problems)).unwrap_or_default();
    if search.found.is_empty() && named.is_empty() {
        search.at_root();
    }
    if !named.is_empty() {
        search.put_first(named);
    }
    if search.found.is_empty() && Path::new("/etc/ansible/hosts").exists() {
        search.found.push(environment("default".into(), vec!["/etc/ansible/hosts".into()]));
    }
    (search.found, search.problems)
}

/// True where a folder like `inventories/` shows that `root` is a project.
pub fn in_folders(root: &Path) -> bool {
    let rules = Rules::default();
    let mut search = Search { root, rules: &rules, found: Vec::new(), problems: Vec::new() };
    search.containers();
    !search.found.is_empty()
}

/// True where files like `hosts` in `root` itself show it. Ask last: a folder inside `inventories/` looks like this too.
pub fn in_files(root: &Path) -> bool {
    let rules = Rules::default();
    let mut search = Search { root, rules: &rules, found: Vec::new(), problems: Vec::new() };
    search.at_root();
    !search.found.is_empty()
}

/// Whether an environment of this name is protected where `opsdeck.yaml` does not say: a word of it begins with `prod`
/// or is `prd` or `live`, and the word before is not `non`, `not`, `no` or `pre`.
pub fn protected_by_name(name: &str) -> bool {
    let name = name.to_lowercase();
    let words: Vec<_> = name.split(|c: char| !c.is_alphanumeric()).collect();
    words.iter().enumerate().any(|(i, word)| {
        let before = i.checked_sub(1).map_or("", |i| words[i]);
        (word.starts_with("prod") || ["prd", "live"].contains(word)) && !["non", "not", "no", "pre"].contains(&before)
    })
}

/// A path as it is passed to `-i`: relative to the root where it lies below.
pub fn shown(root: &Path, path: &Path) -> String {
    match path.strip_prefix(root) {
        Ok(below) if below.as_os_str().is_empty() => ".".to_owned(),
        Ok(below) => below.to_string_lossy().into_owned(),
        Err(_) => path.to_string_lossy().into_owned(),
    }
}

/// An environment with the defaults that its name gives it.
pub fn environment(name: String, inventory: Vec<String>) -> Environment {
    Environment { protect: protected_by_name(&name), name, inventory, ..Environment::default() }
}

/// What is found on the way through a project.
struct Search<'a> {
    root: &'a Path,
    rules: &'a Rules,
    found: Vec<Environment>,
    problems: Vec<Problem>,
}

impl Search<'_> {
    fn containers(&mut self) {
        let folders = CONTAINERS.map(|name| self.root.join(name));
        folders.iter().filter(|path| path.is_dir()).for_each(|path| self.inside(path));
    }

    fn inside(&mut self, container: &Path) {
        let folder = sources::folder(container, self.rules);
        let mut trees = Vec::new();
        for path in &folder.folders {
            self.tree(container, path, 1, &mut trees);
        }
        if trees.is_empty() && is_one(container, &folder) {
            let env = self.environment(name_of(self.root, container), self.passed(container, false));
            return self.push(env, container);
        }
        for file in &folder.sources {
            let env = self.environment(name_of(container, file), vec![shown(self.root, file)]);
            self.push(env, container);
        }
        for tree in trees {
            self.push(tree, container);
        }
    }

    /// A folder with sources is an environment; one without may hold some further down (`production/eu`).
    fn tree(&mut self, container: &Path, path: &Path, depth: usize, out: &mut Vec<Environment>) {
        let folder = sources::folder(path, self.rules);
        if !folder.sources.is_empty() {
            out.push(self.environment(name_of(container, path), self.passed(path, false)));
        } else if depth < DEEPEST {
            folder.folders.iter().for_each(|sub| self.tree(container, sub, depth + 1, out));
        }
        for file in folder.doubtful.iter().filter(|_| folder.sources.is_empty()) {
            let message = "one word alone may be a password, so this is not taken as an inventory";
            let problem = Problem::warning(shown(self.root, file), message);
            self.problems
                .push(problem.expected("a [group] above it, or the file under `environments:` in opsdeck.yaml"));
        }
    }

    /// The folder itself where every Ansible reads all of it and nothing else; else its sources one by one. What
    /// `ansible.cfg` names is `named`: the team knows its own Ansible.
    fn passed(&self, path: &Path, named: bool) -> Vec<String> {
        let sources = sources::below(path, self.rules);
        if sources.is_empty() || sources::is_whole(path, self.rules, !named) {
            return vec![shown(self.root, path)];
        }
        sources.iter().map(|file| shown(self.root, file)).collect()
    }

    /// An environment of these sources; protected where its name says so, or the name of one of its sources.
    fn environment(&self, name: String, inventory: Vec<String>) -> Environment {
        let mut env = environment(name, inventory);
        let says = |base: &Path, path: &Path| protected_by_name(&shown(base, path));
        env.protect |= env.inventory.iter().map(|source| self.root.join(source)).any(|path| {
            let sources = sources::below(&path, self.rules);
            path.parent().is_some_and(|base| says(base, &path)) || sources.iter().any(|file| says(&path, file))
        });
        env
    }

    /// Inventory files in the project's own folder: `hosts`, `inventory.ini`, or `production` and `staging`.
    fn at_root(&mut self) {
        for file in sources::folder(self.root, self.rules).sources {
            let name = file_name(&file);
            let says = GENERIC[..2].iter().any(|word| name.split(['.', '-', '_']).any(|part| part == *word));
            if says || is_environment_word(stem(name)) {
                let env = self.environment(name_of(self.root, &file), vec![shown(self.root, &file)]);
                self.push(env, self.root);
            }
        }
    }

    /// Two environments of one name get the container's name in front.
    fn push(&mut self, mut env: Environment, container: &Path) {
        if self.found.iter().any(|other| other.name == env.name) {
            env.name = format!("{}/{}", file_name(container), env.name);
        }
        if self.found.iter().all(|other| other.name != env.name) {
            self.found.push(env);
        }
    }

    /// The inventory that `ansible` uses by itself comes first. It is one of those found, or one more.
    fn put_first(&mut self, named: Vec<PathBuf>) {
        let passed = |path: &PathBuf| match path.is_dir() {
            true => self.passed(path, true),
            false => vec![shown(self.root, path)],
        };
        let each = named.iter().flat_map(passed);
        let inventory: Vec<_> = each.collect();
        if let Some(at) = self.found.iter().position(|env| self.is_same(env, &named)) {
            let mut env = self.found.remove(at);
            env.inventory = inventory;
            return self.found.insert(0, env);
        }
        let each_known =
            named.len() > 1 && inventory.iter().all(|i| self.found.iter().any(|e| e.inventory == [i.clone()]));
        if !each_known {
            let name = match named.as_slice() {
                [one] => name_of(self.root, one),
                _ => "default".to_owned(),
            };
            // Parts of a whole are no environments, unless they are called so.
            let (root, whole) = (self.root, |path: &PathBuf| path.is_dir());
            let inside = |source: &String| named.iter().filter(|p| whole(p)).any(|p| root.join(source).starts_with(p));
            self.found.retain(|env| is_environment_word(&env.name) || !env.inventory.iter().all(inside));
            let taken = self.found.iter().any(|env| env.name == name);
            let name = if taken { format!("{name} (ansible.cfg)") } else { name };
            let env = self.environment(name, inventory);
            self.found.insert(0, env);
        }
    }

    /// Whether what `ansible.cfg` names holds just what this environment does.
    fn is_same(&self, env: &Environment, named: &[PathBuf]) -> bool {
        let all = |paths: &mut dyn Iterator<Item = PathBuf>| -> Vec<PathBuf> {
            let mut out: Vec<_> = paths
                .flat_map(|path| if path.is_dir() { sources::below(&path, self.rules) } else { vec![path] })
                .collect();
            out.sort();
            out.dedup();
            out
        };
        let own = all(&mut env.inventory.iter().map(|source| self.root.join(source)));
        own == all(&mut named.iter().cloned())
    }
}

/// One environment or one a file? In `inventory/`, numbered files, plugin configurations and `hosts` belong together.
fn is_one(container: &Path, folder: &Folder) -> bool {
    let stems: Vec<_> = folder.sources.iter().map(|path| stem(file_name(path))).collect();
    let generic = |stem: &&str| GENERIC.contains(stem) || stem.is_empty();
    match stems.as_slice() {
        [] => false,
        [only] => generic(only),
        many => {
            let numbered = many.iter().all(|stem| stem.starts_with(|c: char| c.is_ascii_digit()));
            let part = |stem: &&str| generic(stem) || !is_environment_word(stem);
            numbered || (file_name(container) == "inventory" && many.iter().all(part) && many.iter().any(generic))
        }
    }
}

/// The name of the environment at `path`: what its path says beyond `base` and beyond words like "hosts".
fn name_of(base: &Path, path: &Path) -> String {
    let is_file = path.is_file();
    let below = path.strip_prefix(base).unwrap_or(path);
    let count = below.components().count();
    let parts: Vec<_> = below
        .components()
        .enumerate()
        .filter_map(|(i, part)| {
            let text = part.as_os_str().to_str()?;
            let text = if is_file && i + 1 == count { bare(text) } else { text };
            (!text.is_empty() && text != "/" && !GENERIC.contains(&text)).then_some(text)
        })
        .collect();
    if parts.is_empty() { "default".to_owned() } else { parts.join("/") }
}

/// `production.ini` -> `production`; `hosts.prod`, `hosts-prod.yml`, `prod_inventory` -> `prod`; `hosts` -> nothing.
fn bare(name: &str) -> &str {
    let name = stem(name);
    for word in GENERIC[..2].iter() {
        for sign in ['.', '-', '_'] {
            if let Some(rest) = name.strip_prefix(word).and_then(|rest| rest.strip_prefix(sign)) {
                return rest;
            }
            if let Some(rest) = name.strip_suffix(word).and_then(|rest| rest.strip_suffix(sign)) {
                return rest;
            }
        }
    }
    name
}

fn stem(name: &str) -> &str {
    let ends = [".ini", ".yml", ".yaml", ".json", ".toml", ".inv", ".inventory", ".hosts", ".py", ".sh"];
    ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// The sources of `ansible.cfg` that exist; the others are reported.
fn existing(root: &Path, cfg: &AnsibleCfg, paths: Vec<PathBuf>, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let setting = cfg.setting("ANSIBLE_INVENTORY", "defaults", "inventory");
    let (there, missing): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.exists());
    for path in missing {
        let file = match (setting.and_then(|s| s.variable), &cfg.file) {
            (None, Some(file)) => file.clone(),
            (variable, _) => PathBuf::from(format!("${}", variable.unwrap_or("ANSIBLE_INVENTORY"))),
        };
        let problem =
            Problem::error(file, "the inventory that is named here does not exist; Ansible would match no host");
        let problem = problem.found(shown(root, &path)).expected("an existing file or folder");
        problems.push(match setting.and_then(|s| s.mark) {
            Some(mark) => problem.at(mark),
            None => problem,
        });
    }
    there
}
