//! What `ansible-doc` knows of modules: names for completion, options for the form. It takes half a second and more, so
//! these calls block and belong on a background thread; answers are kept as JSON in a cache folder.

mod parse;

use crate::project::cfg::Env;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

/// A module's name and what it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Full name (`ansible.builtin.service`).
    pub name: String,
    pub short: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ModuleDoc {
    /// Full name, where it has one.
    pub name: String,
    pub short: String,
    /// Paragraphs, with Ansible's markup taken out.
    pub description: Vec<String>,
    /// Options: required ones first, then by name.
    pub options: Vec<ModuleOption>,
    /// Examples (YAML), as written.
    pub examples: String,
}

/// One option of a module.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ModuleOption {
    pub name: String,
    pub aliases: Vec<String>,
    /// Type (`str`, `list of str`).
    pub kind: String,
    pub required: bool,
    /// What it may be, where that is a closed list.
    pub choices: Vec<String>,
    /// What holds where it is not given.
    pub default: Option<String>,
    /// Paragraphs, with Ansible's markup taken out.
    pub description: Vec<String>,
}

/// Why documentation could not be had.
#[derive(Debug, thiserror::Error)]
pub enum DocError {
    /// It did not run, or not to its end.
    #[error("ansible-doc could not be asked: {0}")]
    Run(#[from] std::io::Error),
    #[error("ansible-doc says: {0}")]
    Said(String),
    #[error("no documentation for a module {0:?}: a typing mistake, or its collection is not installed")]
    Unknown(String),
}

/// Asks `ansible-doc`, and remembers.
#[derive(Debug, Clone)]
pub struct Docs {
    tool: PathBuf,
    cwd: PathBuf,
    cache: PathBuf,
    collections: Vec<PathBuf>,
}

impl Docs {
    /// `tool` is `ansible-doc`, `cwd` the project (its own collections and `library/` count), `cache` a folder of ours;
    /// `collections` are the paths of `ansible.cfg`, `None` for Ansible's own places.
    pub fn new(tool: PathBuf, cwd: &Path, cache: &Path, collections: Option<Vec<PathBuf>>, env: &Env) -> Self {
        let own = || {
            let home = env.get("HOME").map(PathBuf::from).unwrap_or_default();
            vec![home.join(".ansible/collections"), PathBuf::from("/usr/share/ansible/collections")]
        };
        Self { tool, cwd: cwd.to_owned(), cache: cache.to_owned(), collections: collections.unwrap_or_else(own) }
    }

    /// All modules that can be used here, by name.
    pub fn modules(&self) -> Result<Vec<Module>, DocError> {
        self.cached("modules", || parse::modules(&self.ask(&["-l", "-j"])?))
    }

    /// The documentation of one module.
    ///
    /// # Errors
    /// See [`DocError`]; [`DocError::Unknown`] for a name that nobody knows.
    pub fn module(&self, name: &str) -> Result<ModuleDoc, DocError> {
        if name.is_empty() || name.starts_with('-') {
            return Err(DocError::Unknown(name.to_owned()));
        }
        self.cached(&format!("module {name}"), || parse::module(name, &self.ask(&["-j", name])?))
    }

    fn ask(&self, args: &[&str]) -> Result<Vec<u8>, DocError> {
        let mut command = Command::new(&self.tool);
        command.args(args).current_dir(&self.cwd).env("ANSIBLE_NOCOLOR", "1").env_remove("ANSIBLE_FORCE_COLOR");
        let output = super::child::output(command, Duration::from_secs(120))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let line = said.lines().map(str::trim).find(|line| line.contains("ERROR")).unwrap_or_else(|| said.trim());
        Err(DocError::Said(line.trim_start_matches("[ERROR]: ").trim_start_matches("ERROR! ").to_owned()))
    }

    /// Cached answers are named by all that they depend on; an old one is never found again. Failures are not kept.
    fn cached<T: Serialize + DeserializeOwned>(
        &self,
        what: &str,
        ask: impl FnOnce() -> Result<T, DocError>,
    ) -> Result<T, DocError> {
        let path = self.cache.join(format!("doc-{}.json", self.key(what)));
        if let Some(known) =
            crate::open::read_own(&path, crate::open::FLEET).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok())
        {
            return Ok(known);
        }
        let answer = ask()?;
        if let Err(error) = self.keep(&path, &answer) {
            tracing::warn!(%error, path = %path.display(), "documentation could not be cached");
        }
        Ok(answer)
    }

    fn keep<T: Serialize>(&self, path: &Path, answer: &T) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.cache)?;
        crate::state::file::write_cache(path, &serde_json::to_vec(answer)?)
    }

    /// The tool's file stands for its version: installing another one writes it anew.
    fn key(&self, what: &str) -> String {
        let mut hash = Sha256::new();
        let mut add = |path: &Path| {
            let time = super::tools::modified(path).and_then(|t| t.duration_since(UNIX_EPOCH).ok());
            hash.update(format!("{}\0{:?}\0", path.display(), time.map(|t| t.as_nanos())));
        };
        add(&self.tool);
        if let Some(folder) = self.tool.parent() {
            add(folder);
        }
        for name in ["ansible.cfg", "library", "collections/ansible_collections"] {
            add(&self.cwd.join(name));
        }
        for folder in &self.collections {
            let folder = folder.join("ansible_collections");
            add(&folder);
            for namespace in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                add(&namespace.path());
                for collection in std::fs::read_dir(namespace.path()).into_iter().flatten().flatten() {
                    add(&collection.path().join("MANIFEST.json"));
                }
            }
        }
        hash.update(what);
        hash.finalize()[..12].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
