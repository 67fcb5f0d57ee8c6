//! Locks that die with their holder: the kernel frees them, so no lock is ever stale.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// Whoever asks whether the lock is held holds it for a moment: no longer than this.
const QUESTION: Duration = Duration::from_millis(20);

/// A held lock; freed when dropped, and by the kernel when the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, or gives `None` when somebody else holds it for longer than a question takes ([`Lock::is_held`]).
    pub fn try_take(path: &Path) -> io::Result<Option<Lock>> {
        let file = super::file::append(path)?;
        let asked = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Lock { _file: file })),
                Err(TryLockError::WouldBlock) if asked.elapsed() < QUESTION => std::thread::sleep(QUESTION / 20),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(e)) => return Err(super::file::at(path, "lock", e)),
            }
        }
    }

    /// True while some process holds the lock. Takes nothing away: a missing file is free.
    pub fn is_held(path: &Path) -> bool {
        // A shared lock is enough to ask, and two who ask at once do not see each other as holders.
        let Ok(file) = crate::open::own(path) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_only_asks_keeps_nobody_from_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let over = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(std::sync::atomic::Ordering::SeqCst) {
                    Lock::is_held(&path);
                }
            });
            let taken = (0..2_000).all(|_| Lock::try_take(&path).unwrap().is_some());
            over.store(true, std::sync::atomic::Ordering::SeqCst);
            assert!(taken);
        });
    }

    #[test]
    fn one_holder_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        assert!(!Lock::is_held(&path));
        let held = Lock::try_take(&path).unwrap();
        assert!(held.is_some());
        assert!(Lock::is_held(&path));
        assert!(Lock::try_take(&path).unwrap().is_none());
        drop(held);
        assert!(!Lock::is_held(&path));
        assert!(Lock::try_take(&path).unwrap().is_some());
    }
}
