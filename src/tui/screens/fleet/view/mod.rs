//! Draws Fleet: what lies where. The parts are in the files beside.

mod detail;
mod health;
mod hosts;
mod left;
mod variables;

use super::Pane;
use crate::tui::hits::Hits;
use crate::tui::model::Model;
use crate::tui::theme::{Glyph, Role};
use crate::tui::widgets::line;
use ratatui::Frame;
use ratatui::layout::Rect;

/// Narrower than this there is one pane at a time.
const TWO_PANES: u16 = 60;
/// Rows below which the lines about the current host are left out.
const DETAIL: u16 = 16;

pub(super) fn view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    if model.project.environments.is_empty() {
        return empty(model, frame, area);
    }
    let (left, right) = split(area, model.fleet.pane);
    if let Some(left) = left {
        left::view(model, frame, left, hits);
    }
    let Some(right) = right else { return };
    if let Some(left) = left {
        let bar = model.theme.glyph(Glyph::Separator);
        for y in area.y..area.bottom() {
            let at = Rect { x: left.right(), y, width: 1, height: 1 };
            line::put(frame.buffer_mut(), &model.theme, at, bar, model.theme.style(Role::Border));
        }
    }
    if model.fleet.pane == Pane::Variables {
        return variables::view(model, frame, right, hits);
    }
    let detail = if right.height >= DETAIL { 4 } else { 0 };
    let table = Rect { height: right.height - detail, ..right };
    hosts::view(model, frame, table, hits);
    if detail > 0 {
        detail::view(model, frame, Rect { y: table.bottom(), height: detail, ..right });
    }
}

/// Left column and right part; where it is narrow only the one that has the keyboard.
fn split(area: Rect, pane: Pane) -> (Option<Rect>, Option<Rect>) {
    if area.width < TWO_PANES {
        let left = matches!(pane, Pane::Environments | Pane::Groups);
        return if left { (Some(area), None) } else { (None, Some(area)) };
    }
    let wide = if area.width >= 110 { 26 } else { 20 };
    let right = Rect { x: area.x + wide + 1, width: area.width - wide - 1, ..area };
    (Some(Rect { width: wide, ..area }), Some(right))
}

/// What a project without inventories gets.
fn empty(model: &Model, frame: &mut Frame, area: Rect) {
    let theme = &model.theme;
    let words = [
        format!("{} has no inventory.", model.project.root.display()),
        "opsdeck looked for folders or files under inventories/, inventory/ and environments/,".into(),
        "and for the inventory that ansible.cfg names.".into(),
        "Make one of these, or name environments in opsdeck.yaml (`opsdeck schema` describes it).".into(),
    ];
    for (text, y) in words.iter().zip(area.y + 1..area.bottom()) {
        let row = Rect { x: area.x + 2, y, width: area.width.saturating_sub(4), height: 1 };
        line::put(frame.buffer_mut(), theme, row, text, theme.style(Role::Text));
    }
}

/// A part's title, lit where the part has the keyboard.
fn title(model: &Model, frame: &mut Frame, row: Rect, text: &str, focus: bool) -> u16 {
    let role = if focus { Role::Title } else { Role::Dim };
    line::put(frame.buffer_mut(), &model.theme, row, text, model.theme.style(role))
}

/// A head that says whether the table goes by it.
fn head(theme: &crate::tui::theme::Theme, text: &str, by: super::sort::Sort, sorted: super::sort::Sort) -> String {
    format!("{text}{}", if by == sorted { theme.glyph(Glyph::Down) } else { "" })
}
