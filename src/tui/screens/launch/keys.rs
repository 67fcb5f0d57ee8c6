//! Keys, movements and the mouse on Launch.

use super::complete;
use super::form::{Form, Id, Value};
use super::{Asked, Effect, actions, aim, runbooks};
use crate::ansible::ask::ExtraVars;
use crate::tui::effect;
use crate::tui::hits::Target;
use crate::tui::list::Motion;
use crate::tui::model::Model;
use crate::tui::overlay::perform;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

/// Every key comes here first; those that are not wanted go on to the actions.
pub(super) fn key(model: &mut Model, key: KeyEvent) -> Option<Vec<effect::Effect>> {
    if model.launch.form.is_none() {
        return menu_key(model, key);
    }
    match key.code {
        KeyCode::Tab => Some(forward(model, false)),
        KeyCode::Enter => Some(forward(model, true)),
        KeyCode::BackTab => Some(leave(model, |form| form.focus = form.focus.saturating_sub(1))),
        KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown | KeyCode::Esc => None,
        _ => edit(model, key),
    }
}

fn edit(model: &mut Model, key: KeyEvent) -> Option<Vec<effect::Effect>> {
    let form = model.launch.form.as_mut()?;
    let item = form.items.get_mut(form.focus)?;
    let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match &mut item.value {
        Value::Text(field) => {
            let changed = field.key(key)?;
            if !changed {
                return Some(vec![]);
            }
            let aims = matches!(item.id, Id::Targets | Id::Limit | Id::Playbook);
            form.choice = 0;
            model.launch.problem = None;
            Some(if aims { aim(model).into_iter().collect() } else { vec![] })
        }
        Value::Secret(secret) => secret.key(key).then(Vec::new),
        Value::Flag(on) => match key.code {
            KeyCode::Char(' ' | 'x') if plain => {
                *on = !*on;
                Some(vec![])
            }
            KeyCode::Left | KeyCode::Right => {
                *on = !*on;
                Some(vec![])
            }
            _ => None,
        },
    }
}

/// Takes the completion under the cursor, if there is one, and goes to the next line; behind the last it launches. Into
/// an empty line it is only taken if the person `chose` it: who walks through the form with Tab fills in nothing.
fn forward(model: &mut Model, chose: bool) -> Vec<effect::Effect> {
    let Some(form) = &model.launch.form else { return vec![] };
    let choices = complete::choices(&model.launch, form, &model.project);
    let typed = form.focused().map(|item| form.text(&item.id).to_owned()).unwrap_or_default();
    let wanted = chose || !typed.is_empty() || form.choice > 0;
    let taken = choices.get(form.choice).map(|(text, _)| text.clone()).filter(|_| wanted);
    let last = form.focus + 1 == form.items.len();
    if last {
        return perform(model, actions::RUN);
    }
    leave(model, |form| {
        if let (Some(text), Some(id)) = (taken, form.focused().map(|item| item.id.clone())) {
            form.set(&id, &text);
        }
        form.focus += 1;
    })
}

/// Moves the keyboard to another line and looks up what the line left behind makes known.
fn leave(model: &mut Model, change: impl FnOnce(&mut Form)) -> Vec<effect::Effect> {
    let Some(form) = &mut model.launch.form else { return vec![] };
    let left = form.focused().map(|item| item.id.clone());
    match left {
        Some(Id::VaultIds) => form.ask_vaults(),
        Some(Id::ExtraVars) => form.ask_extras(),
        _ => {}
    }
    change(form);
    form.choice = 0;
    let mut effects: Vec<_> = looked_up(model).into_iter().collect();
    if matches!(left, Some(Id::Targets | Id::Limit | Id::Playbook)) {
        effects.extend(aim(model));
    }
    effects
}

