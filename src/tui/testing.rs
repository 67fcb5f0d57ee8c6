//! A driver for tests: feeds keys to `update`, draws with `view` on a test backend, shows text and styles.

use super::effect::Effect;
use super::keymap::{Chord, Keymap};
use super::model::Model;
use super::msg::{Msg, Now};
use super::theme::{Theme, Themes};
use super::update::update;
use super::view::view;
use crate::project::{Environment, Project};
use crate::state::operator::Operator;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

/// A model with a screen to look at.
pub struct Driver {
    pub model: Model,
    terminal: Terminal<TestBackend>,
    /// Effects that were asked for since the last [`Driver::effects`].
    pending: Vec<Effect>,
}

/// 2026-11-23 14:02:07 UTC.
pub const NOW: Now = Now { ms: 1_795_442_527_000, offset: 0 };

/// A project with a protected and a plain environment.
pub fn project() -> Project {
    let env = |name: &str, protect| Environment {
        name: name.into(),
        inventory: vec![format!("inventories/{name}")],
        protect,
        ..Environment::default()
    };
    Project {
        root: "/srv/shop".into(),
        environments: vec![env("production", true), env("staging", false)],
        ..Project::default()
    }
}

/// One of the embedded themes.
pub fn theme(name: &str) -> Theme {
    Themes::load(None).0.get(name).unwrap().clone()
}

/// A model over a project, at [`NOW`].
pub fn model(project: Project, theme: Theme) -> Model {
    let operator = Operator { name: "alice".into(), host: "bastion-1".into(), ..Operator::default() };
    let mut model = Model::new(Arc::new(project), operator, theme, Keymap::default(), super::screens::ALL);
    model.now = NOW;
    model.themes = Themes::load(None).0;
    model
}

impl Driver {
    /// Draws a model at a size.
    pub fn new(mut model: Model, (columns, rows): (u16, u16)) -> Self {
        model.size = (columns, rows);
        let terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        let pending = crate::tui::screens::fleet::start(&mut model);
        let mut driver = Self { model, terminal, pending };
        driver.draw();
        driver
    }

    /// One message, and a frame if it asks for one.
    pub fn send(&mut self, msg: Msg) {
        let effects = update(&mut self.model, msg);
        self.pending.extend(effects);
        if self.model.dirty {
            self.draw();
        }
    }

    /// Keys with spaces between: `/ w e b enter`.
    pub fn keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            let chord: Chord = key.parse().unwrap();
            self.send(Msg::Key(chord.event()));
        }
    }

    /// Types a text, one key a character.
    pub fn text(&mut self, text: &str) {
        for c in text.chars() {
            let chord: Chord = if c == ' ' { "space".parse().unwrap() } else { c.to_string().parse().unwrap() };
            self.send(Msg::Key(chord.event()));
        }
    }

    /// The effects since the last call.
    pub fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.pending)
    }

    fn draw(&mut self) {
        let mut hits = None;
        let model = &self.model;
        self.terminal.draw(|frame| hits = Some(view(model, frame))).unwrap();
        self.model.dirty = false;
        update(&mut self.model, Msg::Drawn(hits.unwrap()));
        assert!(!self.model.dirty, "a frame must never ask for another");
    }

    /// The text on the screen.
    pub fn screen(&self) -> String {
        let buffer = self.terminal.backend().buffer();
        let rows = (0..buffer.area.height).map(|y| row_text(buffer, y));
        rows.collect::<Vec<_>>().join("\n")
    }

    /// The text, and below it the styles: one letter a cell where a cell is styled, and what each letter means.
    pub fn styled(&self) -> String {
        let buffer = self.terminal.backend().buffer();
        let mut names: HashMap<Style, char> = HashMap::new();
        let mut legend = String::new();
        let mut rows = Vec::new();
        for y in 0..buffer.area.height {
            let mut row = String::new();
            for x in 0..buffer.area.width {
                let style = buffer[(x, y)].style();
                let next = char::from(b'a' + u8::try_from(names.len() % 26).unwrap());
                let next = if names.len() >= 26 { next.to_ascii_uppercase() } else { next };
                let letter = *names.entry(style).or_insert_with(|| {
                    writeln!(legend, "{next} = {}", describe(style)).unwrap();
                    next
                });
                row.push(letter);
            }
            rows.push(run_lengths(&row));
        }
        format!("{}\n--- styles, a letter and for how many cells ---\n{}\n{legend}", self.screen(), rows.join("\n"))
    }
}

fn row_text(buffer: &Buffer, y: u16) -> String {
    let mut row = String::new();
    let mut skip = 0;
    for x in 0..buffer.area.width {
        let symbol = buffer[(x, y)].symbol();
        if skip == 0 {
            row.push_str(symbol);
            skip = unicode_width::UnicodeWidthStr::width(symbol).max(1);
        }
        skip -= 1;
    }
    row.trim_end().to_owned()
}

fn run_lengths(row: &str) -> String {
    let mut out = String::new();
    let mut chars = row.chars().peekable();
    while let Some(c) = chars.next() {
        let mut n = 1;
        while chars.next_if_eq(&c).is_some() {
            n += 1;
        }
        write!(out, "{c}{n} ").unwrap();
    }
    out.trim_end().to_owned()
}

fn describe(style: Style) -> String {
    let mut out = String::new();
    for (what, colour) in [("fg", style.fg), ("bg", style.bg)] {
        if let Some(colour) = colour.filter(|c| *c != Color::Reset) {
            write!(out, "{what} {colour} ").unwrap();
        }
    }
    let modifiers = style.add_modifier & !Modifier::empty();
    if !modifiers.is_empty() {
        write!(out, "{modifiers:?}").unwrap();
    }
    if out.is_empty() { "plain".into() } else { out.trim_end().to_owned() }
}
