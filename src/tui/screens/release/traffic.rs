//! Traffic: where each balancer sends it, as a bar between the pools. Balancers that disagree are SPLIT, in red; what
//! was seen too long ago is stale, and grey.

use super::signs;
use super::words::Line;
use crate::release::plan::{Plan, Strategy};
use crate::release::state::Release;
use crate::release::traffic::Report;
use crate::text::human;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::sign;
use std::collections::BTreeSet;

/// What was seen longer ago is no longer known (milliseconds): three looks.
const STALE: i64 = 90_000;
/// Columns of a bar.
const BAR: u16 = 20;
/// Roles of the pools in their order: old and new must be told apart without a colour too, so each is named.
const ROLES: [Role; 3] = [Role::Link, Role::Ok, Role::Changed];

/// Hosts of one pool by the version that they were seen to answer with.
const SIDES: [&str; 3] = ["old", "new", UNKNOWN];
/// Hosts of which it is not known which version answers.
const UNKNOWN: &str = "unknown";

/// A line a balancer; none where opsdeck moves no traffic.
pub fn lines(plan: &Plan, release: &Release, theme: &Theme, now: i64, narrow: bool) -> Vec<Line> {
    let Some(traffic) = &plan.traffic else { return vec![] };
    let pools = pools(plan, release);
    let age = release.traffic_at.map(|at| now.saturating_sub(at));
    let stale = age.is_none_or(|a| a > STALE);
    let mut out = vec![];
    out.extend(split(release, theme));
    let wide = traffic.balancers.iter().map(|b| crate::text::width(&b.name)).max().unwrap_or(0).min(16);
    for balancer in &traffic.balancers {
        let name = crate::text::plain(&balancer.name);
        let head =
            Line::named(if out.is_empty() { "Traffic" } else { "" }).and(format!("{name:<wide$} "), Role::Strong);
        let line = match release.traffic.iter().find(|r| r.balancer == balancer.name) {
            None => head.sign(signs::UNKNOWN, theme).and(", not looked at yet", Role::Dim),
            Some(report) => {
                let line = head.then(report_line(&pools, report, theme, narrow));
                if stale { line.all(Role::Stale) } else { line }
            }
        };
        let seen = match age {
            Some(a) if stale => format!("  {} seen {}", sign::STALE.text(theme), human::ago(now - a, now)),
            Some(a) if a >= 1_000 => format!("  seen {}", human::ago(now - a, now)),
            _ => String::new(),
        };
        out.push(line.and(seen, if stale { Role::Stale } else { Role::Dim }));
    }
    if let Some(op) = &release.traffic_open {
        let text = format!(": {} has no outcome yet", doing(op));
        out.push(Line::named("").sign(signs::UNKNOWN, theme).and(text, Role::Unknown));
    }
    out
}

/// The pools in the order in which they are drawn: from the old one to the new one.
fn pools(plan: &Plan, release: &Release) -> Vec<String> {
    let mut out: Vec<String> = match &plan.strategy {
        Strategy::BlueGreen { active, idle, .. } => vec![active.clone(), idle.clone()],
        Strategy::Canary | Strategy::Rolling { .. } => vec![],
    };
    let told = |side: &&&str| release.traffic.iter().any(|r| r.shares.contains_key(**side));
    if out.is_empty() {
        out.extend(SIDES.iter().filter(told).map(|side| (*side).to_owned()));
    }
    let shares = release.traffic.iter().flat_map(|r| r.shares.keys().rev());
    let ups = release.traffic.iter().flat_map(|r| r.up.keys());
    for pool in shares.chain(ups) {
        if !out.contains(pool) {
            out.push(pool.clone());
        }
    }
    out
}

/// Balancers that send their traffic to different pools.
fn split(release: &Release, theme: &Theme) -> Option<Line> {
    let known = || release.traffic.iter().filter_map(|r| r.active.as_deref().map(|a| (r.balancer.as_str(), a)));
    let pools: BTreeSet<&str> = known().map(|(_, a)| a).collect();
    if pools.len() < 2 {
        return None;
    }
    let each: Vec<String> = known().map(|(b, a)| format!("{b} sends to {a}")).collect();
    Some(Line::named("Traffic").sign(signs::SPLIT, theme).and(format!(": {}", each.join(", ")), Role::Error))
}

