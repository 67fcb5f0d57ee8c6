//! Signs: a state is always glyph + word + role. One table for every screen, with an ASCII form for each glyph.

use crate::health::judge::Status;
use crate::run::State;
use crate::run::event::Failure;
use crate::run::state::CellStatus;
use crate::tui::theme::{Role, Theme};

/// How a state is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    glyph: &'static str,
    ascii: &'static str,
    pub word: &'static str,
    pub role: Role,
}

/// A sign from its parts; both glyphs are one column wide.
pub const fn sign(glyph: &'static str, ascii: &'static str, word: &'static str, role: Role) -> Sign {
    Sign { glyph, ascii, word, role }
}

/// Not watched by anybody: neither running nor ended, as far as can be known.
pub const UNWATCHED: Sign = sign("?", "?", "unwatched", Role::Unknown);
/// Not reached yet.
pub const WAITING: Sign = sign("○", ".", "waiting", Role::Waiting);
pub const OK: Sign = sign("●", "o", "ok", Role::Ok);
pub const WARNING: Sign = sign("▲", "!", "warning", Role::Warning);
pub const FAILED: Sign = sign("✖", "x", "failed", Role::Failed);
pub const RUNNING: Sign = sign("◐", "~", "running", Role::Running);
/// Old: no longer known to be so.
pub const STALE: Sign = sign("◌", "-", "stale", Role::Stale);

/// A person knows: it calls nobody, whatever it is.
pub const SILENCED: Sign = sign("◇", "z", "silenced", Role::Dim);

/// A breaker is not closed: beside how something is.
pub const BREAKER: Sign = sign("⊘", "/", "breaker", Role::Warning);

impl Sign {
    /// The glyph that this theme may show; always one column wide.
    pub fn glyph(&self, theme: &Theme) -> &'static str {
        if theme.ascii { self.ascii } else { self.glyph }
    }

    pub fn text(&self, theme: &Theme) -> String {
        format!("{} {}", self.glyph(theme), self.word)
    }
}

/// The sign of a run's state.
pub fn state(state: State) -> Sign {
    match state {
        State::Requested => sign("○", ".", "requested", Role::Waiting),
        State::Queued => sign("○", ".", "queued", Role::Waiting),
        State::Starting => sign("◐", "~", "starting", Role::Running),
        State::Running => RUNNING,
        State::Stopping => sign("▲", "!", "stopping", Role::Warning),
        State::Succeeded => sign("●", "o", "succeeded", Role::Ok),
        State::Failed => FAILED,
        State::NothingRan => sign("∅", "0", "NOTHING RAN", Role::Failed),
        State::Cancelled => sign("■", "#", "cancelled", Role::Warning),
        State::Unknown => sign("?", "?", "unknown", Role::Unknown),
    }
}

/// The sign of a run, given whether anybody watches it. A live state without a supervisor is not "running".
pub fn run(at: State, watched: bool) -> Sign {
    if watched || at.is_terminal() { state(at) } else { UNWATCHED }
}

/// The sign of a cell of the matrix.
pub fn cell(status: CellStatus) -> Sign {
    match status {
        CellStatus::None => sign("·", ".", "not run", Role::Dim),
        CellStatus::Running => RUNNING,
        CellStatus::Ok => OK,
        CellStatus::Changed => sign("◆", "c", "changed", Role::Changed),
        CellStatus::Failed => FAILED,
        CellStatus::Ignored => sign("▲", "!", "failed, ignored", Role::Warning),
        CellStatus::Unreachable => sign("▼", "U", "unreachable", Role::Unreachable),
        CellStatus::Skipped => sign("-", "-", "skipped", Role::Skipped),
        CellStatus::Unknown => sign("?", "?", "unknown", Role::Unknown),
    }
}

/// The sign of a check's or a host's health. One that is well, though its last reading says otherwise, does not look well.
pub fn health(status: Status, suspect: bool) -> Sign {
    match status {
        Status::Bad => sign("✖", "x", "bad", Role::Failed),
        Status::Warn => sign("▲", "!", "warn", Role::Warning),
        Status::Stale => STALE,
        Status::Unknown => sign("?", "?", "unknown", Role::Unknown),
        Status::Ok if suspect => sign("●", "o", "ok?", Role::Warning),
        Status::Ok => OK,
    }
}

/// The sign of what a person silenced: the mark of a silence, and how it is all the same.
pub fn silenced(status: Status) -> Sign {
    let role = if matches!(status, Status::Bad | Status::Warn) { health(status, false).role } else { SILENCED.role };
    Sign { word: status.name(), role, ..SILENCED }
}

/// How bad a cell is: the worst of many stands for them all.
pub fn severity(status: CellStatus) -> u8 {
    match status {
        CellStatus::None => 0,
        CellStatus::Skipped => 1,
        CellStatus::Ok => 2,
        CellStatus::Changed => 3,
        CellStatus::Running => 4,
        CellStatus::Ignored => 5,
        CellStatus::Unknown => 6,
        CellStatus::Unreachable => 7,
        CellStatus::Failed => 8,
    }
}

/// What kind of failure it is, in words for a person.
pub fn failure(kind: Failure) -> &'static str {
    match kind {
        Failure::HostsFailed => "tasks failed on hosts",
        Failure::Unreachable => "hosts could not be reached",
        Failure::Ansible => "Ansible itself gave up",
        Failure::Killed => "killed by a signal that opsdeck did not send",
        Failure::Timeout => "it took longer than its timeout",
        Failure::Launch => "the control host could not start it",
        Failure::Lost => "its end was not seen: evidence is gone",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn every_sign_is_one_column_and_has_ascii() {
        let signs = State::ALL.into_iter().map(state).chain(
            [
                CellStatus::None,
                CellStatus::Running,
                CellStatus::Ok,
                CellStatus::Changed,
                CellStatus::Failed,
                CellStatus::Ignored,
                CellStatus::Unreachable,
                CellStatus::Skipped,
                CellStatus::Unknown,
            ]
            .into_iter()
            .map(cell),
        );
        let signs = signs
            .chain([BREAKER])
            .chain(Status::ALL.into_iter().flat_map(|s| [health(s, false), health(s, true), silenced(s)]));
        for s in signs {
            assert_eq!(s.glyph.width(), 1, "{s:?}");
            assert!(s.ascii.len() == 1 && s.ascii.is_ascii() && !s.word.is_empty(), "{s:?}");
        }
    }

    #[test]
    fn a_live_run_that_nobody_watches_is_unknown_not_running() {
        assert_eq!(run(State::Running, false), UNWATCHED);
        assert_eq!(run(State::Running, true).word, "running");
        assert_eq!(run(State::Failed, false).word, "failed");
    }
}
