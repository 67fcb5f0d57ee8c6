//! A release as a JUnit report, for Jenkins and GitLab: one test case for each step, batch and gate, and one for the
//! release itself, so that a report is green only where the new version is out and stable.

use super::event::StepOutcome;
use super::plan::{Plan, Step, When};
use super::state::{At, GateState, Mark, Release, StepRun, Verdict};
use super::{outcome, progress};
use crate::text::plain;

struct Case {
    name: String,
    /// Milliseconds.
    took: i64,
    result: Result,
}

enum Result {
    Passed,
    Failed(String),
    /// It is not known how it went, or it was stopped; why.
    Error(String),
    /// It did not run; why.
    Skipped(String),
}

/// The report at `now` (Unix milliseconds), as XML.
pub fn junit(plan: &Plan, release: &Release, now: i64) -> String {
    let name = format!("{} {} on {}", plan.release, plan.version, plan.environment);
    let mut suites: Vec<(String, Vec<Case>)> = vec![("release".into(), vec![whole(plan, release, now)])];
    for stage in &plan.stages {
        let steps = || stage.groups.iter().flatten();
        if stage.when != When::Deploy {
            let cases = steps().map(|step| step_case(release, step, None, now)).collect();
            suites.push((stage.name.clone(), cases));
            continue;
        }
        for (n, batch) in (0..).zip(&plan.batches) {
            let mut cases = vec![batch_case(release, n, &batch.hosts, now)];
            cases.extend(steps().map(|step| step_case(release, step, Some(n), now)));
            cases.extend(release.gates.iter().filter(|gate| gate.batch == Some(n)).map(|gate| gate_case(plan, gate)));
            suites.push((format!("{}, batch {}", stage.name, n + 1), cases));
        }
    }
    let watched: Vec<Case> = release.gates.iter().filter(|g| g.batch.is_none()).map(|g| gate_case(plan, g)).collect();
    let back = plan.rollback.steps.iter().flat_map(|step| {
        let runs = release.steps.iter().filter(|run| run.key.step == step.id);
        runs.map(|run| case(&step.name, run, now))
    });
    suites.extend([("gates".into(), watched), ("rollback".into(), back.collect())]);
    suites.retain(|(_, cases)| !cases.is_empty());
    write(&name, &suites)
}

fn whole(plan: &Plan, release: &Release, now: i64) -> Case {
    let began = release.history.first().map_or(now, |(_, at, _)| *at);
    let end = if release.at.is_terminal() { release.entered_at() } else { now };
    let why = release.history.last().map_or("", |(_, _, why)| why);
    let result = match (release.at, outcome::exit_code(release)) {
        (At::Succeeded, _) => Result::Passed,
        (at, Some(outcome::NEEDS_PERSON)) => Result::Error(format!("{}, a person is needed: {why}", at.name())),
        (at, Some(_)) => Result::Failed(format!("{}: {why}", at.name())),
        (at, None) => Result::Error(format!("it goes on: {}", at.name())),
    };
    Case { name: format!("{} {}", plan.release, plan.version), took: end - began, result }
}

fn batch_case(release: &Release, batch: u32, hosts: &[String], now: i64) -> Case {
    let of = |wanted: fn(Mark) -> bool| {
        let names = hosts.iter().map(|host| (host, release.mark(host))).filter(|(_, mark)| wanted(*mark));
        names.map(|(host, mark)| format!("{host} {}", mark.name())).collect::<Vec<_>>()
    };
    let bad = of(|mark| matches!(mark, Mark::Failed | Mark::Unreachable | Mark::Unknown));
    let begun = release.history.iter().any(|(at, ..)| *at == At::Deploying { batch });
    let ended = release.history.iter().any(|(at, ..)| *at == At::Gating { batch });
    let old = of(|mark| mark == Mark::Old).len();
    let result = match () {
        () if !bad.is_empty() => Result::Failed(bad.join(", ")),
        () if !begun => Result::Skipped("it was not reached".into()),
        () if old > 0 => Result::Failed(format!("{old} of {} hosts were brought back", hosts.len())),
        () if !ended => Result::Error("it did not end".into()),
        () => Result::Passed,
    };
    let took = progress::spent(release, now, |at| at == At::Deploying { batch });
    Case { name: format!("{} hosts", hosts.len()), took, result }
}

