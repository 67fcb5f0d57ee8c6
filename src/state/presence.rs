//! Is anybody watching a run? Whoever does shares a lock in its folder, which the kernel frees with the process that
//! watched: a login that was cut off watches no more.

use super::lock::QUESTION;
use super::{Answer, RunDir, file};
use std::fs::File;
use std::io;
use std::time::Instant;

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

/// Does somebody watch? Two who ask at once see each other for a moment: whoever watches is there longer than that.
pub fn is_watched(dir: &RunDir) -> Answer {
    let asked = Instant::now();
    loop {
        match super::lock::asked(&dir.watched(), File::try_lock) {
            Answer::Yes if asked.elapsed() < QUESTION => std::thread::sleep(QUESTION / 20),
            answer => return answer,
        }
    }
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

    #[test]
    fn whoever_only_asks_watches_nothing() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = RunDir::at(tmp.path().to_owned());
        drop(watch(&dir).unwrap());
        std::thread::scope(|scope| {
            let ask = || (0..1_000).all(|_| is_watched(&dir) == Answer::No);
            let all: Vec<_> = (0..2).map(|_| scope.spawn(ask)).collect();
            assert!(all.into_iter().all(|one| one.join().unwrap()));
        });
    }
}
