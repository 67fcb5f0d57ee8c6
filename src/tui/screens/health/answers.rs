//! The last answers of a check as they came: what was run, how it ended, and its output; newest first.

use super::{Effect, SCREEN};
use crate::health::record::Raw;
use crate::text::human::of;
use crate::text::{human, plain_lines};
use crate::tui::effect;
use crate::tui::hits::Hits;
use crate::tui::list::{List, Motion};
use crate::tui::model::Model;
pub use crate::tui::model::health::Answers;
use crate::tui::theme::Role;
use crate::tui::widgets::line::fold;
use crate::tui::widgets::paint::{put, put_all, row_style};
use crate::tui::widgets::when;
use ratatui::Frame;
use ratatui::layout::Rect;

/// Name of the list in the hits.
pub const LIST: &str = "health.answers";

impl Answers {
    /// Of a probe, not read yet.
    pub fn new(host: Option<String>, probe: String, check: String) -> Self {
        Answers { host, probe, check, raws: None, list: List::default() }
    }

    pub fn ask(&self, env: usize) -> effect::Effect {
        effect::Effect::Health(Effect::Answers { env, host: self.host.clone(), probe: self.probe.clone() })
    }

    /// The command of the newest: on the screen it is broken into rows.
    pub fn newest_command(&self) -> Option<String> {
        let raws = self.raws.as_ref()?.as_ref().ok()?;
        raws.first().map(|raw| raw.command.clone()).filter(|command| !command.is_empty())
    }

    /// Moves in them; how many lines there are is known since the last frame.
    pub fn motion(&mut self, motion: Motion, hits: &Hits) {
        self.list.motion(motion, hits.len(LIST), hits.page(LIST));
    }
}

pub fn view(model: &Model, answers: &Answers, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let (theme, buf) = (&model.theme, frame.buffer_mut());
    let host = answers.host.as_deref().unwrap_or("measured once for all");
    let count = answers.raws.as_ref().and_then(|raws| Some(raws.as_ref().ok()?.len()));
    let count = count.map_or("reading".into(), |n| of(n as u64, "answer"));
    let count = format!("{count}, newest first");
    let (strong, dim) = (theme.style(Role::Strong), theme.style(Role::Dim));
    let parts = [(host, strong), ("  ", dim), (&answers.check, theme.style(Role::Title)), ("  ", dim), (&count, dim)];
    put_all(buf, theme, area.x, area.y, area.width, &parts);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let lines = match &answers.raws {
        None => vec![("Reading what was kept ...".into(), Role::Dim)],
        Some(Err(why)) => vec![(format!("They cannot be read: {why}"), Role::Error)],
        Some(Ok(raws)) if raws.is_empty() => vec![("It was not asked yet: nothing is kept.".into(), Role::Dim)],
        Some(Ok(raws)) => lines(model, raws, usize::from(body.width)),
    };
    let window = answers.list.window(lines.len(), usize::from(body.height));
    hits.list(LIST, body, window.start, lines.len());
    for (i, y) in window.zip(body.y..body.bottom()) {
        let (text, role) = &lines[i];
        put(buf, theme, body.x, y, body.width, text, theme.style(*role));
        if i == answers.list.cursor && model.screen().name == SCREEN.name {
            row_style(buf, body, y, theme.style(Role::Cursor));
        }
    }
}

fn lines(model: &Model, raws: &[Raw], columns: usize) -> Vec<(String, Role)> {
    let mut lines = Vec::new();
    for raw in raws {
        let at = when::when(raw.at, model.now, true);
        let ago = human::ago(raw.at, model.now.ms);
        let took = human::duration(raw.took.into());
        let ended = crate::text::plain(&raw.ended);
        let role = if raw.ended == "exit 0" { Role::Title } else { Role::Warning };
        lines.push((format!("{at}  {ago}  {ended}  {took}"), role));
        for (n, command) in plain_lines(&raw.command).iter().enumerate() {
            let text = format!("{} {command}", if n == 0 { "$" } else { " " });
            lines.extend(fold(&text, columns).into_iter().map(|part| (part.to_owned(), Role::Strong)));
        }
        for text in plain_lines(&String::from_utf8_lossy(&raw.output)) {
            let text = format!("  {text}");
            lines.extend(fold(&text, columns).into_iter().map(|part| (part.to_owned(), Role::Text)));
        }
        lines.push((String::new(), Role::Text));
    }
    lines.pop();
    lines
}