fn doing(op: &crate::release::traffic::Op) -> String {
    use crate::release::traffic::Op;
    match op {
        Op::Status => "a look at the balancers".into(),
        Op::Check { to } => format!("the check of {to}"),
        Op::Switch { to, .. } => format!("the switch to {to}"),
        Op::Weight { percent, .. } => format!("the weight of {percent}%"),
        Op::Out { hosts } => format!("taking {} out", hosts.join(" ")),
        Op::In { hosts } => format!("putting {} back", hosts.join(" ")),
        Op::Drain { pool } => format!("draining {pool}"),
    }
}

fn report_line(pools: &[String], report: &Report, theme: &Theme, narrow: bool) -> Line {
    // One backend whose hosts come and go has no shares: only how many of them serve.
    let shares = pools.len() > 1 || report.active.is_some() || !report.shares.is_empty();
    let mut line = match shares {
        true => bar(pools, report, theme, if narrow { BAR / 2 } else { BAR }),
        false => Line::default(),
    };
    for (i, pool) in pools.iter().enumerate() {
        let share = share(report, pool);
        if share.is_none() && !report.up.contains_key(pool) {
            continue;
        }
        // One backend of old and new hosts has no name and no share of its own: only servers.
        let word = if narrow && shares && !pool.is_empty() { "" } else { " up" };
        let up = report.up.get(pool).map_or(String::new(), |(up, all)| format!(" {up}/{all}{word}"));
        if shares {
            let percent = share.map_or(String::new(), |s| format!(" {s}%"));
            let name = if pool.is_empty() { " ".to_owned() } else { format!("  {pool}{percent}") };
            line = line.and(name, role(i, pool));
        }
        let low = report.up.get(pool).is_some_and(|(up, all)| up < all);
        line = line.and(up, if low { Role::Warning } else { Role::Dim });
        if let Some(n) = report.sessions.get(pool).filter(|_| share == Some(0)) {
            line = line.and(format!(" {} open", human::count(*n)), Role::Dim);
        }
    }
    if !report.down.is_empty() {
        line = line.and(format!("  down: {}", report.down.join(" ")), Role::Failed);
    }
    if !report.out.is_empty() {
        line = line.and(format!("  out: {}", report.out.join(" ")), Role::Warning);
    }
    if let Some(drift) = &report.drift {
        line = line.and(format!("  {} {}", sign::WARNING.glyph(theme), crate::text::plain(drift)), Role::Failed);
    }
    match &report.problem {
        Some(problem) => line.and(format!("  {} {problem}", sign::WARNING.glyph(theme)), Role::Failed),
        None => line,
    }
}

fn role(place: usize, pool: &str) -> Role {
    if pool == UNKNOWN { Role::Unknown } else { ROLES[place % ROLES.len()] }
}

/// A pool's share of a balancer's traffic (percent); `None`: not known.
fn share(report: &Report, pool: &str) -> Option<u8> {
    let told = report.shares.get(pool).copied();
    told.or_else(|| report.active.as_ref().map(|a| if a == pool { 100 } else { 0 }))
}

/// Shares that do not come to this (percent) tell only a part.
const WHOLE: u32 = 99;

fn bar(pools: &[String], report: &Report, theme: &Theme, columns: u16) -> Line {
    const FILL: [(&str, &str); 3] = [("█", "#"), ("▓", "="), ("▒", "-")];
    // New and old hosts of one pool have shares where the pool itself has none.
    let shares: Vec<u8> = pools.iter().map(|p| share(report, p).unwrap_or(0)).collect();
    let total: u32 = shares.iter().map(|s| u32::from(*s)).sum();
    if total < WHOLE {
        return Line::default().and("?".repeat(usize::from(columns)), Role::Unknown);
    }
    let mut line = Line::default();
    let (mut sum, mut drawn) = (0, 0);
    for (i, share) in shares.iter().enumerate() {
        sum += u32::from(*share);
        let end = sum * u32::from(columns) / total.max(1);
        let (wide, ascii) = FILL[i % FILL.len()];
        let cell = match pools[i].as_str() {
            UNKNOWN => "?",
            _ if theme.ascii => ascii,
            _ => wide,
        };
        line = line.and(cell.repeat((end - drawn) as usize), role(i, &pools[i]));
        drawn = end;
    }
    line
}
