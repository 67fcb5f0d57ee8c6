//! An action: one record per thing a person can do, with its keys, its words and what it asks first.

use super::Model;
use crate::tui::effect::Effect;

/// How much harm an action can do; decides what is asked before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Danger {
    /// None: runs at once.
    #[default]
    None,
    /// Asks first, with Cancel as the default. Read-only mode drops it.
    Confirm,
    /// Asks for a reason, which others will read. Read-only mode drops it.
    Reason,
    /// Asks in a form of its own. Read-only mode drops it.
    Form,
    /// On a protected environment its name must be typed; elsewhere as `Confirm`. Read-only mode drops it.
    TypeName,
}

pub struct Action {
    /// Name in `keys.yaml`: `fleet.filter`. Never changes once released.
    pub id: &'static str,
    /// Keys that it has without a `keys.yaml`, in the form of [`crate::tui::keymap::Chord`].
    pub keys: &'static [&'static str],
    /// One or two words, for the footer.
    pub label: &'static str,
    /// A sentence, for `?`, `:` and the docs.
    pub help: &'static str,
    pub danger: Danger,
    /// Place in the footer: the higher, the longer it stays when the screen is narrow; 0: not in the footer.
    pub hint: u8,
    /// Whether the footer speaks of it now.
    pub shown: fn(&Model) -> bool,
    /// Why it can't be used now; `None`: it can.
    pub disabled: fn(&Model) -> Option<String>,
    /// For dangerous ones: what will happen, in lines, shown in the question.
    pub question: fn(&Model) -> Vec<String>,
    pub run: fn(&mut Model) -> Vec<Effect>,
}

impl Action {
    /// A harmless action that is always possible and has no place in the footer; see the builder's other parts.
    pub const fn new(
        id: &'static str,
        keys: &'static [&'static str],
        label: &'static str,
        help: &'static str,
        run: fn(&mut Model) -> Vec<Effect>,
    ) -> Self {
        Self {
            id,
            keys,
            label,
            help,
            danger: Danger::None,
            hint: 0,
            shown: |_| true,
            disabled: |_| None,
            question: |_| vec![],
            run,
        }
    }

    /// Gives it a place in the footer.
    pub const fn hint(mut self, place: u8) -> Self {
        self.hint = place;
        self
    }

    /// Says when the footer leaves it out: where a screen has two faces, and it belongs to the other.
    pub const fn only(mut self, shown: fn(&Model) -> bool) -> Self {
        self.shown = shown;
        self
    }

    /// Says when it can't be used, and why.
    pub const fn unless(mut self, disabled: fn(&Model) -> Option<String>) -> Self {
        self.disabled = disabled;
        self
    }

    /// Makes it ask first; `question` says what will happen.
    pub const fn asks(mut self, danger: Danger, question: fn(&Model) -> Vec<String>) -> Self {
        self.danger = danger;
        self.question = question;
        self
    }

    /// Why it can't be used now, read-only mode included.
    pub fn why_not(&self, model: &Model) -> Option<String> {
        if model.read_only && self.danger > Danger::None {
            return Some("this console is read-only (--read-only)".into());
        }
        (self.disabled)(model)
    }
}

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Action({})", self.id)
    }
}
