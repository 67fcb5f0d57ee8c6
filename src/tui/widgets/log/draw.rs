//! Drawing the pane: its title line, the visible lines, the scrollbar with its marks. Touches nothing but what is seen.

use super::row::{self, Place};
use super::{LogPane, SIDES, TIME};
use crate::run::log::LogStore;
use crate::text::{self, human};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::paint;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws the pane into `area`: one line of title, the log below. `focus`: it has the keys.
pub fn draw(pane: &LogPane, store: &LogStore, theme: &Theme, focus: bool, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    if area.height == 0 || area.width < 8 {
        return;
    }
    title(pane, store, theme, focus, Rect { height: 1, ..area }, buf);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let width = usize::from(body.width);
    let columns = width.saturating_sub(SIDES + if pane.time { TIME } else { 0 }).max(1);
    let text_x = body.x + 1 + if pane.time { TIME as u16 } else { 0 };
    let (mut at, mut above) = pane.top;
    let mut y = 0;
    while y < usize::from(body.height) {
        let Some(line) = pane.view.line(at) else { break };
        let Some(info) = store.info(line) else { break };
        let left = usize::from(body.height) - y;
        let reach = if pane.wrap { text::LINE_CAP } else { pane.x + columns };
        let text = row::load(store, line, reach, theme.ascii);
        let role = row::role(info.class, info.continued);
        let plain = theme.style(Role::Text);
        let mut base = role.map_or(plain, |r| plain.patch(theme.style(r)));
        if focus && pane.focus == Some(at) {
            base = base.patch(theme.style(Role::Cursor));
            let rows = if pane.wrap { (row::height(store, line, columns) - above).min(left) } else { 1 };
            let bar = Rect { y: body.y + y as u16, height: rows as u16, width: body.width - 1, ..body };
            buf.set_style(bar, theme.style(Role::Cursor));
        }
        let place = Place {
            theme,
            x: text_x,
            y: body.y + y as u16,
            columns,
            rows: if pane.wrap { left } else { 1 },
            skip: if pane.wrap { above } else { pane.x },
            wrap: pane.wrap,
            base,
            own_colours: role.is_none(),
            search: pane.search.as_ref(),
        };
        let rows = row::draw(buf, &text, &place).max(1);
        if pane.time && above == 0 {
            let time = info.time.map(human::time).unwrap_or_default();
            buf.set_stringn(body.x + 1, place.y, time, TIME - 1, theme.style(Role::Dim));
        }
        if pane.marks.contains(&line) && above == 0 {
            buf.set_string(body.x, place.y, if theme.ascii { ">" } else { "▌" }, theme.style(Role::Mark));
        }
        y += rows;
        (at, above) = (at + 1, 0);
    }
    if !pane.follow {
        scrollbar(pane, store, theme, body, at, buf);
    }
}

