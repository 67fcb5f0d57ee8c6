//! `recovery:` of `opsdeck.yaml`: policies of auto-recovery, each a check, a ladder of runbooks, and the numbers of every
//! guard with their defaults. Off where nobody says otherwise.

use super::checks::METRICS;
use super::keys::{Keys, Shape, keys, of};
use super::reader::{Entry, Reader};
use super::shapes::{environments, list, mapping, names, number, seconds, text, texts, word};
use crate::yaml::{Kind, Node};
use serde::{Deserialize, Serialize};
use serde_json::json;

keys! {
    /// A policy: what is done when a check is bad on a host.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Policy {
        {
            /// Its name.
            name: String,
        }
        /// What it is for.
        #[serde(skip)]
        help: Option<String> => text();
        /// The check that it watches, by its name; one that is asked of hosts.
        check: String => check(), required("this policy watches nothing", "check: NAME, one of checks:");
        /// The service that rates are counted for. Default: the policy's name.
        service: String => text();
        /// Environments in which it holds. Default: all.
        environments: Vec<String> => environments();
        /// off: do nothing; observe: say what it would have done; act: do it.
        mode: Mode = Mode::Off => word("mode", &MODES);
        /// Runbooks, the gentlest first; when the last did not help a person is called.
        ladder: Vec<Rung> => ladder(),
            required("this policy can do nothing", "ladder: the names of runbooks, the gentlest first");
        /// Commands on the host before anything is done to it, or none. Default: units, journal, sockets, disks, processes.
        diagnostics: Vec<String> = DIAGNOSTICS.map(str::to_owned).to_vec() => diagnostics();
        /// Checks that must be well before anything is done here.
        depends_on: Vec<String> => checks();
        /// What must hold before an action.
        guards: Guards => mapping::<Guards>();
        /// When an action has helped.
        verify: Verify => verify();
        /// How long it is watched afterwards.
        probation: u32 = 600 => seconds();
        /// How often it may go bad again in that time.
        relapses: u32 = 1 => number(0, 100);
        /// After which a person is called, whatever is still possible.
        deadline: u32 = 1_800 => seconds();
        /// Who is called, one after the other.
        receivers: Vec<String> => receivers();
        /// Without an answer the next one is called after this.
        answer_within: u32 = 600 => seconds();
    }
}

keys! {
    /// A rung of the ladder.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Rung {
        /// Name of a runbook.
        runbook: String => runbook(), required("this rung does nothing", "runbook: NAME");
        /// After which it is stopped.
        timeout: u32 = 120 => seconds();
    }
}

keys! {
    /// What must hold before an action.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Guards {
        /// At most so many of a hundred hosts of the service may be bad; one always may.
        unhealthy_percent: u32 = 20 => number(1, 100);
        /// Actions under way at once in the service.
        in_flight: u32 = 1 => number(1, 100);
        /// So many hosts that go bad at once have a common cause: a person is called.
        common_hosts: u32 = 3 => number(2, 10_000);
        /// Or more than so many of a hundred, and more than one.
        common_percent: u32 = 20 => number(1, 100);
        /// At once means within this.
        common_within: u32 = 60 => seconds();
        /// Between two actions on a host.
        host_pause: u32 = 600 => seconds();
        /// Actions on a host in an hour.
        host_per_hour: u32 = 3 => number(1, 1_000);
        /// Actions in the service in an hour.
        service_per_hour: u32 = 5 => number(1, 1_000);
        /// Actions of all policies in all environments in an hour.
        all_per_hour: u32 = 10 => number(1, 1_000);
        /// An action that did not help so often in a row is disabled; 0: never.
        failed_in_row: u32 = 3 => number(0, 1_000);
    }
}

keys! {
    /// When an action has helped.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Verify {
        /// Readings in a row that must pass.
        passes: u32 = 3 => number(1, 100);
        /// Over at least this.
        window: u32 = 30 => seconds();
        /// And that within this.
        deadline: u32 = 120 => seconds();
        /// Between two readings.
        interval: u32 = 5 => seconds();
    }
}

/// What a policy may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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

const MODES: [(&str, Mode); 3] = [("off", Mode::Off), ("observe", Mode::Observe), ("act", Mode::Act)];

/// What is written down before an action where nobody says otherwise.
const DIAGNOSTICS: [&str; 5] = [
    "systemctl --no-pager --failed",
    "journalctl --no-pager -n 200",
    "ss -s",
    "df -P",
    "ps -eo pid,pcpu,pmem,etime,args --sort=-pcpu | head -n 15",
];

