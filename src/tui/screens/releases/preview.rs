//! A frozen plan for a person: everything that will happen, the dangerous first.

use super::Built;
use crate::release::back;
use crate::release::plan::{Plan, Probe, Step, StepKind, Strategy, When};
use crate::release::sealed::is_sealed;
use crate::run::extra::is_secret;
use crate::text::human;
use crate::text::human::of;
use crate::tui::screens::release::{Line, wrap};
use crate::tui::theme::{Glyph, Role, Theme};

/// Where the words behind the name of a part begin ([`Line::named`]).
const INDENT: u16 = 9;
/// Hosts of a batch that are named.
const HOSTS: usize = 40;

/// The plan's lines, broken where they are longer than `columns`.
pub fn lines(built: &Built, theme: &Theme, columns: u16) -> Vec<Line> {
    let plan = &*built.plan;
    let mut out = vec![];
    out.extend(plan.warnings.iter().map(|w| warning(theme, w.clone())));
    out.extend(
        irreversible(plan)
            .map(|s| warning(theme, format!("{} can't be undone: from there on no rollback begins by itself", s.name))),
    );
    out.push(
        Line::named("Release")
            .and(format!("{} {}", plan.service, plan.version), Role::Strong)
            .and(was(plan), Role::Text),
    );
    out.push(Line::named("Way").and(way(plan), Role::Text));
    for (i, batch) in plan.batches.iter().enumerate() {
        let head = Line::named(if i == 0 { "Batches" } else { "" });
        let weight = batch.weight.map(|w| format!("{w}% of traffic ")).unwrap_or_default();
        let count = of(batch.hosts.len() as u64, "host");
        out.push(
            head.and(format!("{:>3}  {weight}{count}  ", i + 1), Role::Strong).and(names(&batch.hosts), Role::Dim),
        );
    }
    let l = &plan.limits;
    let limits = format!(
        "at most {} out, at least {} serving, stops at more than {} bad, soaks {}",
        l.max_unavailable,
        l.min_in_service,
        l.budget,
        seconds(l.soak)
    );
    out.push(Line::named("Limits").and(limits, Role::Text));
    for stage in &plan.stages {
        let when = match stage.when {
            When::Before => "before the first batch",
            When::Deploy => "for each batch",
            When::After => "after the last batch",
        };
        out.push(Line::named("Stage").and(stage.name.clone(), Role::Strong).and(format!("  {when}"), Role::Dim));
        for group in &stage.groups {
            out.extend(group.iter().map(|s| step(s, group.len() > 1)));
        }
    }
    out.extend(plan.gates.iter().map(|g| {
        let needs =
            format!("  {}, {} in a row over {}", probe(&g.probe), of(g.passes.into(), "reading"), seconds(g.window));
        Line::named("Gate").and(g.name.clone(), Role::Strong).and(needs, Role::Dim)
    }));
    if let Some(t) = &plan.traffic {
        let names: Vec<_> = t.balancers.iter().map(|b| b.name.as_str()).collect();
        let warm = match &plan.strategy {
            Strategy::BlueGreen { active, .. } => format!(", {active} stays warm {}", seconds(t.keep_warm)),
            Strategy::Rolling { .. } | Strategy::Canary => String::new(),
        };
        let text = format!("{}; drains at most {}{warm}", names.join(" "), seconds(t.drain));
        out.push(Line::named("Traffic").and(text, Role::Text));
    }
    out.push(Line::named("Back").and(back(plan), Role::Text));
    out.push(Line::named("Approval").and(approval(plan), Role::Text));
    out.extend(plan.vars.iter().map(|(name, value)| {
        let from =
            plan.vars_from.get(name).map(|l| format!("  {}", format!("{l:?}").to_lowercase())).unwrap_or_default();
        Line::named("Var").and(format!("{name}={}", shown(name, value)), Role::Text).and(from, Role::Dim)
    }));
    out.push(Line::named("Digest").and(built.digest.clone(), Role::Text));
    let git = plan.sources.git.as_deref().unwrap_or("none");
    out.push(
        Line::named("Sources")
            .and(format!("git {git}, {}", of(plan.sources.playbooks.len() as u64, "playbook")), Role::Dim),
    );
    out.into_iter().flat_map(|line| wrap(line, INDENT, columns)).collect()
}

