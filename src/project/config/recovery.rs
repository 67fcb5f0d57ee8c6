//! `recovery:` of `opsdeck.yaml`: policies of auto-recovery, each a check, a ladder of runbooks, and the numbers of every
//! guard with the defaults of releases.md part 4. Off where nobody says otherwise.

mod read;
mod schema;

pub use read::{Names, read};
pub use schema::Section;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A policy: what is done when a check is bad on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// The check, by its name.
    pub check: String,
    /// The service that it belongs to: rates and what is under way are counted for it.
    pub service: String,
    /// Environments in which it holds; empty: all.
    pub environments: Vec<String>,
    /// What it may do.
    pub mode: Mode,
    /// Runbooks, the gentlest first.
    pub ladder: Vec<Rung>,
    /// Commands that write down how the host is before anything is done; empty: none.
    pub diagnostics: Vec<String>,
    /// Checks that must be well before anything is done here.
    pub depends_on: Vec<String>,
    /// What must hold.
    pub guards: Guards,
    /// When an action has helped.
    pub verify: Verify,
    /// Seconds for which it is watched afterwards.
    pub probation: u32,
    /// How often it may go bad again in that time.
    pub relapses: u32,
    /// Seconds after which a person is called, whatever is still possible.
    pub deadline: u32,
    /// Who is called, one after the other.
    pub receivers: Vec<String>,
    /// Seconds without an answer until the next one is called.
    pub answer_within: u32,
}

/// What a policy may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nothing.
    #[default]
    Off,
    /// Say what it would have done.
    Observe,
    /// Do it.
    Act,
}

/// A rung of the ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// Name of the runbook.
    pub runbook: String,
    /// Seconds after which it is stopped.
    pub timeout: u32,
}

/// What must hold before an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guards {
    /// At most so many of a hundred hosts of the service may be bad (one always may).
    pub unhealthy_percent: u32,
    /// Actions under way at once in the service.
    pub in_flight: u32,
    /// So many hosts that go bad at once have a common cause;
    pub common_hosts: u32,
    /// or more than so many of a hundred (and more than one),
    pub common_percent: u32,
    /// within so many seconds.
    pub common_within: u32,
    /// Seconds between two actions on a host.
    pub host_pause: u32,
    /// Actions on a host in an hour.
    pub host_per_hour: u32,
    /// Actions in a service in an hour.
    pub service_per_hour: u32,
    /// Actions of all policies in all environments in an hour.
    pub all_per_hour: u32,
    /// An action that did not help so often in a row is disabled; 0: never.
    pub failed_in_row: u32,
}

/// When an action has helped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verify {
    /// So many readings in a row pass,
    pub passes: u32,
    /// over at least so many seconds,
    pub window: u32,
    /// and that within so many seconds.
    pub deadline: u32,
    /// Seconds between two readings.
    pub interval: u32,
}

/// Seconds that a runbook may take where nobody says otherwise.
pub const TIMEOUT: u32 = 120;

/// What is written down before an action where nobody says otherwise (releases.md part 4).
pub const DIAGNOSTICS: [&str; 5] = [
    "systemctl --no-pager --failed",
    "journalctl --no-pager -n 200",
    "ss -s",
    "df -P",
    "ps -eo pid,pcpu,pmem,etime,args --sort=-pcpu | head -n 15",
];

impl Default for Policy {
    fn default() -> Self {
        Policy {
            name: String::new(),
            check: String::new(),
            service: String::new(),
            environments: Vec::new(),
            mode: Mode::Off,
            ladder: Vec::new(),
            diagnostics: DIAGNOSTICS.map(str::to_owned).to_vec(),
            depends_on: Vec::new(),
            guards: Guards::default(),
            verify: Verify::default(),
            probation: 600,
            relapses: 1,
            deadline: 1_800,
            receivers: Vec::new(),
            answer_within: 600,
        }
    }
}

impl Default for Guards {
    fn default() -> Self {
        Guards {
            unhealthy_percent: 20,
            in_flight: 1,
            common_hosts: 3,
            common_percent: 20,
            common_within: 60,
            host_pause: 600,
            host_per_hour: 3,
            service_per_hour: 5,
            all_per_hour: 10,
            failed_in_row: 3,
        }
    }
}

impl Default for Verify {
    fn default() -> Self {
        Verify { passes: 3, window: 30, deadline: 120, interval: 5 }
    }
}

impl Policy {
    /// True if it holds in this environment.
    pub fn holds_in(&self, environment: &str) -> bool {
        self.environments.is_empty() || self.environments.iter().any(|name| name == environment)
    }
}

impl Mode {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Off => "off",
            Mode::Observe => "observe",
            Mode::Act => "act",
        }
    }
}

#[cfg(test)]
#[path = "recovery/tests.rs"]
mod tests;
