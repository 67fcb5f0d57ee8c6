//! The stop ladder as a menu: each rung with what it leaves behind, before anything is done. Nothing is the default.

use super::Effect;
use crate::run::event::StopLevel;
use crate::run::{RunState, State};
use crate::text::human;
use crate::text::human::of;
use crate::tui::effect;
use crate::tui::hits::{Hits, Target};
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::paint::{put, row_style};
use crate::tui::widgets::{dialog, line};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Name of the menu's entries in the hits.
pub const PART: &str = "run.stop";

/// The rungs in the order of the menu; the first does nothing.
const RUNGS: [(Option<StopLevel>, &str); 4] = [
    (None, "Let it run"),
    (Some(StopLevel::AfterTask), "Stop after this task"),
    (Some(StopLevel::Interrupt), "Interrupt now"),
    (Some(StopLevel::Kill), "Kill everything of it"),
];

/// Hosts on which a task runs at this moment.
fn busy(run: &RunState) -> Vec<&str> {
    run.hosts.iter().filter(|(_, h)| h.running.is_some()).map(|(n, _)| n.as_str()).collect()
}

/// What a rung leaves behind, in sentences.
fn leaves(run: &RunState, level: Option<StopLevel>, now: i64) -> String {
    let busy = busy(run);
    let names = busy.iter().take(4).copied().collect::<Vec<_>>().join(" ");
    let more = if busy.len() > 4 { format!(" and {} more", busy.len() - 4) } else { String::new() };
    let on =
        if busy.is_empty() { "no host".into() } else { format!("{} ({names}{more})", of(busy.len() as u64, "host")) };
    if run.last_step() == 0 && level.is_some() {
        return "Nothing was started yet: it just goes away.".into();
    }
    match level {
        None => "Nothing changes. Esc does the same.".into(),
        Some(StopLevel::AfterTask) => {
            let task =
                run.tasks.last().map(|t| format!(" `{}` runs for {}.", t.name, human::clock(now - t.started_at)));
            format!(
                "Every host ends the task it is in, none begins another. Nothing is cut in half.{}",
                task.unwrap_or_default()
            )
        }
        Some(StopLevel::Interrupt) => format!(
            "Ansible stops at once, without a recap. Cut in the middle on {on}: what runs there may go on, its outcome \
             is unknown."
        ),
        Some(StopLevel::Kill) => format!(
            "Ansible and every worker's process group are killed. Cut in the middle on {on}: what runs there may go \
             on, its outcome is unknown. Use it when interrupting does not help."
        ),
    }
}

/// Why a run can't be stopped now.
pub fn why_not(model: &Model) -> Option<String> {
    let Some(state) = model.run.state() else { return Some("the run is not read yet".into()) };
    if model.read_only {
        return Some("this console is read-only (--read-only)".into());
    }
    // Where its journal does not tell, whoever is asked decides.
    let lost = state.state == State::Unknown && model.run.opened.as_ref().is_some_and(|o| o.damage.is_some());
    (state.state.is_terminal() && !lost).then(|| format!("the run has ended: {}", state.state.name()))
}

/// A key while the menu is open.
pub fn key(model: &mut Model, key: KeyEvent) -> Vec<effect::Effect> {
    let Some(at) = model.run.stop else { return vec![] };
    let last = RUNGS.len() - 1;
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => model.run.stop = Some(at.saturating_sub(1)),
        KeyCode::Down | KeyCode::Tab | KeyCode::Char('j' | 's') => model.run.stop = Some((at + 1).min(last)),
        KeyCode::Enter => return choose(model, at),
        KeyCode::Esc | KeyCode::Char('q' | 'n') => model.run.stop = None,
        _ => {}
    }
    vec![]
}

/// Takes a rung. A run that ended while the menu stood is left alone.
pub fn choose(model: &mut Model, at: usize) -> Vec<effect::Effect> {
    model.run.stop = None;
    let level = RUNGS.get(at).and_then(|(level, _)| *level);
    match (level, model.run.id, why_not(model)) {
        (Some(level), Some(id), None) => vec![effect::Effect::Run(Effect::Stop { id, level })],
        (Some(_), _, Some(why)) => {
            model.toast(crate::tui::msg::Level::Warning, format!("stop: {why}"));
            vec![]
        }
        _ => vec![],
    }
}

/// Draws the menu above the screen.
pub fn view(model: &Model, at: usize, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let Some(run) = model.run.state() else { return };
    let theme = &model.theme;
    let columns = 78.min(area.width);
    let inner = usize::from(columns.saturating_sub(6)).max(1);
    let blocks: Vec<(usize, &str, String)> =
        (0..).zip(RUNGS).map(|(i, (l, t))| (i, t, leaves(run, l, model.now.ms))).collect();
    let rows: usize = blocks.iter().map(|(_, _, text)| 1 + line::fold(text, inner).len()).sum();
    let asked = run.state == State::Stopping;
    let title = if asked { "stop: asked already; go further?" } else { "stop this run?" };
    let rows = u16::try_from(rows + 2).unwrap_or(u16::MAX);
    // Too low a screen for all of it: only the chosen rung says what it leaves behind.
    let brief = rows > area.height;
    let inside = dialog::open(theme, frame, area, (columns, rows.min(area.height)), title, Role::Warning, hits);
    let buf = frame.buffer_mut();
    let mut y = inside.y;
    for (i, title, text) in &blocks {
        if y >= inside.bottom() {
            break;
        }
        let top = y;
        let mark = if *i == at { crate::tui::theme::Glyph::Cursor } else { crate::tui::theme::Glyph::Dot };
        let head = format!("{} {title}", theme.glyph(mark));
        put(buf, theme, inside.x, y, inside.width, &head, theme.style(Role::Strong));
        if *i == at {
            row_style(buf, inside, y, theme.style(Role::Cursor));
        }
        y += 1;
        let text = if brief && *i != at { Vec::new() } else { line::fold(text, inner) };
        for part in text {
            if y >= inside.bottom() {
                break;
            }
            put(buf, theme, inside.x + 2, y, inside.width.saturating_sub(2), part, theme.style(Role::Dim));
            y += 1;
        }
        hits.add(Rect { y: top, height: y - top, ..inside }, Target::Part { part: PART, index: *i });
    }
}
