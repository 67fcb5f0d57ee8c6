//! The terminal: what it can show, how frames become the fewest bytes, how it is entered and given back.
//!
//! [`Guard`] takes the terminal and gives it back whatever happens. [`Screen`] draws ratatui frames on it: the drawing
//! thread never writes, it hands the newest frame to a writer thread, which alone may block on a terminal that takes
//! nothing. [`Pacer`] says when a frame may be drawn. [`input::spawn`] and [`signals::spawn`] deliver [`Event`]s.
//! Nothing here knows a screen, a theme or a run.

mod caps;
mod cell;
pub mod clipboard;
mod color;
mod diff;
mod encode;
mod guard;
pub mod input;
pub mod notice;
mod pacer;
mod screen;
mod scroll;
mod sgr;
pub mod signals;
mod writer;

#[cfg(test)]
mod guard_tests;
#[cfg(test)]
mod tests;

pub use caps::{Caps, Depth, Mux};
pub use guard::{Guard, Options};
pub use pacer::{Cause, Pace, Pacer};
pub use screen::Screen;
pub use writer::Stats;

/// What the terminal or the system tells the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A key, a paste, a mouse event or a new size. After a new size call [`Screen::redraw`].
    Input(crossterm::event::Event),
    /// Somebody sent SIGTSTP: call [`Guard::suspend`]. (Ctrl-Z itself arrives as a key.)
    Suspend,
    /// The process was stopped and goes on: call [`Guard::resume`].
    Resumed,
    /// The terminal is gone (SIGHUP, an error on it). End in good order, and exit without waiting for the input thread.
    Hangup,
    /// SIGTERM, SIGINT or SIGQUIT (its number): end in good order.
    Terminate(i32),
}
