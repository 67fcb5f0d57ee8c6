//! A run's row in the index. No run waits for the index: while somebody must be heard it is written on a thread of its own, and
//! what is not written now is told by the journal, and written a second later.

use crate::state::{Index, RunRow, StateDir};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long other writers of the index are waited for; and for the last word, which nobody says again.
const PATIENCE: Duration = Duration::from_millis(250);
const LAST: Duration = Duration::from_secs(5);

/// Tells the index where a run stands, if that is news to it.
pub(super) struct Rows {
    told: Arc<Mutex<Told>>,
    under_way: Option<JoinHandle<()>>,
}

struct Told {
    store: StateDir,
    index: Option<Index>,
    /// What it was told last.
    row: Option<RunRow>,
}

impl Rows {
    pub(super) fn new(store: StateDir) -> Rows {
        Rows { told: Arc::new(Mutex::new(Told { store, index: None, row: None })), under_way: None }
    }

    /// At once, and after all that was told before.
    pub(super) fn put(&mut self, row: RunRow) {
        // Else what is on its way could come later than this, and stay.
        if let Some(thread) = self.under_way.take() {
            // One that panicked said so.
            let _ = thread.join();
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.put(row, LAST);
    }

    /// On a thread of its own; nothing while it is told something else: whoever tells it does so again.
    pub(super) fn tell(&mut self, row: RunRow) {
        if self.under_way.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        let told = Arc::clone(&self.told);
        self.under_way =
            Some(std::thread::spawn(move || told.lock().unwrap_or_else(PoisonError::into_inner).put(row, PATIENCE)));
    }
}

impl Told {
    fn put(&mut self, row: RunRow, patience: Duration) {
        if self.row.as_ref() == Some(&row) {
            return;
        }
        let index = self.index.take().map_or_else(|| Index::open(&self.store), Ok);
        let put = |index: Index| index.set_patience(patience).and_then(|()| index.put(&row)).map(|()| index);
        match index.and_then(put) {
            Ok(index) => (self.index, self.row) = (Some(index), Some(row)),
            Err(e) => {
                tracing::warn!("{e}");
                // One that has a row is looked at until that says that it has ended; one that has none must be missed.
                if self.row.is_none()
                    && let Err(e) = Index::lacks(&self.store)
                {
                    tracing::warn!("{e}");
                }
            }
        }
    }
}
