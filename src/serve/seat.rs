//! Seats of connections. There are few; the last one is kept free for whoever comes: where all are taken, whoever has kept its
//! seat for longest without saying anything whole gives way.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, sleep_until};

/// So long anybody may take to say something whole.
const PATIENCE: Duration = Duration::from_secs(1);

/// Since when nothing whole was said on a connection; `None`: it is answered.
#[derive(Debug, Clone)]
pub struct Seat(Arc<Mutex<Option<Instant>>>);

impl Seat {
    /// Of a connection that just came.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Some(Instant::now()))))
    }

    /// A head has come: what belongs to it may follow.
    pub fn heard(&self) {
        self.set(Some(Instant::now()));
    }

    /// All that was to be said has come: it is answered as long as this lives.
    pub fn at_work(&self) -> Work {
        self.set(None);
        Work(self.clone())
    }

    fn since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

/// A request that is answered.
#[derive(Debug)]
pub struct Work(Seat);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.heard();
    }
}

/// Waits until somebody is to give way; gives its task.
pub async fn to_go(seats: &[(AbortHandle, Seat)]) -> AbortHandle {
    loop {
        let waiting = seats.iter().filter(|(task, _)| !task.is_finished());
        let longest = waiting.filter_map(|(task, seat)| Some((seat.since()?, task))).min_by_key(|(since, _)| *since);
        match longest {
            Some((since, task)) if since.elapsed() >= PATIENCE => return task.clone(),
            Some((since, _)) => sleep_until(since + PATIENCE).await,
            None => sleep(PATIENCE).await,
        }
    }
}
