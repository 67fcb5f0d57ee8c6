//! `opsdeck audit verify`: whether the ledger is what was written, and whether the runs' folders agree.

use crate::api::{Desk, Verified};
use crate::audit::{Broken, Head, Intact, Open};
use crate::cli::print::print;
use crate::text;
use crate::text::human::{date_time, of};
use serde_json::json;
use std::process::ExitCode;

pub(super) const EXAMPLES: &str = "\
Examples:
  opsdeck audit verify
  opsdeck audit verify --since-checkpoint
  opsdeck audit verify --head 4711:3f9a... --json

Whoever can write the ledger can write all that lies beside it: alone, under one user, an intact chain is evidence and not a \
barrier. Keep the head that is printed where they cannot write, and give it with --head.

Exit codes: 0 intact (intents without an outcome are named), 1 broken (the first bad row is named), the checkpoint was \
missing, a journal or the ledger cannot be read.";

/// So many of what is open are named.
const NAMED: usize = 20;

/// Options of `audit verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A head that was kept elsewhere, as an earlier `verify` printed it
    #[arg(long, value_name = "SEQ:HASH")]
    head: Option<Head>,
    /// Read only what came since the last verification that found it intact
    #[arg(long)]
    since_checkpoint: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(desk: &Desk, args: &Args) -> anyhow::Result<ExitCode> {
    let Verified { verdict, unrecorded, unchecked, remarks } =
        desk.verify(args.head.as_ref(), !args.since_checkpoint)?;
    for remark in remarks {
        eprintln!("opsdeck: {}", text::plain(&remark));
    }
    if let Some(refused) = unrecorded {
        super::not_recorded("verification", &refused);
    }
    let said = if args.json { as_json(&verdict) } else { as_text(&verdict) };
    print(&format!("{said}\n"))?;
    if unchecked {
        eprintln!(
            "opsdeck: the checkpoint beside the ledger was missing: a tail that was cut off with it would not show"
        );
    }
    let whole = verdict.as_ref().is_ok_and(|intact| intact.journals.unread.is_empty()) && !unchecked;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn as_json(verdict: &Result<Intact, Broken>) -> String {
    let said = match verdict {
        Ok(intact) => json!({"intact": true, "rows": intact.rows, "head": intact.head, "known_head": intact.known,
            "since": intact.since, "open_intents": intact.open, "ended_without_a_row": intact.unended,
            "journals": intact.journals}),
        Err(broken) => json!({"intact": false, "first_bad_seq": broken.seq, "why": broken.why}),
    };
    said.to_string()
}

fn as_text(verdict: &Result<Intact, Broken>) -> String {
    let intact = match verdict {
        Ok(intact) => intact,
        Err(broken) => return text::plain(&format!("BROKEN at row {}: {}", broken.seq, broken.why)).into_owned(),
    };
    let mut lines = vec![match &intact.since {
        Some(since) => format!(
            "Intact: {} rows since the verification at row {}; the {} before it were not read again.",
            intact.rows - since.seq,
            since.seq,
            since.seq
        ),
        None => format!("Intact: {} rows.", intact.rows),
    }];
    lines.push(match &intact.known {
        Some(known) => format!("Row {} is the one whose hash was kept: no tail was cut off before it.", known.seq),
        None => "No earlier head is known: a tail that was cut off would not show.".to_owned(),
    });
    let journals = &intact.journals;
    if journals.same + journals.missing > 0 {
        let same = of(journals.same, "journal");
        lines.push(format!("{same} as when the run ended; {} not here any more.", journals.missing));
    }
    if journals.older > 0 {
        lines.push(format!("{} older than the ledger.", of(journals.older, "run")));
    }
    if journals.unrecorded > 0 {
        let runs = of(journals.unrecorded, "run");
        lines.push(format!("Launched under break-glass, by what lies beside the ledger, and not in it yet: {runs}."));
    }
    lines.extend(journals.unread.iter().map(|why| format!("Not known: {why}")));
    if !intact.open.is_empty() {
        let count = intact.open.len() as u64;
        lines.push(format!("Without an outcome (nobody knows whether it was done): {}.", of(count, "intent")));
        lines.extend(intact.open.iter().take(NAMED).map(named));
    }
    if !intact.unended.is_empty() {
        lines.push(format!("Ended without a row that says so: {}.", of(intact.unended.len() as u64, "run")));
        lines.extend(intact.unended.iter().take(NAMED).map(|run| format!("  {run}")));
    }
    lines.push(format!("Head: {}", intact.head));
    lines.push("Keep this head elsewhere; later: opsdeck audit verify --head HEAD".to_owned());
    lines.iter().map(|line| text::plain(line).into_owned()).collect::<Vec<_>>().join("\n")
}

fn named(open: &Open) -> String {
    let run = open.run_id.map(|run| format!(", run {run}")).unwrap_or_default();
    let env = open.env.as_ref().map(|env| format!(" in {env}")).unwrap_or_default();
    format!("  row {}: {}{env} by {}, {}{run}", open.seq, open.action, open.operator, date_time(open.timestamp_ms))
}