/// Asks for the module's documentation, or what the playbook would ask, where that is not known yet.
pub(super) fn looked_up(model: &mut Model) -> Option<effect::Effect> {
    let launch = &mut model.launch;
    let form = launch.form.as_ref()?;
    let (module, playbook) = (form.text(&Id::Module), form.text(&Id::Playbook));
    if !module.is_empty() && launch.doc.as_ref().is_none_or(|asked| asked.what != module) {
        let module = module.to_owned();
        launch.doc = Some(Asked::new(module.clone()));
        return Some(effect::Effect::Launch(Effect::Doc(module)));
    }
    let extra_vars = form.extra_vars();
    if !playbook.is_empty() && launch.scan.as_ref().is_none_or(|asked| asked.what != scan_key(playbook, &extra_vars)) {
        let playbook = playbook.to_owned();
        launch.scan = Some(Asked::new(scan_key(&playbook, &extra_vars)));
        return Some(effect::Effect::Launch(Effect::Scan { playbook, extra_vars }));
    }
    None
}

/// Extra vars answer questions, so the scan is for both together.
pub(super) fn scan_key(playbook: &str, extra_vars: &[ExtraVars]) -> String {
    let words =
        extra_vars.iter().flat_map(|vars| vars.text().into_iter().chain(vars.secret().iter().map(String::as_str)));
    format!("{playbook} {}", words.collect::<Vec<_>>().join(" ")).trim_end().to_owned()
}

/// In the menu a runbook's own key opens it; for Enter there is an action.
fn menu_key(model: &mut Model, key: KeyEvent) -> Option<Vec<effect::Effect>> {
    let KeyCode::Char(c) = key.code else { return None };
    if !key.modifiers.is_empty() && key.modifiers != KeyModifiers::SHIFT {
        return None;
    }
    let chosen = runbooks(model).into_iter().find(|r| r.key == Some(c)).cloned();
    Some(chosen.map(|runbook| actions::open_runbook(model, &runbook)).unwrap_or_default())
}

pub(super) fn paste(model: &mut Model, text: &str) -> Vec<effect::Effect> {
    if let Some(form) = &mut model.launch.form {
        match form.items.get_mut(form.focus).map(|item| &mut item.value) {
            Some(Value::Text(field)) => field.paste(text),
            Some(Value::Secret(secret)) => secret.paste(text),
            _ => {}
        }
        form.choice = 0;
    }
    vec![]
}

/// Up and down: through the completions where there are any, else through the lines.
pub(super) fn motion(model: &mut Model, motion: Motion) -> Vec<effect::Effect> {
    let menu = runbooks(model).len();
    let page = model.page("runbooks");
    let Some(form) = &model.launch.form else {
        model.launch.menu.motion(motion, menu, page);
        return vec![];
    };
    let choices = complete::choices(&model.launch, form, &model.project).len();
    let last = form.items.len().saturating_sub(1);
    let down = matches!(motion, Motion::Down | Motion::PageDown);
    if choices > 0 {
        if let Some(form) = &mut model.launch.form {
            let next = if down { form.choice + 1 } else { form.choice.saturating_sub(1) };
            form.choice = next.min(choices - 1);
        }
        return vec![];
    }
    leave(model, |form| form.focus = if down { (form.focus + 1).min(last) } else { form.focus.saturating_sub(1) })
}

/// A click goes to a line, and turns a flag; in the menu it opens.
pub(super) fn mouse(model: &mut Model, event: MouseEvent, target: Option<Target>) -> Vec<effect::Effect> {
    match (event.kind, target) {
        (MouseEventKind::Down(MouseButton::Left), Some(Target::Part { part: "launch.item", index })) => {
            let effects = leave(model, |form| form.focus = index.min(form.items.len().saturating_sub(1)));
            if let Some(form) = &mut model.launch.form
                && let Some(Value::Flag(on)) = form.items.get_mut(index).map(|item| &mut item.value)
            {
                *on = !*on;
            }
            effects
        }
        (MouseEventKind::Down(MouseButton::Left), Some(Target::Part { part: "launch.choice", index })) => {
            if let Some(form) = &mut model.launch.form {
                form.choice = index;
            }
            forward(model, true)
        }
        (MouseEventKind::Down(MouseButton::Left), Some(Target::Row { list: "runbooks", index })) => {
            let chosen = runbooks(model).get(index).map(|r| (*r).clone());
            chosen.map(|runbook| actions::open_runbook(model, &runbook)).unwrap_or_default()
        }
        (MouseEventKind::ScrollUp, _) => motion(model, Motion::Up),
        (MouseEventKind::ScrollDown, _) => motion(model, Motion::Down),
        _ => vec![],
    }
}
