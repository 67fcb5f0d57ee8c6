//! A release as a hand-over: Markdown that says who did what, when and why, how long each state lasted, what each gate
//! and host came to. For an incident channel or a ticket; text of hosts and people cannot form markup in it.

use super::alerts::{Beside, about, word};
use super::event::Person;
use super::plan::{Plan, Strategy};
use super::progress;
use super::state::{At, Consent, Mark, Release};
use super::undo::undo;
use super::votes::UNFOUNDED;
use crate::text::{human, plain};

/// Hosts that are named in a row of the table; the rest is counted.
const NAMED: usize = 30;

/// The time line at `now` (Unix milliseconds), with the alerts that stand beside it.
pub fn timeline(plan: &Plan, release: &Release, alerts: &[Beside], now: i64) -> String {
    let mut out = format!(
        "# {} {} on {}: {}\n\n",
        text(&plan.release),
        text(&plan.version),
        text(&plan.environment),
        words(release.at)
    );
    head(&mut out, plan, release, now);
    table(&mut out, "What happened", &["Time", "What", "Who", "Why", "Lasted"], happened(release, now));
    let columns = ["Began", "Alert", "Severity", "About", "By", "Lasted", "Says"];
    table(&mut out, "Alerts of other systems", &columns, alerts.iter().map(|beside| alert(beside, now)).collect());
    table(&mut out, "Hosts", &["State", "Hosts", "Which"], hosts(plan, release));
    table(&mut out, "Steps", &["Began", "Step", "Batch", "Try", "Outcome", "Took", "Why"], steps(release, now));
    let columns = ["Gate", "After", "Needed", "Got last", "Verdict", "Readings", "Now"];
    table(&mut out, "Gates", &columns, gates(plan, release, now));
    table(
        &mut out,
        "Traffic",
        &["Balancer", "Traffic", "Up", "Sessions", "Out of service", "Problem"],
        traffic(release),
    );
    if let Some(at) = release.traffic_at {
        out += &format!("Traffic as seen at {}.\n", human::date_time(at));
    }
    out
}

fn head(out: &mut String, plan: &Plan, release: &Release, now: i64) {
    let mut item = |name: &str, what: String| *out += &format!("- **{name}**: {what}\n");
    let from = plan.current.as_deref().map_or_else(|| "an unknown version".to_owned(), text);
    item("Version", format!("{} instead of {from}", text(&plan.version)));
    let strategy = match &plan.strategy {
        Strategy::Rolling { .. } => "rolling".to_owned(),
        Strategy::BlueGreen { active, idle, .. } => format!("blue-green, from {} to {}", text(active), text(idle)),
        Strategy::Canary => "canary".to_owned(),
    };
    let hosts: usize = plan.batches.iter().map(|batch| batch.hosts.len()).sum();
    item(
        "Plan",
        format!("{strategy}, {hosts} hosts in {} batches, digest {}", plan.batches.len(), text(&release.digest)),
    );
    if let Some(git) = &plan.sources.git {
        item("Commit", text(git));
    }
    if let (Some(by), Some((_, at, _))) = (&release.submitted_by, release.history.first()) {
        item("Submitted", format!("{} at {}", person(by), human::date_time(*at)));
    }
    let given = |given: &Consent| {
        let why = if given.unfounded { format!(" ({UNFOUNDED})") } else { String::new() };
        format!("{} at {}{why}", person(&given.by), human::date_time(given.at))
    };
    let approvals: Vec<String> = release.approvals.iter().map(given).collect();
    if !approvals.is_empty() {
        item("Approved", approvals.join(", "));
    }
    let ends = if release.at.is_terminal() { release.entered_at() } else { now };
    let began = release.history.first().map_or(now, |(_, at, _)| *at);
    item("Duration", format!("{}, of it {} paused", human::clock(ends - began), human::clock(paused(release, now))));
    if !release.at.is_terminal() {
        let waits = release.waits.as_deref().map_or_else(String::new, |what| format!(", waits for {}", text(what)));
        item("Now", format!("{} for {}{waits}", words(release.at), human::clock(now - release.entered_at())));
        let undo = undo(plan, release, now);
        let how = match (undo.possible, undo.instant) {
            (false, _) => "not possible",
            (true, true) => "instant",
            (true, false) => "not instant",
        };
        item("Undo", format!("{how}: {}", text(&undo.why)));
    }
    if let Some(step) = &release.no_return {
        item("Point of no return", format!("passed with {}", text(step)));
    }
}

