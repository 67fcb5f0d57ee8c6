//! The files that a template in a path may name: of `setup-{{ ansible_os_family }}.yml`, all that fit it. Roles choose
//! between their own files so; with each of them looked into, nothing stays open.

use super::words::templated;
use regex::Regex;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Folders deeper than this hold no tasks.
const DEEPEST: usize = 4;

static TEMPLATE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\{\{.*?\}\}|\{%.*?%\}").ok());

/// A path with what Ansible's own variables say of where we are: `{{ playbook_dir }}` and `{{ role_path }}`.
pub fn placed(name: &str, playbook: &Path, role: Option<&Path>) -> String {
    let mut name = name.to_owned();
    if !templated(&name) {
        return name;
    }
    for (variable, folder) in [("playbook_dir", Some(playbook)), ("role_path", role)] {
        let regex = Regex::new(&format!(r"\{{\{{\s*{variable}\s*\}}\}}")).ok();
        if let (Some(regex), Some(folder)) = (regex, folder) {
            name = regex.replace_all(&name, regex::NoExpand(&folder.to_string_lossy())).into_owned();
        }
    }
    name
}

/// The files below `folders` that `name` may become; sorted. None where the template stands for the whole path and the
/// folders are not a role's own (`free`): it may be any.
pub fn among(folders: &[PathBuf], name: &str, free: bool) -> Vec<PathBuf> {
    let Some(template) = TEMPLATE.as_ref() else { return vec![] };
    let begin = template.find(name).map_or(name.len(), |found| found.start());
    let (head, rest) = name[..begin].rfind('/').map_or(("", name), |at| (&name[..at + 1], &name[at + 1..]));
    if (head.is_empty() && free) || templated(head) {
        return vec![];
    }
    let mut expression = String::from("^");
    let mut from = 0;
    for found in template.find_iter(rest) {
        expression.push_str(&regex::escape(&rest[from..found.start()]));
        expression.push_str(".*");
        from = found.end();
    }
    expression.push_str(&regex::escape(&rest[from..]));
    expression.push_str(r"(?:\.ya?ml|\.json)?$");
    let Ok(fits) = Regex::new(&expression) else { return vec![] };
    let mut files = Vec::new();
    for folder in folders {
        let folder = folder.join(head);
        below(&folder, &folder, 0, &mut |path, relative| {
            let yaml = path.extension().is_some_and(|ext| ["yml", "yaml", "json"].iter().any(|known| ext == *known));
            if yaml && fits.is_match(relative) {
                files.push(path.to_path_buf());
            }
        });
    }
    files.sort();
    files.dedup();
    files
}

fn below(top: &Path, folder: &Path, depth: usize, found: &mut impl FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && depth < DEEPEST {
            below(top, &path, depth + 1, found);
        } else if let Some(relative) = path.strip_prefix(top).ok().and_then(Path::to_str) {
            found(&path, relative);
        }
    }
}
