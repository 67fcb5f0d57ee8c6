//! Who acts in an environment (`opsdeck serve`), and when that process last said so. The right to act is a lock that dies with
//! its holder; this is what others read about it.

use super::{DbError, Index, StateDir};
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// The lock of whoever acts in a scope.
pub fn right(state: &StateDir, scope: &str) -> PathBuf {
    let digest: String = Sha256::digest(scope)[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    state.root().join("serve").join(format!("{digest}.lock"))
}

/// Rounds of no daemon (`recovery once`) are kept apart: they say of no process that it goes on. Each is of one environment
/// alone, also where two have the same hosts.
fn once(environment: &str, scope: &str) -> String {
    format!("once\n{environment}\n{scope}")
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    pub who: String,
    /// When it last did a round (Unix milliseconds).
    pub at: i64,
}

impl Index {
    /// Whoever acts in a scope has done a round.
    pub fn beat(&self, scope: &str, beat: &Beat) -> Result<(), DbError> {
        let query = "INSERT OR REPLACE INTO beats (scope, who, at) VALUES (?1, ?2, ?3)";
        self.ask(|db| db.prepare_cached(query)?.execute((scope, &beat.who, beat.at)).map(drop))
    }

    /// Somebody has done a single round in an environment, whose scope this is.
    pub fn beat_once(&self, environment: &str, scope: &str, beat: &Beat) -> Result<(), DbError> {
        self.beat(&once(environment, scope), beat)
    }

    /// The last single round there.
    pub fn last_once(&self, environment: &str, scope: &str) -> Result<Option<Beat>, DbError> {
        self.last_beat(&once(environment, scope))
    }

    /// The last sign of life of whoever acts, or acted, in a scope.
    pub fn last_beat(&self, scope: &str) -> Result<Option<Beat>, DbError> {
        use rusqlite::OptionalExtension;
        let query = "SELECT who, at FROM beats WHERE scope = ?1";
        let row = |r: &rusqlite::Row<'_>| Ok(Beat { who: r.get(0)?, at: r.get(1)? });
        self.ask(|db| db.prepare_cached(query)?.query_row([scope], row).optional())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::StateDir;

    #[test]
    fn the_last_sign_of_life_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let index = Index::open(&StateDir::at(dir.path())).unwrap();
        assert_eq!(index.last_beat("prod").unwrap(), None);
        for at in [1, 2] {
            index.beat("prod", &Beat { who: "serve of ann".into(), at }).unwrap();
        }
        let serve = Some(Beat { who: "serve of ann".into(), at: 2 });
        assert_eq!((index.last_beat("prod").unwrap(), index.last_once("prod", "/p").unwrap()), (serve.clone(), None));
        let round = Beat { who: "recovery once of bob".into(), at: 3 };
        index.beat_once("prod", "/p", &round).unwrap();
        assert_eq!((index.last_beat("prod").unwrap(), index.last_once("prod", "/p").unwrap()), (serve, Some(round)));
        assert_eq!(index.last_once("twin", "/p").unwrap(), None);
    }
}
