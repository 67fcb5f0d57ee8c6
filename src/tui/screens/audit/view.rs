//! The ledger, drawn: the verdict on the chain above everything, the records, and what one of them says in full.

use super::{LIST, Verdict};
use crate::audit::Row;
use crate::text::human;
use crate::text::human::of;
use crate::tui::hits::Hits;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::paint::{put, put_right, row_style, width};
use crate::tui::widgets::sign::{self, Sign};
use crate::tui::widgets::when;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub fn view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let (s, theme) = (&model.audit, &model.theme);
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let buf = frame.buffer_mut();
    let mut y = area.y;
    let (text, role) = verdict(model, s.verdict.as_ref());
    put(buf, theme, area.x, y, area.width, &text, theme.style(role));
    y += 1;
    let x = put(buf, theme, area.x, y, area.width, "/ ", theme.style(Role::Key));
    let field = Rect { x, y, width: area.right().saturating_sub(x), height: 1 };
    if s.typing || !s.field.text().is_empty() {
        s.field.view(theme, frame, field, s.typing);
    } else {
        let hint = "since:2h  until:yesterday  operator:NAME  status:failure  env:NAME  words";
        put(buf, theme, x, y, field.width, hint, theme.style(Role::Dim));
    }
    y += 1;
    let buf = frame.buffer_mut();
    let unrecorded = s.unrecorded.as_ref().map(|why| format!("this reading was not recorded: {why}"));
    for why in [&s.mistake, &s.problem, &unrecorded].into_iter().flatten() {
        let text = format!("{} {why}", sign::WARNING.glyph(theme));
        put(buf, theme, area.x, y, area.width, &text, theme.style(Role::Warning));
        y += 1;
    }
    let rest = Rect { y: y.min(area.bottom()), height: area.bottom().saturating_sub(y), ..area };
    let shown = s.detail && s.current().is_some();
    let rows = u16::try_from(s.rows.len() + 1).unwrap_or(u16::MAX);
    let high = if shown { (rest.height / 3).max(3).min(rows).min(rest.height) } else { rest.height };
    let list = Rect { height: high, ..rest };
    table(model, list, buf, hits);
    if let Some(row) = s.current().filter(|_| shown) {
        detail(model, row, Rect { y: list.bottom(), height: rest.height - list.height, ..rest }, buf);
    }
}

fn verdict(model: &Model, verdict: Option<&Verdict>) -> (String, Role) {
    let theme = &model.theme;
    let (sign, text) = match verdict {
        None => (sign::RUNNING, "verifying the chain".into()),
        Some(Ok(Ok(intact))) => {
            let known = match &intact.known {
                Some(head) => format!("nothing cut off before record {}, whose hash was kept", head.seq),
                None => "no earlier head is known: a tail that was cut off would not show".into(),
            };
            let read = match &intact.since {
                Some(since) => {
                    format!("{} since record {}", of((intact.rows - since.seq).unsigned_abs(), "record"), since.seq)
                }
                None => of(intact.rows.unsigned_abs(), "record"),
            };
            let open = intact.open.len() as u64;
            let open = if open > 0 { format!(", {} without an outcome", of(open, "intent")) } else { String::new() };
            let ended = intact.unended.len() as u64;
            let ended = if ended > 0 { format!(", {} without its end", of(ended, "run")) } else { String::new() };
            (sign::OK, format!("chain verified: {read}{open}{ended}, {known}"))
        }
        Some(Ok(Err(broken))) => (sign::FAILED, format!("CHAIN BROKEN at record {}: {}", broken.seq, broken.why)),
        Some(Err(why)) => (sign::UNWATCHED, format!("chain not verified: {why}")),
    };
    (format!("{} {text}", sign.glyph(theme)), sign.role)
}

/// The sign of a record.
fn of_record(row: &Row) -> (Sign, String) {
    let (phase, status) = (row.entry.phase.as_str(), row.entry.status.as_str());
    let sign = match (phase, status) {
        ("denied", _) | (_, "failure") => sign::FAILED,
        ("intent", _) => sign::WAITING,
        (_, "started") => sign::RUNNING,
        (_, "success") => sign::OK,
        (_, "cancelled") => sign::state(crate::run::State::Cancelled),
        _ => sign::state(crate::run::State::Unknown),
    };
    (sign, if phase == "outcome" { status } else { phase }.to_owned())
}

