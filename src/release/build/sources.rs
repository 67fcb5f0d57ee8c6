//! Digests of what a plan was made from, so that an approval holds for exactly that.

use super::fill::Fill;
use super::hosts::Hosts;
use super::{Refused, hex, sha256};
use crate::project::Project;
use crate::project::config::release::{ReleaseConfig, StepKind};
use crate::release::plan::Sources;
use crate::run::extra::is_secret;
use crate::state::child;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// All digests.
///
/// # Errors
/// A playbook cannot be read, or the artifact's name has an unknown variable.
pub fn sources(
    project: &Project,
    release: &ReleaseConfig,
    hosts: &Hosts<'_>,
    vars: &BTreeMap<String, Value>,
    fill: &Fill<'_>,
) -> Result<Sources, Refused> {
    let staged = release.stages.iter().flat_map(|stage| stage.groups.iter().flatten());
    let mut playbooks = BTreeMap::new();
    for step in staged.chain(&release.rollback) {
        if let StepKind::Playbook { path, .. } = &step.kind {
            playbooks.insert(path.text.clone(), playbook(&project.root, &path.text)?);
        }
    }
    let artifact = fill.maybe(release.version.artifact.as_ref())?;
    Ok(Sources {
        playbooks,
        git: git(&project.root),
        inventory: hosts.digest(),
        vars: sha256(crate::audit::canonical(&serde_json::to_value(plain(vars)).unwrap_or_default()).as_bytes()),
        artifact: artifact.and_then(|path| file(&project.root.join(path)).ok()),
    })
}

/// The variables without those whose values could be found out by trying.
fn plain(vars: &BTreeMap<String, Value>) -> BTreeMap<&String, Option<&Value>> {
    vars.iter().map(|(name, value)| (name, Some(value).filter(|value| !is_secret(name, value)))).collect()
}

/// A playbook with all that lies in `roles` beside it and in the project's root.
///
/// # Errors
/// One of its files cannot be read.
pub fn playbook(root: &Path, path: &str) -> Result<String, Refused> {
    let full = root.join(path);
    let mut files = BTreeSet::from([full.clone()]);
    let beside = full.parent().map(|folder| folder.join("roles"));
    for folder in beside.into_iter().chain([root.join("roles")]) {
        collect(&folder, 0, &mut files);
    }
    let mut all = Sha256::new();
    for path in files {
        let digest = file(&path).map_err(|error| Refused(format!("{}: {error}", path.display())))?;
        all.update(format!("{digest}  {}\n", path.strip_prefix(root).unwrap_or(&path).display()));
    }
    Ok(hex(&all.finalize()))
}

fn collect(folder: &Path, level: usize, files: &mut BTreeSet<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && level < 12 => collect(&entry.path(), level + 1, files),
            Ok(kind) if kind.is_file() => _ = files.insert(entry.path()),
            _ => {}
        }
    }
}

/// A file.
///
/// # Errors
/// It cannot be read.
pub fn file(path: &Path) -> std::io::Result<String> {
    let mut file = crate::open::given(path)?;
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&digest.finalize())),
            n => digest.update(&buffer[..n]),
        }
    }
}

/// The commit, with `+dirty` where files differ from it.
fn git(root: &Path) -> Option<String> {
    let ask = |args: &[&str]| {
        let output = child::output(Command::new("git").arg("-C").arg(root).args(args).stdin(Stdio::null())).ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = ask(&["rev-parse", "HEAD"])?;
    let clean = ask(&["status", "--porcelain"]).is_some_and(|changes| changes.is_empty());
    Some(if clean { commit } else { format!("{commit}+dirty") })
}
