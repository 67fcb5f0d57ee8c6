//! The host table: only the rows in sight are ever touched.

use super::head;
use super::{health, title};
use crate::text::human;
use crate::tui::hits::{Hits, Target};
use crate::tui::model::Model;
use crate::tui::model::asked::Asked;
use crate::tui::screens::fleet::data::{LastRun, Outcome};
use crate::tui::screens::fleet::sort::Sort;
use crate::tui::screens::fleet::{Edit, Pane, Place};
use crate::tui::theme::{Glyph, Role};
use crate::tui::widgets::{line, paint};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Columns: their head, how they sort, and where they stand.
struct Columns {
    host: Rect,
    health: Rect,
    last: Rect,
    groups: Rect,
}

fn columns(row: Rect) -> Columns {
    let inner = Rect { x: row.x + 3.min(row.width), width: row.width.saturating_sub(4), height: 1, ..row };
    let host = (inner.width * 2 / 5).clamp(12, 40).min(inner.width);
    let state = health::wide(inner.width).min(inner.width - host);
    let last = ((inner.width - state) * 2 / 5).min(48).min(inner.width - host - state);
    let part = |from: u16, width: u16| Rect { x: inner.x + from, width: width.saturating_sub(1), ..inner };
    let at = host + state;
    Columns {
        host: part(0, host),
        health: Rect { x: inner.x + host, width: state, ..inner },
        last: part(at, last),
        groups: part(at + last, inner.width - at - last + 1),
    }
}

pub(super) fn view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let Some(place) = model.place() else { return };
    head_line(model, place, frame, Rect { x: area.x + 1, width: area.width.saturating_sub(2), height: 1, ..area });
    let body = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    if let Some(text) = instead(place) {
        for (text, y) in line::fold(&text, usize::from(area.width.saturating_sub(4))).iter().zip(body.y..body.bottom())
        {
            let row = Rect { x: area.x + 2, y, width: area.width.saturating_sub(4), height: 1 };
            line::put(frame.buffer_mut(), &model.theme, row, text, model.theme.style(Role::Text));
        }
        return;
    }
    heads(model, place, frame, Rect { y: area.y + 1, height: 1, ..area }, hits);
    let window = place.host_list.window(place.rows.len(), usize::from(body.height));
    hits.list("hosts", body, window.start, place.rows.len());
    for (index, y) in window.zip(body.y..) {
        row(model, place, frame, Rect { y, height: 1, ..body }, index);
    }
}

/// What stands in place of the table while there is none.
fn instead(place: &Place) -> Option<String> {
    match &place.topology {
        None => Some("Reading the inventory ...".into()),
        Some(Err(why)) => Some(why.clone()),
        Some(Ok(t)) if t.hosts.is_empty() => Some("The inventory holds no hosts.".into()),
        Some(Ok(_)) => None,
    }
}

/// What the table shows, or the line that is being typed; at the end the counts.
fn head_line(model: &Model, place: &Place, frame: &mut Frame, row: Rect) {
    let theme = &model.theme;
    let total = place.known().map_or(0, |t| t.hosts.len());
    let mut counts = format!("{} of {}", human::count(place.rows.len() as u64), human::count(total as u64));
    if !place.marks.is_empty() {
        let marks = human::count(place.marks.len() as u64);
        counts = format!("{counts} {} {marks} marked", theme.glyph(Glyph::Dot));
    }
    let (counts, role) = match &place.pattern {
        Some(Asked { answer: Some(Err(why)), .. }) => (why.clone(), Role::Error),
        Some(Asked { answer: None, .. }) => (format!("{} selecting", theme.glyph(Glyph::Running)), Role::Running),
        _ => (counts, Role::Dim),
    };
    let wide = row.width.min(paint::width(&counts)).min(row.width.saturating_sub(20).max(12));
    let right = Rect { x: row.right() - wide.min(row.width), width: wide, ..row };
    line::put(frame.buffer_mut(), theme, right, &counts, theme.style(role));
    let left = Rect { width: row.width.saturating_sub(wide + 2), ..row };
    if let Some(edit) = &model.fleet.edit {
        let (sign, field) = match edit {
            Edit::Filter(field) => ("filter ", field),
            Edit::Pattern(field) => ("pattern ", field),
        };
        let used = line::put(frame.buffer_mut(), theme, left, sign, theme.style(Role::Key));
        let used = (used + 1).min(left.width);
        field.view(theme, frame, Rect { x: left.x + used, width: left.width - used, ..left }, true);
        return;
    }
    let mut what = vec![];
    what.extend(place.pattern.as_ref().map(|asked| asked.what.clone()));
    what.extend(place.group.and_then(|g| Some(place.known()?.groups.get(g as usize)?.name.clone())));
    if !place.filter.is_empty() {
        what.push(format!("/{}", place.filter));
    }
    if place.sort != Sort::Inventory {
        what.push(place.sort.word().into());
    }
    let used = title(model, frame, left, "Hosts", model.fleet.pane == Pane::Hosts) + 2;
    let rest = Rect { x: left.x + used.min(left.width), width: left.width.saturating_sub(used), ..left };
    let dot = format!(" {} ", theme.glyph(Glyph::Dot));
    line::put(frame.buffer_mut(), theme, rest, &what.join(&dot), theme.style(Role::Strong));
}

