//! The command line: one file a verb. This file holds the definition of the whole and the dispatch.

pub mod demo;

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

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Try opsdeck on a small Ansible project with private sshd hosts on loopback
    Demo(demo::Args),
}

/// Parses the command line and runs the verb. Exit codes are documented at each verb.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.verb {
        Some(Verb::Demo(args)) => demo::run(&args).map(|()| ExitCode::SUCCESS),
        None => Ok(ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|e| {
        eprintln!("opsdeck: {e:#}");
        ExitCode::FAILURE
    })
}
