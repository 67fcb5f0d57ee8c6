//! `opsdeck show`: one run.

use super::print::print;
use super::release::held;
use super::{Global, alerts, known, record};
use crate::ansible::shell;
use crate::recovery::{self, state::At};
use crate::release::alerts::Beside;
use crate::release::news::News;
use crate::release::watch::Watched;
use crate::release::{self, outcome};
use crate::run::look::Looked;
use crate::run::{RunSpec, RunState, State, belongs};
use crate::text::{human, plain};
use anyhow::Result;
use serde_json::json;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Options of the verb; its words are in `cli`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  opsdeck show last
  opsdeck show 0199 --json | jq .state

Exit codes: 0 shown, 1 no such run. The state of the run does not change them.")]
pub struct Args {
    /// The run: its number, its id, the beginning of it, or `last`
    pub run: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Shows it.
///
/// # Errors
/// No such run; its files cannot be read.
pub fn run(global: &Global, args: &Args) -> Result<ExitCode> {
    let desk = global.desk();
    let store = desk.state();
    let id = desk.find(&args.run)?;
    let Looked { mut run, aside } = desk.look(id)?;
    if run.spec.number.is_none() {
        // A run from before numbers was given one, which is not frozen in its spec.
        run.spec.number = desk.number(id)?;
    }
    let read_only = belongs::of(store, id, &run.spec).read_only().or_else(|| store.access().may_write().err());
    if let Some(why) = aside.filter(|_| read_only.is_none()) {
        eprintln!("opsdeck: {}", plain(&why));
    }
    if let Some(why) = known::read_only(store, &run.spec) {
        eprintln!("opsdeck: {}", plain(&why));
    }
    for damage in run.damage.iter().chain(&run.remark) {
        eprintln!("opsdeck: {}", plain(damage));
    }
    let own = own(&run.spec, &run.state);
    let (mut json, mut text) = (record::json(&run.spec, &run.state), text(&run.spec, &run.state, &own));
    json["read_only"] = read_only.into();
    if let Some(of) = recovery::watch::Watched::of(&run.spec, &run.state) {
        json["recovery"] = json!({
            "incident": of.body.incident, "policy": of.body.policy.name, "host": of.body.host,
            "state": of.recovery.at().name(), "rung": of.rung().map(|(n, _)| n + 1), "rungs": of.body.ladder.len(),
            "command": of.command(),
        });
        for (at, line) in recovery::story::story(&of) {
            let _ = writeln!(text, "  {} {}", human::date_time(at), plain(&line));
        }
    }
    if run.spec.work.kind() == release::supervise::KIND {
        let mut seen = Watched::of(run)?;
        held(store, &mut seen);
        let now = jiff::Timestamp::now().as_millisecond();
        json["release"] = outcome::json(&id.to_string(), &seen.body.plan, &seen.release, now);
        let around = desk.decisions().and_then(|decisions| decisions.beside(&seen.around(now)));
        if let Err(e) = &around {
            eprintln!("opsdeck: the alerts while it ran cannot be told: {}", plain(&e.to_string()));
        }
        let told = |all: &Vec<Beside>| all.iter().map(|b| with(alerts::shown(&b.alert), b.link.name())).collect();
        json["alerts"] = around.as_ref().map_or(serde_json::Value::Null, told);
        let around = around.unwrap_or_default();
        for (at, line) in News::default().of(&seen.body.plan, &seen.release) {
            let _ = writeln!(text, "  {} {line}", human::date_time(at));
        }
        if !around.is_empty() {
            let _ = writeln!(text, "alerts while it ran");
        }
        for Beside { alert, link } in &around {
            let _ = writeln!(text, "  {}: {}", link.name(), alerts::line(alert, now));
        }
    }
    let text = if args.json { format!("{json:#}\n") } else { text };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn with(mut alert: serde_json::Value, link: &str) -> serde_json::Value {
    alert["by"] = link.into();
    alert
}

/// What a run with a machine of its own is.
fn own(spec: &RunSpec, state: &RunState) -> Vec<(&'static str, String)> {
    if let Ok(Some(body)) = release::launch::body(spec) {
        return vec![("release", body.plan.release), ("version", body.plan.version)];
    }
    let Some(of) = recovery::watch::Watched::of(spec, state) else { return Vec::new() };
    let now = jiff::Timestamp::now().as_millisecond();
    let mut own = vec![("recovery", of.name()), ("because", of.body.why.clone())];
    own.extend(of.rung_words().zip(of.command()).into_iter().flat_map(|(rung, ran)| [("at", rung), ("command", ran)]));
    // Its probation is no work.
    if of.recovery.at() == At::Probation || of.recovery.at().is_terminal() {
        own.push(("acted for", human::duration(of.took(now))));
    }
    own
}

fn text(spec: &RunSpec, state: &RunState, own: &[(&str, String)]) -> String {
    let now = jiff::Timestamp::now().as_millisecond();
    let mut out = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "{name:<12} {}", plain(value));
    };
    let number = spec.number.map(|number| format!("#{number}  ")).unwrap_or_default();
    line("run", &format!("{number}{}", spec.id));
    line("state", &state.state_name().replace('_', " "));
    if let Some(why) = &state.why {
        line("why", why);
    }
    own.iter().for_each(|(name, value)| line(name, value));
    if !spec.argv.is_empty() {
        line("command", &shell(&spec.argv));
    }
    line("in", &spec.cwd.display().to_string());
    line("environment", spec.environment.as_deref().unwrap_or("-"));
    line("operator", &spec.operator.name);
    line("asked", &human::date_time(spec.created_at));
    if let Some(glass) = &spec.break_glass {
        line("break glass", &glass.reason);
    }
    if let Some(start) = state.started_at() {
        let took = human::duration(state.ended_at().unwrap_or(now) - start);
        line(if state.state.is_terminal() { "took" } else { "running for" }, &took);
    }
    // A step of a release may have ended while the release goes on.
    let rc = state.rc.filter(|_| state.state.is_terminal());
    let code = rc.map(|rc| rc.to_string()).or_else(|| state.signal.map(|s| format!("signal {s}")));
    line("exit code", code.as_deref().unwrap_or("-"));
    if !state.maybe_running_on.is_empty() {
        line("may still run on", &state.maybe_running_on.join(", "));
    }
    for (name, host) in &state.hosts {
        let t = host.tally;
        let counts = format!(
            "ok {}  changed {}  failed {}  unreachable {}  skipped {}",
            t.ok, t.changed, t.failed, t.unreachable, t.skipped
        );
        let failed = host.failed.as_ref().filter(|_| state.state != State::Succeeded);
        let why = failed.map(|(_, m)| format!("  {m}")).unwrap_or_default();
        let _ = writeln!(out, "  {:<24} {counts}{}", plain(name), plain(&why));
    }
    out
}
