//! Everything that can happen to the model. Nothing here does anything.

use super::notice::Notice;
use super::{audit, away, fleet, health, launch, release, releases, run, runs};
use crate::alarm::Facts;
use crate::tui::hits::Hits;
pub use crate::tui::widgets::when::Now;
use crossterm::event::{KeyEvent, MouseEvent};

#[derive(Debug)]
pub enum Msg {
    Key(KeyEvent),
    /// Text was pasted (bracketed paste): never read as keys.
    Paste(String),
    /// The mouse did something; what lies under it is looked up in the hits of the last frame.
    Mouse(MouseEvent),
    /// The terminal has a new size (columns, rows).
    Resize(u16, u16),
    Tick(Now),
    /// A frame was drawn, and this is what lies where on it. Never asks for another frame.
    Drawn(Hits),
    /// Data arrived for a screen, whether it is in sight or not.
    Data(Data),
    /// Something at the edge wants to say a word to the person.
    Toast(Level, String),
}

/// How serious a toast is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Info,
    Warning,
    Error,
}

/// Data for a screen; each screen defines its own. Notices and the alarm are for all of them.
#[derive(Debug)]
pub enum Data {
    Fleet(fleet::Data),
    Launch(launch::Data),
    Runs(runs::Data),
    Run(run::Data),
    Releases(releases::Data),
    Release(release::Data),
    Audit(audit::Data),
    Away(away::Data),
    Health(health::Data),
    Notices(Vec<Notice>),
    Alarm(Facts),
}
