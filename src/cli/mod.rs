//! The command line: one file a verb. This file holds the definition of the whole and the dispatch.

pub mod audit;
pub mod completions;
pub mod demo;
pub mod man;
pub mod print;
pub mod when;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// A full-screen console for on-call engineers that drives the team's real Ansible.
#[derive(Debug, Parser)]
#[command(name = "opsdeck", version)]
pub struct Cli {
    /// What every verb shares.
    #[command(flatten)]
    pub global: Global,
    /// The verb; without one the screen opens.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// Options of every verb.
#[derive(Debug, Clone, clap::Args)]
pub struct Global {
    /// State directory [default: $XDG_STATE_HOME/opsdeck]
    #[arg(long, global = true, env = "OPSDECK_STATE", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Ansible project to work in
    #[arg(long, short = 'C', global = true, value_name = "DIR", default_value = ".")]
    pub project: PathBuf,
}

/// The verbs, in the order of the help.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Try opsdeck on a small Ansible project with private sshd hosts on loopback
    Demo(demo::Args),
    /// Show the audit ledger, newest first: who did what, where, and how it ended
    Audit(audit::Args),
    /// Print completions for a shell
    Completions(completions::Args),
    /// Print the manual page
    Man,
}

/// Parses the command line and runs the verb. Exit codes are documented at each verb; 2 is a usage error everywhere.
pub fn main() -> ExitCode {
    let Cli { global, verb } = Cli::parse();
    let done = match verb {
        Some(Verb::Demo(args)) => demo::run(&args).map(|()| ExitCode::SUCCESS),
        Some(Verb::Audit(args)) => audit::run(&args, &global),
        Some(Verb::Completions(args)) => completions::run(&args),
        Some(Verb::Man) => man::run(),
        None => Ok(ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        eprintln!("opsdeck: {}", crate::text::plain(&format!("{error:#}")));
        ExitCode::FAILURE
    })
}
