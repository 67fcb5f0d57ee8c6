//! Keys: how they are written (`ctrl-s`, `G`, `f1`), and which action each means.

pub mod file;

use super::model::action::Action;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

/// One key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    mods: KeyModifiers,
}

/// Names of the keys that are no character.
const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backtab", KeyCode::BackTab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("del", KeyCode::Delete),
    ("ins", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
];

impl From<KeyEvent> for Chord {
    fn from(key: KeyEvent) -> Self {
        let mut mods = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        // A character says itself whether Shift was held; Shift-Tab has a code of its own.
        if matches!(key.code, KeyCode::Char(_) | KeyCode::BackTab) {
            mods -= KeyModifiers::SHIFT;
        }
        Self { code: key.code, mods }
    }
}

impl Chord {
    /// The event that this chord stands for; for tests and for playing keys back.
    pub fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.mods)
    }

    /// True for a character without Ctrl or Alt: it is text while a field has the keyboard.
    pub fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && self.mods.is_empty()
    }
}

impl FromStr for Chord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut mods = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            let (modifier, after) = match rest.split_once('-') {
                Some(("ctrl", after)) if !after.is_empty() => (KeyModifiers::CONTROL, after),
                Some(("alt", after)) if !after.is_empty() => (KeyModifiers::ALT, after),
                Some(("shift", after)) if !after.is_empty() => (KeyModifiers::SHIFT, after),
                _ => break,
            };
            mods |= modifier;
            rest = after;
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) => KeyCode::Char(c),
            _ => NAMED
                .iter()
                .find(|(name, _)| *name == rest)
                .map(|(_, code)| *code)
                .or_else(|| rest.strip_prefix('f')?.parse().ok().filter(|n| (1..=12).contains(n)).map(KeyCode::F))
                .ok_or_else(|| {
                    format!("`{text}` is no key; expected one character, f1 to f12 or one of {}", named())
                })?,
        };
        Ok(Self::from(KeyEvent::new(code, mods)))
    }
}

fn named() -> String {
    NAMED.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (bit, word) in
            [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")]
        {
            if self.mods.contains(bit) {
                f.write_str(word)?;
            }
        }
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(c)) => write!(f, "{c}"),
            (None, KeyCode::F(n)) => write!(f, "f{n}"),
            (None, other) => write!(f, "{other}"),
        }
    }
}

/// Which keys each action has.
#[derive(Debug, Clone, Default)]
pub struct Keymap {
    over: HashMap<&'static str, Vec<Chord>>,
}

impl Keymap {
    /// Gives an action other keys than its own; none: no key at all.
    pub fn set(&mut self, action: &'static Action, keys: Vec<Chord>) {
        self.over.insert(action.id, keys);
    }

    /// The keys of an action.
    pub fn keys(&self, action: &Action) -> Vec<Chord> {
        match self.over.get(action.id) {
            Some(keys) => keys.clone(),
            None => action.keys.iter().filter_map(|k| k.parse().ok()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::actions;

    #[test]
    fn every_default_key_is_a_key_and_reads_back_the_same() {
        for (_, action) in actions::all() {
            for key in action.keys {
                let chord: Chord = key.parse().unwrap_or_else(|e| panic!("{}: {e}", action.id));
                assert_eq!(chord.to_string(), *key, "{}", action.id);
            }
        }
    }

    #[test]
    fn no_two_actions_share_a_key_on_a_screen() {
        for screen in crate::tui::screens::ALL {
            let mut seen: HashMap<&str, &str> = HashMap::new();
            for action in screen.actions {
                for key in action.keys {
                    if let Some(other) = seen.insert(key, action.id) {
                        panic!("{}: `{key}` means both {other} and {}", screen.name, action.id);
                    }
                }
            }
            for action in screen.shared {
                let keys = Keymap::default().keys_on(screen, action);
                assert!(!keys.is_empty(), "{}: every key of {} is taken", screen.name, action.id);
            }
        }
        let mut ids: Vec<_> = actions::all().map(|(_, a)| a.id).collect();
        ids.sort_unstable();
        ids.windows(2).for_each(|w| assert_ne!(w[0], w[1]));
    }

    #[test]
    fn wrong_keys_are_explained() {
        assert!("hyper-x".parse::<Chord>().unwrap_err().contains("`hyper-x` is no key"));
        assert!("f99".parse::<Chord>().is_err());
        assert_eq!("ctrl--".parse::<Chord>().unwrap().to_string(), "ctrl--");
    }
}