impl Policy {
    /// True if it holds in this environment.
    pub fn holds_in(&self, environment: &str) -> bool {
        self.environments.is_empty() || self.environments.iter().any(|name| name == environment)
    }
}

impl Mode {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        MODES.iter().find(|(_, mode)| *mode == self).map_or("", |(name, _)| name)
    }
}

/// A policy of the section, by its name.
pub fn policy(entry: &Entry<'_>, reader: &mut Reader) -> Option<Policy> {
    let before = reader.problems.len();
    let mut policy = Policy { name: entry.key.to_owned(), service: entry.key.to_owned(), ..Policy::default() };
    policy.fill(entry.value, entry.mark, &format!("recovery \"{}\"", entry.key), reader);
    if !policy.check.is_empty() && policy.depends_on.contains(&policy.check) {
        let at = entry.value.get("depends_on").map_or(entry.mark, |node| node.mark);
        let found = format!("{:?}", policy.check);
        reader.mistake(at, "this policy waits for its own check, and would never act", found, "other checks");
    }
    // What is half read must not act.
    (reader.problems.len() == before || reader.newer).then_some(policy)
}

/// Names of checks; `disk /var` is one of the disks.
fn checks() -> impl Shape<Value = Vec<String>> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let names = reader.texts(node, what);
        for (name, mark) in &names {
            if !name.split_once(' ').is_some_and(|(family, _)| METRICS.contains(&family)) {
                reader.must_know("check", name, *mark, |known| &known.checks);
            }
        }
        Some(names.into_iter().map(|(name, _)| name).collect())
    };
    of(read, || texts().schema())
}

/// One check, of hosts.
fn check() -> impl Shape<Value = String> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let name = checks().read(node, what, reader)?.into_iter().next()?;
        if reader.known.once.contains(&name) {
            let message = "recovery acts on hosts, and this check is asked once for all";
            let expected = "a check of hosts: shell, systemd, sample, or one that asks {host} or {ansible_host}";
            reader.mistake(node.mark, message, format!("{name:?}"), expected);
        }
        Some(name)
    };
    of(read, || text().schema())
}

fn diagnostics() -> impl Shape<Value = Vec<String>> {
    let read = |node: &Node, what: &str, reader: &mut Reader| match node.text() {
        Some("none") => Some(Vec::new()),
        _ => texts().read(node, what, reader),
    };
    of(read, || texts().schema())
}

fn receivers() -> impl Shape<Value = Vec<String>> {
    let read = |node: &Node, what: &str, reader: &mut Reader| match reader.known.receivers {
        Some(_) => names("receiver", |known| known.receivers.as_deref().unwrap_or_default()).read(node, what, reader),
        None => texts().read(node, what, reader),
    };
    of(read, || texts().schema())
}

fn runbook() -> impl Shape<Value = String> {
    let read = |node: &Node, _: &str, reader: &mut Reader| {
        let name = reader.text(node, "a runbook's name")?;
        reader.must_know("runbook", &name, node.mark, |known| &known.runbooks);
        Some(name)
    };
    of(read, || text().schema())
}

/// Rungs, each a name or a mapping.
fn ladder() -> impl Shape<Value = Vec<Rung>> {
    let one = |node: &Node, _: &str, reader: &mut Reader| {
        let mut rung = Rung::default();
        match node.kind {
            Kind::Mapping(_) => drop(rung.fill(node, node.mark, "a rung of the ladder", reader)),
            _ => rung.runbook = runbook().read(node, "", reader)?,
        }
        rung.timeout = rung.timeout.max(1);
        (!rung.runbook.is_empty()).then_some(rung)
    };
    let all = move || list(of(one, || json!({ "oneOf": [{ "type": "string" }, Rung::schema()] })));
    let read = move |node: &Node, what: &str, reader: &mut Reader| {
        let before = reader.problems.len();
        let rungs = all().read(node, what, reader)?;
        if rungs.is_empty() && reader.problems.len() == before {
            reader.mistake(node.mark, "the ladder is empty", "no runbook".into(), "the names of runbooks");
        }
        Some(rungs)
    };
    of(read, move || all().schema())
}

fn verify() -> impl Shape<Value = Verify> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let verify = mapping::<Verify>().read(node, what, reader)?;
        if verify.window >= verify.deadline {
            let found = format!("window {} s, deadline {} s", verify.window, verify.deadline);
            let expected = "a window shorter than the deadline";
            reader.mistake(node.mark, "this can never be verified in time", found, expected);
        }
        Some(verify)
    };
    of(read, Verify::schema)
}

#[cfg(test)]
#[path = "recovery/tests.rs"]
mod tests;
