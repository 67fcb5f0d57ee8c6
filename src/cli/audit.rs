//! `opsdeck audit`: who did what, where and how it ended. What it does beyond listing lies in the files beside.

mod redact;
mod verify;

use super::print::print;
use super::{Global, known, when};
use crate::api::{Desk, Read};
use crate::audit::{Error, Filter, Page, Row, Standing};
use crate::text;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  opsdeck audit --since yesterday -E production
  opsdeck audit --operator alice --status denied
  opsdeck audit --run 0199 --json
  opsdeck audit verify --head 4711:3f9a...
  opsdeck audit redact 4711 reason --reason 'a customer was named'

Exit codes: 0 printed (also when no record matches), 1 the ledger cannot be read.";

/// Options of `audit`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Only from this time on: RFC 3339, a date, or how long ago (2h, 3d)
    #[arg(long, value_name = "TIME", value_parser = when::since)]
    since: Option<i64>,
    /// Only until this time
    #[arg(long, value_name = "TIME", value_parser = when::until)]
    until: Option<i64>,
    /// Only what this operator did
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
    /// Only records with this status: started, success, failure, unknown, cancelled, denied, intent
    #[arg(long, value_name = "STATUS")]
    status: Option<Standing>,
    /// Only in this environment
    #[arg(short = 'E', short_alias = 'e', long = "environment", alias = "env", value_name = "NAME")]
    env: Option<String>,
    /// Only of this run (an id or the beginning of one)
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Only records with these words
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    /// At most so many records, the newest
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// Only records before this number: the next page
    #[arg(long, value_name = "SEQ")]
    before: Option<i64>,
    /// A JSON array, one record a line
    #[arg(long)]
    json: bool,
    /// What else.
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// Verbs below `audit`.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Check every row and every link of the ledger; exits 1 and names the first bad row if it was changed
    #[command(after_help = verify::EXAMPLES)]
    Verify(verify::Args),
    /// Take values out of a row for good; the row still verifies, and who did it and why is a row of its own
    #[command(after_help = redact::EXAMPLES)]
    Redact(redact::Args),
}

impl Args {
    /// It takes something out of a row.
    pub fn acts(&self) -> bool {
        matches!(self.verb, Some(Verb::Redact(_)))
    }
}

/// Lists (exit 0), verifies (exit 0 intact, 1 broken) or redacts (exit 0 done, 1 refused).
///
/// # Errors
/// The ledger can't be read.
pub fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let desk = global.desk();
    match &args.verb {
        Some(Verb::Verify(args)) => verify::run(&desk, args),
        Some(Verb::Redact(args)) => redact::run(&desk, args),
        None => list(global, &desk, args),
    }
}

/// That somebody looked is not on the record, and why, where that is not said of the whole directory already.
fn not_recorded(what: &str, refused: &Error) {
    let why = match refused {
        Error::LookOnly(_) => String::new(),
        why => format!(": {}", text::plain(&why.to_string())),
    };
    eprintln!("opsdeck: this {what} was not recorded{why}");
}

fn list(global: &Global, desk: &Desk, args: &Args) -> anyhow::Result<ExitCode> {
    let standing = args.status.unwrap_or_default();
    let filter = Filter {
        since: args.since,
        until: args.until,
        operator: args.operator.clone(),
        status: standing.status,
        phase: standing.phase,
        env: args.env.clone(),
        run: args.run.clone(),
        text: args.text.clone(),
        before: args.before,
    };
    let Read { page, unrecorded } = desk.records(&filter, args.limit)?;
    // Somebody who may only read (a copy, another's ledger) still reads, and is told.
    if let Some(refused) = unrecorded {
        not_recorded("reading", &refused);
    }
    if page.rows.is_empty() {
        known::hint(global, args.env.as_deref());
    }
    print(&if args.json { as_json(&page)? } else { as_table(&page) })?;
    Ok(ExitCode::SUCCESS)
}

fn as_json(page: &Page) -> serde_json::Result<String> {
    let rows = page.rows.iter().map(|row| serde_json::to_string(&row.json())).collect::<Result<Vec<_>, _>>()?;
    Ok(if rows.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", rows.join(",\n")) })
}

fn as_table(page: &Page) -> String {
    if page.rows.is_empty() {
        return "No record matches.\n".to_owned();
    }
    let mut table =
        vec![["SEQ", "TIME", "OPERATOR", "FROM", "ACTION", "STATUS", "ENV", "RUN", "WHAT"].map(String::from)];
    table.extend(page.rows.iter().map(line));
    let columns = table[0].len();
    let widths: Vec<_> =
        (0..columns).map(|i| table.iter().map(|row| text::width(&row[i])).max().unwrap_or_default()).collect();
    let mut out = String::new();
    for row in &table {
        let cells = row.iter().zip(&widths).map(|(cell, width)| text::pad(cell, *width));
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    if let Some(next) = page.next {
        out.push_str(&format!("Older records: --before {next}\n"));
    }
    out
}

fn line(row: &Row) -> [String; 9] {
    let entry = &row.entry;
    let from = match (&entry.ip, entry.from_unverified) {
        (Some(ip), true) => format!("{ip}?"),
        (Some(ip), false) => ip.clone(),
        (None, _) => "-".to_owned(),
    };
    let status = match entry.phase.as_str() {
        "denied" => "denied".to_owned(),
        "intent" => "intent".to_owned(),
        _ => entry.status.clone(),
    };
    let mut what = entry.subject.clone().unwrap_or_default();
    if let Some(count) = entry.targets_count {
        what.push_str(&format!(" [{}]", text::human::of(count, "host")));
    }
    if let Some(reason) = &entry.reason {
        what.push_str(&format!(" ({reason})"));
    }
    if let Some(rc) = entry.rc {
        what.push_str(&format!(" rc={rc}"));
    }
    if !entry.redacted.is_empty() {
        what.push_str(&format!(" [redacted: {}]", entry.redacted.join(", ")));
    }
    let dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        entry.seq.to_string(),
        text::human::date_time(entry.timestamp_ms),
        entry.operator.clone(),
        from,
        entry.action.clone(),
        status,
        dash(entry.env.clone()),
        dash(entry.run_id.map(|id| id.to_string())),
        what.trim_start().to_owned(),
    ]
    .map(|cell| text::plain(&cell).into_owned())
}
