//! `opsdeck inventory`: the JSON of `ansible-inventory --list`, natively where we can be exact.
//!
//! Exit codes: 0 printed; 1 an error, a decline under `--engine native`; Ansible's own code where Ansible failed.

use super::{Global, known, print};
use crate::inventory::ask::{self, AskError, Cancel, Depth};
use crate::inventory::{Declined, Inventory, Options};
use crate::project::{AnsibleCfg, Project};
use crate::text;
use anyhow::{Context, bail};
use std::process::ExitCode;
use std::time::Duration;

/// How long Ansible may take: dynamic sources ask slow clouds.
pub const LIMIT: Duration = Duration::from_secs(600);

const HELP: &str = "\
Examples:
  opsdeck inventory -i inventories/production --list
  opsdeck inventory -i inventories/production --engine ansible | jq '.web.hosts'

Exit codes: 0 printed; 1 an error, or a decline under --engine native; Ansible's own code where Ansible failed.";

/// Options of `opsdeck inventory`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// Where to read it from and with what
    #[command(flatten)]
    pub from: From,
    /// Print all hosts and groups (the default, and all there is)
    #[arg(long)]
    pub list: bool,
}

/// Sources and the engine that reads them; shared with `opsdeck hosts`.
#[derive(Debug, clap::Args)]
pub struct From {
    /// Inventory file, folder or comma list; may be repeated [default: what ansible.cfg says]
    #[arg(short, long = "inventory", value_name = "SOURCE")]
    pub inventory: Vec<String>,
    /// Environment of the project, instead of -i
    #[arg(short = 'E', long = "environment", alias = "env", value_name = "NAME", conflicts_with = "inventory")]
    pub environment: Option<String>,
    /// Who reads it [default: native, and ansible where native declines]
    #[arg(long, value_name = "WHO")]
    pub engine: Option<Engine>,
}

/// Who reads an inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Engine {
    /// opsdeck itself; fails where it can't be exact
    Native,
    /// The real ansible-inventory
    Ansible,
}

/// Prints the inventory.
///
/// # Errors
/// A decline under `--engine native`; Ansible missing or too slow.
pub fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let sources = args.from.sources(global)?;
    if args.from.engine != Some(Engine::Ansible) {
        let native = Inventory::load(&global.project, &sources, &Options::current());
        match native.and_then(|inventory| Ok((inventory.list_json()?, inventory))) {
            Ok((json, inventory)) => {
                warn(&inventory);
                print::print(&(json + "\n"))?;
                return Ok(ExitCode::SUCCESS);
            }
            Err(declined) => args.from.fall_back(&declined)?,
        }
    }
    match ask::list(&global.project, &args.from.given(global)?, Depth::Full, LIMIT, &Cancel::default()) {
        Ok(said) => {
            tell(&said.stderr);
            print::print(&said.stdout)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => verdict(error),
    }
}

impl From {
    /// Those of `-i` or of the environment, else those that Ansible's configuration names.
    ///
    /// # Errors
    /// There is no such environment.
    pub fn sources(&self, global: &Global) -> anyhow::Result<Vec<String>> {
        let given = self.given(global)?;
        if !given.is_empty() {
            return Ok(given);
        }
        let cfg = AnsibleCfg::load(&global.project, &Options::current().env);
        let configured = cfg.inventory().unwrap_or_else(|| vec!["/etc/ansible/hosts".into()]);
        Ok(configured.iter().map(|path| path.to_string_lossy().into_owned()).collect())
    }

    /// What Ansible is given with `-i`; nothing: it goes by its configuration.
    ///
    /// # Errors
    /// There is no such environment.
    pub fn given(&self, global: &Global) -> anyhow::Result<Vec<String>> {
        let Some(name) = &self.environment else { return Ok(self.inventory.clone()) };
        let project = Project::discover(&global.project)?;
        let sources = known::of(&project, name)?.inventory.iter();
        // The project's root may lie above the folder that this is run in.
        Ok(sources.map(|source| project.root.join(source).to_string_lossy().into_owned()).collect())
    }

    /// Says why native declines; an error if nobody else may answer.
    ///
    /// # Errors
    /// The decline itself under `--engine native`.
    pub fn fall_back(&self, declined: &Declined) -> anyhow::Result<()> {
        let why = text::plain(&declined.to_string()).into_owned();
        if declined.hopeless {
            bail!("{why}");
        }
        if self.engine == Some(Engine::Native) {
            bail!("the native engine declines: {why}\nnext: leave out `--engine native` to ask Ansible");
        }
        eprintln!("opsdeck: the native engine declines, asking Ansible: {why}");
        Ok(())
    }
}

/// What Ansible passes over, on stderr.
pub fn warn(inventory: &Inventory) {
    for warning in inventory.warnings() {
        eprintln!("opsdeck: warning: {}", text::plain(&warning.to_string()));
    }
}

/// Ansible's own words, on stderr.
pub fn tell(words: &str) {
    for line in text::plain_lines(words) {
        eprintln!("{line}");
    }
}

/// Ansible's failure in its own words and with its own code.
///
/// # Errors
/// Failures that are not Ansible's verdict.
pub fn verdict(error: AskError) -> anyhow::Result<ExitCode> {
    match &error {
        AskError::Failed { status, stderr, .. } => {
            tell(stderr);
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
        }
        _ => Err(error).context("no answer from Ansible"),
    }
}
