//! When each operator's screen last looked: one small file a person under `seen/`. For "while you were away" only; that
//! it is missing or unreadable means no more than that nothing is known.

use super::{StateDir, file};
use std::io;
use std::path::PathBuf;

/// When the operator's screen last looked (Unix milliseconds). `None`: never, or nobody knows.
pub fn last(store: &StateDir, operator: &str) -> Option<i64> {
    crate::open::text_own(&path(store, operator), crate::open::WORD).ok()?.trim().parse().ok()
}

/// Notes that the operator's screen looks at this moment. Never goes back: of two screens the later one counts.
///
/// # Errors
/// The file can't be written, with its path.
pub fn mark(store: &StateDir, operator: &str, now: i64) -> io::Result<()> {
    if last(store, operator).is_some_and(|at| at >= now) {
        return Ok(());
    }
    file::private_dir(&store.root().join("seen"))?;
    file::write_cache(&path(store, operator), format!("{now}\n").as_bytes())
}

/// A name may hold anything: what is no plain letter or digit is written as its code.
fn path(store: &StateDir, operator: &str) -> PathBuf {
    let mut name = String::new();
    for b in operator.bytes().take(80) {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => name.push(char::from(b)),
            _ => name.push_str(&format!("_{b:02x}")),
        }
    }
    store.root().join("seen").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operator_has_a_moment_and_it_never_goes_back() {
        let dir = tempfile::tempdir().unwrap();
        let store = StateDir::at(dir.path());
        assert_eq!(last(&store, "alice"), None);
        mark(&store, "alice", 5_000).unwrap();
        mark(&store, "../alice", 9_000).unwrap();
        mark(&store, "alice", 4_000).unwrap();
        assert_eq!((last(&store, "alice"), last(&store, "../alice")), (Some(5_000), Some(9_000)));
        assert!(path(&store, "../alice").starts_with(dir.path().join("seen")));
        std::fs::write(path(&store, "alice"), "rubbish").unwrap();
        assert_eq!(last(&store, "alice"), None);
    }
}
