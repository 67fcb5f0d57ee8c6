//! A unit on hosts: active, and not restarted by systemd while it is watched.

use super::survey::{self, Answer, Place};
use super::target::Target;
use super::{Seen, Verdict};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often units had been restarted when they were first looked at. In memory only: after a supervisor's death the
/// window of a gate begins anew, and so does this.
#[derive(Debug, Clone, Default)]
pub struct Restarts(Arc<Mutex<HashMap<(String, String), u64>>>);

impl Restarts {
    /// How often `unit` was restarted on `host` since it was first looked at, if it has been restarted `now` times. A
    /// count that went down is a unit that was started anew on purpose: from there it is counted again.
    fn since(&self, host: &str, unit: &str, now: u64) -> u64 {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = known.entry((host.to_owned(), unit.to_owned())).or_insert(now);
        *first = now.min(*first);
        now - *first
    }
}

/// What is asked of systemd, before the unit.
const SHOW: [&str; 5] = ["systemctl", "show", "-p", "LoadState,ActiveState,SubState,NRestarts", "--"];

/// The question for a host's shell.
pub fn script(unit: &str) -> String {
    format!("{} {}", SHOW.join(" "), crate::ansible::shell(&[unit.to_owned()]))
}

/// What the answer to [`script`] means.
pub fn shown(shown: &str, host: &str, unit: &str, restarts: &Restarts) -> (Verdict, String) {
    judge(shown, |n| restarts.since(host, unit, n))
}

/// Asks all hosts at once.
pub fn read(unit: &str, hosts: &[Target], place: &Place, restarts: &Restarts, limit: Duration) -> Vec<Seen> {
    let names: Vec<&str> = hosts.iter().map(|h| h.name.as_str()).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let argv = [&SHOW[..], &[unit]].concat();
    let answers = survey::ask(place, &names, "ansible.builtin.command", &json!({ "argv": argv }), limit);
    let answers = match answers {
        Ok(answers) => answers,
        Err(why) => return vec![Seen { host: None, verdict: Verdict::Inconclusive, got: why, value: None }],
    };
    let seen = |host: &&str| {
        let (verdict, got) = match answers.get(*host) {
            None => (Verdict::Inconclusive, "no answer in time".into()),
            Some(Answer::Unreachable(why)) => (Verdict::Inconclusive, format!("unreachable: {why}")),
            Some(Answer::Failed(why)) => (Verdict::Inconclusive, why.clone()),
            Some(Answer::Said(result)) => {
                self::shown(result["stdout"].as_str().unwrap_or_default(), host, unit, restarts)
            }
        };
        Seen { host: Some((*host).to_owned()), verdict, got, value: None }
    };
    names.iter().map(seen).collect()
}

/// What `systemctl show` said; `since` gives the restarts since the first look.
fn judge(shown: &str, since: impl FnOnce(u64) -> u64) -> (Verdict, String) {
    let shown: HashMap<&str, &str> = shown.lines().filter_map(|line| line.split_once('=')).collect();
    let word = |key: &str| shown.get(key).copied().unwrap_or_default();
    let (load, active, sub) = (word("LoadState"), word("ActiveState"), word("SubState"));
    let state = format!("{active} ({sub})");
    match (load, active, sub) {
        ("", ..) | (_, "", _) => (Verdict::Inconclusive, "systemctl said nothing of its state".into()),
        ("loaded", "active" | "reloading", _) => match word("NRestarts").parse().map(since) {
            Ok(0) => (Verdict::Pass, state),
            Ok(n) => (Verdict::Fail, format!("{state}, restarted {n} times meanwhile")),
            // Units without processes of their own (timers, targets) have no such count.
            Err(_) => (Verdict::Pass, state),
        },
        // Between a crash and the next try: that is no start.
        ("loaded", "activating", "auto-restart") => (Verdict::Fail, state),
        ("loaded", "activating", _) => (Verdict::Inconclusive, state),
        ("loaded", ..) => (Verdict::Fail, state),
        // A name that is not known there says nothing of the service: a person must look.
        (load, ..) => (Verdict::Inconclusive, format!("the unit is {load}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_unit_that_stays_active_passes() {
        let show = |load: &str, active: &str, sub: &str, n: &str| {
            format!("LoadState={load}\nActiveState={active}\nSubState={sub}\nNRestarts={n}\n")
        };
        let (pass, fail, unknown) = (Verdict::Pass, Verdict::Fail, Verdict::Inconclusive);
        for (shown, expected) in [
            (show("loaded", "active", "running", "3"), (pass, "active (running)")),
            (show("loaded", "active", "running", "5"), (fail, "active (running), restarted 2 times meanwhile")),
            (show("loaded", "active", "waiting", "[not set]"), (pass, "active (waiting)")),
            (show("loaded", "failed", "failed", "3"), (fail, "failed (failed)")),
            (show("loaded", "activating", "auto-restart", "4"), (fail, "activating (auto-restart)")),
            (show("loaded", "activating", "start", "0"), (unknown, "activating (start)")),
            (show("not-found", "inactive", "dead", "0"), (unknown, "the unit is not-found")),
            (String::new(), (unknown, "systemctl said nothing of its state")),
        ] {
            assert_eq!(judge(&shown, |n| n - 3), (expected.0, expected.1.to_owned()), "{shown}");
        }
    }

    #[test]
    fn restarts_are_counted_from_the_first_look_and_from_a_start_on_purpose() {
        let restarts = Restarts::default();
        let counts = [4, 4, 5, 0, 1].map(|now| restarts.since("w1", "web", now));
        assert_eq!(counts, [0, 0, 1, 0, 1]);
        assert_eq!(restarts.since("w2", "web", 7), 0, "another host");
    }
}