fn heads(model: &Model, place: &Place, frame: &mut Frame, row: Rect, hits: &mut Hits) {
    let theme = &model.theme;
    let at = columns(row);
    health::heads(model, place.sort, frame, at.health, hits);
    for (area, text, sort) in
        [(at.host, "HOST", Sort::Name), (at.last, "LAST RUN", Sort::LastRun), (at.groups, "GROUPS", Sort::Groups)]
    {
        let text = head(theme, text, sort, place.sort);
        line::put(frame.buffer_mut(), theme, area, &text, theme.style(Role::Dim));
        hits.add(area, Target::Part { part: "sort", index: sort.index() });
    }
}

fn row(model: &Model, place: &Place, frame: &mut Frame, row: Rect, index: usize) {
    let theme = &model.theme;
    let Some(topology) = place.known() else { return };
    let host = place.rows[index] as usize;
    let name = &topology.hosts[host];
    let at = columns(row);
    let marked = place.marks.contains(name);
    if marked {
        let sign = Rect { x: row.x + 1, width: 1, ..row };
        line::put(frame.buffer_mut(), theme, sign, theme.glyph(Glyph::Marked), theme.style(Role::Mark));
    }
    let style = theme.style(if marked { Role::Mark } else { Role::Text });
    line::put(frame.buffer_mut(), theme, at.host, name, style);
    health::row(model, name, frame, at.health);
    let (text, role, rest) = last_run(model, place, name);
    let used = line::put(frame.buffer_mut(), theme, at.last, &text, theme.style(role));
    let used = (used + 1).min(at.last.width);
    let more = Rect { x: at.last.x + used, width: at.last.width - used, ..at.last };
    line::put(frame.buffer_mut(), theme, more, &rest, theme.style(Role::Dim));
    let groups = place.groups_of.get(host).map_or("", String::as_str);
    line::put(frame.buffer_mut(), theme, at.groups, groups, theme.style(Role::Dim));
    if index == place.host_list.cursor {
        let role = if model.fleet.pane == Pane::Hosts { Role::Cursor } else { Role::Strong };
        paint::row_style(frame.buffer_mut(), row, row.y, theme.style(role));
    }
}

/// Sign and word, their role, and the rest of what is known of a host's last run.
pub(super) fn last_run(model: &Model, place: &Place, host: &str) -> (String, Role, String) {
    let Some(runs) = &place.last_runs else { return ("?".into(), Role::Unknown, String::new()) };
    let Some(LastRun { title, outcome, at }) = runs.get(host) else { return ("-".into(), Role::Dim, String::new()) };
    let (glyph, word) = match outcome {
        Outcome::Ok => (Glyph::Ok, "ok"),
        Outcome::Changed => (Glyph::Changed, "changed"),
        Outcome::Failed => (Glyph::Failed, "failed"),
        Outcome::Unreachable => (Glyph::Unreachable, "unreachable"),
        Outcome::Running => (Glyph::Running, "running"),
        Outcome::Unknown => (Glyph::Unknown, "unknown"),
    };
    // A time of day says nothing of another day.
    let when = if model.absolute_time && model.now.ms - *at < 86_400_000 {
        crate::tui::widgets::header::clock(*at, model.now.offset)
    } else {
        human::ago(*at, model.now.ms)
    };
    (format!("{} {word}", model.theme.glyph(glyph)), glyph.role(), format!("{when}  {title}"))
}
