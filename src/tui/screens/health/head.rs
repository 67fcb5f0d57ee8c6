//! What stands above the table: how many hosts are how, how old that is and who measures it, and what makes all of it
//! doubtful.

use super::data::Picture;
use super::{breakers, columns};
use crate::alarm::Fires;
use crate::health::breaker::Key;
use crate::health::judge::Status;
use crate::text::human;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::paint::{put, put_right, width};
use crate::tui::widgets::sign::{self, Sign};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use std::collections::BTreeSet;

/// Alerts from elsewhere that are named.
const ALERTS: usize = 3;
/// Columns between two counts.
const GAP: u16 = 3;

/// Draws it; the first row below.
pub fn view(model: &Model, picture: &Picture, area: Rect, buf: &mut Buffer) -> u16 {
    let theme = &model.theme;
    let choice = &model.health.choice;
    let mut shown = format!("{}{}", choice.sort.word(), if choice.loud { ", not well" } else { "" });
    if let Some(host) = &choice.host {
        shown = format!("only {host}, {shown}");
    }
    let right = width(&shown).min(area.width / 3);
    let mut parts = parts(model, picture);
    let wide = |parts: &[Part]| parts.iter().map(|(text, ..)| width(text) + GAP).sum::<u16>().saturating_sub(GAP);
    // Where not all of them fit in one line, a zero is what can be missed; whatever else there is goes on in the next.
    if wide(&parts) > area.width {
        parts.retain(|(_, _, n)| *n > 0);
    }
    let (mut x, mut y) = (area.x, area.y);
    for (text, style, _) in &parts {
        if x > area.x && x + width(text) > area.right() {
            (x, y) = (area.x, y + 1);
        }
        x = put(buf, theme, x, y, area.right().saturating_sub(x), text, *style) + GAP;
    }
    let fits = x + right <= area.right();
    let mut below = area.width;
    if !fits {
        y += 1;
        below = below.saturating_sub(right + 1);
    }
    put_right(buf, theme, area.right(), y, right, &shown, theme.style(Role::Dim));
    y += u16::from(fits);
    put(buf, theme, area.x, y, below, &measured(model, picture), theme.style(Role::Dim));
    y += 1;
    if let Some(text) = breakers::line(picture, model.now.ms) {
        let text = format!("{} {text}", sign::BREAKER.glyph(theme));
        put(buf, theme, area.x, y, area.width, &text, theme.style(sign::BREAKER.role));
        y += 1;
    }
    for (sign, text) in alerts(model, picture) {
        put(buf, theme, area.x, y, area.width, &format!("{} {text}", sign.glyph(theme)), theme.style(sign.role));
        y += 1;
    }
    for (text, role) in doubts(model, picture) {
        let text = format!("{} {text}", sign::health(Status::Warn, false).glyph(theme));
        put(buf, theme, area.x, y, area.width, &text, theme.style(role));
        y += 1;
    }
    y
}

/// A count in words, how it looks, and the number.
type Part = (String, Style, u32);

/// Hosts by state, the worst first, then what people silenced: known is not well.
fn parts(model: &Model, picture: &Picture) -> Vec<Part> {
    let (theme, now) = (&model.theme, model.now.ms);
    let one = |(status, n): (Status, u32)| {
        let sign = sign::health(status, false);
        // A zero is no news.
        let style = if n == 0 { theme.style(Role::Dim) } else { theme.style(sign.role).add_modifier(Modifier::BOLD) };
        (format!("{} {} {}", sign.glyph(theme), human::count(n.into()), sign.word), style, n)
    };
    let counts = counts(picture, now).map(one);
    let (hosts, checks) = (&picture.board.hosts, picture.board.hushed);
    let silenced = [(hosts.silenced, hosts.silenced_bad, ""), (checks.checks, checks.bad, "checks ")];
    let silenced = silenced.into_iter().filter(|(n, ..)| *n > 0 && !picture.is_old(now)).map(|(n, bad, of)| {
        let more = if bad > 0 { format!(", {} bad", human::count(bad.into())) } else { String::new() };
        let sign = sign::silenced(if bad > 0 { Status::Bad } else { Status::Ok });
        let of = if n == 1 { of.replace('s', "") } else { of.to_owned() };
        let text = format!("{} {} {of}silenced{more}", sign.glyph(theme), human::count(n.into()));
        (text, theme.style(sign.role).add_modifier(Modifier::BOLD), n)
    });
    counts.into_iter().chain(silenced).collect()
}

