//! The alarm line: below the top line, and only while there is a reason. What is gravest stands first; where it does not fit,
//! words go before reasons do, and those that are left out are counted.

use super::line;
use super::paint::width;
use crate::alarm::{Grade, Reason};
use crate::tui::hits::{Hits, Target};
use crate::tui::model::Model;
use crate::tui::theme::{Glyph, Role};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

/// The action that leads there.
pub const ACTION: &str = "core.alarm";
/// Columns between two reasons.
const GAP: u16 = 2;
/// Columns of a glyph and the space behind it.
const SIGN: u16 = 2;

/// Draws it into the area's first line.
pub fn view(model: &Model, reasons: &[Reason], buffer: &mut Buffer, area: Rect, hits: &mut Hits) {
    let theme = &model.theme;
    let row = Rect { x: area.x + 1, width: area.width.saturating_sub(2), height: 1, ..area };
    hits.add(Rect { height: 1, ..area }, Target::Action(ACTION));
    let (shown, left) = fit(reasons, row.width);
    let tail = if left > 0 { width(&more(left)) + GAP } else { 0 };
    let mut x = row.x;
    let rest = |x: u16, end: u16| Rect { x, width: end.saturating_sub(x), ..row };
    for (reason, text) in reasons.iter().zip(&shown) {
        let glyph = glyph(reason.grade);
        let style = theme.style(role(reason.grade)).add_modifier(Modifier::BOLD);
        x += line::put(
            buffer,
            theme,
            rest(x, row.right().saturating_sub(tail)),
            &format!("{} {text}", theme.glyph(glyph)),
            style,
        ) + GAP;
    }
    if left > 0 {
        line::put(buffer, theme, rest(x, row.right()), &more(left), theme.style(Role::Dim));
    }
}

/// The glyph of a grade.
pub fn glyph(grade: Grade) -> Glyph {
    match grade {
        Grade::Bad => Glyph::Failed,
        Grade::Warning => Glyph::Warning,
        Grade::Unknown => Glyph::Unknown,
    }
}

fn role(grade: Grade) -> Role {
    glyph(grade).role()
}

fn more(left: usize) -> String {
    format!("and {left} more")
}

/// The texts of the reasons that have room, and how many have none. The last ones are shortened first, then left out; the
/// first one always stands there, cut where it must be.
fn fit(reasons: &[Reason], room: u16) -> (Vec<&str>, usize) {
    let mut texts: Vec<&str> = reasons.iter().map(|reason| reason.long.as_str()).collect();
    let wide = |texts: &[&str]| texts.iter().map(|text| width(text) + SIGN + GAP).sum::<u16>().saturating_sub(GAP);
    for n in (0..texts.len()).rev() {
        if wide(&texts) <= room {
            break;
        }
        texts[n] = &reasons[n].short;
    }
    let mut left = 0;
    while texts.len() > 1 && wide(&texts) + if left > 0 { width(&more(left)) + GAP } else { 0 } > room {
        texts.pop();
        left += 1;
    }
    (texts, left)
}

#[cfg(test)]
#[path = "alarm_tests.rs"]
mod tests;
