//! The Run screen, drawn: the machine above, the grid in the middle, the error that matters below. On a low screen the
//! machine shrinks first, then the parts that have no keys go.

use super::plan::{Part, moment, plan};
use super::{Opened, panes, stop};
use crate::ansible::shell;
use crate::recovery::watch::Watched;
use crate::tui::hits::Hits;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::matrix::Frame as Ground;
use crate::tui::widgets::paint::{put, put_right, row_style, width};
use crate::tui::widgets::{diagram, hosts, progress, sign, when};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

/// The run's part of the breadcrumbs.
pub fn crumbs(model: &Model) -> Vec<String> {
    model.run.opened.as_ref().map(|o| o.spec.work.title()).into_iter().collect()
}

/// The exact command, as it can be pasted into a shell; of a recovery that of the rung it is at.
pub fn command(o: &Opened) -> String {
    o.recovery.as_ref().and_then(Watched::command).unwrap_or_else(|| shell(&o.spec.argv))
}

pub fn view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let run = &model.run;
    let theme = &model.theme;
    let inner = inner(area);
    let Some(o) = &run.opened else {
        let (text, role) = match (&run.problem, run.id) {
            (Some(why), _) => (format!("{} {why}", sign::FAILED.glyph(theme)), Role::Error),
            (None, Some(id)) => (format!("reading run {id}"), Role::Dim),
            (None, None) => ("No run is open.".into(), Role::Dim),
        };
        put(frame.buffer_mut(), theme, inner.x, inner.y, inner.width, &text, theme.style(role));
        return;
    };
    let plan = plan(model, o, inner);
    for (area, part) in &plan.above {
        above(model, o, part, *area, frame.buffer_mut());
    }
    panes::view(model, o, &plan, frame, hits);
    if let Some(at) = run.stop {
        stop::view(model, at, frame, area, hits);
    }
}

/// The screen's area without its margins.
pub fn inner(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

fn above(model: &Model, o: &Opened, part: &Part, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    let words = |buf: &mut Buffer, text: &str, role| {
        put(buf, theme, area.x, area.y, area.width, text, theme.style(role));
    };
    match part {
        Part::Title => title(model, o, area, buf),
        Part::Check => {
            let wide = area.width >= 70;
            let text = if wide { " C H E C K   M O D E    nothing is changed on any host" } else { " CHECK MODE" };
            let style = theme.style(Role::Warning).add_modifier(Modifier::REVERSED | Modifier::BOLD);
            put(buf, theme, area.x, area.y, area.width, text, style);
            row_style(buf, area, area.y, style);
        }
        Part::Damage(damage) => words(buf, &format!("{} {damage}", sign::WARNING.glyph(theme)), Role::Warning),
        Part::Machine(d) => diagram::draw(d, theme, area, buf),
        Part::Words(text, role) => words(buf, text, *role),
        Part::Progress(p) => progress::draw(&o.state, p, theme, area, buf),
        Part::Strip => {
            let ground = Ground { theme, now: moment(model, o), focus: false, live: model.run.is_live() };
            hosts::strip(&o.state, o.spec.hosts.as_ref().map(Vec::len), ground, area, buf);
        }
    }
}

/// One line: what was asked, by whom and when.
fn title(model: &Model, o: &Opened, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    let asked = when::when(o.spec.created_at, model.now, model.absolute_time);
    let right = match area.width {
        100.. => format!("{}  {}  {asked}", o.spec.id, o.spec.operator.name),
        60.. => format!("{}  {asked}", o.spec.operator.name),
        _ => String::new(),
    };
    put_right(buf, theme, area.right(), area.y, area.width, &right, theme.style(Role::Dim));
    let room = area.width.saturating_sub(width(&right) + 1);
    put(buf, theme, area.x, area.y, room, &format!("$ {}", command(o)), theme.style(Role::Strong));
}
