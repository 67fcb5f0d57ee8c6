//! `opsdeck notices`: what people were told by `opsdeck serve`, or are still to be told.

use super::{Global, print};
use crate::state::outbox::{OutboxRow, Standing};
use crate::text::{human, plain};
use anyhow::Result;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Options of the verb; its words are in `cli`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  opsdeck notices
  opsdeck notices --open         # what nobody took: still tried, or given up after a day
  opsdeck notices --json | jq '.[] | select(.state == \"failed\")'

A receiver that does not take a notice is asked again, after 2 seconds at first and after 5 minutes at last.

Exit codes: 0 all were taken, 3 some wait or have failed, 1 the state directory cannot be read, 2 the command line is wrong.")]
pub struct Args {
    /// Only those that wait, or that nobody took within a day
    #[arg(long)]
    pub open: bool,
    /// At most so many, the newest
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Prints them, newest first.
///
/// # Errors
/// control.db cannot be read.
pub fn run(global: &Global, args: &Args) -> Result<ExitCode> {
    let now = jiff::Timestamp::now().as_millisecond();
    let rows = global.desk().decisions()?.notices(args.open, args.limit)?;
    print::print(&if args.json {
        format!("{:#}\n", Value::Array(rows.iter().map(shown).collect()))
    } else if rows.is_empty() {
        let what = if args.open { "every notice was taken" } else { "nobody was told anything" };
        format!("{what}\n")
    } else {
        rows.iter().map(|row| line(row, now)).collect()
    })?;
    let open = rows.iter().any(|row| row.state != Standing::Sent);
    Ok(if open { ExitCode::from(3) } else { ExitCode::SUCCESS })
}

fn body(row: &OutboxRow) -> Value {
    serde_json::from_str(&row.body).unwrap_or_default()
}

fn line(row: &OutboxRow, now: i64) -> String {
    let body = body(row);
    let word = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let why = row.why.as_deref().map(|why| format!(" (tried {} times: {why})", row.attempts)).unwrap_or_default();
    let next = match row.state {
        Standing::Pending if row.next_at > now => format!(", again in {}", human::short(row.next_at - now)),
        _ => String::new(),
    };
    // The event stands before it.
    let said = word("text");
    let said = said.strip_prefix(&format!("{}: ", word("event"))).unwrap_or(&said);
    let text = format!(
        "{}  {:<8} {:<12} {} {}: {}{why}{next}",
        human::date_time(row.created_at),
        row.state.name(),
        row.receiver,
        word("kind"),
        word("event"),
        said,
    );
    plain(&text).into_owned() + "\n"
}

fn shown(row: &OutboxRow) -> Value {
    json!({
        "key": row.key, "receiver": row.receiver, "state": row.state.name(), "attempts": row.attempts, "why": row.why,
        "created": human::rfc3339(row.created_at), "next": human::rfc3339(row.next_at), "notice": body(row),
    })
}
