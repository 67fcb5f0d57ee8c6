//! Who acts in an environment (`opsdeck serve`), and when that process last said so. The right to act is a lock that dies with
//! its holder; this is what others read about it.

use super::{DbError, Index};

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// Who acts, for people.
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
        assert_eq!(index.last_beat("prod").unwrap(), Some(Beat { who: "serve of ann".into(), at: 2 }));
    }
}
