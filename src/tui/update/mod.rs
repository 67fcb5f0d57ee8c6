//! The only place that changes the model: one message in, effects out. Knows no terminal, no clock and no disk.

mod keys;
mod mouse;
#[cfg(test)]
mod tests;

use super::actions::{Action, Danger};
use super::alarm;
use super::effect::Effect;
use super::model::Model;
use super::model::screen::ScreenId;
use super::msg::{Data, Level, Msg, Now};
use super::notices;
use super::overlay;
use super::screens;

/// Takes a message in. Sets `model.dirty` where the next frame would differ.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    // How the hosts are comes every second: it says itself where that is worth a frame.
    let read = matches!(msg, Msg::Data(Data::Health(_) | Data::Alarm(_)));
    let silent = read || matches!(msg, Msg::Drawn(_) | Msg::Tick(_) | Msg::Mouse(_));
    model.dirty |= !silent;
    let before = read.then(|| model.reasons());
    let mut effects = take_in(model, msg);
    alarm::sees(model);
    model.dirty |= before.is_some_and(|before| before != model.reasons());
    if model.dirty {
        effects.extend((model.screen().settle)(model));
    }
    effects
}

fn take_in(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) => keys::key(model, key),
        Msg::Paste(text) => keys::paste(model, &text),
        Msg::Mouse(event) => mouse::mouse(model, event),
        Msg::Resize(columns, rows) => {
            model.size = (columns, rows);
            vec![]
        }
        Msg::Tick(now) => tick(model, now),
        Msg::Drawn(hits) => {
            model.hits = hits;
            vec![]
        }
        Msg::Data(data) => {
            let live = model.live_runs;
            let mut effects = arrived(model, data);
            // A run began or ended: what the fleet says of its hosts is old.
            if live != model.live_runs && model.is_at(ScreenId::Fleet) {
                effects.extend((model.screen().enter)(model));
            }
            effects
        }
        Msg::Toast(level, text) => {
            model.toast(level, text);
            vec![]
        }
    }
}

/// Does an action, or says why not, or asks first.
pub fn perform(model: &mut Model, action: &'static Action) -> Vec<Effect> {
    if let Some(why) = action.why_not(model) {
        model.toast(Level::Warning, format!("{}: {why}", action.label));
        return vec![];
    }
    if !matches!(action.danger, Danger::None | Danger::Form) {
        model.overlay = Some(overlay::Overlay::confirm(model, action));
        return vec![];
    }
    (action.run)(model)
}

fn arrived(model: &mut Model, data: Data) -> Vec<Effect> {
    match data {
        Data::Fleet(data) => screens::fleet::arrived(model, data),
        Data::Launch(data) => screens::launch::arrived(model, data),
        Data::Runs(data) => screens::runs::arrived(model, data),
        Data::Run(data) => screens::run::arrived(model, data),
        Data::Releases(data) => screens::releases::arrived(model, data),
        Data::Release(data) => screens::release::arrived(model, data),
        Data::Audit(data) => screens::audit::arrived(model, data),
        Data::Away(data) => screens::away::arrived(model, data),
        Data::Health(data) => screens::health::arrived(model, data),
        Data::Notices(notices) => notices::arrived(model, notices),
        Data::Alarm(facts) => {
            alarm::arrived(model, facts);
            vec![]
        }
    }
}

/// Only what a person could see makes a tick worth a frame.
fn tick(model: &mut Model, now: Now) -> Vec<Effect> {
    let minute = |n: Now| (n.ms.div_euclid(60_000), n.offset);
    let before = model.now;
    model.now = now;
    let toasts = model.toasts.len();
    model.toasts.retain(|t| t.until > now.ms);
    let second = before.ms / 1_000 != now.ms / 1_000;
    if second && model.is_at(ScreenId::Diagnostics) {
        screens::diagnostics::tick();
        model.dirty = true;
    }
    // Ages grow.
    model.dirty |= second && model.is_at(ScreenId::Health);
    let live = model.live_runs.is_some_and(|n| n > 0) && before.ms / 1_000 != now.ms / 1_000;
    model.dirty |= minute(before) != minute(now) || toasts != model.toasts.len() || live;
    vec![]
}
