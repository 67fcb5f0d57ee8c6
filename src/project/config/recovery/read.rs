//! Reads `recovery:`: each policy by its name, with the place of every mistake.

use super::{Guards, Mode, Policy, Rung, TIMEOUT, Verify};
use crate::project::config::checks::METRICS;
use crate::project::config::reader::{Entry, Reader};
use crate::yaml::{Kind, Node};

pub(super) const POLICY: [&str; 15] = [
    "check",
    "service",
    "environments",
    "mode",
    "ladder",
    "diagnostics",
    "depends_on",
    "guards",
    "verify",
    "probation",
    "relapses",
    "deadline",
    "receivers",
    "answer_within",
    "help",
];
pub(super) const RUNG: [&str; 2] = ["runbook", "timeout"];
pub(super) const MODES: [(&str, Mode); 3] = [("off", Mode::Off), ("observe", Mode::Observe), ("act", Mode::Act)];
pub(super) const VERIFY: [&str; 4] = ["passes", "window", "deadline", "interval"];
/// Guards that are counts: key, the least and the most that it may be, what it means.
pub(super) const COUNTS: [(&str, u32, u32, &str); 8] = [
    (
        "unhealthy_percent",
        1,
        100,
        "At most so many of a hundred hosts of the service may be bad; one always may. Default: 20.",
    ),
    ("in_flight", 1, 100, "Actions under way at once in the service. Default: 1."),
    (
        "common_hosts",
        2,
        10_000,
        "So many hosts that go bad at once have a common cause: a person is called. Default: 3.",
    ),
    ("common_percent", 1, 100, "Or more than so many of a hundred, and more than one. Default: 20."),
    ("host_per_hour", 1, 1_000, "Actions on a host in an hour. Default: 3."),
    ("service_per_hour", 1, 1_000, "Actions in the service in an hour. Default: 5."),
    ("all_per_hour", 1, 1_000, "Actions of all policies in all environments in an hour. Default: 10."),
    ("failed_in_row", 0, 1_000, "An action that did not help so often in a row is disabled; 0: never. Default: 3."),
];
/// Guards that are lengths of time.
pub(super) const SPANS: [(&str, &str); 2] = [
    ("common_within", "At once means within this. Default: 60s."),
    ("host_pause", "Between two actions on a host. Default: 10m."),
];

/// The names that a policy may use.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// Runbooks.
    pub runbooks: &'a [&'a str],
    /// Environments.
    pub environments: &'a [&'a str],
    /// Checks of the file; the built-in ones have names of their own.
    pub checks: &'a [&'a str],
    /// Those of them that are asked once for all, not of each host.
    pub once: &'a [&'a str],
    /// Receivers of `notify:`, where there are any.
    pub receivers: Option<&'a [&'a str]>,
}

/// The policies, in the order written.
pub fn read(node: &Node, reader: &mut Reader, names: &Names<'_>) -> Vec<Policy> {
    let entries = reader.mapping(node, "recovery", None);
    let checks: Vec<&str> = names.checks.iter().copied().chain(["ssh"]).chain(METRICS).collect();
    let names = Names { checks: &checks, ..*names };
    entries.iter().filter_map(|entry| policy(entry, reader, &names)).collect()
}

fn policy(entry: &Entry<'_>, reader: &mut Reader, names: &Names<'_>) -> Option<Policy> {
    let before = reader.problems.len();
    let what = format!("recovery \"{}\"", entry.key);
    let fields = reader.mapping(entry.value, &what, Some(&POLICY));
    let mut policy = Policy { name: entry.key.to_owned(), service: entry.key.to_owned(), ..Policy::default() };
    for Entry { key, value, .. } in &fields {
        match *key {
            "check" => {
                policy.check = known(value, "check", names.checks, reader).into_iter().next().unwrap_or_default();
                if names.once.contains(&policy.check.as_str()) {
                    let expected =
                        "a check of hosts: shell, systemd, sample, or one that asks {host} or {ansible_host}";
                    let (message, found) =
                        ("recovery acts on hosts, and this check is asked once for all", &policy.check);
                    reader.mistake(value.mark, message, format!("{found:?}"), expected);
                }
            }
            "service" => policy.service = reader.text(value, key).unwrap_or_default(),
            "environments" => policy.environments = known(value, "environment", names.environments, reader),
            "mode" => policy.mode = mode(value, reader),
            "ladder" => policy.ladder = ladder(value, names.runbooks, reader),
            "diagnostics" if value.text() == Some("none") => policy.diagnostics = Vec::new(),
            "diagnostics" => policy.diagnostics = texts(value, key, reader),
            "depends_on" => policy.depends_on = known(value, "check", names.checks, reader),
            "guards" => policy.guards = guards(value, reader),
            "verify" => policy.verify = verify(value, reader),
            "probation" => set(&mut policy.probation, reader.seconds(value, key)),
            "relapses" => set(&mut policy.relapses, reader.number(value, key, 0, 100)),
            "deadline" => set(&mut policy.deadline, reader.seconds(value, key)),
            "receivers" => {
                policy.receivers = match names.receivers {
                    Some(receivers) => known(value, "receiver", receivers, reader),
                    None => texts(value, key, reader),
                }
            }
            "answer_within" => set(&mut policy.answer_within, reader.seconds(value, key)),
            _ => drop(reader.text(value, key)),
        }
    }
    if !fields.iter().any(|field| field.key == "check") {
        let expected = "check: NAME, one of checks:";
        reader.mistake(entry.mark, "this policy watches nothing", "no \"check\"".into(), expected);
    }
    if let Some(field) = fields.iter().find(|field| field.key == "depends_on" && !policy.check.is_empty())
        && policy.depends_on.contains(&policy.check)
    {
        let found = format!("{:?}", policy.check);
        reader.mistake(
            field.value.mark,
            "this policy waits for its own check, and would never act",
            found,
            "other checks",
        );
    }
    if policy.ladder.is_empty() && !fields.iter().any(|field| field.key == "ladder") {
        let expected = "ladder: the names of runbooks, the gentlest first";
        reader.mistake(entry.mark, "this policy can do nothing", "no \"ladder\"".into(), expected);
    }
    // What is half read must not act.
    (reader.problems.len() == before || reader.newer).then_some(policy)
}

