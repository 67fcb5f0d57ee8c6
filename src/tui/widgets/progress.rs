//! Progress and the time left, from the plan: an estimate that says so, and no estimate where there is no ground for one.

use super::paint::{put, put_right, width};
use crate::run::{RunState, State};
use crate::text::human::{clock as span, count};
use crate::tui::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Tasks that are done on every host of their play.
    pub done: u64,
    /// Tasks that the plan has, or that were seen if those are more. `None`: there is no plan.
    pub total: Option<u64>,
    /// Part of the work that is done, 0 to 1; counts hosts inside the running task.
    pub part: Option<f64>,
    /// Since Ansible began (milliseconds).
    pub elapsed: i64,
    /// About how long it takes still (milliseconds). `None`: too early to say.
    pub left: Option<i64>,
}

/// Time before which no estimate is made (milliseconds), and part of the work likewise.
const EARLY: (i64, f64) = (3000, 0.03);

/// Progress of a run at `now`. `expected` is the number of hosts known at launch: it tells how many `serial` batches
/// of a play are still to come.
pub fn progress(run: &RunState, expected: Option<usize>, now: i64) -> Progress {
    let began = run.history.iter().find(|(s, _)| *s == State::Running).map(|(_, at)| *at);
    let end = if run.state.is_terminal() { run.updated_at } else { now };
    let elapsed = began.map_or(0, |at| (end - at).max(0));
    let done = run.tasks.iter().filter(|t| t.counts.running == 0 && t.ended_at.is_some()).count() as u64;
    let part = if run.state == State::Succeeded { Some(1.0) } else { part(run, expected) };
    let planned: u64 = run.plan.iter().map(|(_, n)| u64::from(*n)).sum();
    let total = (planned > 0).then(|| planned.max(run.tasks.len() as u64));
    let left = match part {
        Some(p) if !run.state.is_terminal() && elapsed >= EARLY.0 && p >= EARLY.1 && p < 1.0 =>
        {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                reason = "an estimate in milliseconds"
            )]
            Some((elapsed as f64 * (1.0 - p) / p) as i64)
        }
        _ => None,
    };
    Progress { done, total, part, elapsed, left }
}

/// Work done over work planned, both in tasks of the plan.
fn part(run: &RunState, expected: Option<usize>) -> Option<f64> {
    let planned: f64 = run.plan.iter().map(|(_, n)| f64::from(*n)).sum();
    if planned == 0.0 {
        return None;
    }
    // A play of the plan may run in batches: each is an entry of `plays` with the same name, one after the other.
    let mut groups: Vec<(usize, f64)> = Vec::new(); // (first entry in plays, hosts of all its batches so far)
    for (i, play) in run.plays.iter().enumerate() {
        match groups.last_mut() {
            Some((first, hosts)) if run.plays[*first].name == play.name && groups_left(run, *first, i) => {
                *hosts += f64::from(play.hosts)
            }
            _ => groups.push((i, f64::from(play.hosts))),
        }
    }
    let current = groups.len().checked_sub(1)?;
    let before: f64 = run.plan.iter().take(current).map(|(_, n)| f64::from(*n)).sum();
    let tasks = run.plan.get(current).map_or(1.0, |(_, n)| f64::from(*n)).max(1.0);
    let (first, seen) = groups[current];
    let batch = run.plays.last()?;
    let batch_hosts = f64::from(batch.hosts).max(1.0);
    let mut in_batch = 0.0;
    for t in run.tasks.iter().skip(batch.first_task as usize).filter(|t| !t.handler) {
        let c = t.counts;
        let results = f64::from(c.ok + c.changed + c.failed + c.unreachable + c.skipped + c.ignored);
        let over = t.counts.running == 0 && t.ended_at.is_some();
        in_batch += if over { 1.0 } else { (results / batch_hosts).min(1.0) };
    }
    let in_batch = (in_batch / tasks).min(1.0);
    let batched = run.plays.len() - first > 1;
    #[expect(clippy::cast_precision_loss, reason = "a number of hosts")]
    let all = if batched { expected.map_or(seen, |n| (n as f64).max(seen)) } else { seen };
    let all = all.max(1.0);
    let here = ((seen - batch_hosts).max(0.0) + in_batch * batch_hosts) / all;
    Some(((before + tasks * here.clamp(0.0, 1.0)) / planned).clamp(0.0, 1.0))
}

