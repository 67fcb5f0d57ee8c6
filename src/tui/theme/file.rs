//! A theme file: YAML, checked word by word; each mistake names the file, line, column and what was expected.

use super::Role;
use crate::yaml::{self, Mark, Node};
use ratatui::style::{Color, Modifier, Style};
use std::collections::HashMap;

/// A theme file as written: what it extends is not applied yet.
#[derive(Debug, Clone, Default)]
pub struct ThemeFile {
    pub name: String,
    /// The theme whose palette and roles it starts from.
    pub extends: Option<String>,
    /// True: ASCII only.
    pub ascii: Option<bool>,
    pub palette: HashMap<String, Color>,
    /// Styles, with the names of the palette still in them.
    pub roles: Vec<(Role, Spec)>,
}

#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// Foreground as written and where.
    pub fg: Option<(String, Mark)>,
    /// Background as written and where.
    pub bg: Option<(String, Mark)>,
    pub modifiers: Modifier,
}

/// A mistake in a theme or key file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{}:{}: {message}", mark.line, mark.column)]
pub struct Mistake {
    pub file: String,
    /// Where.
    pub mark: Mark,
    /// What was found and what was expected.
    pub message: String,
}

const MODIFIERS: &[(&str, Modifier)] = &[
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
    ("crossed", Modifier::CROSSED_OUT),
];

/// Reads a theme file. `file` is its name for messages.
///
/// # Errors
/// Every mistake in it, in the order of the file.
pub fn read(file: &str, text: &str) -> Result<ThemeFile, Vec<Mistake>> {
    let mut reader = Reader { file, mistakes: vec![] };
    let root = match yaml::parse_one(text) {
        Ok(Some(root)) => root,
        Ok(None) => return Err(vec![reader.mistake(Mark { line: 1, column: 1 }, "an empty file; expected a theme")]),
        Err(e) => return Err(vec![reader.mistake(e.mark, e.message)]),
    };
    let theme = reader.theme(&root);
    if reader.mistakes.is_empty() { Ok(theme) } else { Err(reader.mistakes) }
}

struct Reader<'a> {
    file: &'a str,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn mistake(&self, mark: Mark, message: impl Into<String>) -> Mistake {
        Mistake { file: self.file.to_owned(), mark, message: message.into() }
    }

    fn note(&mut self, mark: Mark, message: impl Into<String>) {
        let mistake = self.mistake(mark, message);
        self.mistakes.push(mistake);
    }

    fn theme(&mut self, root: &Node) -> ThemeFile {
        let mut theme = ThemeFile::default();
        if root.entries().is_empty() {
            self.note(root.mark, format!("found {}; expected name, extends, ascii, palette, roles", root.kind_name()));
        }
        for (key, value) in root.entries() {
            match key.text() {
                Some("name") => theme.name = self.text(value).unwrap_or_default(),
                Some("extends") => theme.extends = self.text(value),
                Some("ascii") => theme.ascii = self.flag(value),
                Some("palette") => {
                    for (name, colour) in value.entries() {
                        if let (Some(name), Some(text)) = (name.text(), self.text(colour)) {
                            match parse_colour(&text) {
                                Some(colour) => drop(theme.palette.insert(name.to_owned(), colour)),
                                None => self.note(colour.mark, no_colour(&text)),
                            }
                        }
                    }
                }
                Some("roles") => {
                    for (role, style) in value.entries() {
                        let name = role.text().unwrap_or_default();
                        match role_named(name) {
                            Some(role) => theme.roles.push((role, self.spec(style))),
                            None => self.note(role.mark, format!("no role `{name}`; expected one of {}", role_names())),
                        }
                    }
                }
                other => self.note(
                    key.mark,
                    format!("no key `{}`; expected name, extends, ascii, palette or roles", other.unwrap_or("?")),
                ),
            }
        }
        if theme.name.is_empty() {
            self.note(root.mark, "a theme needs a `name`");
        }
        theme
    }

    fn spec(&mut self, node: &Node) -> Spec {
        let mut spec = Spec::default();
        if !matches!(node.kind, yaml::Kind::Mapping(_)) {
            self.note(node.mark, format!("found {}; expected {{ fg, bg, bold, ... }}", node.kind_name()));
        }
        for (key, value) in node.entries() {
            match key.text() {
                Some("fg") => spec.fg = self.text(value).map(|t| (t, value.mark)),
                Some("bg") => spec.bg = self.text(value).map(|t| (t, value.mark)),
                other => match MODIFIERS.iter().find(|(name, _)| Some(*name) == other) {
                    Some((_, modifier)) => spec.modifiers.set(*modifier, self.flag(value) == Some(true)),
                    None => self.note(
                        key.mark,
                        format!(
                            "no style `{}`; expected fg, bg, bold, dim, italic, underline, reverse or crossed",
                            other.unwrap_or("?")
                        ),
                    ),
                },
            }
        }
        spec
    }

    fn text(&mut self, node: &Node) -> Option<String> {
        let text = node.text().map(str::to_owned);
        if text.is_none() {
            self.note(node.mark, format!("found {}; expected text", node.kind_name()));
        }
        text
    }

    fn flag(&mut self, node: &Node) -> Option<bool> {
        match node.text() {
            Some("true" | "yes" | "on") => Some(true),
            Some("false" | "no" | "off") => Some(false),
            _ => {
                self.note(node.mark, "expected true or false");
                None
            }
        }
    }
}

/// Puts the palette's colours into the styles.
///
/// # Errors
/// Colours that are neither in the palette nor known.
pub fn styles(file: &str, theme: &ThemeFile) -> Result<HashMap<Role, Style>, Vec<Mistake>> {
    let mut out = HashMap::new();
    let mut mistakes = vec![];
    for (role, spec) in &theme.roles {
        let mut style = Style::new().add_modifier(spec.modifiers);
        let mut colour = |written: &Option<(String, Mark)>| {
            let (text, mark) = written.as_ref()?;
            let found = theme.palette.get(text).copied().or_else(|| parse_colour(text));
            if found.is_none() {
                mistakes.push(Mistake { file: file.to_owned(), mark: *mark, message: no_colour(text) });
            }
            found.filter(|c| *c != Color::Reset)
        };
        style.fg = colour(&spec.fg);
        style.bg = colour(&spec.bg);
        out.insert(*role, style);
    }
    if mistakes.is_empty() { Ok(out) } else { Err(mistakes) }
}

/// `#rrggbb`, 0 to 255, one of the sixteen names, or `default`.
pub fn parse_colour(text: &str) -> Option<Color> {
    if text == "default" { Some(Color::Reset) } else { text.parse().ok() }
}

fn no_colour(text: &str) -> String {
    format!(
        "`{text}` is no colour; expected a name of the palette, #rrggbb, 0 to 255, a terminal colour (red, light_red, dark_gray ...) or default"
    )
}

fn role_named(name: &str) -> Option<Role> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

fn role_names() -> String {
    let names = Role::ALL.iter().filter_map(|r| serde_json::to_value(r).ok()?.as_str().map(str::to_owned));
    names.collect::<Vec<_>>().join(", ")
}
