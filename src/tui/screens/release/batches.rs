//! Batches as a strip, one cell a host; where there are too many hosts, as counts. And what the budget was spent on.

use super::signs::{self, MARKS};
use super::words::{Line, flow};
use crate::release::plan::{Batch, Plan};
use crate::release::state::{At, Mark, Release};
use crate::text::human::count;
use crate::tui::theme::{Role, Theme};
use std::ops::Range;

/// Columns of the part's name.
pub const INDENT: u16 = 9;
/// Hosts named in the budget's line at most.
const NAMED: usize = 12;

/// Where it is: the batch in work, from 0.
pub fn current(release: &Release) -> Option<usize> {
    let of = |at: At| match at {
        At::Deploying { batch } | At::Gating { batch } => Some(batch as usize),
        _ => None,
    };
    let resumes = release.pause.as_ref().filter(|_| release.at == At::Paused).and_then(|p| of(p.resume_to));
    of(release.at).or(resumes)
}

fn mark_of(release: &Release, host: &str) -> Mark {
    release.hosts.get(host).map(|h| h.mark).unwrap_or_default()
}

/// How many hosts stand how, worst first.
fn counts(release: &Release, batches: &[Batch]) -> Vec<(Mark, usize)> {
    let hosts = || batches.iter().flat_map(|b| &b.hosts);
    let counted = MARKS.into_iter().map(|m| (m, hosts().filter(|h| mark_of(release, h) == m).count()));
    counted.filter(|(_, n)| *n > 0).collect()
}

/// The strip: as many cells as fit, and counts where they do not.
pub fn strip(plan: &Plan, release: &Release, live: bool, theme: &Theme, columns: u16) -> Vec<Line> {
    let here = current(release);
    let all = |full: &dyn Fn(usize) -> bool, from: usize, to: usize| -> Vec<Line> {
        let batches = (from..).zip(&plan.batches[from..to]);
        batches.map(|(i, b)| batch(release, i, b, here == Some(i), full(i), live, theme)).collect()
    };
    let room = columns.saturating_sub(INDENT);
    let fits = |lines: &[Line]| lines.iter().map(Line::width).fold(0, u16::saturating_add) <= room;
    let len = plan.batches.len();
    let is_here = |i: usize| here == Some(i);
    let (from, to) = (here.unwrap_or(0).saturating_sub(1).min(len), (here.unwrap_or(0) + 2).min(len));
    let mut pieces = all(&|_| true, 0, len);
    if !fits(&pieces) {
        pieces = all(&is_here, 0, len);
    }
    if !fits(&pieces) {
        pieces = all(&|_| false, 0, len);
    }
    if !fits(&pieces) {
        // Those far from the one in work stand together.
        let middle = |full: &dyn Fn(usize) -> bool| {
            let mut out = vec![];
            out.extend(folded(plan, release, 0..from, live, theme));
            out.extend(all(full, from, to));
            out.extend(folded(plan, release, to..len, live, theme));
            out
        };
        pieces = middle(&is_here);
        if !fits(&pieces) {
            pieces = middle(&|_| false);
        }
    }
    flow(Line::named("Batches"), pieces, INDENT, columns)
}

fn batch(release: &Release, index: usize, b: &Batch, here: bool, full: bool, live: bool, theme: &Theme) -> Line {
    let role = if here { Role::Strong } else { Role::Dim };
    let mut line = Line::default().and(format!("{} ", index + 1), role);
    if let Some(weight) = b.weight {
        line = line.and(format!("{weight}% "), role);
    }
    if full {
        for host in &b.hosts {
            line = line.glyph(signs::mark(mark_of(release, host), live), theme);
        }
    } else {
        line = tallies(line, counts(release, std::slice::from_ref(b)), live, theme);
    }
    line.and("  ", Role::Text)
}

fn tallies(mut line: Line, counts: Vec<(Mark, usize)>, live: bool, theme: &Theme) -> Line {
    for (m, n) in counts {
        let sign = signs::mark(m, live);
        line = line.and(format!("{}{}", sign.glyph(theme), count(n as u64)), sign.role);
    }
    line
}

fn folded(plan: &Plan, release: &Release, which: Range<usize>, live: bool, theme: &Theme) -> Option<Line> {
    if which.is_empty() {
        return None;
    }
    let name = format!("{}-{} ", which.start + 1, which.end);
    let line = tallies(Line::default().and(name, Role::Dim), counts(release, &plan.batches[which]), live, theme);
    Some(line.and("  ", Role::Text))
}

/// How many hosts stand how, in words: the strip's key.
pub fn tally(plan: &Plan, release: &Release, live: bool, theme: &Theme) -> Line {
    let mut line = Line::named("Hosts");
    for (m, n) in counts(release, &plan.batches) {
        let sign = signs::mark(m, live);
        line = line.and(format!("{} {} {}  ", sign.glyph(theme), count(n as u64), sign.word), sign.role);
    }
    line
}

/// What the budget was spent on, by name, and what else must hold.
pub fn budget(plan: &Plan, release: &Release, live: bool, theme: &Theme) -> Line {
    let bad = [Mark::Failed, Mark::Unreachable, Mark::Unknown];
    let spent: Vec<(&str, Mark)> =
        release.hosts.iter().filter(|(_, h)| bad.contains(&h.mark)).map(|(n, h)| (n.as_str(), h.mark)).collect();
    let limits = &plan.limits;
    let role = match spent.len() as u64 {
        0 => Role::Text,
        n if n > u64::from(limits.budget) => Role::Failed,
        _ => Role::Warning,
    };
    let text = format!("{} of {} spent", count(spent.len() as u64), count(limits.budget.into()));
    let mut line = Line::named("Budget").and(text, role);
    for (name, m) in spent.iter().take(NAMED) {
        let sign = signs::mark(*m, live);
        line = line.and(format!("  {} {name}", sign.glyph(theme)), sign.role);
    }
    if spent.len() > NAMED {
        line = line.and(format!("  and {} more", count((spent.len() - NAMED) as u64)), Role::Warning);
    }
    let held = format!("  at most {} out, at least {} serving", limits.max_unavailable, limits.min_in_service);
    line.and(held, Role::Dim)
}
