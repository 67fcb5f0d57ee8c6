//! The real `ansible-inventory`: for scripts, plugin sources and whatever we decline, and for verification.
//!
//! Blocking: callers use threads of their own. What it prints may hold decrypted values: it stays in memory.

mod answer;
mod child;
mod door;
mod helper;
mod python;
mod resolve;
mod warm;

pub use child::{Cancel, end_all};
pub use door::{Lent, lend, look_in};
pub use resolve::{Failed, Resolved, Wanted, resolve};

use super::{Inventory, Options};
use child::Output;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Hosts and groups, and variables that stand in the sources: needs no vault password for variable files.
    Topology,
    /// All variables of all hosts; fails where a password is missing.
    Full,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The program could not be started.
    #[error("`{program}` could not be started ({error}): is Ansible installed and on PATH? `opsdeck doctor` tells")]
    Start { program: &'static str, error: std::io::Error },
    /// It ended with a failure.
    #[error("`{program}` failed ({status}):\n{stderr}")]
    Failed {
        program: &'static str,
        /// Exit code or signal.
        status: std::process::ExitStatus,
        /// What it wrote to stderr.
        stderr: String,
    },
    /// It took too long and was ended.
    #[error("`{program}` gave no answer within {} seconds and was ended", limit.as_secs())]
    Slow { program: &'static str, limit: Duration },
    /// It ran, and could not read these sources.
    #[error("not read: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Unread(Vec<Failed>),
    #[error("cancelled")]
    Cancelled,
    /// What it printed is not the JSON that we know.
    #[error("`ansible-inventory` printed something that is no inventory: {0}")]
    Unreadable(String),
}

impl AskError {
    /// True if only a vault password was missing: [`Depth::Topology`] may still work.
    pub fn wants_vault_password(&self) -> bool {
        matches!(self, AskError::Failed { stderr, .. }
            if stderr.contains("vault secrets") || stderr.contains("decrypt vault") || stderr.contains("Decryption failed"))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub stdout: String,
    pub stderr: String,
}

/// Asks for the inventory of `sources` in `root`. Without sources Ansible's configuration decides.
pub fn inventory(
    root: &Path,
    sources: &[String],
    depth: Depth,
    options: &Options,
    limit: Duration,
    cancel: &Cancel,
) -> Result<Inventory, AskError> {
    match list(root, sources, depth, limit, cancel) {
        Ok(said) => answer::read(root, sources, options, &said),
        // Which source it was, and why, in a line.
        Err(e @ AskError::Failed { .. }) => match resolve(root, sources, &Wanted::default(), options, limit, cancel) {
            Err(unread @ AskError::Unread(_)) => Err(unread),
            _ => Err(e),
        },
        Err(e) => Err(e),
    }
}

/// What `ansible-inventory --list` prints.
pub fn list(root: &Path, sources: &[String], depth: Depth, limit: Duration, cancel: &Cancel) -> Result<Said, AskError> {
    let mut command = start("ansible-inventory", root, sources);
    command.arg("--list");
    if depth == Depth::Topology {
        command.env("ANSIBLE_VARS_ENABLED", "none");
    }
    said("ansible-inventory", command, limit, cancel)
}

/// The names that `ansible PATTERN --list-hosts` prints, in its order, and its warnings.
pub fn hosts(
    root: &Path,
    sources: &[String],
    pattern: &str,
    subset: Option<&str>,
    limit: Duration,
    cancel: &Cancel,
) -> Result<(Vec<String>, String), AskError> {
    let mut command = start("ansible", root, sources);
    command.arg("--list-hosts");
    if let Some(subset) = subset {
        command.arg(format!("--limit={subset}"));
    }
    // As a launch gives it, see `ansible::command`.
    let none = if pattern.starts_with('-') { "," } else { "" };
    command.arg(format!("{none}{pattern}"));
    let said = said("ansible", command, limit, cancel)?;
    let names = said.stdout.lines().filter_map(|line| line.strip_prefix("    ")).map(str::to_owned).collect();
    Ok((names, said.stderr))
}

fn start(program: &str, root: &Path, sources: &[String]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root).env("ANSIBLE_NOCOLOR", "1").env_remove("ANSIBLE_FORCE_COLOR");
    // As a launch sets it: half an inventory is none.
    command.env("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", "1");
    for source in sources {
        command.arg(format!("--inventory={source}"));
    }
    command
}

fn said(program: &'static str, command: Command, limit: Duration, cancel: &Cancel) -> Result<Said, AskError> {
    let output = child::run(command, &[], limit, cancel).map_err(|error| AskError::Start { program, error })?;
    match output {
        Output::Ended { status, stdout, stderr } => {
            if status.success() {
                return Ok(Said { stdout, stderr });
            }
            Err(AskError::Failed { program, status, stderr })
        }
        Output::Slow => Err(AskError::Slow { program, limit }),
        Output::Cancelled => Err(AskError::Cancelled),
    }
}
