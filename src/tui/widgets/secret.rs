//! A masked field: what is typed is never shown, never printed by `Debug`, and wiped when dropped.

use super::line;
use crate::ansible::secrets::SecretName;
use crate::project::cfg::AnsibleCfg;
use crate::tui::theme::{Glyph, Role, Theme};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use zeroize::Zeroizing;

/// Bytes that a secret may have. Reserved at once: growing would leave a copy behind that nobody wipes.
const CAPACITY: usize = 4_096;

/// The passwords that Ansible may want, with their labels.
pub fn passwords() -> [(SecretName, &'static str); 3] {
    [
        (SecretName::Become, "Become pw"),
        (SecretName::Connection, "SSH pw"),
        (SecretName::Vault("default".into()), "Vault pw"),
    ]
}

/// The first password, in words, that ansible.cfg asks for and that was not typed: in the background there is nobody to ask.
pub fn unasked(cfg: &AnsibleCfg, has: impl Fn(&SecretName) -> bool) -> Option<&'static str> {
    let asks = [
        (cfg.asks_become_password(), "become password"),
        (cfg.asks_connection_password(), "SSH password"),
        (cfg.asks_vault_password(), "vault password"),
    ];
    let of = passwords().into_iter().zip(asks).find(|((name, _), (asks, _))| *asks && !has(name));
    of.map(|(_, (_, words))| words)
}

/// A secret that is being typed; edited at its end alone.
pub struct Secret(Zeroizing<String>);

impl Default for Secret {
    fn default() -> Self {
        Self(Zeroizing::new(String::with_capacity(CAPACITY)))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// True if nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was typed, for the launch.
    pub fn value(&self) -> Zeroizing<String> {
        self.0.clone()
    }

    /// An editing key. False: not one.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match key.code {
            KeyCode::Char('u') if key.modifiers == KeyModifiers::CONTROL => *self = Self::default(),
            KeyCode::Char(c) if !control => self.push(c),
            KeyCode::Backspace => drop(self.0.pop()),
            _ => return false,
        }
        true
    }

    /// Pasted text, without its line end.
    pub fn paste(&mut self, text: &str) {
        text.trim_end_matches(['\n', '\r']).chars().for_each(|c| self.push(c));
    }

    fn push(&mut self, c: char) {
        if self.0.len() + c.len_utf8() <= CAPACITY {
            self.0.push(c);
        }
    }

    /// Draws it: a dot for each character, at most as many as there is room.
    pub fn view(&self, theme: &Theme, frame: &mut Frame, area: Rect, focus: bool) {
        if area.is_empty() {
            return;
        }
        let style = theme.style(if focus { Role::Input } else { Role::Text });
        frame.buffer_mut().set_style(Rect { height: 1, ..area }, style);
        let shown = self.0.chars().count().min(usize::from(area.width) - 1);
        line::put(frame.buffer_mut(), theme, area, &theme.glyph(Glyph::Secret).repeat(shown), style);
        if focus {
            let x = area.x + u16::try_from(shown).unwrap_or(0);
            frame.set_cursor_position(Position::new(x, area.y));
        }
    }
}
