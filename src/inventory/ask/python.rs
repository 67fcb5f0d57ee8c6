//! How a helper is started: with the Python that runs the operator's own Ansible.

use super::AskError;
use super::child::{self, Cancel, Output};
use super::helper::PROGRAM;
use crate::project::cfg::Env;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The command, in the folder and the environment of who asks.
///
/// # Errors
/// There is no Ansible, or it does not say on which Python it runs.
pub fn command(root: &Path, env: &Env) -> Result<Command, AskError> {
    let python = python(env).map_err(|error| AskError::Start { program: PROGRAM, error })?;
    let mut command = Command::new(python);
    command.current_dir(root).env_clear().envs(env.iter());
    command.env("ANSIBLE_NOCOLOR", "1").env_remove("ANSIBLE_FORCE_COLOR").env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// The Python that runs the operator's Ansible: that of the first line of its command, else what the command itself says.
fn python(env: &Env) -> std::io::Result<PathBuf> {
    let missing = || std::io::Error::new(std::io::ErrorKind::NotFound, "not found on PATH");
    let path = env.get("PATH").map(std::ffi::OsString::from).or_else(|| std::env::var_os("PATH"));
    let folders = path.iter().flat_map(std::env::split_paths);
    let tool = folders.map(|folder| folder.join(PROGRAM)).find(|tool| tool.is_file()).ok_or_else(missing)?;
    let mut head = Vec::new();
    crate::open::given(&tool)?.take(1024).read_to_end(&mut head)?;
    let first = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    let interpreter = first.strip_prefix("#!").and_then(|rest| rest.split_whitespace().next()).map(PathBuf::from);
    let is_python = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python")) && path.is_file()
    };
    if let Some(python) = interpreter.filter(is_python) {
        return Ok(python);
    }
    let mut command = Command::new(&tool);
    command.arg("--version");
    let limit = Duration::from_secs(30);
    let Output::Ended { stdout, .. } = child::run(command, &[], limit, &Cancel::default())? else {
        return Err(std::io::Error::other(format!("{} --version gave no answer", tool.display())));
    };
    let line = stdout.lines().find(|line| line.trim_start().starts_with("python version"));
    let python =
        line.and_then(|line| line.rsplit_once('(')).map(|(_, path)| PathBuf::from(path.trim_end_matches([')', ' '])));
    python
        .filter(|path| path.is_file())
        .ok_or_else(|| std::io::Error::other(format!("{} does not say which Python it runs on", tool.display())))
}
