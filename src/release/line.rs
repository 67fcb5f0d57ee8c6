//! Stopping and opening the line of an environment: recorded before and after, from a verb or from the screen.

use crate::audit::{Action, Acts, Record};
use crate::state::lines::Line;
use crate::state::operator::Operator;
use crate::state::{Control, DbError, StateDir};

/// What is done to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// No release begins or goes on there; a rollback is still allowed.
    Stop,
    Open,
}

/// Why a line is as it was.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Somebody was faster, or it was so before.
    #[error("the line of {0} was {1} already")]
    Already(String, &'static str),
    #[error("{0}")]
    Db(#[from] DbError),
    /// What cannot be recorded is not done.
    #[error("the line is as it was, since it cannot be recorded: {0}")]
    Audit(#[from] crate::audit::Error),
}

impl Turn {
    /// What the line is afterwards.
    pub fn word(self) -> &'static str {
        match self {
            Turn::Stop => "stopped",
            Turn::Open => "open",
        }
    }
}

/// Stops or opens the line of `environment`.
pub fn turn(
    store: &StateDir,
    environment: &str,
    turn: Turn,
    reason: &str,
    operator: &Operator,
) -> Result<(), LineError> {
    let control = Control::open(store)?;
    let acts = Acts::open(store, &control)?;
    let action = match turn {
        Turn::Stop => Action::LineStop,
        Turn::Open => Action::LineOpen,
    };
    let about = |record: Record| Record {
        env: Some(environment.to_owned()),
        reason: Some(reason.to_owned()),
        subject: Some(format!("line {environment}")),
        ..record
    };
    acts.around(action, operator, about, |_| {
        let turned = match turn {
            Turn::Stop => control.stop_line(&Line {
                environment: environment.to_owned(),
                reason: reason.to_owned(),
                operator: operator.name.clone(),
                at: jiff::Timestamp::now().as_millisecond(),
            }),
            Turn::Open => control.open_line(environment),
        };
        match turned? {
            true => Ok(()),
            false => Err(LineError::Already(environment.to_owned(), turn.word())),
        }
    })
}
