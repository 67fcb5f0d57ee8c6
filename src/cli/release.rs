//! `opsdeck approve`, `reject`, `pause` ... `timeline`: what a person asks of a release, and its story for a hand-over. Who
//! asks is what the kernel tells the release's supervisor, not what stands on a command line.

use super::{Global, start};
use crate::release::machine::Verb as Asked;
use crate::release::state::Mark;
use crate::release::watch::Watched;
use crate::release::{self, alerts, timeline};
use crate::run::{StopError, find, open_index};
use crate::state::operator::Operator;
use crate::text::{human, plain};
use anyhow::Result;
use serde_json::json;
use std::io::Write;
use std::process::ExitCode;

/// The end of a verb's help: an example, then its exit codes.
macro_rules! help {
    ($example:literal) => {
        concat!(
            "Example:\n  opsdeck ",
            $example,
            "\n\nExit codes: 0 done, or under way and recorded; 1 no such release, or nobody answers; 64 refused."
        )
    };
}

/// The verbs of people on a release, in the order of the help.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Approve a release that waits for people; never one's own
    #[command(after_help = help!("approve last --digest 3f9a1c..."))]
    Approve {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// Only if its plan has this digest: the one that was looked at
        #[arg(long, value_name = "SHA256")]
        digest: Option<String>,
    },
    /// End a release before it changes anything
    #[command(after_help = help!("reject last --reason 'the window is over'"))]
    Reject {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Let a release wait at its next boundary
    #[command(after_help = help!("pause last --reason 'looking at the errors of batch 1'"))]
    Pause {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let a paused release go on
    #[command(after_help = help!("resume last"))]
    Resume {
        /// Which release.
        #[command(flatten)]
        on: On,
    },
    /// Let a release go on, and stop for nothing but failures any more
    #[command(after_help = help!("promote last"))]
    Promote {
        /// Which release.
        #[command(flatten)]
        on: On,
    },
    /// Leave out a gate or a guard that a release waits for
    #[command(after_help = help!("skip last gate --reason 'INC-4711: the probe is broken'"))]
    Skip {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// The gate's name, or what it waits for as it is written there
        what: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Run the steps of the current batch again on the hosts that are not new
    #[command(after_help = help!("retry last"))]
    Retry {
        /// Which release.
        #[command(flatten)]
        on: On,
    },
    /// Undo a release: traffic first, then hosts; without approval
    #[command(after_help = help!("rollback last --reason 'errors rise'"))]
    Rollback {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Say what a host is, where it cannot be asked; needs two people
    #[command(after_help = help!("mark last web03.eu new"))]
    Mark {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// The host
        host: String,
        /// What it is
        #[arg(value_enum)]
        mark: What,
    },
    /// End a release with hosts of two versions; needs two people
    #[command(after_help = help!("accept-mixed last --reason 'web03 is replaced tomorrow'"))]
    AcceptMixed {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Take the environment's lease from whoever holds it
    #[command(after_help = help!("take-over last --reason 'bob is asleep, INC-4711'"))]
    TakeOver {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Print a release's story as Markdown: who, what, when, why
    #[command(
        after_help = "Example:\n  opsdeck timeline last > handover.md\n\nExit codes: 0 printed, 1 no such release."
    )]
    Timeline {
        /// The release: its run's id, the beginning of it, or `last`
        run: String,
        /// Print JSON: the state and every event with its time
        #[arg(long)]
        json: bool,
    },
}

/// Which release, and how the answer is printed.
#[derive(Debug, clap::Args)]
pub struct On {
    /// The release: its run's id, the beginning of it, or `last`
    pub run: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What a person can say that a host is.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum What {
    /// It has the new version
    New,
    /// It has the old version
    Old,
    /// It is broken
    Failed,
}

/// Does what was asked.
///
/// # Errors
/// No such release; nobody answers. Refusals have their own exit code.
pub fn run(global: &Global, verb: Verb) -> Result<ExitCode> {
    let (on, asked) = match verb {
        Verb::Timeline { run, json } => return story(global, &run, json),
        Verb::Approve { on, digest } => {
            let digest = match digest {
                Some(digest) => digest,
                None => open(global, &on.run)?.body.digest,
            };
            (on, Asked::Approve { digest })
        }
        Verb::Reject { on, reason } => (on, Asked::Reject { reason }),
        Verb::Pause { on, reason } => (on, Asked::Pause { reason }),
        Verb::Resume { on } => (on, Asked::Resume),
        Verb::Promote { on } => (on, Asked::Promote),
        Verb::Skip { on, what, reason } => (on, Asked::Skip { what, reason }),
        Verb::Retry { on } => (on, Asked::RetryFailed),
        Verb::Rollback { on, reason } => (on, Asked::Rollback { reason }),
        Verb::Mark { on, host, mark } => (on, Asked::Mark { host, mark: mark.into() }),
        Verb::AcceptMixed { on, reason } => (on, Asked::AcceptMixed { reason }),
        Verb::TakeOver { on, reason } => (on, Asked::TakeOver { reason }),
    };
    ask(global, &on, &asked)
}

fn ask(global: &Global, on: &On, verb: &Asked) -> Result<ExitCode> {
    let id = open(global, &on.run)?.run.spec.id;
    let by = match release::ask(&global.store(), id, verb, &Operator::current()) {
        Ok(by) => by,
        Err(StopError::Refused(why)) => {
            eprintln!("opsdeck: {}", plain(&why));
            return Ok(start::REFUSED.into());
        }
        Err(e) => return Err(e.into()),
    };
    let now = open(global, &by.to_string())?.release;
    let line = if on.json {
        json!({ "run": by, "state": now.at.name(), "waits": now.waits }).to_string()
    } else {
        let waits = now.waits.map(|what| format!(": waits for {what}")).unwrap_or_default();
        let own = if by == id { String::new() } else { format!("undone by run {by}: ") };
        plain(&format!("{own}{}{waits}", now.at.name().replace('_', " "))).into_owned()
    };
    // It is done, whether or not anybody takes the line.
    let _ = writeln!(std::io::stdout(), "{line}");
    Ok(ExitCode::SUCCESS)
}

fn story(global: &Global, run: &str, as_json: bool) -> Result<ExitCode> {
    let seen = open(global, run)?;
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
        let alerts = alerts::read(&open_index(&global.store())?, &seen.around(now))?;
        timeline::timeline(&body.plan, release, &alerts, now)
    };
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// A release as its run's files tell it.
fn open(global: &Global, run: &str) -> Result<Watched> {
    let store = global.store();
    Ok(Watched::open(&store.run(find(&store, &open_index(&store)?, run)?))?)
}

impl From<What> for Mark {
    fn from(what: What) -> Mark {
        match what {
            What::New => Mark::New,
            What::Old => Mark::Old,
            What::Failed => Mark::Failed,
        }
    }
}