const TIME_W: u16 = 13;
const STATUS_W: u16 = 12;
const ACTION_W: u16 = 13;

fn table(model: &Model, area: Rect, buf: &mut Buffer, hits: &mut Hits) {
    let (s, theme) = (&model.audit, &model.theme);
    let title = theme.style(Role::Title);
    let (who, env) = (if area.width >= 60 { 10 } else { 0 }, if area.width >= 90 { 13 } else { 0 });
    // (head, columns); the last takes what is left.
    let heads =
        [("TIME", TIME_W), ("STATUS", STATUS_W), ("ACTION", ACTION_W), ("WHO", who), ("ENV", env), ("WHAT", u16::MAX)];
    let line = |y: u16, cells: [(String, Role); 6], head: bool, buf: &mut Buffer| {
        let mut x = area.x;
        for ((text, role), (_, wide)) in cells.into_iter().zip(heads) {
            let room = wide.min(area.right().saturating_sub(x));
            let style = if head { title } else { theme.style(role) };
            let shown = if wide == u16::MAX { room } else { room.saturating_sub(1) };
            put(buf, theme, x, y, shown, &text, style);
            x = x.saturating_add(room);
        }
    };
    if area.height == 0 {
        return;
    }
    line(area.y, heads.map(|(h, _)| (h.to_owned(), Role::Title)), true, buf);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if s.rows.is_empty() {
        let text = if s.read { "No record matches." } else { "reading the ledger" };
        put(buf, theme, body.x, body.y, body.width, text, theme.style(Role::Dim));
        return;
    }
    let window = s.list.window(s.rows.len(), usize::from(body.height));
    hits.list(LIST, body, window.start, s.rows.len());
    for (i, y) in window.zip(body.y..body.bottom()) {
        let row = &s.rows[i];
        let e = &row.entry;
        let (sign, word) = of_record(row);
        let time = when::when(e.timestamp_ms, model.now, model.absolute_time);
        let cells = [
            (time, Role::Dim),
            (format!("{} {word}", sign.glyph(theme)), sign.role),
            (e.action.clone(), Role::Text),
            (e.operator.clone(), Role::Text),
            (e.env.clone().unwrap_or_else(|| "-".into()), Role::Text),
            (what(row), Role::Strong),
        ];
        line(y, cells, false, buf);
        if i == s.list.cursor {
            row_style(buf, body, y, theme.style(Role::Cursor));
        }
    }
}

fn what(row: &Row) -> String {
    let e = &row.entry;
    let mut parts: Vec<String> = e.subject.iter().cloned().collect();
    parts.extend(e.targets_count.map(|n| of(n, "host")));
    parts.extend(e.reason.iter().cloned());
    parts.extend((!e.redacted.is_empty()).then(|| format!("redacted: {}", e.redacted.join(", "))));
    parts.extend(e.rc.map(|rc| format!("exit {rc}")));
    parts.extend(e.duration_ms.map(|ms| human::duration(i64::try_from(ms).unwrap_or(i64::MAX))));
    parts.join("  ")
}

/// All fields of a record, one a line; then both hashes.
fn detail(model: &Model, row: &Row, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    if area.height == 0 {
        return;
    }
    let rule = if theme.ascii { "-" } else { "─" }.repeat(usize::from(area.width));
    put(buf, theme, area.x, area.y, area.width, &rule, theme.style(Role::Border));
    let title = format!(" record {} ", row.entry.seq);
    put(buf, theme, area.x + 2, area.y, area.width.saturating_sub(4), &title, theme.style(Role::Title));
    let whole = row.json();
    let fields = whole
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, v)| !v.is_null() && v.as_object().is_none_or(|o| !o.is_empty()));
    let key_w = fields.clone().map(|(k, _)| width(k)).max().unwrap_or(0).min(area.width / 2);
    for (y, (key, value)) in (area.y + 1..).zip(fields) {
        if y >= area.bottom() {
            put_right(
                buf,
                theme,
                area.right(),
                area.bottom() - 1,
                area.width,
                " more: y copies all ",
                theme.style(Role::Dim),
            );
            break;
        }
        let text = match value {
            serde_json::Value::String(s) => s.clone(),
            other => other.to_string(),
        };
        put(buf, theme, area.x, y, key_w, key, theme.style(Role::Dim));
        let x = area.x + key_w + 2;
        put(buf, theme, x, y, area.right().saturating_sub(x), &text, theme.style(Role::Text));
    }
}
