//! `opsdeck claim`: makes a copied or restored state directory one of its own. Audited: intent before, outcome after.

use super::{Global, print};
use crate::run::claim::Refused;
use crate::text::plain;
use anyhow::Result;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// Options of the verb; its words are in `cli`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  opsdeck claim --reason 'restored after the disk of bastion-1 died'
  opsdeck claim --state-dir /srv/opsdeck --json
  opsdeck claim --new-control --reason 'control.db was damaged, no backup'

Exit codes: 0 claimed, 1 it could not be recorded or written, 64 refused: it lies where it was made, is another's, or \
something of it runs.")]
pub struct Args {
    /// Why; the audit ledger keeps it
    #[arg(long, value_name = "TEXT", value_parser = super::line::reason)]
    pub reason: Option<String>,
    /// Make a new control.db instead, where it is gone or damaged: leases, stopped lines, silences and incidents in it are lost
    #[arg(long)]
    pub new_control: bool,
    /// Begin a new ledger instead, where it was deleted or cut; what is left of it is put aside
    #[arg(long, conflicts_with = "new_control")]
    pub new_ledger: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Claims it.
///
/// # Errors
/// The ledger or the file cannot be written.
pub fn run(global: &Global, args: &Args) -> Result<ExitCode> {
    let store = global.store();
    let (desk, reason) = (global.desk(), args.reason.as_deref());
    let acting = desk.acting()?;
    if args.new_control {
        let words = "made anew. No host is held, no line is stopped, nothing is silenced: look whether that is right";
        return anew(args, &store.control(), words, acting.new_control(reason));
    }
    if args.new_ledger {
        let words = "begun anew; what is left of the one before is put aside beside it";
        return anew(args, &store.audit(), words, acting.new_ledger(reason));
    }
    match acting.claim(reason) {
        Ok(id) => {
            let path = store.root().display().to_string();
            print::print(&match args.json {
                true => json!({ "id": id, "path": path }).to_string() + "\n",
                false => {
                    format!("{}: new runs belong here; those that lie in it are read-only for ever\n", plain(&path))
                }
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Err(Refused::No(why)) => {
            eprintln!("opsdeck: nothing was claimed: {}", plain(&why));
            Ok(super::start::REFUSED.into())
        }
        Err(e) => Err(e.into()),
    }
}

fn anew(args: &Args, path: &Path, words: &str, done: Result<(), Refused>) -> Result<ExitCode> {
    let path = path.display().to_string();
    match done {
        Ok(()) => {
            print::print(&match args.json {
                true => json!({ "path": path }).to_string() + "\n",
                false => format!("{}: {words}\n", plain(&path)),
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Err(Refused::No(why)) => {
            eprintln!("opsdeck: nothing was made: {}", plain(&why));
            Ok(super::start::REFUSED.into())
        }
        Err(e) => Err(e.into()),
    }
}