/// True if entries `first..=i` of `plays` may be batches of one play: the plan has no second play of that name there.
fn groups_left(run: &RunState, first: usize, i: usize) -> bool {
    let name = &run.plays[first].name;
    let same = run.plan.iter().filter(|(n, _)| n == name).count();
    same <= 1 || i - first >= same
}

/// One line: a bar, tasks done, elapsed, about how long still.
pub fn draw(run: &RunState, p: &Progress, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let tasks = match p.total {
        Some(total) => format!("{} of {} done", count(p.done), super::paint::of(total, "task")),
        None => format!("{} done", super::paint::of(p.done, "task")),
    };
    let time = match (p.left, run.state.is_terminal()) {
        (_, true) => format!("took {}", span(p.elapsed)),
        (Some(left), _) => format!("{} of ~{}", span(p.elapsed), span(p.elapsed + left)),
        (None, _) if p.elapsed > 0 => format!("{}, no estimate yet", span(p.elapsed)),
        (None, _) => "not begun".to_owned(),
    };
    let text = match p.part {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
        Some(part) => format!("{:>3}%  {tasks}  {time}", (part * 100.0).floor() as u32),
        None => format!("{tasks}  {time}"),
    };
    let text_w = width(&text).min(area.width);
    let bar_w = area.width.saturating_sub(text_w + 2).min(60);
    if let Some(part) = p.part.filter(|_| bar_w >= 6) {
        bar(part, run, theme, Rect { width: bar_w, height: 1, ..area }, buf);
        put(buf, theme, area.x + bar_w + 1, area.y, area.width - bar_w - 1, &text, theme.style(Role::Text));
    } else {
        put(buf, theme, area.x, area.y, area.width, &text, theme.style(Role::Text));
    }
    if run.dropped > 0 {
        let lost = format!(" {} {} lost ", super::sign::WARNING.glyph(theme), super::paint::of(run.dropped, "event"));
        put_right(buf, theme, area.right(), area.y, area.width, &lost, theme.style(Role::Warning));
    }
}

fn bar(part: f64, run: &RunState, theme: &Theme, area: Rect, buf: &mut Buffer) {
    const EIGHTHS: [&str; 8] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let style = theme.style(super::sign::state(run.state).role);
    let (on, off) = if theme.ascii { ("#", ".") } else { ("█", "·") };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 8 x 60")]
    let eighths = (part.clamp(0.0, 1.0) * f64::from(area.width) * 8.0).round() as u16;
    for i in 0..area.width {
        let fill = eighths.saturating_sub(i * 8).min(8);
        let (symbol, style) = match fill {
            8 => (on, style),
            0 => (off, theme.style(Role::Dim)),
            n if !theme.ascii => (EIGHTHS[usize::from(n)], style),
            _ => (off, theme.style(Role::Dim)),
        };
        buf[(area.x + i, area.y)].set_symbol(symbol).set_style(style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widgets::fixtures;

    #[test]
    fn part_counts_hosts_inside_the_running_task() {
        let run = fixtures::running();
        // 5 tasks planned; 2 done, the third done on 5 of 8 hosts.
        let p = progress(&run, Some(8), run.updated_at);
        assert_eq!((p.done, p.total), (2, Some(5)));
        assert!((p.part.unwrap_or(0.0) - (2.0 + 5.0 / 8.0) / 5.0).abs() < 1e-9, "{p:?}");
        assert!(p.left.is_some_and(|l| l > 0));
    }

    #[test]
    fn batches_of_a_serial_play_are_parts_of_the_whole() {
        let mut run = fixtures::running();
        // The same play again, as a second batch of 8 hosts out of 32 in which nothing happened yet.
        run.plays.push(crate::run::state::PlayState { first_task: 3, ..run.plays[0].clone() });
        let p = progress(&run, Some(32), run.updated_at);
        assert!((p.part.unwrap_or(1.0) - 0.25).abs() < 1e-9, "{p:?}");
    }

    #[test]
    fn no_estimate_without_ground() {
        let mut run = fixtures::running();
        run.plan.clear();
        let p = progress(&run, Some(8), run.updated_at);
        assert_eq!((p.total, p.part, p.left), (None, None, None));
    }
}