/// `── log  filter: none ──── follow ● wrap  3 errors  18,204 lines ─`
fn title(pane: &LogPane, store: &LogStore, theme: &Theme, focus: bool, area: Rect, buf: &mut Buffer) {
    let border = theme.style(if focus { Role::BorderFocus } else { Role::Border });
    let rule = if theme.ascii { "-" } else { "─" };
    for x in area.left()..area.right() {
        buf[(x, area.y)].set_symbol(rule).set_style(border);
    }
    let on = if theme.ascii { "*" } else { "●" };
    let off = if theme.ascii { "o" } else { "○" };
    let strong = theme.style(if focus { Role::Strong } else { Role::Dim });
    let dim = theme.style(Role::Dim);
    let filter = pane.filter();
    let mut left = vec![(" log ".to_owned(), theme.style(Role::Title))];
    if let Some(host) = &filter.host {
        left.push((format!(" {} ", text::plain(host)), strong));
    }
    if let Some(note) = &pane.note {
        left.push((format!(" {} ", text::plain(note)), theme.style(Role::Warning)));
    } else if let Some(search) = &pane.search {
        let state = if pane.seeking.is_some() { " …" } else { "" };
        left.push((format!(" /{}{state} ", text::plain(search.as_str())), theme.style(Role::Match)));
    }
    let filters = match (filter.failed, &filter.only, &filter.without) {
        (false, None, None) => "none".to_owned(),
        (failed, only, without) => [
            failed.then(|| "failed".to_owned()),
            only.as_ref().map(|r| format!("+{}", text::plain(r.as_str()))),
            without.as_ref().map(|r| format!("-{}", text::plain(r.as_str()))),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" "),
    };
    let (all, shown) = (human::count(store.len() as u64), human::count(pane.view.len() as u64));
    let mut count = if filter.is_none() { format!("{all} lines ") } else { format!("{shown} of {all} lines ") };
    if pane.pending {
        count.push_str(if theme.ascii { "... " } else { "… " });
    }
    let follow = if pane.follow { on } else { off }.to_owned();
    // Least important first: so they go where there is no room.
    let mut right = vec![(2, format!("  filter: {}  ", text::cut(&filters, 30)), dim), (3, count, dim)];
    if store.errors() > 0 {
        right.insert(1, (4, format!("{}  ", human::of(store.errors() as u64, "error")), theme.style(Role::Failed)));
    }
    if pane.wrap {
        right.insert(0, (1, " wrap".into(), dim));
    } else if pane.x > 0 {
        right.insert(0, (1, format!(" column {}", pane.x + 1), dim));
    }
    right.insert(0, (6, follow, strong));
    right.insert(0, (5, " follow ".into(), dim));
    let wide = |parts: &[(u8, String, Style)]| parts.iter().map(|p| paint::width(&p.1)).sum::<u16>();
    let wanted: u16 = left.iter().map(|(s, _)| paint::width(s)).sum::<u16>() + 4;
    for least in 1..=5 {
        if wide(&right) + wanted > area.width {
            right.retain(|p| p.0 != least);
        }
    }
    let start = area.right().saturating_sub(wide(&right) + 1).max(area.left() + 2);
    let right: Vec<_> = right.into_iter().map(|(_, s, style)| (s, style)).collect();
    put_all(buf, theme, area.left() + 2, Rect { width: start.saturating_sub(area.left() + 1), ..area }, &left);
    put_all(buf, theme, start, area, &right);
}

fn put_all(buf: &mut Buffer, theme: &Theme, mut x: u16, area: Rect, parts: &[(String, Style)]) {
    for (part, style) in parts {
        x = paint::put(buf, theme, x, area.y, area.right().saturating_sub(x), part, *style);
    }
}

/// Where the pane stands in the log, and where in it something went wrong. Not while following: there it would have to
/// be drawn anew with every line, over a link that has better to carry.
fn scrollbar(pane: &LogPane, store: &LogStore, theme: &Theme, body: Rect, end: usize, buf: &mut Buffer) {
    let height = usize::from(body.height);
    let len = pane.view.len().max(height);
    let x = body.right() - 1;
    let (track, thumb) = if theme.ascii { ("|", "#") } else { ("│", "█") };
    let (bad, warn) = if theme.ascii { ("x", "!") } else { ("■", "▪") };
    let any = |rows: &[u32], from: usize, to: usize| {
        rows.get(rows.partition_point(|r| (*r as usize) < from)).is_some_and(|r| (*r as usize) < to)
    };
    let (errors, warnings) = (pane.view.errors(store), pane.view.warnings(store));
    for y in 0..height {
        let (from, to) = (y * len / height, (y + 1) * len / height);
        let seen = from < end.max(pane.top.0 + 1) && to > pane.top.0;
        let bar = theme.style(if seen { Role::BorderFocus } else { Role::Border });
        let (symbol, style) = if any(errors, from, to) {
            (bad, bar.patch(theme.style(Role::Failed)))
        } else if any(warnings, from, to) {
            (warn, bar.patch(theme.style(Role::Warning)))
        } else {
            (if seen { thumb } else { track }, bar)
        };
        buf[(x, body.y + y as u16)].set_symbol(symbol).set_style(style);
    }
}
