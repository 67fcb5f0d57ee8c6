//! Lines in pieces, each with its role: what the parts of the live view are made of before they are drawn.

use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::paint::{self, put, width};
use crate::tui::widgets::sign::Sign;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line(Vec<(String, Role)>);

impl Line {
    /// A line that begins with the name of its part, so that what follows stands below each other.
    pub fn named(name: &str) -> Self {
        Self::default().and(format!("{name:<8} "), Role::Title)
    }

    /// One more piece.
    pub fn and(mut self, text: impl Into<String>, role: Role) -> Self {
        self.0.push((text.into(), role));
        self
    }

    /// A sign's glyph, without its word.
    pub fn glyph(self, sign: Sign, theme: &Theme) -> Self {
        self.and(sign.glyph(theme), sign.role)
    }

    /// A sign with its word.
    pub fn sign(self, sign: Sign, theme: &Theme) -> Self {
        self.and(sign.text(theme), sign.role)
    }

    /// Another line's pieces behind this one's.
    pub fn then(mut self, other: Line) -> Self {
        self.0.extend(other.0);
        self
    }

    /// All of it in one role.
    pub fn all(mut self, role: Role) -> Self {
        self.0.iter_mut().for_each(|piece| piece.1 = role);
        self
    }

    /// Columns that it takes.
    pub fn width(&self) -> u16 {
        self.0.iter().map(|(text, _)| width(text)).fold(0, u16::saturating_add)
    }

    /// True if there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|(text, _)| text.is_empty())
    }

    /// Writes it; returns the column behind it.
    pub fn draw(&self, theme: &Theme, area: Rect, buf: &mut Buffer) -> u16 {
        let parts: Vec<_> = self.0.iter().map(|(text, role)| (text.as_str(), theme.style(*role))).collect();
        paint::put_all(buf, theme, area.x, area.y, area.width, &parts)
    }
}

/// Draws lines into an area; where they are too many, the last row says how many more there are.
pub fn draw(lines: &[Line], theme: &Theme, area: Rect, buf: &mut Buffer) {
    let rows = usize::from(area.height);
    for (line, y) in lines.iter().zip(area.y..area.bottom()) {
        line.draw(theme, Rect { y, height: 1, ..area }, buf);
    }
    if rows > 0 && lines.len() > rows {
        let more = format!(" +{} more", lines.len() - rows);
        let wide = width(&more).min(area.width);
        put(buf, theme, area.right() - wide, area.bottom() - 1, wide, &more, theme.style(Role::Warning));
    }
}

/// Breaks a line between words where it is too wide; what follows stands as far to the right as `indent`.
pub fn wrap(line: Line, indent: u16, columns: u16) -> Vec<Line> {
    if line.width() <= columns {
        return vec![line];
    }
    let mut lines = vec![];
    let mut now = Line::default();
    for (text, role) in line.0 {
        for word in text.split_inclusive(' ') {
            let full = now.width().saturating_add(width(word.trim_end())) > columns;
            if full && now.width() > indent {
                let next = Line::default().and(" ".repeat(usize::from(indent)), Role::Text);
                lines.push(std::mem::replace(&mut now, next));
            }
            now = now.and(word, role);
        }
    }
    lines.push(now);
    // A space at the end has no room, and cuts the word before it.
    for (text, _) in lines.iter_mut().filter_map(|line| line.0.last_mut()) {
        text.truncate(text.trim_end().len());
    }
    lines
}

/// Puts pieces one behind the other, and goes on in a new line, as far to the right as `indent`, where there is no
/// room for the next.
pub fn flow(first: Line, pieces: Vec<Line>, indent: u16, columns: u16) -> Vec<Line> {
    let mut lines = vec![first];
    for piece in pieces {
        let full =
            lines.last().is_some_and(|l| l.width() > indent && l.width().saturating_add(piece.width()) > columns);
        if full {
            lines.push(Line::default().and(" ".repeat(usize::from(indent)), Role::Text));
        }
        if let Some(last) = lines.last_mut() {
            *last = std::mem::take(last).then(piece);
        }
    }
    lines
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
