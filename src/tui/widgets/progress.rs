//! Progress and the time left, from the plan: an estimate that says so, and no estimate where there is no ground for one.

use super::paint::{put, put_right, width};
use crate::run::{RunState, State};
use crate::text::human::{self, clock as span, count};
use crate::tui::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    pub done: u64,
    /// Tasks that the plan has, or that were seen if those are more. `None`: there is no plan.
    pub total: Option<u64>,
    /// Part of the results that are there, 0 to 1. `None`: there is no plan.
    pub part: Option<f64>,
    /// Since it began (milliseconds).
    pub elapsed: i64,
    /// About how long it takes still (milliseconds). `None`: too early to say.
    pub left: Option<i64>,
}

/// Progress of a run at `now`, from its plan; `hosts` is the number of hosts that was known at launch.
pub fn progress(run: &RunState, hosts: Option<usize>, now: i64) -> Progress {
    let end = if run.state.is_terminal() { run.updated_at } else { now };
    let elapsed = run.started_at().map_or(0, |at| (end - at).max(0));
    let over = run.state.is_terminal();
    // The plan does not count what runs on no host.
    let tasks = || run.tasks.iter().filter(|t| !t.is_silent());
    let ended = tasks().filter(|t| t.counts.running == 0 && t.ended_at.is_some()).count() as u64;
    // A task that was cut in the middle is not done, though some hosts gave a result.
    let cut = run.tasks.last().is_some_and(|t| t.ended_at.is_some() && super::matrix::unfinished(run, t));
    let done = ended - u64::from(cut);
    let planned: u64 = run.plan.iter().map(|(_, n)| u64::from(*n)).sum();
    // Into how many batches `serial` divides what is still to come is not known, and each repeats the play's tasks.
    let known = planned > 0 && (over || !run.has_batches_to_come());
    let total = known.then(|| planned.max(tasks().count() as u64));
    let results = run.progress(hosts);
    #[expect(clippy::cast_precision_loss, reason = "a part of the whole, for a bar")]
    let part = match (run.state, results.total, total) {
        (State::Succeeded, ..) => Some(1.0),
        // What a run that ended early left undone shows best in tasks of the plan.
        (_, _, Some(total)) if over => Some(done as f64 / total as f64),
        (_, Some(all), _) if all > 0 => Some(results.done as f64 / all as f64),
        _ => None,
    };
    Progress { done, total, part, elapsed, left: run.eta(now, &[], hosts) }
}

/// One line: a bar, tasks done, elapsed, about how long still.
pub fn draw(run: &RunState, p: &Progress, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let area = if run.dropped > 0 {
        let lost = format!("{} {} lost", super::sign::WARNING.glyph(theme), human::of(run.dropped, "event"));
        put_right(buf, theme, area.right(), area.y, area.width, &lost, theme.style(Role::Warning));
        Rect { width: area.width.saturating_sub(width(&lost) + 2), ..area }
    } else {
        area
    };
    let tasks = match p.total {
        Some(total) => format!("{} of {} done", count(p.done), human::of(total, "task")),
        None => format!("{} done", human::of(p.done, "task")),
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
        // 5 tasks planned on 8 hosts; 2 done, the third done on 5 of 8 hosts.
        let p = progress(&run, Some(8), run.updated_at);
        assert_eq!((p.done, p.total), (2, Some(5)));
        assert!((p.part.unwrap_or(0.0) - (2.0 + 5.0 / 8.0) / 5.0).abs() < 1e-9, "{p:?}");
        assert!(p.left.is_some_and(|l| l > 0));
    }

    #[test]
    fn between_two_batches_it_is_neither_done_nor_out_of_tasks() {
        let mut run = fixtures::running();
        run.plays[0].of = Some(24);
        let p = progress(&run, Some(24), run.updated_at);
        assert_eq!((p.done, p.total), (2, None));
        assert!((p.part.unwrap_or(1.0) - (2.0 + 5.0 / 8.0) / 15.0).abs() < 1e-9, "{p:?}");
    }

    #[test]
    fn no_estimate_without_ground() {
        let mut run = fixtures::running();
        run.plan.clear();
        let p = progress(&run, Some(8), run.updated_at);
        assert_eq!((p.total, p.part, p.left), (None, None, None));
    }
}
