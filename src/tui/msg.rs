//! Everything that can happen to the model. Nothing here does anything.

use super::hits::Hits;
use super::notices::Notice;
use super::screens;
use crate::alarm::Facts;
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

/// A moment: views read no clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Unix milliseconds.
    pub ms: i64,
    /// Offset of the operator's time zone from UTC, in seconds.
    pub offset: i32,
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
    Fleet(screens::fleet::Data),
    Launch(screens::launch::Data),
    Runs(screens::runs::Data),
    Run(screens::run::Data),
    Releases(screens::releases::Data),
    Release(screens::release::Data),
    Audit(screens::audit::Data),
    Away(screens::away::Data),
    Health(screens::health::Data),
    Notices(Vec<Notice>),
    Alarm(Facts),
}
