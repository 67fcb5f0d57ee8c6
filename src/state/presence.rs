//! Is anybody watching a run? Whoever does shares a lock in its folder, which the kernel frees with the process that
//! watched: a login that was cut off watches no more.

use super::{RunDir, file};
use std::fs::{File, TryLockError};
use std::io;

/// Somebody watches, until it is dropped.
#[derive(Debug)]
pub struct Watching {
    _file: File,
}

/// Watches a run.
///
/// # Errors
/// The run's folder can't be written; then nobody knows that it is watched.
pub fn watch(dir: &RunDir) -> io::Result<Watching> {
    let path = dir.watched();
    let file = file::append(&path)?;
    file.lock_shared().map_err(|e| file::at(&path, "lock", e))?;
    Ok(Watching { _file: file })
}

/// True while somebody watches.
pub fn is_watched(dir: &RunDir) -> bool {
    let Ok(file) = crate::open::own(&dir.watched()) else { return false };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_watched_as_long_as_anybody_does() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = RunDir::at(tmp.path().to_owned());
        assert!(!is_watched(&dir));
        let (one, other) = (watch(&dir).unwrap(), watch(&dir).unwrap());
        drop(one);
        assert!(is_watched(&dir));
        drop(other);
        assert!(!is_watched(&dir));
    }
}
