//! Where Ansible's commands are, and which version they are. A command that is missing is a sentence that helps.

use crate::project::cfg::Env;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// A file as it was at some time.
type Stamp = (PathBuf, Option<SystemTime>);

/// Ansible's commands that we start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tool {
    /// `ansible`.
    Adhoc,
    /// `ansible-playbook`.
    Playbook,
    /// `ansible-inventory`.
    Inventory,
    /// `ansible-doc`.
    Doc,
}

impl Tool {
    pub const ALL: [Tool; 4] = [Tool::Adhoc, Tool::Playbook, Tool::Inventory, Tool::Doc];

    pub fn name(self) -> &'static str {
        match self {
            Tool::Adhoc => "ansible",
            Tool::Playbook => "ansible-playbook",
            Tool::Inventory => "ansible-inventory",
            Tool::Doc => "ansible-doc",
        }
    }
}

/// A command that is not there, and how to get it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name} was not found {searched}. Install ansible-core (`pipx install ansible-core`, or your distribution's package \
     `ansible-core`), activate its virtual environment, or name its folder in OPSDECK_ANSIBLE_BIN"
)]
pub struct NotFound {
    pub name: &'static str,
    /// Where it was looked for.
    pub searched: String,
}

/// Why a version is not known.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// It could not be started.
    #[error("{path} cannot be started: {error}")]
    Start { path: PathBuf, error: std::io::Error },
    /// It ran and said something else.
    #[error("`{path} --version` did not say which version it is; it said: {said}")]
    Said { path: PathBuf, said: String },
}

/// Finds a command: in the folder that `OPSDECK_ANSIBLE_BIN` names, or else on `PATH`.
///
/// # Errors
/// A sentence that says where it was looked for and how to get it.
pub fn find(tool: Tool, env: &Env) -> Result<PathBuf, NotFound> {
    let name = tool.name();
    if let Some(folder) = env.get("OPSDECK_ANSIBLE_BIN").filter(|folder| !folder.is_empty()) {
        let path = Path::new(folder).join(name);
        let missing = || NotFound { name, searched: format!("in {folder} (named by OPSDECK_ANSIBLE_BIN)") };
        return executable(&path).then_some(path).ok_or_else(missing);
    }
    let path = env.get("PATH").unwrap_or("/usr/local/bin:/usr/bin:/bin");
    let found = path.split(':').filter(|folder| folder.starts_with('/')).map(|folder| Path::new(folder).join(name));
    found.into_iter().find(|path| executable(path)).ok_or_else(|| NotFound { name, searched: "on PATH".into() })
}

/// The version of ansible-core behind a command, as `2.19.14`. Takes half a second the first time; remembered for as
/// long as the file stays the same.
///
/// # Errors
/// The command does not start, or says no version (a broken virtual environment, for instance).
pub fn version(path: &Path) -> Result<String, VersionError> {
    static KNOWN: LazyLock<Mutex<HashMap<Stamp, String>>> = LazyLock::new(Mutex::default);
    let key = (path.to_path_buf(), modified(path));
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(version) = known().get(&key) {
        return Ok(version.clone());
    }
    let mut command = Command::new(path);
    command.arg("--version").current_dir("/").env_remove("ANSIBLE_CONFIG");
    let output = super::child::output(command, Duration::from_secs(30))
        .map_err(|error| VersionError::Start { path: path.to_path_buf(), error })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let core = text.split_once("[core ").and_then(|(_, rest)| rest.split_once(']')).map(|(core, _)| core.trim());
    let Some(core) = core else {
        let said = if text.trim().is_empty() { String::from_utf8_lossy(&output.stderr) } else { text };
        let said = said.trim().lines().next_back().unwrap_or("nothing").to_owned();
        return Err(VersionError::Said { path: path.to_path_buf(), said });
    };
    known().insert(key, core.to_owned());
    Ok(core.to_owned())
}

/// When the file was last changed.
pub(super) fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|meta| meta.modified()).ok()
}

fn executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn a_missing_command_says_how_to_get_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        let error = find(Tool::Playbook, &Env::from([("PATH", path)])).unwrap_err().to_string();
        assert!(error.starts_with("ansible-playbook was not found on PATH. Install ansible-core"), "{error}");
        let error = find(Tool::Doc, &Env::from([("PATH", "/bin"), ("OPSDECK_ANSIBLE_BIN", path)])).unwrap_err();
        assert!(error.searched.contains("OPSDECK_ANSIBLE_BIN"));
    }

    #[test]
    fn the_named_folder_comes_before_path() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        script(one.path(), "ansible", "");
        let second = script(two.path(), "ansible", "");
        let (one, two) = (one.path().to_str().unwrap(), two.path().to_str().unwrap());
        assert_eq!(find(Tool::Adhoc, &Env::from([("PATH", one), ("OPSDECK_ANSIBLE_BIN", two)])).unwrap(), second);
    }

    /// A child that another test starts holds what was just written open for writing, until it is a program of its own.
    fn said(path: &Path) -> Result<String, VersionError> {
        loop {
            match version(path) {
                Err(VersionError::Start { error, .. }) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
                done => return done,
            }
        }
    }

    #[test]
    fn the_version_is_read_and_a_broken_command_is_quoted() {
        let dir = tempfile::tempdir().unwrap();
        let good = script(dir.path(), "ansible", "echo 'ansible [core 2.18.3] (stable)'");
        assert_eq!(said(&good).unwrap(), "2.18.3");
        let bad = script(dir.path(), "ansible-doc", "echo 'bad interpreter' >&2; exit 1");
        assert!(said(&bad).unwrap_err().to_string().ends_with("it said: bad interpreter"));
    }
}
