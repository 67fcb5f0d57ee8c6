//! `opsdeck audit redact`: values out of a row for good.

use crate::api::Desk;
use crate::audit::Error;
use crate::cli::print::print;
use crate::text;
use anyhow::bail;
use serde_json::json;
use std::process::ExitCode;

pub(super) const EXAMPLES: &str = "\
Examples:
  opsdeck audit redact 4711 reason --reason 'a customer was named'
  opsdeck audit redact 4711 subject metadata.cwd --reason 'internal path' --json

What the row was committed to stays, so it still verifies; its values are gone from the file. What was printed, exported or \
backed up before is not reached. Time, action, status, run and ids stay: rows are found by them.

Exit codes: 0 redacted, 1 refused (no such row or field, or a row of version 1), or the ledger cannot be written.";

/// Options of `audit redact`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Number of the row
    #[arg(value_name = "SEQ")]
    seq: i64,
    /// Fields, by the names that `audit --json` prints; `metadata.NAME`, or `metadata` for all of it
    #[arg(value_name = "FIELD", required = true)]
    fields: Vec<String>,
    /// Why; it is recorded, so it must not repeat what is taken out
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(desk: &Desk, args: &Args) -> anyhow::Result<ExitCode> {
    let done = match desk.acting()?.redact(args.seq, &args.fields, &args.reason) {
        Err(Error::Lost(why)) => bail!("nothing was redacted: {why}"),
        done => done?,
    };
    let fields = text::plain(&done.fields.join(", ")).into_owned();
    if args.json {
        let said = json!({"seq": args.seq, "redacted": done.fields, "recorded_as": done.receipt.seq,
            "erased": done.erased});
        print(&format!("{said}\n"))?;
    } else {
        print(&format!("Row {}: redacted {fields}. Recorded as row {}.\n", args.seq, done.receipt.seq))?;
    }
    if !done.erased {
        eprintln!(
            "opsdeck: another process reads the ledger: until it is done, the old bytes lie in {}-wal",
            desk.state().audit().display()
        );
    }
    Ok(ExitCode::SUCCESS)
}
