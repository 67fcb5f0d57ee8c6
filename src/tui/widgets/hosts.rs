//! Hosts of a run: the strip (all of them in one line, the worst of each place shown) and the list (a row a host: its
//! state, its counts, what runs on it or what went wrong).

use super::matrix::{Frame, window};
use super::order::{Order, host_failed};
use super::paint::{put, put_right, row_style, width};
use super::sign::{self, Sign};
use crate::run::RunState;
use crate::run::state::{CellStatus, HostState};
use crate::text::human::count;
use crate::tui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What stands for a whole host.
fn host_status(host: &HostState, live: bool) -> CellStatus {
    let t = host.tally;
    if host.failed.is_some() || t.failed > 0 || t.unreachable > 0 {
        let unreachable = t.unreachable > 0 && t.failed == 0;
        return if unreachable { CellStatus::Unreachable } else { CellStatus::Failed };
    }
    match host.running {
        Some(_) if live => CellStatus::Running,
        Some(_) => CellStatus::Unknown,
        None if t.changed > 0 => CellStatus::Changed,
        None if t.ok > 0 => CellStatus::Ok,
        None if t.skipped > 0 => CellStatus::Skipped,
        None => CellStatus::None,
    }
}

/// How many hosts stand how, worst first; kinds with none are left out.
fn summary(run: &RunState, expected: Option<usize>, live: bool) -> Vec<(Sign, u64)> {
    let mut n = [0u64; 9];
    for host in run.hosts.values() {
        n[usize::from(sign::severity(host_status(host, live)))] += 1;
    }
    let missing = expected.unwrap_or(0).saturating_sub(run.hosts.len()) as u64;
    let order = [
        CellStatus::Failed,
        CellStatus::Unreachable,
        CellStatus::Unknown,
        CellStatus::Running,
        CellStatus::Changed,
        CellStatus::Ok,
        CellStatus::Skipped,
    ];
    let mut out: Vec<_> =
        order.into_iter().map(|s| (sign::cell(s), n[usize::from(sign::severity(s))])).filter(|(_, n)| *n > 0).collect();
    let waiting = n[0] + missing;
    if waiting > 0 {
        out.push((if live { sign::WAITING } else { sign::cell(CellStatus::None) }, waiting));
    }
    out
}

/// One line: counts in words, then as many places as are left, each the worst of the hosts it stands for.
pub fn strip(run: &RunState, expected: Option<usize>, frame: Frame<'_>, area: Rect, buf: &mut Buffer) {
    let theme = frame.theme;
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let mut x = put(buf, theme, area.x, area.y, area.width, "Hosts", theme.style(Role::Title));
    for (s, n) in summary(run, expected, frame.live) {
        let text = format!("  {} {} {}", s.glyph(theme), count(n), s.word);
        if x + width(&text) > area.right() {
            break;
        }
        x = put(buf, theme, x, area.y, area.right() - x, &text, theme.style(s.role));
    }
    let places = usize::from(area.right().saturating_sub(x + 2));
    let len = run.hosts.len();
    if places < 8 || len == 0 {
        return;
    }
    let shown = places.min(len);
    for place in 0..shown {
        let hosts = place * len / shown..(place + 1) * len / shown;
        let worst = hosts
            .filter_map(|i| run.hosts.get_index(i))
            .map(|(_, h)| host_status(h, frame.live))
            .max_by_key(|s| sign::severity(*s))
            .unwrap_or_default();
        let s = sign::cell(worst);
        let at = x + 2 + u16::try_from(place).unwrap_or(0);
        buf[(at, area.y)].set_symbol(s.glyph(theme)).set_style(theme.style(s.role));
    }
}

/// The list, with `cursor` a place in `order.hosts`.
pub fn list(run: &RunState, order: &Order, cursor: usize, frame: Frame<'_>, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let theme = frame.theme;
    if order.hosts.is_empty() {
        let text = if run.hosts.is_empty() { "No host took part yet." } else { "No host matches this filter." };
        put(buf, theme, area.x, area.y, area.width, text, theme.style(Role::Dim));
        return;
    }
    let rows = window(cursor, usize::from(area.height.saturating_sub(1)), order.hosts.len());
    let visible = || order.hosts[rows.clone()].iter().filter_map(|&h| run.hosts.get_index(h as usize));
    let name_w = visible().map(|(n, _)| width(n)).max().unwrap_or(4).clamp(4, (area.width / 3).max(4));
    let counts = area.width >= 110;
    let title = theme.style(Role::Title);
    let head = if rows.len() == order.hosts.len() {
        "HOST".to_owned()
    } else {
        format!("HOST {}-{} of {}", rows.start + 1, rows.end, count(order.hosts.len() as u64))
    };
    put(buf, theme, area.x + 2, area.y, area.width.saturating_sub(2), &head, title);
    let count_x = area.x + 2 + name_w + 1 + 12;
    if counts {
        for (i, word) in ["ok", "changed", "failed", "skipped"].into_iter().enumerate() {
            put_right(buf, theme, count_x + 9 * (u16::try_from(i).unwrap_or(0) + 1), area.y, 9, word, title);
        }
    }
    for ((row, y), (name, host)) in rows.clone().zip(area.y + 1..area.bottom()).zip(visible()) {
        let s = sign::cell(host_status(host, frame.live));
        let style = theme.style(s.role);
        put(buf, theme, area.x, y, 2, s.glyph(theme), style);
        put(buf, theme, area.x + 2, y, name_w.min(area.width.saturating_sub(2)), name, theme.style(Role::Text));
        let x = area.x + 2 + name_w + 1;
        put(buf, theme, x, y, 12.min(area.right().saturating_sub(x)), s.word, style);
        let mut x = x + 12;
        if counts {
            let t = host.tally;
            let cells = [
                (t.ok, Role::Text),
                (t.changed, Role::Changed),
                (t.failed + t.unreachable, Role::Failed),
                (t.skipped, Role::Dim),
            ];
            for (n, role) in cells {
                x += 9;
                let role = if n == 0 { Role::Dim } else { role };
                put_right(buf, theme, x, y, 9, &count(n.into()), theme.style(role));
            }
        }
        let (text, role) = about(run, host);
        put(buf, theme, x + 2, y, area.right().saturating_sub(x + 2), &text, theme.style(role));
        if row == cursor {
            let role = if frame.focus { Role::Cursor } else { Role::Strong };
            row_style(buf, area, y, theme.style(role));
        }
    }
}

/// What there is to say of a host: its first failure, else what runs on it.
fn about(run: &RunState, host: &HostState) -> (String, Role) {
    let task = |t: u32| run.tasks.get(t as usize).map_or("?", |t| t.name.as_str());
    match (&host.failed, host.running) {
        (Some((t, msg)), _) if run.tasks.len() > 1 => (format!("{msg}  ({})", task(*t)), Role::Failed),
        (Some((_, msg)), _) => (msg.clone(), Role::Failed),
        (None, Some(t)) => (task(t).to_owned(), Role::Dim),
        (None, None) if host_failed(host) => ("failed; see the log".to_owned(), Role::Failed),
        (None, None) => (String::new(), Role::Dim),
    }
}
