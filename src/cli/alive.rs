//! Whoever watches a run looks now and then whether somebody carries it out, and says so once where nobody does.

use crate::api::Desk;
use crate::run::Revival;
use crate::text::plain;
use std::io;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How often it is looked.
const EVERY: Duration = Duration::from_millis(500);

/// The looks of one watcher.
#[derive(Debug, Default)]
pub struct Alive {
    looked: Option<Instant>,
    told: Option<String>,
}

impl Alive {
    /// Looks if it is time to, and gives the run a supervisor where it has none. False: nobody ever goes on with it here.
    ///
    /// # Errors
    /// None could be started.
    pub fn look(&mut self, desk: &Desk, run: Uuid) -> io::Result<bool> {
        if self.looked.is_some_and(|at| at.elapsed() < EVERY) {
            return Ok(true);
        }
        self.looked = Some(Instant::now());
        let (why, may) = match desk.revive(run)? {
            None | Some(Revival::Supervised | Revival::Started | Revival::Ended) => return Ok(true),
            Some(Revival::Unknown(why) | Revival::Elder(why)) => (why, true),
            Some(Revival::Refused(why)) => (why, false),
        };
        if self.told.as_ref() != Some(&why) {
            eprintln!("opsdeck: {}", plain(&why));
            self.told = Some(why);
        }
        Ok(may)
    }
}
