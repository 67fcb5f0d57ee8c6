//! What `update` wants done outside the model. The edge performs it and answers with messages.

use super::{audit, away, fleet, health, launch, release, releases, run, runs};
use crate::release::line::Turn;

#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Copy text to the operator's clipboard (OSC 52).
    Copy(String),
    /// Call a person who looks elsewhere: bell, and a notice where the terminal shows one.
    Call(String),
    /// Ask the terminal to report the mouse, or to stop.
    Mouse(bool),
    /// Draw the whole terminal anew, whatever something else wrote on it (Ctrl-L).
    Redraw,
    /// Go to the background (Ctrl-Z).
    Suspend,
    /// Stop or open the line of an environment.
    Line {
        environment: String,
        turn: Turn,
        reason: String,
    },
    Fleet(fleet::Effect),
    Launch(launch::Effect),
    Runs(runs::Effect),
    Run(run::Effect),
    Releases(releases::Effect),
    Release(release::Effect),
    Audit(audit::Effect),
    Away(away::Effect),
    Health(health::Effect),
}
