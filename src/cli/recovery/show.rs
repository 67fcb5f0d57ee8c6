//! `opsdeck recovery show`: an incident and every step of its recovery.

use super::{Which, find, line, shown};
use crate::cli::Global;
use crate::recovery::launch;
use crate::run::Follower;
use crate::text::{human, plain};
use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The incident and every step of its recovery.
///
/// # Errors
/// There is no such incident.
pub fn show(global: &Global, which: &Which) -> Result<String> {
    let incident = find(global, &which.run)?;
    let store = global.store();
    let run = incident.run.and_then(|run| Follower::open(&store.run(run)).ok());
    let steps: Vec<(i64, Value)> = run.iter().flat_map(|run| &run.state.own).map(read).collect();
    let diagnostics = incident.run.map(|run| store.run(run).step(1).stdout()).filter(|path| path.exists());
    if which.json {
        let steps: Vec<Value> = steps.iter().map(|(at, e)| json!({ "at": human::rfc3339(*at), "event": e })).collect();
        let mut all = shown(&incident);
        all["steps"] = Value::Array(steps);
        all["diagnostics"] = json!(diagnostics);
        return Ok(format!("{all:#}\n"));
    }
    let mut out = line(&incident);
    if let Some(body) = run.as_ref().and_then(|run| launch::frozen(&run.spec).ok().flatten()) {
        let ladder: Vec<&str> = body.ladder.iter().map(|action| action.name.as_str()).collect();
        let _ = writeln!(out, "ladder       {}", plain(&ladder.join(", then ")));
    }
    if let Some(path) = diagnostics {
        let _ = writeln!(out, "diagnostics  {}", plain(&path.display().to_string()));
    }
    for (at, event) in &steps {
        let _ = writeln!(out, "{}  {}", human::time(*at), plain(&words(event)));
    }
    Ok(out)
}

fn read((at, json): &(i64, String)) -> (i64, Value) {
    (*at, serde_json::from_str(json).unwrap_or(Value::Null))
}

/// An event in a line: its kind and what it says.
fn words(event: &Value) -> String {
    let kind = event["k"].as_str().unwrap_or("?").replace('_', " ");
    let fields = event.as_object().into_iter().flatten().filter(|(name, _)| *name != "k");
    let field = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name} {text}"),
        other => format!("{name} {other}"),
    };
    format!("{kind}  {}", fields.map(field).collect::<Vec<_>>().join("  "))
}
