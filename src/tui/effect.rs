//! What `update` wants done outside the model. The edge performs it and answers with messages.

use super::screens;
use crate::release::line::Turn;

/// Something to do.
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
        /// Environment.
        environment: String,
        /// Which of the two.
        turn: Turn,
        /// Why.
        reason: String,
    },
    /// See [`screens::fleet`].
    Fleet(screens::fleet::Effect),
    /// See [`screens::launch`].
    Launch(screens::launch::Effect),
    /// See [`screens::runs`].
    Runs(screens::runs::Effect),
    /// See [`screens::run`].
    Run(screens::run::Effect),
    /// See [`screens::releases`].
    Releases(screens::releases::Effect),
    /// See [`screens::release`].
    Release(screens::release::Effect),
    /// See [`screens::audit`].
    Audit(screens::audit::Effect),
    /// See [`screens::away`].
    Away(screens::away::Effect),
    /// See [`screens::health`].
    Health(screens::health::Effect),
}
