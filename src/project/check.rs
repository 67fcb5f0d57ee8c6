//! What discovery does not read but Ansible will: YAML inventories and variable files. For `opsdeck check`.

use super::kinds::file_name;
use super::problem::Problem;
use super::sources::{self, Rules};
use super::{Environment, Project};
use crate::open;
use crate::yaml;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// More files than this are not read.
const MOST: usize = 20_000;
const DEEPEST: usize = 6;

impl Project {
    /// Everything that is wrong in the project's files, by file and line: what discovery found, and broken YAML in
    /// inventories, `group_vars` and `host_vars`.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = self.problems.clone();
        if self.environments.is_empty() {
            let message = "no environment was found";
            let expected = "inventories/, inventory/, environments/, a file hosts, or an inventory in ansible.cfg";
            problems.push(Problem::warning(".", message).expected(expected));
        }
        for file in self.files() {
            problems.extend(broken(&file).map(|problem| problem.below(&self.root)));
        }
        problems.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        problems
    }

    fn files(&self) -> BTreeSet<PathBuf> {
        let rules = Rules::of(&self.cfg);
        let mut files = BTreeSet::new();
        let mut beside = BTreeSet::from([self.root.clone(), self.root.join("playbooks")]);
        for source in self.environments.iter().flat_map(|Environment { inventory, .. }| inventory) {
            let path = self.root.join(source);
            if path.is_dir() {
                files.extend(sources::below(&path, &rules));
                beside.insert(path);
            } else if path.is_file() {
                beside.extend(path.parent().map(Path::to_path_buf));
                files.insert(path);
            }
        }
        for folder in beside {
            ["group_vars", "host_vars"].iter().for_each(|name| collect(&folder.join(name), 0, &mut files));
        }
        files
    }
}

fn collect(folder: &Path, level: usize, files: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
        if file_name(&path).starts_with('.') || files.len() >= MOST {
            continue;
        }
        if kind.is_dir() && level < DEEPEST {
            collect(&path, level + 1, files);
        } else if kind.is_file() {
            files.insert(path);
        }
    }
}

/// Broken YAML in a YAML file; in `group_vars` and `host_vars` files without an ending are YAML too.
fn broken(file: &Path) -> Option<Problem> {
    let variables =
        file.components().any(|part| ["group_vars", "host_vars"].iter().any(|name| part.as_os_str() == *name));
    let is_yaml = match file.extension().and_then(|ext| ext.to_str()) {
        Some("yml" | "yaml") => true,
        None => variables,
        Some(_) => false,
    };
    let bytes = if is_yaml { open::read_given(file, open::FLEET).ok()? } else { return None };
    if bytes.starts_with(b"$ANSIBLE_VAULT") || bytes.starts_with(b"#!") {
        return None;
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => yaml::parse_one(text).err().map(|error| Problem::yaml(file, &error)),
        Err(_) => Some(Problem::error(file, "this is not UTF-8").expected("UTF-8 text")),
    }
}
