//! `opsdeck values`: the secret variables of a run that lives, for whoever may have them.

use super::{Global, start};
use crate::run::StopError;
use crate::text::plain;
use anyhow::Result;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// Options of the verb; its words are in `cli`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  opsdeck values last | jq keys
  opsdeck rerun 0199 --secrets-from <(opsdeck values 0199)
  ansible-playbook deploy.yml -e \"@$(opsdeck values --fifo 0199)\"

They live in the memory of the run's supervisor alone, as long as the run lives. Each reading is in the ledger: before it, \
and how it went.

Exit codes: 0 printed, 1 no such run or nobody answers, 64 refused: the run has ended or its supervisor died, and with it \
the values (their names are told), or they are not yours, or standard output is a terminal.")]
pub struct Args {
    /// The run: its id, the beginning of it, or `last`
    pub run: String,
    /// Only these variables [default: all]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Print `PATH` of a FIFO that gives them to one reader within a minute: what `-e \"@PATH\"` needs
    #[arg(long)]
    pub fifo: bool,
    /// Print them even where standard output is a terminal
    #[arg(long)]
    pub show: bool,
    /// Print JSON, which is what it prints anyway
    #[arg(long, conflicts_with = "fifo")]
    pub json: bool,
}

/// Prints them.
///
/// # Errors
/// No such run; nobody answers. Refusals have their own exit code.
pub fn run(global: &Global, args: &Args) -> Result<ExitCode> {
    let desk = global.desk();
    let id = desk.find(&args.run)?;
    let mut out = std::io::stdout();
    if out.is_terminal() && !args.show && !args.fifo {
        eprintln!("opsdeck: secrets are not printed to a terminal, which keeps them: pipe them on, or say --show");
        return Ok(start::REFUSED.into());
    }
    match desk.acting()?.values(id, &args.names, args.fifo) {
        Ok(text) => {
            out.write_all(&text)?;
            out.write_all(b"\n")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(StopError::Refused(why) | StopError::Over(why)) => {
            eprintln!("opsdeck: {}", plain(&why));
            Ok(start::REFUSED.into())
        }
        Err(e) => Err(e.into()),
    }
}