/// Hosts by state, the worst first.
fn counts(picture: &Picture, now: i64) -> [(Status, u32); 5] {
    let counts = &picture.board.hosts;
    // What is silenced is as stale as all else once the picture is old.
    let silenced = if picture.is_old(now) { counts.silenced } else { 0 };
    let all = [counts.bad, counts.warn, counts.stale + silenced, counts.unknown, counts.ok];
    let mut of = [0; 5];
    for (status, n) in Status::ALL.into_iter().zip(all) {
        let at = Status::ALL.iter().position(|s| *s == picture.status(status, now)).unwrap_or_default();
        of[at] += n;
    }
    let mut of = of.into_iter();
    Status::ALL.map(|status| (status, of.next().unwrap_or_default()))
}

/// Hosts are counted above, so what is measured once for all comes first: `every 15s · oldest reading 4s · polled by screen of ann for 5m`.
fn measured(model: &Model, picture: &Picture) -> String {
    let now = model.now.ms;
    let mut parts = Vec::new();
    let once = &picture.board.services;
    let once = [(Status::Bad, once.bad), (Status::Warn, once.warn), (Status::Stale, once.stale)];
    let once = once.into_iter().filter(|(_, n)| *n > 0).map(|(status, n)| {
        let sign = sign::health(picture.status(status, now), false);
        format!("{} {n} {} beside hosts", sign.glyph(&model.theme), sign.word)
    });
    parts.extend(once);
    parts.extend(picture.board.interval.map(|seconds| format!("every {}", human::short(i64::from(seconds) * 1000))));
    let oldest = picture.board.oldest.map(|age| age + (now - picture.at).max(0));
    parts.extend(oldest.map(|age| format!("oldest reading {}", human::short(age))));
    parts.push(match &picture.poller {
        Some((who, since)) => format!("polled by {who} for {}", human::short(now - since)),
        None if model.read_only => "nobody polls, and this console only looks (--read-only)".into(),
        None => "nobody polls at this moment".into(),
    });
    parts.join(if model.theme.ascii { " - " } else { " · " })
}

/// What fires elsewhere, as far as an Alertmanager told.
fn alerts(model: &Model, picture: &Picture) -> Vec<(Sign, String)> {
    let name = model.project.environments.get(picture.env).map(|env| env.name.as_str());
    let here = |alert: &&Fires| alert.environment.is_none() || alert.environment.as_deref() == name;
    let mut alerts: Vec<&Fires> = model.facts().into_iter().flat_map(|facts| &facts.alerts).filter(here).collect();
    alerts.sort_by_key(|alert| !alert.critical);
    let more = alerts.len().saturating_sub(ALERTS);
    let line = |alert: &Fires| {
        let span = human::short(model.now.ms - alert.since);
        let sign = if alert.critical { sign::FAILED } else { sign::WARNING };
        (sign, format!("alert {} fires for {span}  {}", alert.name, alert.summary))
    };
    let mut lines: Vec<_> = alerts.into_iter().take(ALERTS).map(line).collect();
    if more > 0 {
        lines.push((sign::WARNING, format!("{}: `opsdeck alerts`", human::of(more as u64, "more alert"))));
    }
    lines
}

/// What makes the table less than the truth.
fn doubts(model: &Model, picture: &Picture) -> Vec<(String, Role)> {
    let now = model.now.ms;
    let mut doubts = Vec::new();
    if let Some((_, why)) = model.health.problem.as_ref().filter(|(env, _)| *env == picture.env) {
        doubts.push((format!("what is stored cannot be read: {why}"), Role::Error));
    }
    if picture.is_old(now) {
        let age = human::short(now - picture.at);
        doubts.push((format!("this picture is {age} old: nothing in it is known now"), Role::Stale));
    }
    let unasked = picture.board.rows.iter().filter(|row| row.unasked).filter_map(|row| row.host.as_deref());
    let unasked = unasked.collect::<BTreeSet<_>>().len();
    if unasked > 0 && !picture.is_old(now) {
        let hosts = human::of(unasked as u64, "host");
        let then = if columns::is_asked(model, picture) { "they are asked again now" } else { "nobody asks them now" };
        doubts.push((format!("{hosts} not asked while nobody looked: {then}"), Role::Stale));
    }
    let fleet = picture.breakers.iter().filter(|(key, _)| matches!(key, Key::Fleet { .. }));
    let fleet = fleet.filter_map(|(_, breaker)| breakers::words(breaker, now));
    doubts.extend(fleet.map(|(words, role)| (format!("control host or network? The fleet's {words}"), role)));
    doubts
}
