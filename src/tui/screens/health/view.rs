//! Health, drawn: the head, the table, and what is known of the row under the cursor.

use super::columns::{self, Of};
use super::data::Picture;
use super::layout::{self, Layout};
use super::rows::Line;
use super::{Face, LIST, about, answers, form, head, wall};
use crate::health::board::Cause;
use crate::tui::hits::Hits;
use crate::tui::model::Model;
use crate::tui::theme::{Glyph, Role};
use crate::tui::widgets::paint::{put, put_right, row_style};
use crate::tui::widgets::{line, sign, when};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

/// Rows below which the part about the row under the cursor is left out.
const DETAIL: u16 = 16;

pub fn view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let (s, theme) = (&model.health, &model.theme);
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let Some(picture) = s.of(model.env).filter(|picture| picture.whole) else {
        return text(model, frame.buffer_mut(), area, &instead(model));
    };
    let mut y = head::view(model, picture, area, frame.buffer_mut());
    if s.typing || !s.filter.text().is_empty() {
        let x = put(frame.buffer_mut(), theme, area.x, y, area.width, "/ ", theme.style(Role::Key));
        let field = Rect { x, y, width: area.right().saturating_sub(x), height: 1 };
        s.filter.view(theme, frame, field, s.typing);
        y += 1;
    }
    let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    match &s.face {
        Face::Answers(shown) => return answers::view(model, shown, frame, rest, hits),
        Face::Wall(shown) => return wall::view(model, picture, shown, rest, frame.buffer_mut(), hits),
        Face::Table => {}
    }
    let buf = frame.buffer_mut();
    if let Some(words) = nothing(model, picture) {
        return text(model, buf, rest, &words);
    }
    let about = if rest.height >= DETAIL { about::HIGH } else { 0 };
    let list = Rect { height: rest.height - about, ..rest };
    table(model, picture, list, buf, hits);
    if about > 0 {
        about::view(model, Rect { y: list.bottom(), height: about, ..rest }, buf);
    }
    if let Some(open) = &s.form {
        form::view(model, open, frame, area, hits);
    }
}

fn text(model: &Model, buf: &mut Buffer, area: Rect, words: &str) {
    let folded = words.lines().flat_map(|text| line::fold(text, usize::from(area.width)));
    for (text, y) in folded.zip(area.y..area.bottom()) {
        put(buf, &model.theme, area.x, y, area.width, text, model.theme.style(Role::Text));
    }
}

/// What stands in place of everything while nothing was read.
fn instead(model: &Model) -> String {
    let problem = model.health.problem.as_ref().filter(|(env, _)| Some(*env) == model.env);
    match (problem, model.place().map(|place| &place.topology)) {
        (Some((_, why)), _) => format!("What is stored of the health of these hosts cannot be read: {why}"),
        (_, None) => "The project has no environment: Fleet (key 1) says what to do.".into(),
        (_, Some(None)) => "Reading the inventory ...".into(),
        (_, Some(Some(Err(why)))) => format!("The hosts are not known: {why}"),
        (_, Some(Some(Ok(_)))) => "Reading what is known ...".into(),
    }
}

/// What stands in place of the table while it has nothing to tell.
fn nothing(model: &Model, picture: &Picture) -> Option<String> {
    if picture.board.rows.is_empty() {
        return Some("The inventory holds no hosts.".into());
    }
    if picture.board.rows.iter().all(|row| row.age.is_none()) {
        let how = if model.read_only {
            "This console only looks (--read-only): start `opsdeck health`, or a console that may ask the hosts."
        } else {
            "Every host is asked over ssh, as Ansible would reach it, for its load, memory, disks and more; the first \
             answers take a few seconds. It goes on while Fleet or Health is in sight."
        };
        let own = "Checks of your own (http, tcp, command, systemd, Prometheus) stand in opsdeck.yaml under `checks:`; \
                   `opsdeck schema` describes them.";
        return Some(format!("Nothing was measured yet.\n{how}\n{own}"));
    }
    model.health.lines.is_empty().then(|| match model.health.choice.words.is_empty() {
        true if picture.is_old(model.now.ms) => "Nothing is known now: this picture is too old.".into(),
        true => all_is_well(model, picture),
        false => "No check matches.".into(),
    })
}

