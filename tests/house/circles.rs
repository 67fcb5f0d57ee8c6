//! Which file takes names from which, and the circles among them: a file that needs another should not be needed by it.
//! Imports are read as text, and followed through `pub use` to the file that defines a name.

use super::source::File;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// Modules by their path (`run::fold`), and what each hands on.
struct House<'a> {
    files: BTreeMap<String, &'a File>,
    handed_on: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// Files that import each other in a loop, each loop as the arrows that tie it.
pub fn circles(files: &[File]) -> Vec<Vec<String>> {
    let arrows = arrows(files);
    let tied = |circle: Vec<String>| {
        let mut all = Vec::new();
        for file in &circle {
            all.extend(arrows[file].iter().filter(|to| circle.contains(to)).map(|to| format!("{file} -> {to}")));
        }
        all
    };
    loops(&arrows).into_iter().map(tied).collect()
}

fn loops(arrows: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let names: Vec<&String> = arrows.keys().collect();
    let reach = |from: &String| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(file) = open.pop() {
            for next in arrows.get(&file).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<String>> = names.iter().map(|name| (*name, reach(name))).collect();
    let mut found: Vec<Vec<String>> = Vec::new();
    for name in names {
        if !reached[name].contains(name) || found.iter().any(|circle| circle.contains(name)) {
            continue;
        }
        let back = |other: &&String| reached.get(other).is_some_and(|reached| reached.contains(name));
        found.push(reached[name].iter().filter(back).cloned().collect());
    }
    found
}

/// For each file the files that define what it names.
pub fn arrows(files: &[File]) -> BTreeMap<String, BTreeSet<String>> {
    let by_path = files.iter().map(|file| (module(&file.path), file)).collect();
    let mut house = House { files: by_path, handed_on: BTreeMap::new() };
    let handed_on = |(path, file): (&String, &&File)| {
        let names = uses(file).into_iter().filter(|(public, _)| *public);
        let names = names.filter_map(|(_, to)| Some((to.last()?.clone(), house.absolute(path, &to)?)));
        (path.clone(), names.collect())
    };
    house.handed_on = house.files.iter().map(handed_on).collect();
    let named = |(path, file): (&String, &&File)| {
        let all = uses(file).into_iter().map(|(_, to)| to).chain(inline(file));
        let all = all.filter_map(|to| house.definer(&house.absolute(path, &to)?, 0));
        // A module and what lies in its own folder are one house: how they share their names is their own business.
        let own = |other: &str| within(&module(other), path) || within(path, &module(other));
        (file.path.clone(), all.filter(|other| !own(other)).collect())
    };
    house.files.iter().map(named).collect()
}

impl House<'_> {
    /// A path as it is written in a module, from the crate's root on; `None`: it leads out of the crate.
    fn absolute(&self, module: &str, written: &[String]) -> Option<Vec<String>> {
        let mut at: Vec<String> = module.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let mut rest = written;
        match written.first()?.as_str() {
            "crate" => {
                at.clear();
                rest = &rest[1..];
            }
            "self" | "super" => {
                while let [first, more @ ..] = rest
                    && matches!(first.as_str(), "self" | "super")
                {
                    if first == "super" {
                        at.pop()?;
                    }
                    rest = more;
                }
            }
            child => {
                let path = at.iter().map(String::as_str).chain([child]).collect::<Vec<_>>().join("::");
                self.files.get(&path)?;
            }
        }
        at.extend(rest.iter().cloned());
        Some(at)
    }

    /// The file that defines what stands at this path.
    fn definer(&self, path: &[String], depth: u32) -> Option<String> {
        let longest = (0..=path.len()).rev().find(|n| self.files.contains_key(&path[..*n].join("::")))?;
        let module = path[..longest].join("::");
        if let Some(to) = path.get(longest).and_then(|name| self.handed_on[&module].get(name))
            && depth < 8
        {
            let to: Vec<String> = to.iter().chain(&path[longest + 1..]).cloned().collect();
            return self.definer(&to, depth + 1);
        }
        Some(self.files[&module].path.clone())
    }
}

/// A module is the other one, or lies in its folder.
fn within(inner: &str, outer: &str) -> bool {
    inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with("::"))
}

/// `src/run/fold.rs` -> `run::fold`.
fn module(path: &str) -> String {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    if path == "lib" { String::new() } else { path.replace('/', "::") }
}

/// What a file's `use` lines name, one path each, and whether they hand it on.
fn uses(file: &File) -> Vec<(bool, Vec<String>)> {
    let line = Regex::new(r"(?m)^[ \t]*(pub(?:\([a-z:]+\))? )?use ([^;]+);").unwrap();
    let mut all = Vec::new();
    for found in line.captures_iter(&file.code) {
        let mut paths = Vec::new();
        spread(&found[2], &mut Vec::new(), &mut paths);
        all.extend(paths.into_iter().map(|path| (found.get(1).is_some(), path)));
    }
    all
}

/// `a::{b, c::{self, d as e}}` -> `a::b`, `a::c`, `a::c::d`.
fn spread(text: &str, before: &mut Vec<String>, into: &mut Vec<Vec<String>>) {
    for part in super::source::top_commas(text) {
        let part = part.trim();
        let (head, group) = match part.split_once('{') {
            Some((head, group)) => (head, Some(group.trim_end().trim_end_matches('}'))),
            None => (part.split(" as ").next().unwrap_or(part), None),
        };
        let depth = before.len();
        before.extend(head.split("::").map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned));
        match group {
            Some(group) => spread(group, before, into),
            None if before.last().is_some_and(|last| last == "self" || last == "*") && before.len() > 1 => {
                into.push(before[..before.len() - 1].to_vec());
            }
            None if !part.is_empty() => into.push(before.clone()),
            None => {}
        }
        before.truncate(depth);
    }
}

/// Paths that stand in the code itself.
fn inline(file: &File) -> Vec<Vec<String>> {
    let path = Regex::new(r"\b(?:crate|super|self)(?:::\w+)+").unwrap();
    path.find_iter(&file.code).map(|found| found.as_str().split("::").map(str::to_owned).collect()).collect()
}
