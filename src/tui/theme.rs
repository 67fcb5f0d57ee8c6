//! Colours and glyphs by role: no view names a colour, a theme file does.

pub mod file;
mod glyph;
pub mod load;

pub use glyph::Glyph;
pub use load::Themes;
use ratatui::style::{Color, Style};
use std::collections::HashMap;

/// What a piece of the screen means. A theme gives each a style; views know only these.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Text,
    Dim,
    Strong,
    Title,
    Border,
    BorderFocus,
    Key,
    KeyDisabled,
    Cursor,
    Mark,
    Match,
    Input,
    Error,
    Ok,
    Changed,
    Failed,
    Unreachable,
    Skipped,
    Running,
    Waiting,
    Warning,
    Unknown,
    Stale,
    EnvPlain,
    EnvProtected,
    DiffAdded,
    DiffRemoved,
    Link,
}

impl Role {
    /// Every role, in the order of the documentation.
    pub const ALL: [Role; 28] = [
        Role::Text,
        Role::Dim,
        Role::Strong,
        Role::Title,
        Role::Border,
        Role::BorderFocus,
        Role::Key,
        Role::KeyDisabled,
        Role::Cursor,
        Role::Mark,
        Role::Match,
        Role::Input,
        Role::Error,
        Role::Ok,
        Role::Changed,
        Role::Failed,
        Role::Unreachable,
        Role::Skipped,
        Role::Running,
        Role::Waiting,
        Role::Warning,
        Role::Unknown,
        Role::Stale,
        Role::EnvPlain,
        Role::EnvProtected,
        Role::DiffAdded,
        Role::DiffRemoved,
        Role::Link,
    ];
}

/// A theme: a style for each role, and whether glyphs may be more than ASCII.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// True: only ASCII goes to the screen (`o` for `●`, `+-|` for borders).
    pub ascii: bool,
    styles: HashMap<Role, Style>,
}

impl Theme {
    /// A theme from its parts; roles that are not given stay plain.
    pub fn new(name: impl Into<String>, ascii: bool, styles: HashMap<Role, Style>) -> Self {
        Self { name: name.into(), ascii, styles }
    }

    /// The style of an environment's top line; `colour` is its own background where the theme has colours.
    pub fn environment(&self, protect: bool, colour: Option<&str>) -> Style {
        let base = self.style(if protect { Role::EnvProtected } else { Role::EnvPlain });
        let own = colour.and_then(|c| c.parse::<Color>().ok()).filter(|_| base.bg.is_some_and(|b| b != Color::Reset));
        match own {
            Some(colour) => base.bg(colour).fg(readable_on(colour)),
            None => base,
        }
    }

    /// True if the theme says anything of a role.
    pub fn has(&self, role: Role) -> bool {
        self.styles.contains_key(&role)
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(&role).copied().unwrap_or_default()
    }
}

/// Black or white, whichever can be read on a background.
fn readable_on(background: Color) -> Color {
    let dark = match background {
        Color::Rgb(r, g, b) => u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114 < 140_000,
        Color::Black | Color::Red | Color::Blue | Color::Magenta | Color::DarkGray => true,
        _ => false,
    };
    if dark { Color::White } else { Color::Black }
}
