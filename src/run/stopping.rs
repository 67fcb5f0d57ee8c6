//! What stopping a run came to, and why one is not stopped.

use std::io;

/// Why a run is not stopped.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    #[error("{0}")]
    Refused(String),
    /// It has ended: there is nothing to stop or to ask.
    #[error("{0}")]
    Over(String),
    /// No supervisor can go on with it, and why.
    #[error("{0}: `opsdeck stop` ends it, and how it went is then recorded as unknown")]
    Unfit(String),
    /// The audit ledger cannot be written.
    #[error("nothing is done, since it cannot be recorded: {0}")]
    Audit(#[from] crate::audit::Error),
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Nobody answers, and nothing of it can be signalled.
    #[error("{0}; and from here: {1}")]
    Unheard(io::Error, String),
}

impl StopError {
    /// Nobody answers, and nothing of it can be signalled: where it is for one reason, that is said once.
    pub(super) fn unheard(unheard: io::Error, beside: String) -> Self {
        match unheard.to_string().contains(&beside) {
            true => StopError::Io(unheard),
            false => StopError::Unheard(unheard, beside),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stopping {
    /// Its supervisor did not hear it, and why: its processes were signalled from here.
    pub beside: Option<String>,
    /// Why the ledger has not taken it. The system's log has.
    pub unrecorded: Option<String>,
}

impl Stopping {
    /// What whoever asked must know of it; `None`: its supervisor took it, and it is recorded.
    pub fn words(&self) -> Option<String> {
        let beside = self.beside.as_ref().map(|why| {
            format!("what of it was at work was signalled from here, and nothing of it begins any more, since {why}")
        });
        let unrecorded = self.unrecorded.as_ref().map(|why| {
            format!("it is in the system's log, and not yet in the audit ledger ({why}): it is recorded there late")
        });
        let words: Vec<String> = [beside, unrecorded].into_iter().flatten().collect();
        (!words.is_empty()).then(|| words.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reason_is_said_once() {
        let unheard =
            |beside: &str| StopError::unheard(io::Error::other("cannot list /runs/7/steps: denied"), beside.to_owned());
        assert_eq!(unheard("cannot list /runs/7/steps: denied").to_string(), "cannot list /runs/7/steps: denied");
        let both = unheard("2 processes of step 1 could not be killed").to_string();
        assert_eq!(both, "cannot list /runs/7/steps: denied; and from here: 2 processes of step 1 could not be killed");
    }
}
