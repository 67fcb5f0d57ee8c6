//! `opsdeck approve`, `reject`, `pause` ... `timeline`: what a person asks of a release, and its story for a hand-over. Who
//! asks is what the kernel tells the release's supervisor, not what stands on a command line.

mod verb;

use super::print::{self, print};
use super::{Global, start};
use crate::api::Acting;
use crate::release::machine::Verb as Asked;
use crate::release::timeline;
use crate::release::watch::Watched;
use crate::run::StopError;
use crate::state::StateDir;
use crate::text::{human, plain};
use anyhow::Result;
use serde_json::json;
use std::process::ExitCode;
use uuid::Uuid;
use verb::On;
pub use verb::Verb;

/// Does what was asked.
///
/// # Errors
/// No such release; nobody answers. Refusals have their own exit code.
pub fn run(global: &Global, verb: Verb) -> Result<ExitCode> {
    let mut broken = None;
    let (on, asked) = match verb {
        Verb::Timeline { run, json } => return story(global, &run, json),
        Verb::GivePasswords { on, passwords } => {
            let secrets = passwords.ask()?;
            return told(global, &on, |acting, run| acting.give(run, &secrets).map(|()| run));
        }
        Verb::Approve { on, digest } => {
            let digest = match digest {
                Some(digest) => digest,
                None => open(global, &on.run)?.body.digest,
            };
            (on, Asked::Approve { digest })
        }
        Verb::Reject { on, reason } => (on, Asked::Reject { reason }),
        Verb::Pause { on, reason } => (on, Asked::Pause { reason }),
        Verb::Resume { on, glass } => {
            broken = glass.reason();
            (on, Asked::Resume)
        }
        Verb::Promote { on } => (on, Asked::Promote),
        Verb::Skip { on, what, reason } => (on, Asked::Skip { what, reason }),
        Verb::Retry { on, glass } => {
            broken = glass.reason();
            (on, Asked::RetryFailed)
        }
        Verb::Rollback { on, reason, glass } => {
            broken = glass.reason();
            (on, Asked::Rollback { reason })
        }
        Verb::Mark { on, host, mark } => (on, Asked::Mark { host, mark: mark.into() }),
        Verb::AcceptMixed { on, reason } => (on, Asked::AcceptMixed { reason }),
        Verb::TakeOver { on, reason } => (on, Asked::TakeOver { reason }),
    };
    told(global, &on, |acting, run| {
        let asked = acting.ask(run, &asked, broken.as_deref())?;
        if let Some(words) = asked.words {
            eprintln!("opsdeck: {}", plain(&words));
        }
        Ok(asked.run)
    })
}

/// Asks, and prints what the release says then; the run that took it up may be another.
fn told(global: &Global, on: &On, ask: impl FnOnce(Acting<'_>, Uuid) -> Result<Uuid, StopError>) -> Result<ExitCode> {
    let id = open(global, &on.run)?.run.spec.id;
    let by = match ask(global.desk().acting()?, id) {
        Ok(by) => by,
        Err(e @ (StopError::Refused(_) | StopError::Over(_) | StopError::Unfit(_))) => {
            eprintln!("opsdeck: {}", plain(&e.to_string()));
            return Ok(start::REFUSED.into());
        }
        Err(e) => return Err(e.into()),
    };
    let seen = open(global, &by.to_string())?;
    said(&seen);
    let now = seen.release;
    let line = if on.json {
        json!({ "run": by, "state": now.at.name(), "waits": now.waits }).to_string()
    } else {
        let waits = now.waits.map(|what| format!(": waits for {what}")).unwrap_or_default();
        let own = if by == id { String::new() } else { format!("undone by run {by}: ") };
        plain(&format!("{own}{}{waits}", now.at.name().replace('_', " "))).into_owned()
    };
    // It is done, whether or not anybody takes the line.
    print::said(&line);
    Ok(ExitCode::SUCCESS)
}

fn story(global: &Global, run: &str, as_json: bool) -> Result<ExitCode> {
    let seen = open(global, run)?;
    said(&seen);
    let Watched { run, body, release, .. } = &seen;
    let text = if as_json {
        let event = |(at, event): &(i64, String)| {
            let event: serde_json::Value = serde_json::from_str(event).unwrap_or_default();
            json!({ "at": human::rfc3339(*at), "event": event })
        };
        let events: Vec<_> = run.state.own.iter().map(event).collect();
        let about = json!({
            "run": run.spec.id, "release": body.plan.release, "version": body.plan.version,
            "environment": body.plan.environment, "digest": body.digest, "state": release.at.name(), "events": events,
        });
        format!("{about:#}\n")
    } else {
        let now = jiff::Timestamp::now().as_millisecond();
        let alerts = global.desk().decisions().and_then(|decisions| decisions.beside(&seen.around(now)));
        let alerts = alerts.unwrap_or_else(|e| {
            eprintln!("opsdeck: the alerts while it ran cannot be told: {}", plain(&e.to_string()));
            Vec::new()
        });
        timeline::timeline(&body.plan, release, &alerts, now)
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// A release as its run's files tell it.
fn open(global: &Global, run: &str) -> Result<Watched> {
    let desk = global.desk();
    let mut seen = desk.release_of(run)?;
    held(desk.state(), &mut seen);
    Ok(seen)
}

/// Says what is wrong with its journal.
fn said(seen: &Watched) {
    for words in seen.run.damage.iter().chain(&seen.run.remark) {
        eprintln!("opsdeck: {}", plain(words));
    }
}

/// Says which of its approvals count, and what of it cannot be told.
pub(super) fn held(store: &StateDir, seen: &mut Watched) {
    if let Err(e) = seen.hold(store) {
        eprintln!("opsdeck: which approvals count cannot be told: {}", plain(&e.to_string()));
    }
    if let Some(why) = &seen.unread {
        eprintln!("opsdeck: {}", plain(why));
    }
}