/// No check is bad. That all is well is said only where nobody waits for a person, and somebody looks.
fn all_is_well(model: &Model, picture: &Picture) -> String {
    let name = model.project.environments.get(picture.env).map_or("", |env| env.name.as_str());
    match model.reasons().into_iter().find(|reason| reason.is_about(name)) {
        Some(reason) => format!("No check is bad, but {}.", reason.long),
        None if picture.poller.is_none() => {
            "No check was bad when it was read last; nobody polls at this moment.".into()
        }
        None => "All is well, as far as it is known.".into(),
    }
}

fn table(model: &Model, picture: &Picture, area: Rect, buf: &mut Buffer, hits: &mut Hits) {
    let (s, theme) = (&model.health, &model.theme);
    let at = layout::layout(model, picture, &s.lines, area);
    let title = theme.style(Role::Title);
    put(buf, theme, area.x, area.y, columns::STATE_W, "STATE", title);
    for (place, text) in [(at.host, "HOST"), (at.check, "CHECK"), (at.value, "VALUE")] {
        put(buf, theme, place.x, area.y, place.width, text, title);
    }
    for (column, place) in &at.rest {
        match column.right {
            true => put_right(buf, theme, place.right(), area.y, place.width, column.head, title),
            false => drop(put(buf, theme, place.x, area.y, place.width, column.head, title)),
        }
    }
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let window = s.list.window(s.lines.len(), usize::from(body.height));
    hits.list(LIST, body, window.start, s.lines.len());
    for (i, y) in window.zip(body.y..body.bottom()) {
        match s.lines[i] {
            Line::Cause(n) => {
                if let Some(cause) = picture.board.causes.get(n) {
                    folded(model, picture, (n, cause), Rect { y, height: 1, ..body }, buf);
                }
            }
            Line::Row { at: n, under } => {
                let row = &picture.board.rows[n];
                one(Of { model, picture, row }, under, (&at, y), buf);
            }
        }
        if i == s.list.cursor {
            row_style(buf, body, y, theme.style(Role::Cursor));
        }
    }
}

/// `▸ ✖ common cause? 7 of 9: web refused :8080   since 13:59`.
fn folded(model: &Model, picture: &Picture, (n, cause): (usize, &Cause), area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    let sign = sign::health(picture.status(cause.status, model.now.ms), false);
    let open = model.health.choice.open.contains(&super::rows::name(&picture.board, n));
    let arrow = theme.glyph(if open { Glyph::Open } else { Glyph::Closed });
    let style = theme.style(sign.role).add_modifier(Modifier::BOLD);
    put(buf, theme, area.x, area.y, columns::STATE_W - 1, &sign.text(theme), style);
    let x = area.x + columns::STATE_W;
    let since = format!("since {}", when::when(cause.since, model.now, true));
    let text = format!("{arrow} common cause? {}", cause.text());
    let end = put(buf, theme, x, area.y, area.right().saturating_sub(x), &text, style);
    put(buf, theme, end + 2, area.y, area.right().saturating_sub(end + 2), &since, theme.style(Role::Dim));
}

fn one(of: Of<'_>, under: bool, (at, y): (&Layout, u16), buf: &mut Buffer) {
    let (theme, row) = (&of.model.theme, of.row);
    let (status, sign) = columns::status(of);
    let stale = status == crate::health::judge::Status::Stale;
    let style = |role: Role| theme.style(if stale { Role::Stale } else { role });
    let x = at.host.x - columns::STATE_W;
    put(buf, theme, x, y, columns::STATE_W - 1, &sign.text(theme), theme.style(sign.role));
    let host = format!("{}{}", if under { "  " } else { "" }, row.host.as_deref().unwrap_or("-"));
    put(buf, theme, at.host.x, y, at.host.width, &host, style(Role::Strong));
    put(buf, theme, at.check.x, y, at.check.width, &row.check, style(Role::Text));
    let loud = super::rows::is_loud(row);
    let text = columns::brief(of, at.has_note());
    put(buf, theme, at.value.x, y, at.value.width, &text, style(if loud { sign.role } else { Role::Text }));
    for (column, place) in &at.rest {
        let (text, role) = (column.cell)(of);
        match (column.spark, column.right) {
            (true, _) => about::draw(of, Rect { y, ..*place }, buf),
            (_, true) => put_right(buf, theme, place.right(), y, place.width, &text, style(role)),
            (_, false) => drop(put(buf, theme, place.x, y, place.width, &text, style(role))),
        }
    }
}
