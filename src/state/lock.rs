//! Locks that die with their holder: the kernel frees them, so no lock is ever stale.

use super::Answer;
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// Whoever asks whether the lock is held holds it for a moment: no longer than this.
pub(super) const QUESTION: Duration = Duration::from_millis(20);

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

    /// Does some process hold the lock? Takes nothing away: a missing file is free, one that cannot be asked is unknown.
    pub fn is_held(path: &Path) -> Answer {
        // A shared lock is enough to ask, and two who ask at once do not see each other as holders.
        asked(path, File::try_lock_shared)
    }
}

/// Does somebody hold what `attempt` would take? What it took goes with the file's closing.
pub(super) fn asked(path: &Path, attempt: impl Fn(&File) -> Result<(), TryLockError>) -> Answer {
    let file = match crate::open::own(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Answer::No,
        Err(e) => return Answer::Unknown(super::file::at(path, "open", e).to_string()),
    };
    match attempt(&file) {
        Ok(()) => Answer::No,
        Err(TryLockError::WouldBlock) => Answer::Yes,
        Err(TryLockError::Error(e)) => Answer::Unknown(super::file::at(path, "ask for the lock", e).to_string()),
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
        assert_eq!(Lock::is_held(&path), Answer::No);
        let held = Lock::try_take(&path).unwrap();
        assert!(held.is_some());
        assert_eq!(Lock::is_held(&path), Answer::Yes);
        assert!(Lock::try_take(&path).unwrap().is_none());
        drop(held);
        assert_eq!(Lock::is_held(&path), Answer::No);
        assert!(Lock::try_take(&path).unwrap().is_some());
        assert!(matches!(Lock::is_held(&path.join("below")), Answer::Unknown(_)), "it cannot be opened");
    }
}
