//! The top line: it wears the environment's colour over its whole width, so that nobody acts on the wrong place.

use super::line;
use crate::state::lines::Line;
use crate::tui::model::Model;
use crate::tui::theme::{Glyph, Role};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// Draws it into the area's first line.
pub fn view(model: &Model, buffer: &mut Buffer, area: Rect) {
    let style = style(model);
    buffer.set_style(Rect { height: 1.min(area.height), ..area }, style);
    let right = right(model, area.width);
    let taken =
        line::put_right(buffer, &model.theme, Rect { width: area.width.saturating_sub(1), ..area }, &right, style);
    let left = Rect { x: area.x + 1, width: area.width.saturating_sub(taken + 3), ..area };
    line::put(buffer, &model.theme, left, &left_text(model), style.add_modifier(Modifier::BOLD));
}

/// The colour of the environment in sight.
pub fn style(model: &Model) -> Style {
    match model.environment() {
        Some(env) => model.theme.environment(env.protect, env.colour.as_deref()),
        None => model.theme.style(Role::Title),
    }
}

fn left_text(model: &Model) -> String {
    let glyph = |g| model.theme.glyph(g);
    let mut text = String::from("opsdeck ");
    if let Some(env) = model.environment() {
        let name = if env.protect { env.name.to_uppercase() } else { env.name.clone() };
        let word = if env.protect { " protected" } else { "" };
        text += &format!("{}{name}{}{word} ", glyph(Glyph::EnvLeft), glyph(Glyph::EnvRight));
    }
    if stopped(model).is_some() {
        text += &format!("{} LINE STOPPED ", glyph(Glyph::Failed));
    }
    if model.stopped.is_none() {
        text += &format!("{} STOPPED LINES UNKNOWN ", glyph(Glyph::Unknown));
    }
    let mut crumbs = Vec::new();
    for screen in &model.stack {
        crumbs.push(screen.name.to_owned());
    }
    crumbs.extend((model.screen().crumbs)(model));
    text + &crumbs.join(&format!(" {} ", glyph(Glyph::Crumb)))
}

/// The stopped line of the environment in sight.
pub fn stopped(model: &Model) -> Option<&Line> {
    let name = &model.environment()?.name;
    model.stopped.iter().flatten().find(|line| line.environment == *name)
}

/// Operator, live runs, clock; what matters least goes first when the line is narrow.
fn right(model: &Model, columns: u16) -> String {
    let mut parts = Vec::new();
    let alerts = model.health.of(model.env_in_sight()).map_or(0, |picture| picture.alerts(model.now.ms));
    if alerts > 0 {
        let word = if alerts == 1 { "alert" } else { "alerts" };
        parts.push(format!("{} {alerts} {word}", model.theme.glyph(Glyph::Warning)));
    }
    // Where one is matters more than who one is.
    if columns >= if alerts > 0 { 90 } else { 70 } {
        parts.push(format!("{}@{}", model.operator.name, model.operator.host));
    }
    // What waits for a person is on the alarm line, and runs as little as it looks.
    let wait = model.facts().map_or(0, |facts| facts.releases.len());
    match model.live_runs.map(|live| live.saturating_sub(wait)) {
        Some(0) => {}
        Some(n) => {
            let word = if n == 1 { "run" } else { "runs" };
            parts.push(format!("{} {n} {word}", model.theme.glyph(Glyph::Running)));
        }
        None => parts.push(format!("{} runs", model.theme.glyph(Glyph::Unknown))),
    }
    if !model.mouse && columns >= 70 {
        parts.push("mouse off".into());
    }
    if model.read_only {
        parts.push("read-only".into());
    }
    if columns >= 40 {
        parts.push(clock(model.now.ms, model.now.offset));
    }
    parts.join("  ")
}

/// `14:02` in the operator's time zone.
pub fn clock(ms: i64, offset: i32) -> String {
    let minutes = (ms.div_euclid(1_000) + i64::from(offset)).div_euclid(60).rem_euclid(24 * 60);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}
