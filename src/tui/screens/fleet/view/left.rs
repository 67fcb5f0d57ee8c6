//! The left column: environments, the group tree, and how sure the inventory is.

use super::title;
use crate::text::human::count;
use crate::tui::alarm::grade;
use crate::tui::hits::Hits;
use crate::tui::model::Model;
use crate::tui::screens::fleet::data::Verdict;
use crate::tui::screens::fleet::{Pane, Place};
use crate::tui::theme::{Glyph, Role};
use crate::tui::widgets::{alarm, line, paint};
use ratatui::Frame;
use ratatui::layout::Rect;

pub(super) fn view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
    let environments = u16::try_from(model.project.environments.len()).unwrap_or(u16::MAX);
    let environments = environments.min((area.height / 3).max(1));
    let verdict = verdict_lines(model);
    let below = u16::try_from(verdict.len()).unwrap_or(0).min(area.height / 4);

    title(model, frame, area, "Environments", model.fleet.pane == Pane::Environments);
    let list = Rect { y: area.y + 1, height: environments.min(area.height - 1), ..area };
    environments_view(model, frame, list, hits);
    let rest = area.bottom().saturating_sub(list.bottom());
    if rest < 3 + below {
        return;
    }
    let head = Rect { y: list.bottom() + 1, height: 1, ..area };
    title(model, frame, head, "Groups", model.fleet.pane == Pane::Groups);
    let tree = Rect { y: head.y + 1, height: rest - 2 - below, ..area };
    groups_view(model, frame, tree, hits);
    for ((text, role), y) in verdict.iter().zip(tree.bottom()..area.bottom()) {
        let row = Rect { y, height: 1, ..area };
        line::put(frame.buffer_mut(), &model.theme, row, text, model.theme.style(*role));
    }
}

fn environments_view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let theme = &model.theme;
    let all = &model.project.environments;
    let list = &model.fleet.env_list;
    let reasons = model.reasons();
    let window = list.window(all.len(), usize::from(area.height));
    hits.list("environments", area, window.start, all.len());
    for (index, y) in window.zip(area.y..) {
        let row = Rect { y, height: 1, ..area };
        let (glyph, hosts) = state_of(model.fleet.places.get(index));
        // A sign that looks well would say more than that its inventory was read.
        let glyph = grade(&reasons, &all[index].name).filter(|_| glyph == Glyph::Ok).map_or(glyph, alarm::glyph);
        let here = if model.env == Some(index) { theme.glyph(Glyph::Cursor) } else { " " };
        let style = theme.style(if model.env == Some(index) { Role::Strong } else { Role::Text });
        let name =
            Rect { x: row.x + 4.min(row.width), width: row.width.saturating_sub(6 + paint::width(&hosts)), ..row };
        line::put(frame.buffer_mut(), theme, row, here, style);
        let sign = Rect { x: row.x + 2.min(row.width), width: row.width.saturating_sub(2), ..row };
        line::put(frame.buffer_mut(), theme, sign, theme.glyph(glyph), theme.style(glyph.role()));
        line::put(frame.buffer_mut(), theme, name, &all[index].name, style);
        let number = Rect { width: row.width.saturating_sub(1), ..row };
        line::put_right(frame.buffer_mut(), theme, number, &hosts, theme.style(Role::Dim));
        if model.fleet.pane == Pane::Environments && index == list.cursor {
            paint::row_style(frame.buffer_mut(), area, y, theme.style(Role::Cursor));
        }
    }
}

/// The sign of an environment's inventory, and how many hosts it has.
fn state_of(place: Option<&Place>) -> (Glyph, String) {
    match place.map(|p| (&p.topology, &p.verdict)) {
        Some((Some(Ok(t)), verdict)) => {
            let glyph = match verdict {
                Verdict::Differs(_) => Glyph::Warning,
                _ => Glyph::Ok,
            };
            (glyph, count(t.hosts.len() as u64))
        }
        Some((Some(Err(_)), _)) => (Glyph::Failed, "-".into()),
        Some((None, _)) => (Glyph::Running, "...".into()),
        None => (Glyph::Unknown, "?".into()),
    }
}

fn groups_view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let theme = &model.theme;
    let Some((place, topology)) = model.place().and_then(|p| Some((p, p.known()?))) else { return };
    let window = place.tree_list.window(place.tree.len(), usize::from(area.height));
    hits.list("groups", area, window.start, place.tree.len());
    for (index, y) in window.zip(area.y..) {
        let tree = place.tree[index];
        let Some(group) = topology.groups.get(tree.group as usize) else { continue };
        let row = Rect { y, height: 1, ..area };
        let indent = (2 * tree.depth).min(row.width / 2);
        let glyph = match (tree.branch, tree.open) {
            (true, true) => theme.glyph(Glyph::Open),
            (true, false) => theme.glyph(Glyph::Closed),
            (false, _) => " ",
        };
        let chosen = place.group == Some(tree.group) || (place.group.is_none() && tree.group == 0);
        let style = theme.style(if chosen { Role::Strong } else { Role::Text });
        let text = Rect { x: row.x + indent, width: row.width.saturating_sub(indent + 6), ..row };
        line::put(frame.buffer_mut(), theme, text, &format!("{glyph} {}", group.name), style);
        let number = Rect { width: row.width.saturating_sub(1), ..row };
        line::put_right(frame.buffer_mut(), theme, number, &count(group.hosts.len() as u64), theme.style(Role::Dim));
        if model.fleet.pane == Pane::Groups && index == place.tree_list.cursor {
            paint::row_style(frame.buffer_mut(), area, y, theme.style(Role::Cursor));
        }
    }
}

/// How sure the hosts and groups are, in at most three short lines.
fn verdict_lines(model: &Model) -> Vec<(String, Role)> {
    let Some(place) = model.place() else { return vec![] };
    let sign = |glyph: Glyph, text: String| (format!("{} {text}", model.theme.glyph(glyph)), glyph.role());
    if place.topology.is_none() {
        return vec![sign(Glyph::Running, "reading ...".into())];
    }
    match &place.verdict {
        Verdict::Native => vec![sign(Glyph::Unknown, "not verified yet".into())],
        Verdict::Checking => vec![sign(Glyph::Running, "asking Ansible".into())],
        Verdict::Same => vec![sign(Glyph::Ok, "same as Ansible's".into())],
        Verdict::Differs(lines) => {
            let head = sign(Glyph::Warning, "native differed:".into());
            let more = lines.iter().take(2).map(|l| (format!("  {l}"), Role::Warning));
            std::iter::once(head).chain(more).collect()
        }
        Verdict::Ansible(why) => vec![sign(Glyph::Ok, "Ansible's answer:".into()), (format!("  {why}"), Role::Dim)],
        Verdict::Unverified(why) => vec![sign(Glyph::Warning, "not verified:".into()), (format!("  {why}"), Role::Dim)],
    }
}