/// States and what people did, in one row each, by time.
fn happened(release: &Release, now: i64) -> Vec<Vec<String>> {
    let ends = release.history.iter().skip(1).map(|(_, at, _)| Some(*at)).chain([None]);
    let states = release.history.iter().zip(ends).map(|((at, began, why), end)| {
        let lasted = match end {
            Some(end) => human::clock(end - began),
            None if at.is_terminal() => String::new(),
            None => format!("{} so far", human::clock(now - began)),
        };
        (*began, vec![human::date_time(*began), words(*at), String::new(), text(why), lasted])
    });
    let people = release.people.iter().map(|(at, by, what, why)| {
        let why = why.as_deref().map(text).unwrap_or_default();
        (*at, vec![human::date_time(*at), text(what), person(by), why, String::new()])
    });
    let mut rows: Vec<(i64, Vec<String>)> = people.chain(states).collect();
    // Of one moment: what a person did comes before the state that it led to.
    rows.sort_by_key(|(at, _)| *at);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn alert(Beside { alert, link }: &Beside, now: i64) -> Vec<String> {
    let lasted = match alert.ends_at {
        Some(ends) => human::clock(ends - alert.starts_at),
        None => format!("{} so far, told {}", human::clock(now - alert.starts_at), human::date_time(alert.told_at)),
    };
    let [name, word, about, says] = [alert.name(), word(alert), about(alert), alert.summary()].map(text);
    vec![human::date_time(alert.starts_at), name, word, about, link.name().to_owned(), lasted, says]
}

fn hosts(plan: &Plan, release: &Release) -> Vec<Vec<String>> {
    const ORDER: [Mark; 7] =
        [Mark::Failed, Mark::Unreachable, Mark::Unknown, Mark::Running, Mark::New, Mark::Old, Mark::Untouched];
    let all: Vec<&String> = plan.batches.iter().flat_map(|batch| &batch.hosts).collect();
    let rows = ORDER.into_iter().filter_map(|mark| {
        let of: Vec<&&String> = all.iter().filter(|host| release.mark(host) == mark).collect();
        let name = |host: &&&String| match release.hosts.get(**host).and_then(|state| state.version.as_deref()) {
            Some(version) => format!("{} ({})", text(host), text(version)),
            None => text(host),
        };
        let mut names: Vec<String> = of.iter().take(NAMED).map(name).collect();
        if of.len() > NAMED {
            names.push(format!("and {} more", of.len() - NAMED));
        }
        (!of.is_empty()).then(|| vec![mark.name().to_owned(), of.len().to_string(), names.join(", ")])
    });
    rows.collect()
}

fn steps(release: &Release, now: i64) -> Vec<Vec<String>> {
    let row = |run: &super::state::StepRun| {
        let (outcome, end) = match run.ended {
            Some((outcome, at)) => (outcome.name(), at),
            None => ("running", now),
        };
        let batch = run.key.batch.map_or_else(String::new, |batch| (batch + 1).to_string());
        vec![
            human::date_time(run.began),
            text(&run.key.step),
            batch,
            run.key.attempt.to_string(),
            outcome.to_owned(),
            human::duration(end - run.began),
            text(&run.why),
        ]
    };
    release.steps.iter().map(row).collect()
}

fn gates(plan: &Plan, release: &Release, now: i64) -> Vec<Vec<String>> {
    let row = |state: &super::state::GateState| {
        let (verdict, got) = match state.readings.last() {
            Some((_, verdict, got)) => (verdict.name(), text(got)),
            None => ("not read", String::new()),
        };
        let after = state.batch.map_or_else(|| "all".to_owned(), |batch| format!("batch {}", batch + 1));
        let of = plan.gates.iter().find(|gate| gate.name == state.name);
        let words = of.map_or_else(String::new, |gate| progress::gate_words(gate, Some(state), release.promoted, now));
        let count = state.readings.len().to_string();
        vec![text(&state.name), after, text(&state.need), got, verdict.to_owned(), count, text(&words)]
    };
    release.gates.iter().map(row).collect()
}

fn traffic(release: &Release) -> Vec<Vec<String>> {
    let row = |report: &super::traffic::Report| {
        let shares: Vec<String> =
            report.shares.iter().map(|(pool, share)| format!("{} {share}%", text(pool))).collect();
        let active = match (&report.active, shares.is_empty()) {
            (_, false) => shares.join(", "),
            (Some(active), true) => text(active),
            (None, true) => "not known".to_owned(),
        };
        let up: Vec<String> =
            report.up.iter().map(|(pool, (up, all))| format!("{} {up} of {all}", text(pool))).collect();
        let sessions: Vec<String> = report.sessions.iter().map(|(pool, n)| format!("{} {n}", text(pool))).collect();
        let down = report.down.iter().map(|host| format!("{} (down)", text(host)));
        let out: Vec<String> = report.out.iter().map(|host| text(host)).chain(down).collect();
        let problem = report.problem.as_deref().or(report.drift.as_deref()).map(text).unwrap_or_default();
        vec![text(&report.balancer), active, up.join(", "), sessions.join(", "), out.join(", "), problem]
    };
    release.traffic.iter().map(row).collect()
}

fn paused(release: &Release, now: i64) -> i64 {
    progress::spent(release, now, |at| at == At::Paused)
}

/// A state as people say it: `deploying batch 2`.
pub(super) fn words(at: At) -> String {
    let name = at.name().replace('_', " ");
    match at {
        At::Deploying { batch } => format!("{name} batch {}", batch + 1),
        At::Gating { batch } => format!("{name} after batch {}", batch + 1),
        At::RollingBack { batch } => format!("{name}, slice {}", batch + 1),
        _ => name,
    }
}

fn person(by: &Person) -> String {
    format!("{} (uid {})", text(&by.name), by.uid)
}

/// A table with its heading; nothing where there are no rows.
fn table(out: &mut String, title: &str, columns: &[&str], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    *out += &format!("\n## {title}\n\n| {} |\n|{}\n", columns.join(" | "), " --- |".repeat(columns.len()));
    for row in rows {
        *out += &format!("| {} |\n", row.join(" | "));
    }
    out.push('\n');
}

/// Words of others in one line of Markdown: they form no markup, no link, no HTML, no cell.
fn text(of: &str) -> String {
    let of = plain(of);
    let mut out = String::with_capacity(of.len());
    for c in of.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '#' | '!') {
            out.push('\\');
        }
        out.push(c);
    }
    // Bare addresses are made links of by many readers.
    out.replace("://", ":\\//").replace("www.", "www\\.")
}
