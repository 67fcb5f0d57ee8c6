//! Silences: a person says that something is known and for how long. What is silenced is measured and shown as ever; nobody
//! is told of it, and nothing is done about it by itself. Pure; the word itself goes through [`silence`] and [`lift`].

mod person;
#[cfg(test)]
mod tests;

pub use person::{SilenceError, Word, lift, silence};

use crate::project::config::recovery::Policy;
use crate::state::silences::SilenceRow;
use crate::state::{Control, DbError};
use crate::text::human;
use std::fmt;

/// Milliseconds: for longer, the time of day alone does not say when.
const HALF_DAY: i64 = 12 * 3_600_000;

/// Between a check and the host that it is silenced on.
const ON: &str = " on ";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    All,
    /// A host, and every check of it.
    Host(String),
    /// A check wherever it is asked: by its name, or by that of its family (`disk`).
    Check(String),
    /// A check, likewise, on one host.
    One {
        check: String,
        host: String,
    },
    /// A service: its breaker, its recovery, and the checks that its policies watch.
    Service(String),
}

impl Target {
    /// What a person typed: `all`, `check:NAME`, `check:NAME on HOST`, `service:NAME`, else a host.
    pub fn named(text: &str) -> Target {
        match text.split_once(':') {
            Some(("check", name)) => match name.rsplit_once(ON).filter(|(_, host)| !host.contains(' ')) {
                Some((check, host)) => Target::One { check: check.to_owned(), host: host.to_owned() },
                None => Target::Check(name.to_owned()),
            },
            Some(("service", name)) => Target::Service(name.to_owned()),
            _ if text == "all" => Target::All,
            _ => Target::Host(text.to_owned()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::All => f.write_str("all"),
            Target::Host(name) => f.write_str(name),
            Target::Check(name) => write!(f, "check:{name}"),
            Target::One { check, host } => write!(f, "check:{check}{ON}{host}"),
            Target::Service(name) => write!(f, "service:{name}"),
        }
    }
}

/// What it is asked of: whatever is known of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct What<'a> {
    pub host: Option<&'a str>,
    pub check: Option<&'a str>,
    pub service: Option<&'a str>,
}

/// What is silenced in an environment at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Silences {
    all: Vec<(Target, SilenceRow)>,
    /// Service and check of each policy.
    watched: Vec<(String, String)>,
}

impl Silences {
    /// Reads those that hold now (Unix milliseconds). `policies` say which checks belong to a service.
    ///
    /// # Errors
    /// control.db cannot be read.
    pub fn read(control: &Control, environment: &str, policies: &[Policy], now: i64) -> Result<Self, DbError> {
        Ok(Silences::new(control.silences(Some(environment), now)?, policies))
    }

    pub fn new(rows: Vec<SilenceRow>, policies: &[Policy]) -> Self {
        let all = rows.into_iter().map(|row| (Target::named(&row.target), row)).collect();
        let watched = policies.iter().map(|p| (p.service.clone(), p.check.clone())).collect();
        Silences { all, watched }
    }

    /// The silence of something that holds longest; `None`: people hear of it.
    pub fn of(&self, what: What<'_>) -> Option<&SilenceRow> {
        let covers = |target: &Target| match target {
            Target::All => true,
            Target::Host(name) => what.host == Some(name),
            Target::Check(name) => what.check.is_some_and(|check| is_of(check, name)),
            Target::One { check: name, host } => {
                what.host == Some(host) && what.check.is_some_and(|check| is_of(check, name))
            }
            Target::Service(name) => what.service == Some(name) || self.watches(name, what.check),
        };
        let all = self.all.iter().filter(|(target, _)| covers(target));
        all.map(|(_, row)| row).max_by_key(|row| row.until)
    }

    /// What was silenced by the same word as this one, itself among it.
    pub fn said_with(&self, one: &SilenceRow) -> Vec<Target> {
        let same = |row: &SilenceRow| (row.at, &row.operator, &row.reason) == (one.at, &one.operator, &one.reason);
        self.all.iter().filter(|(_, row)| same(row)).map(|(target, _)| target.clone()).collect()
    }

    fn watches(&self, service: &str, check: Option<&str>) -> bool {
        let of = |check: &str| self.watched.iter().any(|(of, watched)| of == service && is_of(check, watched));
        check.is_some_and(of)
    }
}

/// `disk /var` is one of the disks.
fn is_of(check: &str, name: &str) -> bool {
    check == name || check.split_once(' ').is_some_and(|(family, _)| family == name)
}

/// A silence in words, for whoever would have heard: `silenced until 15:04 by ann: the switch is replaced`. Holds text of people.
pub fn words(row: &SilenceRow) -> String {
    let until = if row.until - row.at < HALF_DAY { human::time(row.until) } else { human::date_time(row.until) };
    format!("silenced until {until} by {}: {}", row.operator, row.reason)
}
