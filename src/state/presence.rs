//! Is anybody watching a run? Whoever does shares a lock in its folder, which the kernel frees with the process that
//! watched: a login that was cut off watches no more.

use super::{Answer, RunDir, file};
use std::fs::File;
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

/// Does somebody watch?
pub fn is_watched(dir: &RunDir) -> Answer {
    super::lock::asked(&dir.watched(), File::try_lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_watched_as_long_as_anybody_does() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = RunDir::at(tmp.path().to_owned());
        assert_eq!(is_watched(&dir), Answer::No);
        let (one, other) = (watch(&dir).unwrap(), watch(&dir).unwrap());
        drop(one);
        assert_eq!(is_watched(&dir), Answer::Yes);
        drop(other);
        assert_eq!(is_watched(&dir), Answer::No);
    }
}
