//! `opsdeck alerts`: alerts that an Alertmanager told `opsdeck serve` of.

use super::{Global, known, print};
use crate::state::alerts::AlertRow;
use crate::text::{human, plain};
use anyhow::Result;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Options of the verb; its words are in `cli`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  opsdeck alerts
  opsdeck alerts -E production --json | jq '.[].labels.alertname'
  opsdeck alerts --since 2h      # also those that are over

An Alertmanager tells `opsdeck serve` by a webhook: `webhook_configs: [{url: 'http://127.0.0.1:9590/alerts'}]`. What fires is \
what it told last, and when that was stands beside it.

Exit codes: 0 shown, 1 the state directory cannot be read, 2 the command line is wrong.")]
pub struct Args {
    /// Only those that name this environment in the label env or environment
    #[arg(short = 'E', short_alias = 'e', long = "environment", alias = "env", value_name = "NAME")]
    pub environment: Option<String>,
    /// Also those that ended since then: 2h, yesterday, 2026-01-31
    #[arg(long, value_name = "TIME", value_parser = super::when::since)]
    pub since: Option<i64>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Prints them.
///
/// # Errors
/// control.db cannot be read.
pub fn run(global: &Global, args: &Args) -> Result<ExitCode> {
    let now = jiff::Timestamp::now().as_millisecond();
    // What fires has no end: it is there at any time to come.
    let mut alerts = global.desk().decisions()?.alerts(args.since.unwrap_or(i64::MAX), i64::MAX)?;
    if let Some(name) = &args.environment {
        known::environment(global, name, alerts.iter().filter_map(AlertRow::environment))?;
        alerts.retain(|alert| alert.environment() == Some(name));
    }
    print::print(&if args.json {
        format!("{:#}\n", Value::Array(alerts.iter().map(shown).collect()))
    } else if alerts.is_empty() {
        "no alert was told of that fires\n".to_owned()
    } else {
        alerts.iter().map(|alert| line(alert, now) + "\n").collect()
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A line, safe for a terminal.
pub fn line(alert: &AlertRow, now: i64) -> String {
    let labels: Vec<String> = alert
        .labels
        .iter()
        .filter(|(name, _)| *name != "alertname")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let stands = match alert.ends_at {
        Some(ends) => {
            format!("was for {}, over since {}", human::short(ends - alert.starts_at), human::date_time(ends))
        }
        None => {
            format!("fires for {}, told {}", human::short(now - alert.starts_at), human::ago(alert.told_at, now))
        }
    };
    plain(&format!("{}  {}  {stands}  {}", alert.name(), labels.join(" "), alert.summary())).trim_end().to_owned()
}

/// As JSON.
pub fn shown(alert: &AlertRow) -> Value {
    json!({
        "fingerprint": alert.fingerprint, "status": if alert.ends_at.is_some() { "resolved" } else { "firing" },
        "startsAt": human::rfc3339(alert.starts_at), "endsAt": alert.ends_at.map(human::rfc3339),
        "labels": alert.labels, "annotations": alert.annotations, "told": human::rfc3339(alert.told_at),
    })
}
