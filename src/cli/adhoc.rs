//! `opsdeck adhoc`: one module on the hosts of a pattern.

use super::target::Target;
use super::{Global, start, wait};
use crate::ansible::Ask;
use crate::ansible::ask::Adhoc;
use anyhow::Result;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  opsdeck adhoc web -E production -m service -a 'name=nginx state=restarted' -b
  opsdeck adhoc 'all:!db' -i hosts.ini -m ping --wait
  opsdeck adhoc web01 -m command -a uptime -K --wait";

/// Options of the verb; its words are in `cli`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help())]
pub struct Args {
    /// Host pattern: `all`, `web`, `web:&eu:!canary`, `web[0:4]`, `~regex`
    #[arg(allow_hyphen_values = true)]
    pub pattern: String,
    /// Module
    #[arg(short = 'm', long = "module", value_name = "MODULE", default_value = "command")]
    pub module: String,
    /// Its arguments
    #[arg(short = 'a', long, value_name = "ARGS", allow_hyphen_values = true)]
    pub args: Option<String>,
    /// Where and how.
    #[command(flatten)]
    pub target: Target,
}

fn long_help() -> String {
    format!("{EXAMPLES}\n\n{}", wait::CODES)
}

/// Launches it.
///
/// # Errors
/// The command line asks for what does not exist. Refusals have their own exit code.
pub fn run(global: &Global, args: Args) -> Result<ExitCode> {
    let Args { pattern, module, args, target } = args;
    let request = target.request(global, |common, _| Ask::Adhoc(Adhoc { pattern, module, args, common }))?;
    start::start(global, request, target.wait, target.json)
}
