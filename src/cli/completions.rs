//! `opsdeck completions SHELL`: completions from the command line's own definition.

use super::{Cli, print::print};
use clap::CommandFactory;
use std::process::ExitCode;

const HELP: &str = "\
Examples:
  opsdeck completions bash > ~/.local/share/bash-completion/completions/opsdeck
  opsdeck completions zsh > ~/.zfunc/_opsdeck

Exit codes: 0 printed, 1 nobody takes the output.";

/// Options of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// Shell
    shell: clap_complete::Shell,
}

/// Prints the completion script.
///
/// # Errors
/// Standard output can't be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "opsdeck", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
