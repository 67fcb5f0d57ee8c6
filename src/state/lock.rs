//! Locks that die with their holder: the kernel frees them, so no lock is ever stale.

use std::fs::File;
use std::io;
use std::path::Path;

/// A held lock; freed when dropped, and by the kernel when the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, or gives `None` when somebody else holds it. Never waits.
    pub fn try_take(path: &Path) -> io::Result<Option<Lock>> {
        let file = super::file::append(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(e)) => Err(super::file::at(path, "lock", e)),
        }
    }

    /// True while some process holds the lock. Takes nothing away: a missing file is free.
    pub fn is_held(path: &Path) -> bool {
        // A shared lock is enough to ask, and two who ask at once do not see each other as holders.
        let Ok(file) = File::open(path) else { return false };
        matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
