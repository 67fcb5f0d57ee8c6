//! One record per thing a person can do. It drives the keys, the footer, `?`, `:`, the mouse and the docs: nothing
//! that can be done is written down anywhere else.

mod core;

use super::keymap::{Chord, Keymap};
pub use super::model::action::{Action, Danger};
use super::screens;
pub use core::CORE;

/// The actions that apply on a screen: its own first, then what it shares, then those that apply everywhere.
pub fn on(screen: &screens::Screen) -> impl Iterator<Item = &'static Action> + use<> {
    screen.actions.iter().chain(screen.shared).chain(CORE)
}

impl Keymap {
    /// The keys of an action that mean it on a screen: those that another one before it has do not.
    pub fn keys_on(&self, screen: &screens::Screen, action: &'static Action) -> Vec<Chord> {
        let mut keys = self.keys(action);
        keys.retain(|key| self.action(screen, *key).is_some_and(|a| std::ptr::eq(a, action)));
        keys
    }

    /// The action that a key means on a screen; the screen's own come first.
    pub fn action(&self, screen: &screens::Screen, chord: Chord) -> Option<&'static Action> {
        on(screen).find(|action| self.keys(action).contains(&chord))
    }
}

/// Every action there is, with the name of its screen (empty: everywhere).
pub fn all() -> impl Iterator<Item = (&'static str, &'static Action)> {
    let own = screens::ALL.iter().flat_map(|s| s.actions.iter().map(|a| (s.name, a)));
    let shared = screens::run::PANES.iter().map(|a| ("run, release", a));
    own.chain(shared).chain(CORE.iter().map(|a| ("", a)))
}

/// The table of all keys for the README, in Markdown: one row an action, grouped by screen.
pub fn table(keymap: &Keymap) -> String {
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
