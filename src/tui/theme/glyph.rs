//! Glyphs and borders by meaning, each with an ASCII form of the same width, so that a layout never shifts.

use super::{Role, Theme};
use ratatui::symbols::border;

/// A sign on the screen. A state is always shown as glyph and word and colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Glyph {
    Ok,
    Changed,
    Failed,
    Unreachable,
    Running,
    Waiting,
    Skipped,
    Warning,
    Unknown,
    Stale,
    Marked,
    Cursor,
    Open,
    Closed,
    Crumb,
    EnvLeft,
    EnvRight,
    Separator,
    Ellipsis,
    Up,
    Down,
    Left,
    Right,
    Dot,
    BarFull,
    BarEmpty,
    Secret,
    Enter,
}

impl Glyph {
    /// (Unicode, ASCII); every one is one column wide.
    pub const fn forms(self) -> (&'static str, &'static str) {
        match self {
            Glyph::Ok => ("●", "o"),
            Glyph::Changed => ("◆", "c"),
            Glyph::Failed => ("✖", "x"),
            Glyph::Unreachable => ("✖", "x"),
            Glyph::Running => ("◐", "~"),
            Glyph::Waiting => ("○", "."),
            Glyph::Skipped => ("·", ","),
            Glyph::Warning => ("▲", "!"),
            Glyph::Unknown => ("?", "?"),
            Glyph::Stale => ("◌", "-"),
            Glyph::Marked => ("✓", "*"),
            Glyph::Cursor => ("▸", ">"),
            Glyph::Open => ("▾", "v"),
            Glyph::Closed => ("▸", ">"),
            Glyph::Crumb => ("›", ">"),
            Glyph::EnvLeft => ("▌", "["),
            Glyph::EnvRight => ("▐", "]"),
            Glyph::Separator => ("│", "|"),
            Glyph::Ellipsis => ("…", "~"),
            Glyph::Up => ("↑", "^"),
            Glyph::Down => ("↓", "v"),
            Glyph::Left => ("←", "<"),
            Glyph::Right => ("→", ">"),
            Glyph::Dot => ("·", "-"),
            Glyph::BarFull => ("█", "#"),
            Glyph::BarEmpty => ("·", "."),
            Glyph::Secret => ("•", "*"),
            Glyph::Enter => ("⏎", "<"),
        }
    }

    /// The role whose colour goes with the glyph where it stands for a state.
    pub const fn role(self) -> Role {
        match self {
            Glyph::Ok => Role::Ok,
            Glyph::Changed => Role::Changed,
            Glyph::Failed => Role::Failed,
            Glyph::Unreachable => Role::Unreachable,
            Glyph::Running => Role::Running,
            Glyph::Waiting => Role::Waiting,
            Glyph::Skipped => Role::Skipped,
            Glyph::Warning => Role::Warning,
            Glyph::Unknown => Role::Unknown,
            Glyph::Stale => Role::Stale,
            Glyph::Marked => Role::Mark,
            _ => Role::Text,
        }
    }
}

/// `+-|` borders.
const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

impl Theme {
    /// A glyph in the form this theme may use.
    pub fn glyph(&self, glyph: Glyph) -> &'static str {
        let (unicode, ascii) = glyph.forms();
        if self.ascii { ascii } else { unicode }
    }

    /// Border characters in the form this theme may use.
    pub fn border(&self) -> border::Set<'static> {
        if self.ascii { ASCII_BORDER } else { border::PLAIN }
    }
}
