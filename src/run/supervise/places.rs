//! Where the ledger and control.db lie beside a supervisor, and how far they were: by which it is told that a backup was put
//! back in their place.

use crate::run::ledger;
use crate::state::{Control, StateDir};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

pub(super) type Place = Option<(u64, u64)>;
/// Number and hash of a row of the ledger.
type Row = Option<(i64, String)>;

/// Where the databases lie, and the newest row of the ledger that was there for certain.
#[derive(Debug, Default, Clone)]
pub struct Places {
    pub(super) control: Place,
    pub(super) audit: Place,
    head: Row,
    /// What control.db says of it.
    witness: Row,
}

impl Places {
    /// As they are now. What cannot be looked at is no place: it becomes one when it is there.
    pub(super) fn of(store: &StateDir) -> Places {
        let (control, audit) = (place(&store.control()), place(&store.audit()));
        Places { control, audit, head: ledger::head(store).ok().flatten(), witness: witness(store).ok().flatten() }
    }

    /// What is held from now on; or why they are not what they were. One that cannot be read says nothing, unless it was just
    /// put there (`moved`).
    pub(super) fn held(mut self, store: &StateDir, moved: bool) -> Result<Places, String> {
        match self.lost(store) {
            Ok(Some(why)) => Err(why),
            Err(e) if moved => Err(e.to_string()),
            Ok(None) => Ok(self),
            Err(e) => {
                tracing::warn!("whether ledger and control.db are what they were cannot be told: {e}");
                Ok(self)
            }
        }
    }

    /// Why they are not what they were; `None`: they are, and what came since is what is held next.
    fn lost(&mut self, store: &StateDir) -> io::Result<Option<String>> {
        if let Some(why) = crate::audit::missing(store, self.head.as_ref()).map_err(io::Error::other)? {
            return Ok(Some(why));
        }
        let now = witness(store)?;
        let seq = |row: &Row| row.as_ref().map_or(0, |(seq, _)| *seq);
        if seq(&now) < seq(&self.witness) {
            let path = store.control();
            return Ok(Some(format!(
                "{} is an older one than was here: it was put back from a backup",
                path.display()
            )));
        }
        self.head = ledger::head(store).map_err(io::Error::other)?.or(self.head.take());
        self.witness = now;
        Ok(None)
    }
}

fn witness(store: &StateDir) -> io::Result<Row> {
    let control = Control::open_where_it_is(store).map_err(io::Error::other)?;
    Ok(control.map(|control| control.witness()).transpose().map_err(io::Error::other)?.flatten())
}

pub(super) fn place(path: &Path) -> Place {
    std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}
