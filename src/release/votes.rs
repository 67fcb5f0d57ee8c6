//! Approvals as they are to be shown: held against the ledger, which decides which of them count. The supervisor does the same
//! when it takes over.

use super::event::Person;
use super::state::{Consent, Release};
use crate::audit::{Action, Error};
use crate::run::asked;
use crate::run::machine::Vote;
use crate::state::StateDir;
use uuid::Uuid;

/// What is said of an approval that nobody's row stands for.
pub const UNFOUNDED: &str = "no row in the ledger: does not count";

/// The approvals of a release, as the ledger is asked for them.
pub fn of(release: &Release) -> Vec<Vote> {
    let vote = |person: &Person| Vote { action: Action::ReleaseApprove, row: person.row, by: person.name.clone() };
    release.approvals.iter().map(|consent| vote(&consent.by)).collect()
}

/// Those that have no row.
///
/// # Errors
/// The ledger cannot be read.
pub fn unfounded(store: &StateDir, run: Uuid, release: &Release) -> Result<Vec<Consent>, Error> {
    let votes = of(release);
    if votes.is_empty() {
        return Ok(Vec::new());
    }
    let founded = asked::votes(store, run, &votes)?;
    let without = release.approvals.iter().zip(founded).filter(|(_, founded)| !founded);
    Ok(without.map(|(consent, _)| consent.clone()).collect())
}

impl Release {
    /// These approvals are shown as what they are: they do not count.
    pub fn without_row(&mut self, consents: &[Consent]) {
        for consent in self.approvals.iter_mut().filter(|consent| consents.contains(consent)) {
            consent.unfounded = true;
            let of = |(at, by, what, _): &&mut (i64, Person, String, Option<String>)| {
                *at == consent.at && *by == consent.by && what == "approve"
            };
            if let Some((_, _, what, _)) = self.people.iter_mut().find(of) {
                *what = format!("approve ({UNFOUNDED})");
            }
        }
    }
}
