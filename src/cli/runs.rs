//! `opsdeck runs`: live and past runs.

use super::print::print;
use super::{Global, known};
use crate::recovery::{self, state::At};
use crate::run::State;
use crate::state::{Filter, RunRow};
use crate::text::{human, pad, plain};
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Options of the verb; its words are in `cli`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  opsdeck runs
  opsdeck runs --state failed,nothing_ran -E production -n 5
  opsdeck runs --live --json
  opsdeck runs deploy.yml ann     # words in any order, over all runs

Exit codes: 0 listed (also when there is none).")]
pub struct Args {
    /// Only runs whose line holds these words: title, environment, operator, state, id, `#` and number
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,
    /// Only these states (commas separate)
    #[arg(long, value_name = "STATES", value_delimiter = ',')]
    pub state: Vec<String>,
    /// Only this environment
    #[arg(short = 'E', short_alias = 'e', long = "environment", alias = "env", value_name = "NAME")]
    pub env: Option<String>,
    /// Only runs that have not ended
    #[arg(long)]
    pub live: bool,
    /// At most so many
    #[arg(short, long = "limit", value_name = "N", default_value_t = 50)]
    pub n: u32,
    /// Print JSON: a list
    #[arg(long)]
    pub json: bool,
}

/// Lists them.
///
/// # Errors
/// A state that does not exist; the state directory cannot be used.
pub fn run(global: &Global, args: Args) -> Result<ExitCode> {
    for state in &args.state {
        if !State::ALL.iter().any(|s| s.name() == state) {
            let names: Vec<&str> = State::ALL.iter().map(|s| s.name()).collect();
            bail!("there is no state {state:?}; expected some of {}", names.join(", "));
        }
    }
    let environment = args.env.clone();
    let filter = Filter {
        states: args.state,
        environment: args.env,
        live: args.live,
        words: args.words,
        limit: Some(args.n),
        ..Filter::default()
    };
    let rows = global.desk().runs(&filter)?;
    if rows.is_empty() {
        known::hint(global, environment.as_deref());
    }
    let lines: Vec<String> = if args.json {
        vec![format!("{:#}", Value::Array(rows.iter().map(json).collect()))]
    } else {
        let now = jiff::Timestamp::now().as_millisecond();
        let head = (!rows.is_empty()).then(|| columns(HEAD, "WHAT"));
        head.into_iter().chain(rows.iter().map(|row| text(row, now))).collect()
    };
    print(&lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
    Ok(ExitCode::SUCCESS)
}

fn text(row: &RunRow, now: i64) -> String {
    // Nothing is done any more where it is only watched whether it stays well: its time counts no further.
    let watched = row.kind == recovery::KIND && row.state == At::Probation.name();
    let end = row.ended_at.or((!watched).then_some(now));
    let took = row.started_at.zip(end).map(|(start, end)| human::duration(end - start)).unwrap_or_default();
    let number = row.number.map(|number| format!("#{number}")).unwrap_or_default();
    let (id, state, age) = (row.id.to_string(), row.state.replace('_', " "), human::ago(row.created_at, now));
    let (operator, environment) = (plain(&row.operator), plain(row.environment.as_deref().unwrap_or("-")));
    let check = if row.check { "  (check)" } else { "" };
    let what = format!("{}{check}", plain(&row.title));
    columns([&number, &id, &state, &age, &took, &operator, &environment], &what)
}

const HEAD: [&str; 7] = ["#", "RUN", "STATE", "AGE", "TOOK", "OPERATOR", "ENVIRONMENT"];

fn columns(cells: [&str; 7], last: &str) -> String {
    let widths = [6, 36, 11, 8, 8, 10, 12];
    let cells = cells.iter().zip(widths).map(|(cell, width)| pad(cell, width));
    format!("{}  {last}", cells.collect::<Vec<_>>().join("  "))
}

fn json(row: &RunRow) -> Value {
    let time = |ms: Option<i64>| ms.map(human::rfc3339);
    json!({
        "id": row.id, "number": row.number, "kind": row.kind, "title": row.title, "state": row.state, "failure": row.failure,
        "why": row.why, "rc": row.rc, "operator": row.operator, "environment": row.environment, "cwd": row.cwd,
        "check": row.check, "created_at": human::rfc3339(row.created_at), "started_at": time(row.started_at),
        "ended_at": time(row.ended_at), "hosts": row.hosts, "failed": row.failed, "unreachable": row.unreachable,
        "changed": row.changed,
    })
}
