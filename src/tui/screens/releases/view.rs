//! The list of releases, drawn: the list above, the fields, the plan below.

use super::keys::{FIELD, LIST, PLAN};
use super::{Offer, Part, preview};
use crate::tui::hits::{Hits, Target};
use crate::tui::model::Model;
use crate::tui::theme::{Glyph, Role};
use crate::tui::widgets::line;
use crate::tui::widgets::paint::{put, put_right, row_style, width};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Columns of the labels.
const LABEL: u16 = 12;

pub fn view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let s = &model.releases;
    let wanted = u16::try_from(s.offers().len().max(1)).unwrap_or(u16::MAX);
    // The list keeps to what it needs: the plan is what is to be read.
    let high = wanted.min((inner.height / 4).max(1)).min(inner.height.saturating_sub(4));
    let head = Rect { height: 1.min(inner.height), ..inner };
    let list = Rect { y: head.bottom(), height: high.min(inner.height.saturating_sub(1)), ..inner };
    let name = model.project.environments.get(s.env).map_or("?", |e| e.name.as_str());
    put(
        frame.buffer_mut(),
        &model.theme,
        head.x,
        head.y,
        head.width,
        &format!("Releases for {name}"),
        model.theme.style(Role::Title),
    );
    offers(model, frame, list, hits);
    if let Some(offer) = s.current().filter(|_| list.bottom() < inner.bottom()) {
        let style = model.theme.style(Role::Dim);
        put(frame.buffer_mut(), &model.theme, inner.x, list.bottom(), inner.width, &offer.help, style);
    }
    let fields = Rect { y: list.bottom() + 1, height: 1, ..inner };
    let parts = s.fields();
    for (i, part) in parts.iter().copied().enumerate() {
        let row = Rect { y: fields.y + u16::try_from(i).unwrap_or(0), ..fields };
        if row.y < inner.bottom() {
            let focus = s.part == part;
            let role = if focus { Role::Title } else { Role::Dim };
            put(frame.buffer_mut(), &model.theme, row.x, row.y, LABEL, part.label(), model.theme.style(role));
            let room = Rect { x: row.x + LABEL.min(row.width), width: row.width.saturating_sub(LABEL), ..row };
            s.fields.view(part, &model.theme, frame, room, focus);
            hits.add(row, Target::Part { part: FIELD, index: i });
        }
    }
    let top = fields.y + 1 + u16::try_from(parts.len()).unwrap_or(0);
    let plan = Rect { y: top, height: inner.bottom().saturating_sub(top), ..inner };
    if !plan.is_empty() {
        preview(model, frame, plan, hits);
    }
}

fn offers(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let (s, theme, buf) = (&model.releases, &model.theme, frame.buffer_mut());
    let say = |buf: &mut _, text: &str, role| {
        put(buf, theme, area.x, area.y, area.width, text, theme.style(role));
    };
    match &s.offers {
        None => say(buf, "asking what can be released", Role::Dim),
        Some(Err(why)) => say(buf, &format!("{} {why}", theme.glyph(Glyph::Warning)), Role::Warning),
        Some(Ok(list)) if list.is_empty() => {
            say(buf, "opsdeck.yaml offers no release for this environment.", Role::Dim);
        }
        Some(Ok(list)) => {
            let window = s.list.window(list.len(), usize::from(area.height));
            hits.list(LIST, area, window.start, list.len());
            let longest = list.iter().map(|o| width(&o.name)).max().unwrap_or(0);
            let name = longest.clamp(8, (area.width / 2).clamp(8, 30));
            for (i, y) in window.zip(area.y..area.bottom()) {
                offer(model, &list[i], name, Rect { y, height: 1, ..area }, buf);
                if i == s.list.cursor {
                    let role = if s.part == Part::List { Role::Cursor } else { Role::Strong };
                    row_style(buf, area, y, theme.style(role));
                }
            }
        }
    }
}

fn offer(model: &Model, offer: &Offer, name: u16, area: Rect, buf: &mut ratatui::buffer::Buffer) {
    let theme = &model.theme;
    put(buf, theme, area.x, area.y, name.min(area.width), &offer.name, theme.style(Role::Strong));
    let x = area.x + name + 1;
    put(buf, theme, x, area.y, area.right().saturating_sub(x), offer.strategy, theme.style(Role::Dim));
    let now = offer.current.as_deref().unwrap_or("no stable release yet");
    let room = area.right().saturating_sub(x + 12);
    let now = format!("  {now}");
    put_right(buf, theme, area.right(), area.y, room, &now, theme.style(Role::Text));
}

fn preview(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let (s, theme, buf) = (&model.releases, &model.theme, frame.buffer_mut());
    let focus = s.part == Part::Plan;
    let dash = if theme.ascii { "-" } else { "─" };
    let edge = theme.style(if focus { Role::BorderFocus } else { Role::Border });
    put(buf, theme, area.x, area.y, area.width, &dash.repeat(usize::from(area.width)), edge);
    put(buf, theme, area.x + 2, area.y, area.width.saturating_sub(4), " plan ", theme.style(Role::Title));
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let say = |buf: &mut _, text: &str, role: Role| {
        for (part, y) in line::fold(text, usize::from(body.width)).into_iter().zip(body.y..body.bottom()) {
            put(buf, theme, body.x, y, body.width, part, theme.style(role));
        }
    };
    match (s.plan(), &s.built) {
        (Some(built), _) => {
            let lines = preview::lines(built, theme, body.width);
            let top = s.top.min(lines.len().saturating_sub(1));
            hits.list(PLAN, body, top, lines.len());
            for (line, y) in lines.iter().skip(top).zip(body.y..body.bottom()) {
                line.draw(theme, Rect { y, height: 1, ..body }, buf);
            }
        }
        (None, Some((order, answer))) if s.order().as_ref() == Some(order) => match answer {
            None => say(buf, "freezing the plan: hosts, batches, digests", Role::Dim),
            Some(Err(why)) => say(buf, why, Role::Failed),
            Some(Ok(_)) => {}
        },
        _ => say(buf, "Type a version; enter freezes its plan and shows all that will happen.", Role::Dim),
    }
}
