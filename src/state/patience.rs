//! Waiting for an SQLite database that another process has locked. SQLite waits by itself (`busy_timeout`), but not where a
//! database is changed to WAL: then it says at once that it is busy.

use rusqlite::{Error, ErrorCode, Result};
use std::time::{Duration, Instant};

/// Does something again while another process holds the database, at most for `limit`.
///
/// # Errors
/// What it said at last.
pub fn patiently<T>(limit: Duration, mut what: impl FnMut() -> Result<T>) -> Result<T> {
    let since = Instant::now();
    loop {
        let done = what();
        let busy = matches!(&done, Err(Error::SqliteFailure(e, _))
            if matches!(e.code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
        if !busy || since.elapsed() > limit {
            return done;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
