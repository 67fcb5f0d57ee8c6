//! The fields of the list of releases: what a plan is asked for, the passwords that its steps get, and the way from part to
//! part. Passwords live here alone until they are submitted, and are wiped when the screen is left.

use super::Releases;
use crate::ansible::secrets::{SecretName, Secrets};
use crate::tui::model::Model;
use crate::tui::theme::Theme;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::secret::Secret;
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

/// Which part has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    /// The list of releases.
    #[default]
    List,
    /// The version.
    Version,
    /// The version that runs now, where none is known.
    Current,
    /// Extra variables.
    Vars,
    /// A password.
    Password(usize),
    /// The plan.
    Plan,
}

/// Labels of the passwords.
const PASSWORDS: [&str; 3] = ["Become pw", "SSH pw", "Vault pw"];

fn name(of: usize) -> SecretName {
    match of {
        0 => SecretName::Become,
        1 => SecretName::Connection,
        _ => SecretName::Vault("default".into()),
    }
}

/// What was typed.
#[derive(Debug, Default)]
pub struct Fields {
    pub(super) version: Field,
    pub(super) current: Field,
    pub(super) vars: Field,
    passwords: [Secret; PASSWORDS.len()],
    /// They are on the screen.
    pub(super) asked: bool,
}

impl Fields {
    /// The passwords that were typed.
    pub fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        for (of, secret) in self.passwords.iter().enumerate().filter(|(_, secret)| !secret.is_empty()) {
            secrets.set(name(of), secret.value());
        }
        secrets
    }

    /// Puts the passwords on the screen, or takes them from it; what was typed is gone.
    pub(super) fn forget(&mut self, asked: bool) {
        (self.passwords, self.asked) = (Default::default(), asked);
    }

    /// A key for a field; `None`: it is not one for it.
    pub(super) fn key(&mut self, part: Part, key: KeyEvent) -> Option<()> {
        match part {
            Part::Version => self.version.key(key).map(drop),
            Part::Current => self.current.key(key).map(drop),
            Part::Vars => self.vars.key(key).map(drop),
            Part::Password(of) => self.passwords.get_mut(of)?.key(key).then_some(()),
            Part::List | Part::Plan => None,
        }
    }

    /// Pasted text.
    pub(super) fn paste(&mut self, part: Part, text: &str) {
        match part {
            Part::Version => self.version.paste(text),
            Part::Current => self.current.paste(text),
            Part::Vars => self.vars.paste(text),
            Part::Password(of) => self.passwords.iter_mut().skip(of).take(1).for_each(|secret| secret.paste(text)),
            Part::List | Part::Plan => {}
        }
    }

    /// Draws one.
    pub(super) fn view(&self, part: Part, theme: &Theme, frame: &mut Frame, area: Rect, focus: bool) {
        match part {
            Part::Version => self.version.view(theme, frame, area, focus),
            Part::Current => self.current.view(theme, frame, area, focus),
            Part::Vars => self.vars.view(theme, frame, area, focus),
            Part::Password(of) => {
                self.passwords.iter().skip(of).take(1).for_each(|s| s.view(theme, frame, area, focus))
            }
            Part::List | Part::Plan => {}
        }
    }
}

impl Part {
    /// In words, before its field.
    pub(super) fn label(self) -> &'static str {
        match self {
            Part::Version => "Version",
            Part::Current => "Runs now",
            Part::Vars => "Extra vars",
            Part::Password(of) => PASSWORDS.get(of).copied().unwrap_or_default(),
            Part::List | Part::Plan => "",
        }
    }
}

impl Releases {
    /// The fields on the screen, from above.
    pub(super) fn fields(&self) -> Vec<Part> {
        let mut parts = vec![Part::Version];
        // Where one is known it is not overruled.
        parts.extend(self.current().is_some_and(|offer| offer.current.is_none()).then_some(Part::Current));
        parts.push(Part::Vars);
        parts.extend((0..PASSWORDS.len()).filter(|_| self.fields.asked).map(Part::Password));
        parts
    }

    /// The part so many steps further; around the end where `around`.
    pub(super) fn step(&self, by: isize, around: bool) -> Part {
        let parts: Vec<Part> =
            std::iter::once(Part::List).chain(self.fields()).chain(std::iter::once(Part::Plan)).collect();
        let here = parts.iter().position(|part| *part == self.part).unwrap_or(0);
        let (last, next) = (parts.len() - 1, here.saturating_add_signed(by));
        parts[if around { next % parts.len() } else { next.min(last) }]
    }
}

/// A password that the project's ansible.cfg asks for, and that was not typed.
pub fn missing(model: &Model) -> Option<String> {
    let cfg = &model.project.cfg;
    let asks = [cfg.asks_become_password(), cfg.asks_connection_password(), cfg.asks_vault_password()];
    let fields = &model.releases.fields;
    let of = (0..PASSWORDS.len()).find(|of| asks[*of] && fields.passwords[*of].is_empty())?;
    let words = ["become", "SSH", "vault"][of];
    Some(format!("ansible.cfg asks for the {words} password, and a release has nobody to ask: alt-p, type it"))
}
