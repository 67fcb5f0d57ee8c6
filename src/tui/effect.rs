//! What `update` wants done outside the model. The edge performs it and answers with messages.

use super::screens;
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
    Fleet(screens::fleet::Effect),
    Launch(screens::launch::Effect),
    Runs(screens::runs::Effect),
    Run(screens::run::Effect),
    Releases(screens::releases::Effect),
    Release(screens::release::Effect),
    Audit(screens::audit::Effect),
    Away(screens::away::Effect),
    Health(screens::health::Effect),
}
