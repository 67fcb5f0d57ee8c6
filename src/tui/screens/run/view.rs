//! The Run screen, drawn: the machine above, the grid in the middle, the error that matters below. On a low screen the
//! machine shrinks first, then the parts that have no keys go.

use super::{Opened, Pane, Run, machine, panes, stop};
use crate::run::{RunSpec, State};
use crate::text::human;
use crate::tui::hits::Hits;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::matrix::Frame as Ground;
use crate::tui::widgets::paint::{put, put_right, row_style, width};
use crate::tui::widgets::{diagram, hosts, line, progress, sign, when};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

/// The run's part of the breadcrumbs.
pub fn crumbs(model: &Model) -> Vec<String> {
    model.run.opened.as_ref().map(|o| o.spec.ask.title()).into_iter().collect()
}

/// The exact command, as it can be pasted into a shell.
pub fn command(spec: &RunSpec) -> String {
    let plain = |a: &str| !a.is_empty() && a.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c));
    let quoted = spec.argv.iter().map(|a| if plain(a) { a.clone() } else { format!("'{}'", a.replace('\'', r"'\''")) });
    quoted.collect::<Vec<_>>().join(" ")
}

/// Draws the screen.
pub fn view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let run = &model.run;
    let theme = &model.theme;
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let Some(o) = &run.opened else {
        let (text, role) = match (&run.problem, run.id) {
            (Some(why), _) => (format!("{} {why}", sign::FAILED.glyph(theme)), Role::Error),
            (None, Some(id)) => (format!("reading run {id}"), Role::Dim),
            (None, None) => ("No run is open.".into(), Role::Dim),
        };
        put(frame.buffer_mut(), theme, inner.x, inner.y, inner.width, &text, theme.style(role));
        return;
    };
    let rest =
        if run.zoom { title(model, o, inner, frame.buffer_mut()) } else { top(model, o, inner, frame.buffer_mut()) };
    panes::view(model, o, rest, frame, hits);
    if let Some(at) = run.stop {
        stop::view(model, at, frame, area, hits);
    }
}

/// One line: what was asked, by whom and when. Below it, check mode in big letters and what is wrong with the journal.
fn title(model: &Model, o: &Opened, area: Rect, buf: &mut Buffer) -> Rect {
    let theme = &model.theme;
    let asked = when::when(o.spec.created_at, model.now, model.absolute_time);
    let id = o.spec.id.to_string();
    let right = match area.width {
        100.. => format!("{id}  {}  {asked}", o.spec.operator.name),
        60.. => format!("{}  {asked}", o.spec.operator.name),
        _ => String::new(),
    };
    put_right(buf, theme, area.right(), area.y, area.width, &right, theme.style(Role::Dim));
    let room = area.width.saturating_sub(width(&right) + 1);
    put(buf, theme, area.x, area.y, room, &format!("$ {}", command(&o.spec)), theme.style(Role::Strong));
    let mut y = area.y + 1;
    if o.spec.ask.common().check && y < area.bottom() {
        let letters =
            if area.width >= 70 { " C H E C K   M O D E    nothing is changed on any host" } else { " CHECK MODE" };
        let style = theme.style(Role::Warning).add_modifier(Modifier::REVERSED | Modifier::BOLD);
        put(buf, theme, area.x, y, area.width, letters, style);
        row_style(buf, area, y, style);
        y += 1;
    }
    if let Some(damage) = o.damage.as_ref().filter(|_| y < area.bottom()) {
        let text = format!("{} {damage}", sign::WARNING.glyph(theme));
        put(buf, theme, area.x, y, area.width, &text, theme.style(Role::Warning));
        y += 1;
    }
    below(area, y)
}

fn below(area: Rect, y: u16) -> Rect {
    let y = y.min(area.bottom());
    Rect { y, height: area.bottom() - y, ..area }
}

/// Everything above the panes. Gives what is left.
fn top(model: &Model, o: &Opened, area: Rect, buf: &mut Buffer) -> Rect {
    let (run, theme) = (&model.run, &model.theme);
    let rest = title(model, o, area, buf);
    let known = o.spec.hosts.as_ref().map(Vec::len);
    // Nobody saw what came after the last event: its time stands still.
    let now = if run.is_watched() { model.now.ms } else { o.state.updated_at };
    let mut p = progress::progress(&o.state, known, now);
    p.left = o.state.eta(model.now.ms, &run.past, known).filter(|_| run.is_watched());
    let d = machine::diagram(&o.state, run.is_watched(), p.left, model.now.ms);
    let high = match area.height {
        26.. => diagram::height(&d),
        18.. => 4,
        12.. => 2,
        _ => 1,
    };
    let high = high.min(rest.height);
    diagram::draw(&d, theme, Rect { height: high, ..rest }, buf);
    let mut y = rest.y + high;
    for (text, role) in words(run, o) {
        if y + 4 > area.bottom() {
            break;
        }
        let text = text.replace("{}", sign::WARNING.glyph(theme));
        // Two lines of each at most: what is longer is in the log.
        for part in line::fold(&crate::text::plain(&text), usize::from(area.width)).into_iter().take(2) {
            put(buf, theme, area.x, y, area.width, part, theme.style(role));
            y += 1;
        }
    }
    let row = |y| Rect { y, height: 1, ..area };
    if area.height >= 10 && y < area.bottom() {
        if o.state.plan.is_empty() && o.state.tasks.is_empty() && o.state.dropped == 0 {
            // Nothing to measure yet: no empty bar.
        } else {
            progress::draw(&o.state, &p, theme, row(y), buf);
            y += 1;
        }
    }
    if area.height >= 14 && y < area.bottom() {
        let ground = Ground { theme, now, focus: false, live: run.is_live() };
        hosts::strip(&o.state, known, ground, row(y), buf);
        y += 1;
    }
    below(area, y)
}

/// What must be said in words about the run's state, most important first.
fn words(run: &Run, o: &Opened) -> Vec<(String, Role)> {
    let s = &o.state;
    let mut out = Vec::new();
    let why = s.why.clone().unwrap_or_default();
    let role = sign::state(s.state).role;
    match s.state {
        State::NothingRan => out.push((format!("NOTHING RAN: {why}"), Role::Failed)),
        State::Failed | State::Unknown => {
            let kind = s.failure.map(sign::failure).unwrap_or_default();
            let text = [kind, why.as_str()].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(": ");
            out.push((text, role));
        }
        State::Cancelled | State::Queued | State::Stopping if !why.is_empty() => out.push((why, role)),
        _ => {}
    }
    if !run.is_watched() && !s.state.is_terminal() {
        let text = "{} Unknown: nobody watches it. Its supervisor is gone; what Ansible does now is not known.";
        out.push((text.into(), Role::Unknown));
    }
    if s.state == State::Succeeded && !s.recap {
        out.push(("{} Ansible gave no recap: the outcome of some hosts may be missing.".into(), Role::Warning));
    }
    if !s.maybe_running_on.is_empty() {
        let n = s.maybe_running_on.len();
        let names = s.maybe_running_on.iter().take(12).cloned().collect::<Vec<_>>().join(" ");
        out.push((format!("{{}} may still run on {} of its hosts: {names}", human::count(n as u64)), Role::Warning));
    }
    if s.resumed > 0 {
        let times = crate::tui::widgets::paint::of(s.resumed.into(), "time");
        out.push((format!("its supervisor was replaced {times}; nothing was lost"), Role::Dim));
    }
    out
}

/// The parts that the panes divide among themselves, and who has the keys.
pub fn focus(run: &Run) -> Pane {
    if run.result.is_none() { Pane::Grid } else { run.pane }
}
