//! Keys, pastes, mouse and resizes from the terminal: a thread that only reads.

use super::Event;
use std::io;

/// Starts the reading thread; `send` returns false when nobody listens any more. Never join it: on a terminal that is
/// gone crossterm may never return from its read.
///
/// # Errors
/// If the thread cannot start.
pub fn spawn(send: impl Fn(Event) -> bool + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name("input".into()).spawn(move || {
        loop {
            match crossterm::event::read() {
                Ok(event) => {
                    if !send(Event::Input(event)) {
                        return;
                    }
                }
                Err(e) => {
                    tracing::warn!("the terminal cannot be read: {e}");
                    send(Event::Hangup);
                    return;
                }
            }
        }
    })?;
    Ok(())
}