/// The last try of a step.
fn step_case(release: &Release, step: &Step, batch: Option<u32>, now: i64) -> Case {
    let mut tries = release.steps.iter().rev().filter(|run| run.key.step == step.id && run.key.batch == batch);
    match tries.next() {
        Some(run) => case(&step.name, run, now),
        None => Case { name: step.name.clone(), took: 0, result: Result::Skipped("it was not reached".into()) },
    }
}

fn case(name: &str, run: &StepRun, now: i64) -> Case {
    let tries = if run.key.attempt > 1 { format!(" (try {})", run.key.attempt) } else { String::new() };
    let (result, end) = match run.ended {
        None => (Result::Error("it has not ended".into()), now),
        Some((outcome, at)) => {
            let why = if run.why.is_empty() { outcome.name().to_owned() } else { run.why.clone() };
            let result = match outcome {
                StepOutcome::Ok => Result::Passed,
                StepOutcome::Skipped => Result::Skipped(why),
                StepOutcome::Failed => Result::Failed(why),
                StepOutcome::TimedOut | StepOutcome::Cancelled | StepOutcome::Unknown => {
                    Result::Error(format!("{}: {why}", outcome.name()))
                }
            };
            (result, at)
        }
    };
    Case { name: format!("{name}{tries}"), took: end - run.began, result }
}

fn gate_case(plan: &Plan, state: &GateState) -> Case {
    let last = state.readings.last();
    let words = last.map_or_else(String::new, |(_, _, got)| format!("got {got}, needed {}", state.need));
    let passes = plan.gates.iter().find(|gate| gate.name == state.name).map_or(1, |gate| gate.passes);
    let result = match (&state.skipped_by, last.map(|(_, verdict, _)| verdict)) {
        (Some(by), _) => Result::Skipped(format!("skipped by {}", by.name)),
        (None, Some(Verdict::Pass)) if state.streak >= passes => Result::Passed,
        (None, Some(Verdict::Fail)) => Result::Failed(words),
        (None, _) => Result::Error(format!("not decided: {words}")),
    };
    let took = last.map_or(0, |(at, ..)| at - state.since);
    Case { name: format!("gate {}", state.name), took, result }
}

fn write(name: &str, suites: &[(String, Vec<Case>)]) -> String {
    let all = || suites.iter().flat_map(|(_, cases)| cases);
    let mut out =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\" {}>\n", xml(name), counts(all()),);
    for (suite, cases) in suites {
        out += &format!("  <testsuite name=\"{}\" {}>\n", xml(suite), counts(cases.iter()));
        for case in cases {
            let head = format!(
                "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
                xml(&format!("{name}.{suite}")),
                xml(&case.name),
                seconds(case.took)
            );
            let (tag, why) = match &case.result {
                Result::Passed => {
                    out += &format!("{head}/>\n");
                    continue;
                }
                Result::Failed(why) => ("failure", why),
                Result::Error(why) => ("error", why),
                Result::Skipped(why) => ("skipped", why),
            };
            out += &format!("{head}>\n      <{tag} message=\"{}\"/>\n    </testcase>\n", xml(why));
        }
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}

fn counts<'a>(cases: impl Iterator<Item = &'a Case> + Clone) -> String {
    let of = |is: fn(&Result) -> bool| cases.clone().filter(|case| is(&case.result)).count();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\"",
        cases.clone().count(),
        of(|r| matches!(r, Result::Failed(_))),
        of(|r| matches!(r, Result::Error(_))),
        of(|r| matches!(r, Result::Skipped(_))),
        seconds(cases.clone().map(|case| case.took).sum()),
    )
}

fn seconds(ms: i64) -> String {
    format!("{:.3}", ms.max(0) as f64 / 1000.0)
}

/// Words of others in an attribute: one line, no control character, none that XML 1.0 has no place for.
fn xml(of: &str) -> String {
    let mut out = String::with_capacity(of.len());
    for c in plain(of).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
