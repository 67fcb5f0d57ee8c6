//! Runs that nobody minds: where a supervisor and its parent were killed together, the run gets the next one here, though
//! nobody looks at it.

use crate::run;
use crate::state::{Filter, StateDir};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

const LOOK: Duration = Duration::from_secs(5);

/// Looks again and again, until whoever holds the other end of `stopped` lets go of it.
pub fn run(state: &StateDir, stopped: &Receiver<()>) {
    let mut failed: Option<String> = None;
    loop {
        // Whoever lists live runs gives those without a supervisor a new one.
        let live = || run::list(state, &run::open_index(state)?, &Filter { live: true, ..Filter::default() });
        let why = live().err().map(|e| e.to_string());
        if let Some(why) = why.as_ref().filter(|why| failed.as_ref() != Some(why)) {
            tracing::error!("whether every run has a supervisor cannot be told: {why}");
        }
        failed = why;
        if !matches!(stopped.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
            return;
        }
    }
}
