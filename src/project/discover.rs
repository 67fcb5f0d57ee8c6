//! Finding the project that a folder belongs to, and reading what is in it.

use super::cfg::{AnsibleCfg, Env};
use super::problem::Problem;
use super::{Playbook, Project, declared, environments, playbooks};
use std::path::{Path, PathBuf};

/// Why there is no project.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder can't be entered.
    #[error("{}: {why}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the kernel said.
        why: std::io::Error,
    },
    /// Nothing in it or above it looks like Ansible.
    #[error(
        "no Ansible project in {} or above it: expected ansible.cfg, opsdeck.yaml, an inventory \
         (inventories/, inventory/, environments/, hosts, inventory.ini) or a playbook. {}",
        start.display(), next(below)
    )]
    None {
        /// Where the search began.
        start: PathBuf,
        /// Projects below it, by their paths from there.
        below: Vec<PathBuf>,
    },
}

impl Project {
    /// The project that `start` lies in, found by walking up.
    ///
    /// The nearest folder with `ansible.cfg` or `opsdeck.yaml` wins; without one the nearest with an inventory, then the
    /// nearest with a playbook. The walk ends at the top of a git repository, below the home folder and below a folder where
    /// everybody may write. A folder whose
    /// `ansible/` is a project stands for that.
    ///
    /// # Errors
    /// `start` can't be entered, or there is no project. What is wrong inside one is in `problems`, never an error.
    pub fn discover(start: &Path) -> Result<Self, Error> {
        Self::discover_with(start, &Env::current())
    }

    /// As [`Project::discover`], with an environment of the caller's.
    pub fn discover_with(start: &Path, env: &Env) -> Result<Self, Error> {
        let start = start.canonicalize().map_err(|why| Error::Folder { path: start.to_path_buf(), why })?;
        let root =
            root_of(&start, env).ok_or_else(|| Error::None { below: projects_below(&start), start: start.clone() })?;
        Ok(Self::load(&root, env))
    }

    /// The project in exactly this folder, whatever it holds: for verbs that are given an inventory and need no project.
    ///
    /// # Errors
    /// The folder can't be entered.
    pub fn at(root: &Path) -> Result<Self, Error> {
        let root = root.canonicalize().map_err(|why| Error::Folder { path: root.to_path_buf(), why })?;
        Ok(Self::load(&root, &Env::current()))
    }

    /// The configuration and the environments of the project in exactly this folder. Its playbooks are not looked for,
    /// which takes longer than all else.
    pub fn places(root: &Path, env: &Env) -> Self {
        Self::read(root, env, <_>::default())
    }

    fn load(root: &Path, env: &Env) -> Self {
        Self::read(root, env, playbooks::find(root))
    }

    fn read(root: &Path, env: &Env, (playbooks, wrong): (Vec<Playbook>, Vec<Problem>)) -> Self {
        let cfg = AnsibleCfg::load(root, env);
        let mut problems = cfg.problems.clone();
        let (environments, more) = environments::find(root, &cfg);
        problems.extend(more);
        problems.extend(wrong);
        let mut project = Self {
            root: root.to_path_buf(),
            config_file: cfg.file.clone(),
            forks: cfg.forks(),
            cfg,
            environments,
            playbooks,
            runbooks: Vec::new(),
            recovery: Vec::new(),
            notify: Default::default(),
            releases: Vec::new(),
            checks: Vec::new(),
            vars: Vec::new(),
            problems: problems.into_iter().map(|problem: Problem| problem.below(root)).collect(),
        };
        declared::apply(&mut project);
        project
    }

    /// Services that `recovery:` and `releases:` name.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        let released = self.releases.iter().map(|release| release.service.as_ref().unwrap_or(&release.name));
        self.recovery.iter().map(|policy| &policy.service).chain(released).map(String::as_str)
    }

    /// The environment of this name.
    pub fn environment(&self, name: &str) -> Option<&super::Environment> {
        self.environments.iter().find(|env| env.name == name)
    }
}

fn root_of(start: &Path, env: &Env) -> Option<PathBuf> {
    let home = env.get("HOME").map(PathBuf::from);
    let mut above = Vec::new();
    for folder in start.ancestors() {
        // Where everybody may write (/tmp), somebody else's files would choose what runs: Ansible ignores its
        // configuration there for the same reason.
        let ends = folder == Path::new("/") || Some(folder) == home.as_deref() || anybody_may_write(folder);
        if ends && folder != start {
            break;
        }
        above.push(folder);
        if folder.join(".git").exists() {
            break;
        }
    }
    let nearest =
        |is: &dyn Fn(&Path) -> bool| above.iter().find(|folder| is(folder)).map(|folder| folder.to_path_buf());
    nearest(&|folder| is_marked(folder))
        .or_else(|| nearest(&environments::in_folders))
        .or_else(|| {
            let mut below = above.iter().map(|folder| folder.join("ansible"));
            below.find(|sub| is_marked(sub) || environments::in_folders(sub))
        })
        .or_else(|| nearest(&environments::in_files))
        .or_else(|| nearest(&playbooks::any))
}

/// What to do next.
fn next(below: &[PathBuf]) -> String {
    match below {
        [] => "Go into a project, name one with -C DIR, or try `opsdeck demo`".to_owned(),
        some => {
            let names: Vec<_> = some.iter().map(|path| format!("-C {}", path.display())).collect();
            format!("Projects lie below it: {}", names.join(", "))
        }
    }
}

/// Projects below a folder that is none, the nearest first: a few, for the error that names them.
fn projects_below(start: &Path) -> Vec<PathBuf> {
    const DEEPEST: usize = 3;
    const MANY: usize = 8;
    let mut found = Vec::new();
    let mut level = vec![start.to_path_buf()];
    for _ in 0..DEEPEST {
        let mut below = Vec::new();
        for folder in level {
            let mut folders: Vec<_> = std::fs::read_dir(&folder).into_iter().flatten().flatten().collect();
            folders.retain(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            folders.sort_by_key(std::fs::DirEntry::file_name);
            for folder in folders.iter().map(std::fs::DirEntry::path) {
                let hidden = folder.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
                if hidden || found.len() >= MANY {
                    continue;
                }
                if is_marked(&folder) || environments::in_folders(&folder) || playbooks::any(&folder) {
                    found.extend(folder.strip_prefix(start).ok().map(Path::to_path_buf));
                } else {
                    below.push(folder);
                }
            }
        }
        level = below;
    }
    found
}

fn anybody_may_write(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    folder.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o002 != 0)
}

fn is_marked(folder: &Path) -> bool {
    ["ansible.cfg", "opsdeck.yaml", "opsdeck.yml"].iter().any(|name| folder.join(name).is_file())
}
