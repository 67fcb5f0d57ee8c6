//! Why nothing was launched, in words, with the way on.

use crate::ansible::prompts::{Question, QuestionKind};
use crate::audit::Error;
use crate::state::DbError;
use std::io;
use std::path::PathBuf;
use uuid::Uuid;

/// How to launch where the ledger or control.db cannot be used.
pub const WAY: &str = "`--break-glass REASON` launches all the same, and it is recorded late";

/// Why nothing was launched. Nothing was started in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// Nothing is begun in this state directory: it is another's, or a copy.
    #[error("nothing was launched: {0}")]
    Home(String),
    /// What was asked makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// It would run on no host at all.
    #[error("nothing was launched: {}", nobody(.what, .environment.as_deref(), *.again))]
    Nobody {
        /// What matches no host: `` `wbe1` ``.
        what: String,
        environment: Option<String>,
        /// The run of whose hosts it was to be run again.
        again: Option<Uuid>,
    },
    /// Another run holds the hosts.
    #[error("{why}. Wait for it with --on-conflict wait, or stop it with `opsdeck stop {by}`")]
    Held { by: Uuid, why: String },
    /// The hosts are others than those that a person was shown.
    #[error("nothing was launched, since the hosts changed after you looked: {0}. Look again, then launch")]
    Changed(String),
    /// Secret variables that it needs and that nobody gave.
    #[error("nothing was launched: {} not kept since the last time, to be given again: {}", missing(.0), again(.0))]
    Missing(Vec<String>),
    /// The playbook would ask at a terminal, which a background run does not have.
    #[error("{}", asks(.0))]
    Questions(Vec<Question>),
    /// A file of the playbook is there and cannot be read: what it would ask is not known.
    #[error(
        "nothing was launched: {what} cannot be looked into ({why}), and may wait for an answer that nobody can give in the \
         background. Where it asks nothing, launch with --skip-pauses"
    )]
    Unread { what: String, why: String },
    #[error("{0}. {WAY}", WAY = WAY)]
    Db(#[from] DbError),
    /// The audit ledger cannot be written: what cannot be recorded is not done.
    #[error("nothing was launched, since it cannot be recorded: {0}. {WAY}", WAY = WAY)]
    Audit(#[from] Error),
    /// The ledger, or control.db, is not the one that was written to at the last act.
    #[error("nothing was launched: {0}. {WAY}", WAY = WAY)]
    Ledger(String),
    /// Not even under break-glass: its journal and its spec must be written.
    #[error("nothing was launched, not even under break-glass: {why}. By hand, in {}:\n  {line}", cwd.display())]
    ByHand {
        why: String,
        cwd: PathBuf,
        /// The line that does it without opsdeck.
        line: String,
    },
    /// Files or processes.
    #[error("{0}")]
    Io(#[from] io::Error),
}

fn nobody(what: &str, environment: Option<&str>, again: Option<Uuid>) -> String {
    let of = environment.map(|name| format!(" of {name}")).unwrap_or_default();
    match again {
        Some(run) => format!(
            "no host{of} matches {what}: the run made these hosts itself (add_host), or they are in the inventory no more. \
             `opsdeck rerun {run}` does all of it again"
        ),
        None => {
            let in_it = environment.map(|name| format!(" -E {name}")).unwrap_or_default();
            format!("no host{of} matches {what}; `opsdeck hosts all{in_it}` lists those that there are")
        }
    }
}

fn missing(names: &[String]) -> &'static str {
    if names.len() == 1 { "a secret variable was" } else { "secret variables were" }
}

/// How they are given again.
fn again(names: &[String]) -> String {
    format!(
        "{}. At a terminal they are asked for; else give them with --secrets-from FILE (a JSON object; `-` reads standard input)",
        names.join(", ")
    )
}

fn asks(questions: &[Question]) -> String {
    let one = |q: &Question| {
        let place = format!("{}:{}", q.file.display(), q.line);
        match &q.kind {
            QuestionKind::Variable { name, private: true, .. } => {
                format!("{place} asks for {name} (private): answer it at a terminal")
            }
            QuestionKind::Variable { name, default: Some(default), .. } => {
                format!("{place} asks for {name}: give it with -e {name}=... (its default is {default})")
            }
            QuestionKind::Variable { name, .. } => format!("{place} asks for {name}: give it with -e {name}=..."),
            QuestionKind::Pause { .. } => {
                format!(
                    "{place} pauses for a person, which Ansible skips without a terminal: accept that with --skip-pauses"
                )
            }
            QuestionKind::Debugger => format!("{place} opens the debugger"),
        }
    };
    let all: Vec<String> = questions.iter().map(one).collect();
    format!("nothing was launched, since a background run cannot ask:\n  {}", all.join("\n  "))
}
