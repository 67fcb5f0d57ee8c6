//! The facts in Prometheus' text format 0.0.4. Pure. Series are counts with few labels: no host is a label, so that a fleet of
//! any size costs the same.

use super::facts::Facts;
use super::post::Role;
use crate::health::judge::Status;
use crate::state::outbox::Standing;
use std::fmt::Write as _;

/// What the text says of itself.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub fn text(facts: &Facts) -> String {
    let mut page = Page::default();
    page.family("build_info", "The version that runs.");
    page.line(&[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    page.family("store_up", "The state directory can be read and written.");
    page.line(&[], flag(facts.store.is_none()));
    page.family("checks", "Checks by how they are.");
    for env in &facts.environments {
        for status in Status::ALL {
            let count = env.checks.get(&status).copied().unwrap_or_default();
            page.line(&[("environment", &env.name), ("status", status.name())], count as f64);
        }
    }
    page.family("checks_silenced", "Those of them that people silenced.");
    for env in &facts.environments {
        for status in Status::ALL {
            let count = env.silenced.get(&status).copied().unwrap_or_default();
            page.line(&[("environment", &env.name), ("status", status.name())], count as f64);
        }
    }
    page.family("silences", "Hosts, checks, services and environments that people silenced.");
    for env in &facts.environments {
        page.line(&[("environment", &env.name)], env.silences as f64);
    }
    page.family("oldest_reading_age_seconds", "Age of the oldest reading of any check.");
    for env in &facts.environments {
        if let Some(oldest) = env.oldest {
            page.line(&[("environment", &env.name)], seconds(oldest));
        }
    }
    page.family("poller_up", "Some process polls the hosts.");
    for env in &facts.environments {
        page.line(&[("environment", &env.name)], flag(env.poller.is_some()));
    }
    page.family("acting", "This process is the one that acts in the environment.");
    for env in &facts.environments {
        page.line(&[("environment", &env.name)], flag(env.stands.role == Role::Acts));
    }
    page.family("last_round_timestamp_seconds", "When the last round of auto-recovery ended.");
    for env in &facts.environments {
        if let Some(round) = env.stands.round {
            page.line(&[("environment", &env.name)], seconds(round));
        }
    }
    page.family("recovery_incidents", "What is not well and watched by a policy, by its state.");
    for env in &facts.environments {
        for (state, count) in &env.incidents {
            page.line(&[("environment", &env.name), ("state", state)], *count as f64);
        }
    }
    page.family("outbox_notices", "Notices that no receiver took yet (pending), or none in a day (failed).");
    for (env, of) in facts.environments.iter().flat_map(|env| env.backlog.iter().map(move |of| (env, of))) {
        let labels = [("environment", env.name.as_str()), ("receiver", &of.receiver), ("state", of.state.name())];
        page.line(&labels, of.count as f64);
    }
    page.family("outbox_oldest_pending_seconds", "How long the oldest notice waits for its receiver.");
    for (env, of) in facts.environments.iter().flat_map(|env| env.backlog.iter().map(move |of| (env, of))) {
        if of.state == Standing::Pending {
            let labels = [("environment", env.name.as_str()), ("receiver", &of.receiver)];
            page.line(&labels, seconds((facts.at - of.oldest).max(0)));
        }
    }
    page.family("alerts_firing", "Alerts that fire, as an Alertmanager told last.");
    page.line(&[], facts.alerts as f64);
    page.family("breakers", "Circuit breakers that have a row, by what they are about and how they stand.");
    for ((environment, about, position), count) in &facts.breakers {
        let labels = [("environment", environment.as_str()), ("about", about), ("position", position)];
        page.line(&labels, *count as f64);
    }
    page.family("runs", "Runs that live or ended within a day, by their state.");
    for ((environment, state), count) in &facts.runs {
        page.line(&[("environment", environment), ("state", state)], *count as f64);
    }
    page.text
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

#[derive(Default)]
struct Page {
    text: String,
    name: String,
}

impl Page {
    /// Begins a family; all of them are gauges.
    fn family(&mut self, name: &str, help: &str) {
        self.name = format!("opsdeck_{name}");
        let _ = write!(self.text, "# HELP {0} {help}\n# TYPE {0} gauge\n", self.name);
    }

    fn line(&mut self, labels: &[(&str, &str)], value: f64) {
        self.text.push_str(&self.name);
        if !labels.is_empty() {
            let labels: Vec<String> = labels.iter().map(|(name, v)| format!("{name}=\"{}\"", escaped(v))).collect();
            let _ = write!(self.text, "{{{}}}", labels.join(","));
        }
        let _ = writeln!(self.text, " {value}");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::facts::Seen;

    #[test]
    fn counts_come_with_their_labels_and_odd_names_break_nothing() {
        let mut seen = Seen { name: "a\"b\\c\nd".into(), oldest: Some(1_500), ..Seen::default() };
        seen.checks.insert(Status::Bad, 2);
        seen.silenced.insert(Status::Bad, 1);
        let mut facts = Facts { at: 1, environments: vec![seen], ..Facts::default() };
        facts.runs.insert(("prod".into(), "running".into()), 3);
        let text = text(&facts);
        for line in [
            "# TYPE opsdeck_checks gauge",
            "opsdeck_checks{environment=\"a\\\"b\\\\c\\nd\",status=\"bad\"} 2",
            "opsdeck_checks{environment=\"a\\\"b\\\\c\\nd\",status=\"ok\"} 0",
            "opsdeck_checks_silenced{environment=\"a\\\"b\\\\c\\nd\",status=\"bad\"} 1",
            "opsdeck_oldest_reading_age_seconds{environment=\"a\\\"b\\\\c\\nd\"} 1.5",
            "opsdeck_runs{environment=\"prod\",state=\"running\"} 3",
            "opsdeck_store_up 1",
        ] {
            assert!(text.lines().any(|l| l == line), "no {line} in\n{text}");
        }
    }
}
