//! `opsdeck line`: the button that stops all releases of an environment. Audited: intent before, outcome after.
//!
//! Exit codes: 0 done; 1 it could not be done, or there was nothing to do; 2 a usage error.

use super::{Global, known, print};
use crate::project::Project;
use crate::release::line::Turn;
use crate::state::lines::Line;
use crate::text::{human, plain};
use anyhow::{anyhow, bail};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  opsdeck line stop production --reason 'database is read-only, see INC-4711'
  opsdeck line open production --reason 'INC-4711 solved'
  opsdeck line --json

Exit codes: 0 done or listed, 1 no such environment or it could not be recorded.";

/// Options of `line`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What to do; without it stopped lines are listed
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// No release begins or goes on there; a rollback is still allowed
    Stop(Which),
    /// Releases may go on
    Open(Which),
}

#[derive(Debug, clap::Args)]
struct Which {
    /// Environment
    environment: String,
    /// Why; the audit ledger keeps it, and whoever waits sees it
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,
}

impl Args {
    /// It changes something.
    pub fn acts(&self) -> bool {
        self.verb.is_some()
    }
}

/// A reason that others can read.
pub fn reason(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("expected a reason that others understand".into()) } else { Ok(text.to_owned()) }
}

/// Lists stopped lines, or stops or opens one.
///
/// # Errors
/// The environment does not exist, or the control or the ledger cannot be written.
pub fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let (which, to) = match &args.verb {
        None => return list(args, global),
        Some(Verb::Stop(which)) => (which, Turn::Stop),
        Some(Verb::Open(which)) => (which, Turn::Open),
    };
    let environment = &which.environment;
    // A line that is stopped may be opened even where its environment is gone.
    let known = global.desk().decisions()?.stopped_lines()?.iter().any(|line| line.environment == *environment);
    if !known {
        let project = Project::discover(&global.project)?;
        if project.environment(environment).is_none() {
            let names: Vec<_> = project.environments.iter().map(|env| env.name.as_str()).collect();
            bail!("no environment {environment:?} in {}: it has {}", project.root.display(), names.join(", "));
        }
    }
    let turned = global.desk().acting()?.line(environment, to, &which.reason);
    turned.map_err(|e| anyhow!("{e}; `opsdeck line` shows it"))?;
    print::print(&format!("the line of {} is {}\n", plain(environment), to.word()))?;
    Ok(ExitCode::SUCCESS)
}

fn list(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let lines = known::decided(global)?.stopped_lines()?;
    let out = if args.json {
        serde_json::to_string_pretty(&lines)? + "\n"
    } else if lines.is_empty() {
        "no line is stopped\n".to_owned()
    } else {
        let line = |line: &Line| {
            let text =
                format!("{}: by {} at {}: {}", line.environment, line.operator, human::date_time(line.at), line.reason);
            plain(&text).into_owned() + "\n"
        };
        lines.iter().map(line).collect()
    };
    print::print(&out)?;
    Ok(ExitCode::SUCCESS)
}