fn set(place: &mut u32, value: Option<u32>) {
    *place = value.unwrap_or(*place);
}

fn texts(node: &Node, what: &str, reader: &mut Reader) -> Vec<String> {
    reader.texts(node, what).into_iter().map(|(text, _)| text).collect()
}

fn known(node: &Node, what: &str, known: &[&str], reader: &mut Reader) -> Vec<String> {
    let names = reader.texts(node, what);
    for (name, mark) in &names {
        // `disk /var` is one of the disks.
        let place = name.split_once(' ').is_some_and(|(family, _)| what == "check" && METRICS.contains(&family));
        if !place && !known.contains(&name.as_str()) {
            reader.no_such(what, name, *mark, known);
        }
    }
    names.into_iter().map(|(name, _)| name).collect()
}

/// A mistake never lets it act.
fn mode(node: &Node, reader: &mut Reader) -> Mode {
    // YAML reads a bare `off` as false.
    let text = node.text().unwrap_or_default();
    match MODES.iter().find(|(name, _)| *name == text) {
        Some((_, mode)) => *mode,
        None => {
            reader.no_such("mode", text, node.mark, &MODES.map(|(name, _)| name));
            Mode::Off
        }
    }
}

fn ladder(node: &Node, runbooks: &[&str], reader: &mut Reader) -> Vec<Rung> {
    let mut ladder = Vec::new();
    for item in reader.list(node, "ladder") {
        let (name, timeout) = match item.kind {
            Kind::Mapping(_) => {
                let fields = reader.mapping(item, "a rung of the ladder", Some(&RUNG));
                let field = |key: &str| fields.iter().find(|field| field.key == key).map(|field| field.value);
                let timeout = field("timeout").and_then(|node| reader.seconds(node, "timeout"));
                match field("runbook") {
                    Some(name) => (name, timeout),
                    None => {
                        let expected = "runbook: NAME";
                        reader.mistake(item.mark, "this rung does nothing", "no \"runbook\"".into(), expected);
                        continue;
                    }
                }
            }
            _ => (item, None),
        };
        let Some(runbook) = reader.text(name, "a runbook's name") else { continue };
        if !runbooks.contains(&runbook.as_str()) {
            reader.no_such("runbook", &runbook, name.mark, runbooks);
        }
        ladder.push(Rung { runbook, timeout: timeout.unwrap_or(TIMEOUT).max(1) });
    }
    if ladder.is_empty() {
        reader.mistake(node.mark, "the ladder is empty", "no runbook".into(), "the names of runbooks");
    }
    ladder
}

fn guards(node: &Node, reader: &mut Reader) -> Guards {
    let mut guards = Guards::default();
    let keys: Vec<&str> = COUNTS.iter().map(|(key, ..)| *key).chain(SPANS.iter().map(|(key, _)| *key)).collect();
    for Entry { key, value, .. } in reader.mapping(node, "guards", Some(&keys)) {
        let read = match COUNTS.iter().find(|(name, ..)| *name == key) {
            Some((_, least, most, _)) => reader.number(value, key, *least, *most),
            None => reader.seconds(value, key),
        };
        let place = match key {
            "unhealthy_percent" => &mut guards.unhealthy_percent,
            "in_flight" => &mut guards.in_flight,
            "common_hosts" => &mut guards.common_hosts,
            "common_percent" => &mut guards.common_percent,
            "common_within" => &mut guards.common_within,
            "host_pause" => &mut guards.host_pause,
            "host_per_hour" => &mut guards.host_per_hour,
            "service_per_hour" => &mut guards.service_per_hour,
            "all_per_hour" => &mut guards.all_per_hour,
            _ => &mut guards.failed_in_row,
        };
        set(place, read);
    }
    guards
}

fn verify(node: &Node, reader: &mut Reader) -> Verify {
    let mut verify = Verify::default();
    for Entry { key, value, .. } in reader.mapping(node, "verify", Some(&VERIFY)) {
        match key {
            "passes" => set(&mut verify.passes, reader.number(value, key, 1, 100)),
            "window" => set(&mut verify.window, reader.seconds(value, key)),
            "deadline" => set(&mut verify.deadline, reader.seconds(value, key)),
            _ => set(&mut verify.interval, reader.seconds(value, key)),
        }
    }
    if verify.window >= verify.deadline {
        let found = format!("window {} s, deadline {} s", verify.window, verify.deadline);
        reader.mistake(node.mark, "this can never be verified in time", found, "a window shorter than the deadline");
    }
    verify
}
