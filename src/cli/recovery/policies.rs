//! `opsdeck recovery policies`: what each policy may do, with every number, and what people switched off.

use super::switch;
use crate::cli::Global;
use crate::project::config::recovery::Policy;
use crate::project::{Project, Severity};
use crate::text::{human::of, plain};
use anyhow::Result;
use serde_json::json;
use std::fmt::Write as _;

/// Prints them.
///
/// # Errors
/// There is no project; the control cannot be read.
pub fn text(global: &Global, as_json: bool) -> Result<String> {
    let project = Project::discover(&global.project)?;
    let switches = global.desk().decisions()?.switches()?;
    if as_json {
        return Ok(format!("{:#}\n", json!({ "policies": project.recovery, "switches": switches })));
    }
    let mut out = project.recovery.iter().map(block).collect::<Vec<_>>().join("\n");
    if out.is_empty() {
        out = "no recovery: in opsdeck.yaml\n".to_owned();
    }
    if let Some(mistake) = project.problems.iter().find(|problem| problem.severity == Severity::Error) {
        let _ = writeln!(out, "what has a mistake is left out here, and never acts: {}", plain(&mistake.to_string()));
    }
    for switch in switches.iter().filter(|s| !s.on) {
        let _ = writeln!(out, "{}", plain(&switch::words(switch)));
    }
    Ok(out)
}

/// A policy with all its numbers.
fn block(p: &Policy) -> String {
    let (g, v) = (&p.guards, &p.verify);
    let list = |all: &[String], none: &str| if all.is_empty() { none.to_owned() } else { all.join(", ") };
    let rung = |r: &crate::project::config::recovery::Rung| format!("{} (at most {})", r.runbook, span(r.timeout));
    let ladder: Vec<String> = p.ladder.iter().map(rung).collect();
    let futile = match g.failed_in_row {
        0 => "never".to_owned(),
        n => format!("after {} in a row that did not help", of(n.into(), "time")),
    };
    let rows = [
        ("where", format!("{}, service {}", list(&p.environments, "every environment"), p.service)),
        ("when", format!("{} is bad on a host: {}, then a person", p.check, ladder.join(", then "))),
        ("before", format!("diagnostics: {}", list(&p.diagnostics, "none"))),
        ("depends on", list(&p.depends_on, "nothing")),
        (
            "limits",
            format!(
                "{} between two actions on a host; in an hour {} on a host, {} in the service, {} everywhere; {} at once \
                 in the service",
                span(g.host_pause),
                g.host_per_hour,
                g.service_per_hour,
                g.all_per_hour,
                g.in_flight
            ),
        ),
        ("blast radius", format!("at most {}% of the hosts bad, or one", g.unhealthy_percent)),
        (
            "common cause",
            format!(
                "{}, or more than {}% and more than one, bad within {}: a person",
                of(g.common_hosts.into(), "host"),
                g.common_percent,
                span(g.common_within)
            ),
        ),
        ("disabled", futile),
        (
            "helped",
            format!(
                "{} in a row over {} pass, one every {}, within {}",
                of(v.passes.into(), "reading"),
                span(v.window),
                span(v.interval),
                span(v.deadline)
            ),
        ),
        ("probation", format!("{}, may go bad again {}", span(p.probation), of(p.relapses.into(), "time"))),
        ("deadline", format!("{}, then a person whatever is still possible", span(p.deadline))),
        (
            "receivers",
            format!(
                "{}; the next one after {} without an answer",
                list(&p.receivers, "those of `notify:`"),
                span(p.answer_within)
            ),
        ),
    ];
    let head = format!("{}  {}\n", plain(&p.name), p.mode.name());
    rows.iter().fold(head, |out, (name, text)| out + &format!("  {name:<13} {}\n", plain(text)))
}

/// Seconds in the largest unit that says them exactly.
fn span(seconds: u32) -> String {
    match seconds {
        0 => "0s".to_owned(),
        s if s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

#[cfg(test)]
#[path = "policies_tests.rs"]
mod tests;
