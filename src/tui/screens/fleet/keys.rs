//! Keys, movements and the mouse on Fleet.

use super::{Asked, Edit, Effect, Pane, actions, sort::Sort};
use crate::tui::effect;
use crate::tui::hits::Target;
use crate::tui::list::Motion;
use crate::tui::model::Model;
use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};

/// A key while a line is typed; nothing else comes here that is not an action.
pub(super) fn key(model: &mut Model, key: KeyEvent) -> Option<Vec<effect::Effect>> {
    let edit = model.fleet.edit.as_mut()?;
    match key.code {
        KeyCode::Enter => {
            model.fleet.edit = None;
            model.fleet.pane = Pane::Hosts;
            Some(vec![])
        }
        KeyCode::Esc => {
            let cleared = model.fleet.edit.take();
            Some(match cleared {
                Some(Edit::Pattern(_)) => set_pattern(model, ""),
                _ => set_filter(model, ""),
            })
        }
        _ => {
            let (Edit::Filter(field) | Edit::Pattern(field)) = edit;
            field.key(key).map(|changed| if changed { changed_line(model) } else { vec![] })
        }
    }
}

/// Pasted text goes into the line that is typed.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<effect::Effect> {
    let Some(Edit::Filter(field) | Edit::Pattern(field)) = &mut model.fleet.edit else { return vec![] };
    field.paste(text);
    changed_line(model)
}

fn changed_line(model: &mut Model) -> Vec<effect::Effect> {
    match &model.fleet.edit {
        Some(Edit::Filter(field)) => {
            let text = field.text().to_owned();
            set_filter(model, &text)
        }
        Some(Edit::Pattern(field)) => {
            let text = field.text().to_owned();
            set_pattern(model, &text)
        }
        None => vec![],
    }
}

fn set_filter(model: &mut Model, text: &str) -> Vec<effect::Effect> {
    if let Some(place) = model.place_mut() {
        text.clone_into(&mut place.filter);
        place.refilter();
    }
    vec![]
}

fn set_pattern(model: &mut Model, text: &str) -> Vec<effect::Effect> {
    let Some(env) = model.env else { return vec![] };
    let Some(place) = model.place_mut() else { return vec![] };
    if text.trim().is_empty() {
        place.pattern = None;
        place.refilter();
        return vec![];
    }
    place.pattern = Some(Asked::new(text));
    vec![effect::Effect::Fleet(Effect::Select { env, pattern: text.to_owned() })]
}

/// Moves in the pane that has the keyboard.
pub(super) fn motion(model: &mut Model, motion: Motion) -> Vec<effect::Effect> {
    let page = |model: &Model, list| model.page(list);
    match (model.fleet.pane, motion) {
        (Pane::Environments, Motion::Right) | (Pane::Variables, Motion::Left) => model.fleet.pane = Pane::Hosts,
        (Pane::Hosts, Motion::Left) => model.fleet.pane = Pane::Groups,
        (Pane::Hosts, Motion::Right) => return actions::open(model),
        (Pane::Environments, _) => {
            let (len, page) = (model.project.environments.len(), page(model, "environments"));
            model.fleet.env_list.motion(motion, len, page);
        }
        (Pane::Groups, Motion::Left | Motion::Right) => branch(model, motion == Motion::Right),
        (Pane::Groups, _) => {
            let page = page(model, "groups");
            if let Some(place) = model.place_mut() {
                place.tree_list.motion(motion, place.tree.len(), page);
            }
        }
        (Pane::Hosts, _) => {
            let page = page(model, "hosts");
            if let Some(place) = model.place_mut() {
                place.host_list.motion(motion, place.rows.len(), page);
            }
        }
        (Pane::Variables, _) => {
            let page = page(model, "variables");
            if let Some(place) = model.place_mut()
                && let Some(Asked { answer: Some(Ok(vars)), .. }) = &place.vars
            {
                place.var_list.motion(motion, vars.len(), page);
            }
        }
    }
    vec![]
}

/// Opens or closes the branch under the cursor; where there is none to open, goes to the hosts.
fn branch(model: &mut Model, open: bool) {
    let Some(place) = model.place_mut() else { return };
    let Some(row) = place.tree.get(place.tree_list.cursor).copied() else { return };
    let name = place.known().and_then(|t| t.groups.get(row.group as usize)).map(|g| g.name.clone());
    let Some(name) = name else { return };
    match (open, row.branch) {
        (true, true) if !row.open => {
            place.closed.remove(&name);
        }
        (true, _) => model.fleet.pane = Pane::Hosts,
        (false, true) if row.open => {
            place.closed.insert(name);
        }
        (false, _) => {
            // To the branch that this one hangs on.
            let above = place.tree[..place.tree_list.cursor].iter().rposition(|r| r.depth < row.depth);
            match above {
                Some(at) => place.tree_list.cursor = at,
                None => model.fleet.pane = Pane::Environments,
            }
        }
    }
    if let Some(place) = model.place_mut() {
        place.plant();
    }
}

/// Clicks choose, a second click opens; the wheel moves the list under it.
pub(super) fn mouse(model: &mut Model, event: MouseEvent, target: Option<Target>) -> Vec<effect::Effect> {
    match (event.kind, target) {
        (MouseEventKind::Down(MouseButton::Left), Some(Target::Row { list, index })) => click(model, list, index),
        (MouseEventKind::Down(MouseButton::Left), Some(Target::Part { part: "sort", index })) => {
            if let Some(place) = model.place_mut() {
                let by = Sort::ALL[index % Sort::ALL.len()];
                place.sort = if place.sort == by { Sort::Inventory } else { by };
                place.refilter();
            }
            vec![]
        }
        (MouseEventKind::ScrollUp | MouseEventKind::ScrollDown, _) => {
            let by = if event.kind == MouseEventKind::ScrollUp { Motion::Up } else { Motion::Down };
            if let Some(pane) = model.hits.list_at(event.column, event.row).and_then(pane_of) {
                model.fleet.pane = pane;
            }
            (0..3).flat_map(|_| motion(model, by)).collect()
        }
        _ => vec![],
    }
}

fn pane_of(list: &str) -> Option<Pane> {
    Some(match list {
        "environments" => Pane::Environments,
        "groups" => Pane::Groups,
        "hosts" => Pane::Hosts,
        "variables" => Pane::Variables,
        _ => return None,
    })
}

fn click(model: &mut Model, list: &str, index: usize) -> Vec<effect::Effect> {
    let Some(pane) = pane_of(list) else { return vec![] };
    model.fleet.pane = pane;
    let cursor = match pane {
        Pane::Environments => Some(&mut model.fleet.env_list.cursor),
        Pane::Groups => model.place_mut().map(|p| &mut p.tree_list.cursor),
        Pane::Hosts => model.place_mut().map(|p| &mut p.host_list.cursor),
        Pane::Variables => model.place_mut().map(|p| &mut p.var_list.cursor),
    };
    let Some(cursor) = cursor else { return vec![] };
    let again = std::mem::replace(cursor, index) == index;
    // Environments and groups open with one click, hosts with a second one on the same row.
    if again || pane != Pane::Hosts { actions::open(model) } else { vec![] }
}
