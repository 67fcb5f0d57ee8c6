//! The fields of the list of releases: what a plan is asked for, the passwords that its steps get, and the way from part to
//! part. Passwords live here alone until they are submitted, and are wiped when the screen is left.

use super::Releases;
use crate::ansible::secrets::{SecretName, Secrets};
use crate::tui::model::Model;
pub use crate::tui::model::releases::{Fields, Part};
use crate::tui::theme::Theme;
use crate::tui::widgets::secret::{self};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

impl Fields {
    /// The passwords that were typed.
    pub fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        let typed = secret::passwords().into_iter().zip(&self.passwords);
        for ((name, _), secret) in typed.filter(|(_, secret)| !secret.is_empty()) {
            secrets.set(name, secret.value());
        }
        secrets
    }

    /// True if this password was typed.
    fn has(&self, name: &SecretName) -> bool {
        let mut all = secret::passwords().into_iter().zip(&self.passwords);
        all.any(|((of, _), secret)| of == *name && !secret.is_empty())
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

    pub(super) fn paste(&mut self, part: Part, text: &str) {
        match part {
            Part::Version => self.version.paste(text),
            Part::Current => self.current.paste(text),
            Part::Vars => self.vars.paste(text),
            Part::Password(of) => self.passwords.iter_mut().skip(of).take(1).for_each(|secret| secret.paste(text)),
            Part::List | Part::Plan => {}
        }
    }

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
            Part::Password(of) => secret::passwords().get(of).map_or("", |(_, label)| label),
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
        parts.extend((0..self.fields.passwords.len()).filter(|_| self.fields.asked).map(Part::Password));
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
    let words = secret::unasked(&model.project.cfg, |name| model.releases.fields.has(name))?;
    Some(format!("ansible.cfg asks for the {words}, and a release has nobody to ask: alt-p, type it"))
}
