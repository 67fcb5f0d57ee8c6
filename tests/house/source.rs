//! Reads the project's own source for the house rules: files, what is code and what is test, which rooms are imported.

use regex::Regex;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One text file of the project.
#[derive(Debug, Clone)]
pub struct File {
    /// Path from the project's root, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// The text with Rust's line comments blanked, so that prose can name what code may not; same line numbers.
    pub code: String,
}

/// The project's root.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

impl File {
    /// A file of this path and text.
    pub fn of(path: &str, text: &str) -> Self {
        let comment = Regex::new(r"^\s*//").unwrap();
        let blank = |l: &str| if path.ends_with(".rs") && comment.is_match(l) { String::new() } else { l.to_owned() };
        let code = text.lines().map(blank).collect::<Vec<_>>().join("\n");
        Self { path: path.to_owned(), text: text.to_owned(), code }
    }

    /// Number of lines.
    pub fn lines(&self) -> usize {
        self.text.lines().count()
    }

    /// The room of `src` that it belongs to.
    pub fn room(&self) -> Option<&str> {
        let rest = self.path.strip_prefix("src/")?;
        Some(rest.split('/').next()?.trim_end_matches(".rs"))
    }

    /// True if it holds tests only.
    pub fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or("");
        self.path.starts_with("tests/")
            || name == "tests.rs"
            || name.ends_with("_tests.rs")
            || self.path.contains("/tests/")
    }

    /// True for input data of tests.
    pub fn is_fixture(&self) -> bool {
        self.path.contains("/cases/") || self.path.contains("/fixtures/") || self.path.contains("/snapshots/")
    }

    /// Where the tests of a source file begin: its `#[cfg(test)]` module with a body.
    fn split(&self) -> usize {
        let inline = Regex::new(r"(?m)^#\[cfg\(test\)\]\s*\n(#\[[^\n]*\n)*(pub )?mod \w+ \{").unwrap();
        inline.find(&self.code).map_or(self.code.len(), |m| m.start())
    }

    /// Only its tests: the whole of a test file, the test module of another. Line numbers stay.
    pub fn test_part(mut self) -> Self {
        if !self.is_test() {
            let at = self.split();
            self.code = "\n".repeat(self.code[..at].matches('\n').count()) + &self.code[at..];
        }
        self
    }

    /// Only what goes into the binary.
    pub fn live_part(mut self) -> Self {
        self.code.truncate(self.split());
        self
    }

    /// Rooms (or root items) that it names through `crate::` or a `super` chain that leaves its room, with the line.
    pub fn imports(&self) -> Vec<(usize, String)> {
        let one = Regex::new(r"\bcrate::(\w+)").unwrap();
        let group = Regex::new(r"\bcrate::\{([^;]*)\};").unwrap();
        let first = Regex::new(r"^\s*(\w+)").unwrap();
        let chain = Regex::new(r"\b((?:super::)+)(\w+)").unwrap();
        let line = |at: usize| self.code[..at].matches('\n').count() + 1;
        let mut found = Vec::new();
        for c in one.captures_iter(&self.code) {
            found.push((line(c.get(0).map_or(0, |m| m.start())), c[1].to_owned()));
        }
        for c in group.captures_iter(&self.code) {
            for part in top_commas(&c[1]) {
                if let Some(name) = first.captures(part) {
                    found.push((line(c.get(0).map_or(0, |m| m.start())), name[1].to_owned()));
                }
            }
        }
        let depth = self.path.trim_end_matches("/mod.rs").matches('/').count();
        for c in chain.captures_iter(&self.code) {
            if c[1].matches("super").count() == depth {
                found.push((line(c.get(0).map_or(0, |m| m.start())), c[2].to_owned()));
            }
        }
        found.sort();
        found.dedup();
        found.sort_by_key(|(n, _)| *n);
        found
    }
}

/// Splits at commas outside braces.
pub fn top_commas(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0, 0);
    for (i, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[from..i]);
                from = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

/// Files below `tests` that Cargo builds: what its targets name there, and what these reach by `mod name;`.
pub fn reached() -> BTreeSet<String> {
    let target = Regex::new(r#"(?m)^path = "(tests/[^"]+)""#).unwrap();
    let module = Regex::new(r#"(?m)^(?:#\[path = "([^"]+)"\]\n)?(?:pub )?mod (\w+);"#).unwrap();
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let roots: Vec<PathBuf> = target.captures_iter(&manifest).map(|c| root().join(&c[1])).collect();
    let (mut open, mut reached) = (roots.clone(), BTreeSet::new());
    while let Some(path) = open.pop() {
        let path = path.canonicalize().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        if !reached.insert(path.strip_prefix(root()).unwrap().to_string_lossy().into_owned()) {
            continue;
        }
        let folder = path.parent().unwrap();
        let own =
            if roots.contains(&path) || path.ends_with("mod.rs") { folder.into() } else { path.with_extension("") };
        for module in module.captures_iter(&std::fs::read_to_string(&path).unwrap()) {
            let plain = own.join(format!("{}.rs", &module[2]));
            open.push(match module.get(1) {
                Some(other) => folder.join(other.as_str()),
                None if plain.exists() => plain,
                None => own.join(&module[2]).join("mod.rs"),
            });
        }
    }
    reached
}

/// Rust files below a folder of the project.
pub fn rust(folder: &str) -> Vec<File> {
    let mut files = Vec::new();
    walk(&root().join(folder), &mut files);
    files.retain(|f| f.path.ends_with(".rs"));
    files
}

/// Files of the whole project whose name ends like this.
pub fn all(ends: &[&str]) -> Vec<File> {
    let mut files = Vec::new();
    for entry in top_level() {
        walk(&root().join(entry), &mut files);
    }
    files.retain(|f| f.path.rsplit(['.', '/']).next().is_some_and(|e| ends.contains(&e)));
    files
}

fn walk(path: &Path, files: &mut Vec<File>) {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if path.is_dir() {
        if name == ".cache" || name == "__pycache__" || name == "target" {
            return;
        }
        let mut below: Vec<PathBuf> = std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect();
        below.sort();
        below.iter().for_each(|p| walk(p, files));
    } else if let Ok(text) = std::fs::read_to_string(path) {
        let from_root = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        files.push(File::of(&from_root, &text));
    }
}

/// Names at the top level: what git would track, or all but `target` where there is no git.
pub fn top_level() -> Vec<String> {
    let git = std::process::Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output();
    let mut names: Vec<String> = match git {
        Ok(out) if out.status.success() && !out.stdout.is_empty() => String::from_utf8_lossy(&out.stdout)
            .split('\0')
            .filter(|p| !p.is_empty())
            .map(|p| p.split('/').next().unwrap_or(p).to_owned())
            .collect(),
        _ => std::fs::read_dir(root())
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|n| n != "target" && n != ".git")
            .collect(),
    };
    names.sort();
    names.dedup();
    names.retain(|n| root().join(n).exists());
    names
}
