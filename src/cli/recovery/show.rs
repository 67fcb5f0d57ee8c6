//! `opsdeck recovery show`: an incident as a story, and what a person can do now.

use super::{find, incidents, line, shown};
use crate::cli::Global;
use crate::recovery::incident::{Incident, State};
use crate::recovery::story::story;
use crate::recovery::watch::Watched;
use crate::state::StateDir;
use crate::text::{human, plain};
use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write as _;
use uuid::Uuid;

/// What is shown.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The incident or the recovery's run: its id, or the beginning of it
    run: String,
    /// Print the events of the run as they were written, not as a story
    #[arg(long)]
    events: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The incident, or a recovery whose incident is over.
///
/// # Errors
/// There is none.
pub fn show(global: &Global, args: &Args) -> Result<String> {
    let desk = global.desk();
    let (incident, id) = match find(global, &args.run) {
        Ok(incident) => (Some(incident.clone()), incident.run),
        // `last`, or one whose incident is over.
        Err(none) => match desk.find(&args.run) {
            Ok(id) => (incidents(global, None)?.into_iter().find(|i| i.run == Some(id)), Some(id)),
            Err(_) => return Err(none),
        },
    };
    let run = id.and_then(|id| desk.follow(id).ok());
    let of = run.as_ref().and_then(|run| Watched::of(&run.spec, &run.state));
    if incident.is_none() && of.is_none() {
        anyhow::bail!("run {} is no recovery: `opsdeck show` tells what it is", args.run);
    }
    let read = |(at, json): &(i64, String)| (*at, serde_json::from_str(json).unwrap_or(Value::Null));
    let raw = || run.iter().flat_map(|run| &run.state.own).map(read);
    let diagnostics = id.and_then(|id| diagnostics(desk.state(), id));
    if args.json {
        let steps: Vec<Value> = raw().map(|(at, e)| json!({ "at": human::rfc3339(at), "event": e })).collect();
        let mut all = incident.as_ref().map_or_else(|| json!({ "run": id }), shown);
        all["steps"] = Value::Array(steps);
        all["diagnostics"] = json!(diagnostics);
        return Ok(format!("{all:#}\n"));
    }
    let mut out = match (&incident, &of) {
        (Some(incident), _) => line(incident),
        (None, of) => of.iter().map(over).collect(),
    };
    if let Some(of) = &of {
        let ladder: Vec<&str> = of.body.ladder.iter().map(|action| action.name.as_str()).collect();
        let _ = writeln!(out, "ladder       {}", plain(&ladder.join(", then ")));
    }
    if let Some(path) = diagnostics {
        let _ = writeln!(out, "diagnostics  {}", plain(&path));
    }
    let lines: Vec<(i64, String)> = match args.events {
        true => raw().map(|(at, event)| (at, event.to_string())).collect(),
        false => incident.iter().flat_map(began).chain(of.iter().flat_map(story)).collect(),
    };
    for (at, text) in lines.into_iter().chain(incident.iter().flat_map(ended)) {
        let _ = writeln!(out, "{}  {}", human::time(at), plain(&text));
    }
    out.extend(incident.iter().filter(|i| i.state == State::Escalated).map(next));
    Ok(out)
}

/// What became of a recovery whose incident is over.
fn over(of: &Watched) -> String {
    let now = jiff::Timestamp::now().as_millisecond();
    let stands = of.recovery.at().name().replace('_', " ");
    let text = format!("{}  {}  {stands}, acted for {}", of.body.environment, of.name(), human::duration(of.took(now)));
    plain(&text).into_owned() + "\n"
}

/// Where it lies how the host was before anything was done.
fn diagnostics(store: &StateDir, run: Uuid) -> Option<String> {
    let path = store.run(run).step(1).stdout();
    path.exists().then(|| path.display().to_string())
}

/// What was before its run.
fn began(incident: &Incident) -> Option<(i64, String)> {
    (!incident.got.is_empty()).then(|| (incident.opened, format!("it went bad: {}", incident.got)))
}

/// Where it stands where no run says so.
fn ended(incident: &Incident) -> Vec<(i64, String)> {
    let own = incident.run.is_none() || incident.state == State::Taken;
    let stands = own.then(|| (incident.since, format!("{}: {}", incident.state.name(), incident.why)));
    let well = incident.well.map(|at| (at, "it is well again".to_owned()));
    stands.into_iter().chain(well).collect()
}

/// What a person can do about one that is theirs.
fn next(incident: &Incident) -> String {
    let Incident { environment, policy, .. } = incident;
    let mut out = "\nnothing more is done here by itself. Next:\n".to_owned();
    if let Some(run) = incident.run {
        let _ = writeln!(out, "  opsdeck logs {run}  # what was printed there");
    }
    let off = format!("opsdeck recovery off {environment} --policy {policy} --reason TEXT");
    let _ = writeln!(out, "  {}  # you have it in hand: nobody else is called", plain(&incident.take_over()));
    let _ = writeln!(out, "  {}  # no recovery by it while you work there", plain(&off));
    out
}