/// A batch's hosts; of very many the first.
fn names(hosts: &[String]) -> String {
    match hosts.get(HOSTS..) {
        Some(more @ [_, ..]) => {
            format!("{} and {} more: `opsdeck plan` names them", hosts[..HOSTS].join(" "), more.len())
        }
        _ => hosts.join(" "),
    }
}

fn warning(theme: &Theme, text: String) -> Line {
    Line::default().and(format!("{} {text}", theme.glyph(Glyph::Warning)), Role::Warning)
}

fn irreversible(plan: &Plan) -> impl Iterator<Item = &Step> {
    plan.stages.iter().flat_map(|s| &s.groups).flatten().filter(|s| s.irreversible)
}

fn was(plan: &Plan) -> String {
    let now = plan.current.as_ref().map_or("no stable release is known".into(), |v| format!("{v} is out now"));
    format!(" on {}, {now}", plan.environment)
}

fn way(plan: &Plan) -> String {
    match &plan.strategy {
        Strategy::Rolling { surge } if surge.is_empty() => "rolling, in place".into(),
        Strategy::Rolling { surge } => format!("rolling, with {} more meanwhile", of(surge.len() as u64, "host")),
        Strategy::BlueGreen { active, idle, .. } => {
            format!("blue-green: {idle} is deployed, then traffic goes there from {active}")
        }
        Strategy::Canary => "canary: a small part first, growing".into(),
    }
}

fn seconds(n: u32) -> String {
    human::clock(i64::from(n) * 1_000)
}

fn step(step: &Step, parallel: bool) -> Line {
    let what = match &step.kind {
        StepKind::Command { argv } => format!("$ {}", argv.join(" ")),
        StepKind::Playbook { play } => format!("playbook {}", play.playbook),
        StepKind::Adhoc { adhoc } => format!("module {} {}", adhoc.module, adhoc.args.as_deref().unwrap_or_default()),
        StepKind::Http { request } => format!("{} {}", request.method, request.url),
        StepKind::Approval { needed } => format!("waits for {needed} to approve"),
        StepKind::Pause { message, .. } => format!("waits for a person: {message}"),
        StepKind::Gate { gate } => format!("gate {gate}"),
        StepKind::Switch => "switches traffic".into(),
    };
    // A name that says no more than the step itself is the step's own.
    let named = Some(step.name.as_str()).filter(|name| !what.contains(name) && !name.starts_with("gate "));
    let mark = if parallel { "   & " } else { "     " };
    let line = Line::named("").and(format!("{mark}{what}"), Role::Text);
    let mut notes = vec![];
    notes.extend(named.map(str::to_owned));
    notes.extend(step.timeout.map(|t| format!("at most {}", seconds(t))));
    notes.extend((step.retries > 0).then(|| format!("tried again {}", of(step.retries.into(), "time"))));
    line.and(format!("  {}", notes.join(", ")), Role::Dim)
}

fn probe(probe: &Probe) -> String {
    let bound = |word: &str, b: &Option<f64>| b.map(|b| format!(" {word} {b}")).unwrap_or_default();
    match probe {
        Probe::Http { request } => format!("{} {}", request.method, request.url),
        Probe::Tcp { address } => format!("tcp {address}"),
        Probe::Command { argv } => format!("$ {}", argv.join(" ")),
        Probe::Systemd { unit } => format!("systemd unit {unit}"),
        Probe::Prometheus { query, min, max, .. } => {
            format!("{query}{}{}", bound("at least", min), bound("at most", max))
        }
    }
}

fn approval(plan: &Plan) -> String {
    match plan.approval.needed {
        0 => "none".into(),
        n => format!("{n}, never who submitted it, within {}", human::short(i64::from(plan.approval.expires) * 1_000)),
    }
}

/// A value in one line; what is sealed stays so.
fn shown(name: &str, value: &serde_json::Value) -> String {
    match value {
        v if is_sealed(v) || is_secret(name, v) => "(secret)".into(),
        v if v.get("__ansible_vault").is_some() => "(vaulted)".into(),
        serde_json::Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}
