//! Notices that reach the open screens, as `notify:` of the project says (`screen: yes`): a word on the screen, and a call for
//! whoever looks elsewhere. Pure.

use super::effect::Effect;
use super::model::Model;
use super::msg::Level;
use crate::project::config::notify::{Kind, Severity};
use crate::text::plain;
pub use crate::tui::model::notice::{Bell, Notice};
use serde::Deserialize;
use std::cmp::Reverse;

impl Bell {
    /// On, or off.
    pub fn switched(self) -> Bell {
        if self == Bell::All { Bell::Silent } else { Bell::All }
    }
}

/// As it lies in the outbox.
#[derive(Deserialize)]
struct Body {
    environment: Option<String>,
    kind: Kind,
    severity: Severity,
    phase: String,
    text: String,
}

impl Notice {
    /// From its body in the outbox; `None`: it is of another version, or garbage.
    pub fn read(body: &str) -> Option<Notice> {
        let Body { environment, kind, severity, phase, text } = serde_json::from_str(body).ok()?;
        let over = phase == "resolved";
        let text = match &environment {
            Some(name) if over => format!("{name}: over: {}", text.trim_start_matches("over: ")),
            Some(name) if !text.contains(&format!(" on {name}")) => format!("{name}: {text}"),
            _ => text,
        };
        Some(Notice { environment, kind, severity, over, text: plain(&text).into_owned() })
    }
}

pub fn arrived(model: &mut Model, mut notices: Vec<Notice>) -> Vec<Effect> {
    notices.sort_by_key(|notice| (notice.over, Reverse(notice.severity)));
    let Some(worst) = notices.first() else { return vec![] };
    let level = match worst.severity {
        _ if worst.over => Level::Info,
        Severity::Critical => Level::Error,
        Severity::Warning => Level::Warning,
        Severity::Info => Level::Info,
    };
    model.toast(level, said(&notices.iter().collect::<Vec<_>>()));
    let calls: Vec<&Notice> = notices.iter().filter(|notice| calls(model, notice)).collect();
    if calls.is_empty() { vec![] } else { vec![Effect::Call(said(&calls))] }
}

/// The first in words; the others are counted.
fn said(notices: &[&Notice]) -> String {
    match notices {
        [] => String::new(),
        [one] => one.text.clone(),
        [first, rest @ ..] => format!("{}; and {} more", first.text, rest.len()),
    }
}

/// It rings: not for what is over, and not for what the picture in sight rings for itself.
fn calls(model: &Model, notice: &Notice) -> bool {
    let env = model.env_in_sight().filter(|env| model.health.of(Some(*env)).is_some());
    let name = env.and_then(|env| model.project.environments.get(env)).map(|env| env.name.as_str());
    let in_sight = matches!(notice.kind, Kind::Check | Kind::Recovery) && notice.environment.as_deref() == name;
    !notice.over && model.bell != Bell::Silent && !(model.bell == Bell::All && in_sight)
}

#[cfg(test)]
#[path = "notices_tests.rs"]
mod tests;
