//! Keys and the mouse on the live view: the box first, else the panes.

use super::dialog::{Answer, Dialog, PART};
use super::{Effect, give};
use crate::release::machine::Verb;
use crate::tui::effect;
use crate::tui::hits::Target;
use crate::tui::model::Model;
use crate::tui::model::secrets::Kept;
use crate::tui::screens::run;
use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};

/// A key that no action has, or one while something is asked or typed.
pub fn key(model: &mut Model, key: KeyEvent) -> Option<Vec<effect::Effect>> {
    if let Some(give) = model.release.give.take() {
        return Some(given(model, give.key(key)));
    }
    match model.release.dialog.take() {
        Some(dialog) => Some(answered(model, dialog.key(key))),
        None => (run::SCREEN.key)(model, key),
    }
}

pub fn paste(model: &mut Model, text: &str) -> Vec<effect::Effect> {
    match (&mut model.release.give, &mut model.release.dialog) {
        (Some(give), _) => give.paste(text),
        (None, Some(dialog)) => dialog.paste(text),
        (None, None) => return (run::SCREEN.paste)(model, text),
    }
    vec![]
}

pub fn mouse(model: &mut Model, event: MouseEvent, target: Option<Target>) -> Vec<effect::Effect> {
    let click = event.kind == MouseEventKind::Down(MouseButton::Left);
    if model.release.give.is_some() {
        return vec![];
    }
    let Some(dialog) = model.release.dialog.take() else { return (run::SCREEN.mouse)(model, event, target) };
    match target {
        Some(Target::Part { part: PART, index }) if click => answered(model, dialog.click(index)),
        None if click => vec![],
        _ => {
            model.release.dialog = Some(dialog);
            vec![]
        }
    }
}

fn answered(model: &mut Model, answer: Answer) -> Vec<effect::Effect> {
    match answer {
        Answer::Open(dialog) => {
            model.release.dialog = Some(dialog);
            vec![]
        }
        Answer::Done(None) => vec![],
        Answer::Done(Some(verb)) => ask(model, verb),
    }
}

fn given(model: &mut Model, answer: give::Answer) -> Vec<effect::Effect> {
    match answer {
        give::Answer::Open(give) => model.release.give = Some(give),
        give::Answer::Done(None) => {}
        give::Answer::Done(Some(secrets)) => {
            let Some(id) = model.run.id else { return vec![] };
            model.release.busy = Some("give its passwords");
            return vec![effect::Effect::Release(Effect::Give { id, secrets: Kept(secrets) })];
        }
    }
    vec![]
}

pub fn open(model: &mut Model, dialog: Option<Dialog>) -> Vec<effect::Effect> {
    model.release.dialog = dialog;
    vec![]
}

/// The effect that asks a verb.
pub fn asks(model: &Model, verb: crate::release::machine::Verb) -> Option<effect::Effect> {
    model.run.id.map(|id| effect::Effect::Release(Effect::Ask { id, verb }))
}

/// Asks a verb of the supervisor; until it has answered nothing else is asked.
pub fn ask(model: &mut Model, verb: Verb) -> Vec<effect::Effect> {
    let Some(effect) = asks(model, verb.clone()) else { return vec![] };
    model.release.busy = Some(name(&verb));
    vec![effect]
}

fn name(verb: &Verb) -> &'static str {
    match verb {
        Verb::Approve { .. } => "approve",
        Verb::Reject { .. } => "reject",
        Verb::Pause { .. } => "pause",
        Verb::Resume => "resume",
        Verb::Promote => "promote",
        Verb::Skip { .. } => "skip",
        Verb::RetryFailed => "retry",
        Verb::Stop { .. } => "stop",
        Verb::Rollback { .. } => "undo",
        Verb::Mark { .. } => "mark",
        Verb::AcceptMixed { .. } => "accept",
        Verb::RollForward { .. } => "roll forward",
        Verb::TakeOver { .. } => "take over",
    }
}
