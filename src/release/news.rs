//! What is new in a release since it was last looked at, a line each: for whoever watches it in the log of a CI job.

use super::plan::Plan;
use super::state::{At, Release, StepRun, Verdict};
use super::timeline::words;
use crate::text::{human, plain};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct News {
    states: usize,
    people: usize,
    steps: Vec<bool>,
    gates: BTreeMap<(String, Option<u32>), Verdict>,
    waits: Option<String>,
}

impl News {
    /// New lines, oldest first, each with its moment (Unix milliseconds) and safe for a terminal.
    pub fn of(&mut self, plan: &Plan, release: &Release) -> Vec<(i64, String)> {
        let mut lines = Vec::new();
        for (at, by, what, why) in release.people.iter().skip(self.people) {
            let why = why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            lines.push((*at, format!("{} by {}{why}", what.replace('_', " "), by.name)));
        }
        self.people = release.people.len();
        for (at, since, why) in release.history.iter().skip(self.states) {
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            lines.push((*since, format!("{}{}{why}", words(*at), of_batches(*at, plan))));
        }
        self.states = release.history.len();
        self.steps.resize(release.steps.len(), false);
        for (run, told) in release.steps.iter().zip(&mut self.steps) {
            if let Some((outcome, at)) = run.ended.filter(|_| !*told) {
                *told = true;
                lines.push((at, step(run, outcome.name(), at)));
            }
        }
        for gate in &release.gates {
            let Some((at, verdict, got)) = gate.readings.last() else { continue };
            if self.gates.insert((gate.name.clone(), gate.batch), *verdict) != Some(*verdict) {
                lines.push((*at, format!("  gate {}: {}, got {got}, needed {}", gate.name, verdict.name(), gate.need)));
            }
        }
        lines.sort_by_key(|(at, _)| *at);
        // What a gate waits for changes with every reading; what a person is waited for does not.
        let waits = release
            .waits
            .clone()
            .filter(|_| matches!(release.at, At::AwaitingApproval | At::Queued | At::Paused | At::NeedsOperator));
        if waits != self.waits {
            lines.extend(waits.iter().map(|what| (release.entered_at(), format!("  waits for {what}"))));
            self.waits = waits;
        }
        lines.into_iter().map(|(at, line)| (at, plain(&line).into_owned())).collect()
    }
}

fn of_batches(at: At, plan: &Plan) -> String {
    match at {
        At::Deploying { batch } => {
            let hosts = plan.batches.get(batch as usize).map_or(0, |batch| batch.hosts.len());
            format!(" of {}, {hosts} {}", plan.batches.len(), if hosts == 1 { "host" } else { "hosts" })
        }
        At::Gating { .. } => format!(" of {}", plan.batches.len()),
        _ => String::new(),
    }
}

fn step(run: &StepRun, outcome: &str, at: i64) -> String {
    let why = if run.why.is_empty() { String::new() } else { format!(": {}", run.why) };
    format!("  {} {} after {}{why}", run.key.step, outcome.replace('_', " "), human::duration(at - run.began))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::event::{Event, Person};
    use crate::release::sample;

    #[test]
    fn each_thing_is_told_once_in_its_order_and_harmlessly() {
        let plan = sample::rolling(3, 2);
        let (mut release, mut news) = (Release::default(), News::default());
        let by = Person { uid: 1, name: "ann\u{1b}[31m".into(), row: None };
        release.apply(1_000, &Event::Submitted { by, digest: "d".into() });
        release.apply(1_001, &Event::Entered { at: At::Queued, why: "nobody has to approve".into() });
        let lines: Vec<String> = news.of(&plan, &release).into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines, ["submit by ann", "queued: nobody has to approve"]);
        assert_eq!(news.of(&plan, &release), [], "nothing is told twice");
        release.apply(2_000, &Event::Entered { at: At::Deploying { batch: 0 }, why: String::new() });
        let (at, line) = news.of(&plan, &release).remove(0);
        assert_eq!(at, 2_000);
        assert!(line.starts_with("deploying batch 1 of ") && line.contains("host"), "{line}");
    }
}
