//! `opsdeck play`: a playbook.

use super::target::Target;
use super::{Global, answer, start, wait};
use crate::ansible::Ask;
use crate::ansible::ask::Play;
use anyhow::Result;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  opsdeck play deploy.yml -E staging
  opsdeck play deploy.yml -E production -l web -t app -e version=4.12.1 --check --diff --wait
  opsdeck play site.yml -i hosts.ini --on-conflict wait -K -J";

/// Options of the verb; its words are in `cli`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help())]
pub struct Args {
    /// Playbook
    pub playbook: String,
    /// Only tasks with these tags (may be repeated; commas separate)
    #[arg(short, long, value_name = "TAGS", value_delimiter = ',')]
    pub tags: Vec<String>,
    /// Not the tasks with these tags
    #[arg(long, value_name = "TAGS", value_delimiter = ',')]
    pub skip_tags: Vec<String>,
    /// Begin at the task of this name
    #[arg(long, value_name = "TASK")]
    pub start_at_task: Option<String>,
    /// Launch although the playbook has pauses that wait for a person: Ansible skips them
    #[arg(long)]
    pub skip_pauses: bool,
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
    let Args { playbook, tags, skip_tags, start_at_task, skip_pauses, target } = args;
    let mut request = target.request(global, |common, place| {
        Ask::Playbook(Play { playbook: place.path(&playbook), tags, skip_tags, start_at_task, common })
    })?;
    request.pauses_are_known = skip_pauses;
    answer::answer(&mut request)?;
    start::start(global, request, target.wait, target.json)
}
