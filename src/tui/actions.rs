//! One record per thing a person can do. It drives the keys, the footer, `?`, `:`, the mouse and the docs: nothing
//! that can be done is written down anywhere else.

mod core;

pub use super::model::action::{Action, Danger};
use super::screens;
pub use core::CORE;

/// The actions that apply on a screen: its own first, then what it shares, then those that apply everywhere.
pub fn on(screen: &screens::Screen) -> impl Iterator<Item = &'static Action> + use<> {
    screen.actions.iter().chain(screen.shared).chain(CORE)
}

/// Every action there is, with the name of its screen (empty: everywhere).
pub fn all() -> impl Iterator<Item = (&'static str, &'static Action)> {
    let own = screens::ALL.iter().flat_map(|s| s.actions.iter().map(|a| (s.name, a)));
    let shared = screens::run::PANES.iter().map(|a| ("run, release", a));
    own.chain(shared).chain(CORE.iter().map(|a| ("", a)))
}

/// The table of all keys for the README, in Markdown: one row an action, grouped by screen.
pub fn table(keymap: &super::keymap::Keymap) -> String {
    let mut out = String::from("| where | keys | action | what it does |\n|---|---|---|---|\n");
    // What works everywhere comes first.
    let (everywhere, own): (Vec<_>, Vec<_>) = all().partition(|(screen, _)| screen.is_empty());
    for (screen, action) in everywhere.into_iter().chain(own) {
        let place = if screen.is_empty() { "everywhere" } else { screen };
        let keys: Vec<_> = keymap.keys(action).iter().map(|k| format!("`{k}`")).collect();
        out += &format!("| {place} | {} | `{}` | {} |\n", keys.join(" "), action.id, action.help);
    }
    // A bar in a key would end its cell.
    out.replace("`|`", "`\\|`")
}

/// An action by its id.
pub fn find(id: &str) -> Option<&'static Action> {
    all().map(|(_, a)| a).find(|a| a.id == id)
}
