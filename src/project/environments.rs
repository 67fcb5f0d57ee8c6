//! Environments without configuration: from the folders that teams use, and from the inventory that `ansible.cfg` names.
//!
//! Two sets of hosts are never merged by guess: where a folder could be one environment or several, it is several.

use super::Environment;
use super::cfg::AnsibleCfg;
use super::problem::Problem;
use super::sources::{self, Folder, file_name};
use std::path::{Path, PathBuf};

/// Folders whose entries are environments.
pub const CONTAINERS: [&str; 3] = ["inventories", "inventory", "environments"];
/// Names that say "inventory" and nothing about which.
const GENERIC: [&str; 9] =
    ["hosts", "inventory", "inventories", "environments", "environment", "ansible", "main", "all", "static"];
/// Deeper than this no environment is looked for.
const DEEPEST: usize = 4;

/// All environments of a project, the default one of `ansible.cfg` first, then by name; and what is wrong with them.
pub fn find(root: &Path, cfg: &AnsibleCfg) -> (Vec<Environment>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut found = Vec::new();
    for container in CONTAINERS {
        let path = root.join(container);
        if path.is_dir() {
            inside(root, &path, &mut found);
        }
    }
    let named = cfg.inventory().map(|paths| existing(root, cfg, paths, &mut problems)).unwrap_or_default();
    if found.is_empty() && named.is_empty() {
        found = at_root(root);
    }
    if !named.is_empty() {
        put_first(root, named, &mut found);
    }
    if found.is_empty() && Path::new("/etc/ansible/hosts").exists() {
        found.push(environment("default".into(), vec!["/etc/ansible/hosts".into()]));
    }
    (found, problems)
}

/// True where a folder like `inventories/` shows that `root` is a project.
pub fn in_folders(root: &Path) -> bool {
    let mut found = Vec::new();
    CONTAINERS.iter().map(|c| root.join(c)).filter(|path| path.is_dir()).for_each(|p| inside(root, &p, &mut found));
    !found.is_empty()
}

/// True where files like `hosts` in `root` itself show it. Ask last: a folder inside `inventories/` looks like this too.
pub fn in_files(root: &Path) -> bool {
    !at_root(root).is_empty()
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

fn inside(root: &Path, container: &Path, out: &mut Vec<Environment>) {
    let folder = sources::folder(container);
    let mut trees = Vec::new();
    for path in &folder.folders {
        tree(root, container, path, 1, &mut trees);
    }
    if trees.is_empty() && is_one(container, &folder) {
        return push(out, environment(name_of(root, container), passed(root, container, &folder)), container);
    }
    for file in &folder.sources {
        push(out, environment(name_of(container, file), vec![shown(root, file)]), container);
    }
    for tree in trees {
        push(out, tree, container);
    }
}

/// A folder with sources is an environment; one without may hold some further down (`production/eu`).
fn tree(root: &Path, container: &Path, path: &Path, depth: usize, out: &mut Vec<Environment>) {
    let folder = sources::folder(path);
    if !folder.sources.is_empty() {
        out.push(environment(name_of(container, path), passed(root, path, &folder)));
    } else if depth < DEEPEST {
        folder.folders.iter().for_each(|sub| tree(root, container, sub, depth + 1, out));
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

/// The folder itself where Ansible reads nothing else in it; else its sources one by one.
fn passed(root: &Path, path: &Path, folder: &Folder) -> Vec<String> {
    let odd = |sub: &PathBuf| {
        let sub = sources::folder(sub);
        sub.mixed || sub.sources.is_empty()
    };
    if folder.mixed || folder.folders.iter().any(odd) {
        folder.sources.iter().map(|file| shown(root, file)).collect()
    } else {
        vec![shown(root, path)]
    }
}

/// Inventory files in the project's own folder: `hosts`, `inventory.ini`, or `production` and `staging`.
fn at_root(root: &Path) -> Vec<Environment> {
    let mut out = Vec::new();
    for file in sources::folder(root).sources {
        let name = file_name(&file);
        let whole = stem(name);
        let says = GENERIC[..2].iter().any(|word| name.split(['.', '-', '_']).any(|part| part == *word));
        if says || is_environment_word(whole) {
            push(&mut out, environment(name_of(root, &file), vec![shown(root, &file)]), root);
        }
    }
    out
}

/// Words by which teams call environments.
fn is_environment_word(stem: &str) -> bool {
    let words = [
        "prod", "prd", "live", "stag", "stg", "dev", "test", "tst", "qa", "uat", "lab", "demo", "preprod", "pre",
        "sandbox", "local", "dr", "int", "acc", "canary", "edge", "vagrant",
    ];
    stem.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|part| {
        words.iter().any(|word| part == *word || (word.len() > 3 && part.starts_with(word)) || part.starts_with("dev"))
    })
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

/// Two environments of one name get the container's name in front.
fn push(out: &mut Vec<Environment>, mut env: Environment, container: &Path) {
    if out.iter().any(|other| other.name == env.name) {
        env.name = format!("{}/{}", file_name(container), env.name);
    }
    if out.iter().all(|other| other.name != env.name) {
        out.push(env);
    }
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

/// The inventory that `ansible` uses by itself comes first. It is one of those found, or one more.
fn put_first(root: &Path, named: Vec<PathBuf>, found: &mut Vec<Environment>) {
    let inventory: Vec<_> = named.iter().map(|path| shown(root, path)).collect();
    let covers = |env: &Environment| {
        env.inventory == inventory
            || matches!((named.as_slice(), env.inventory.as_slice()),
                ([one], [folder]) if one.parent() == Some(root.join(folder).as_path()) && one.is_file()
                    && sources::folder(&root.join(folder)).sources.len() == 1)
            || matches!(named.as_slice(), [dir] if dir.is_dir() && env.inventory.iter().all(|source|
                root.join(source).parent() == Some(dir.as_path())) && env.inventory.len() > 1)
    };
    if let Some(at) = found.iter().position(covers) {
        let mut env = found.remove(at);
        env.inventory = inventory;
        return found.insert(0, env);
    }
    // a folder that holds environments which were found one by one
    if let [dir] = named.as_slice()
        && dir.is_dir()
        && found.iter().any(|env| env.inventory.iter().all(|source| root.join(source).starts_with(dir)))
    {
        return;
    }
    let each_known = named.len() > 1 && inventory.iter().all(|i| found.iter().any(|e| e.inventory == [i.clone()]));
    if !each_known {
        let name = match named.as_slice() {
            [one] => name_of(root, one),
            _ => "default".to_owned(),
        };
        let name = if found.iter().any(|env| env.name == name) { format!("{name} (ansible.cfg)") } else { name };
        found.insert(0, environment(name, inventory));
    }
}
