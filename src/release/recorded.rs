//! What people ask of a release, in the ledger's terms and in words: for whoever asks, and for the supervisor that is asked.

use super::machine::{Stop, Verb};
use crate::audit::Action;

/// What the ledger calls it, and what exactly was asked, in words.
pub(super) fn recorded(verb: &Verb) -> (Action, String) {
    let (action, words) = match verb {
        Verb::Approve { .. } => (Action::ReleaseApprove, "approve"),
        Verb::Reject { .. } => (Action::ReleaseReject, "reject"),
        Verb::Pause { .. } => (Action::ReleasePause, "pause"),
        Verb::Resume => (Action::ReleaseResume, "resume"),
        Verb::Promote => (Action::ReleasePromote, "promote"),
        Verb::Skip { what, .. } => return (Action::ReleaseSkip, format!("skip {what}")),
        Verb::RetryFailed => (Action::ReleaseRetry, "retry the failed hosts"),
        Verb::Stop { how: Stop::AfterBatch, .. } => (Action::ReleaseStop, "stop after the batch"),
        Verb::Stop { how: Stop::Now, .. } => (Action::ReleaseStop, "stop now"),
        Verb::Stop { how: Stop::AndRollBack, .. } => (Action::ReleaseStop, "stop now and roll back"),
        Verb::Rollback { .. } => (Action::ReleaseRollback, "roll back"),
        Verb::Mark { host, mark } => return (Action::ReleaseMark, format!("mark {host} {}", mark.name())),
        Verb::AcceptMixed { .. } => (Action::ReleaseAcceptMixed, "accept two versions"),
        Verb::RollForward { to, .. } => return (Action::ReleaseRollForward, format!("roll forward with {to}")),
        Verb::TakeOver { .. } => (Action::ReleaseTakeOver, "take the environment over"),
    };
    (action, words.to_owned())
}
