//! What can be done on Fleet.

use super::{Asked, Edit, Effect, Pane, marks};
use crate::tui::actions::Action;
use crate::tui::effect;
use crate::tui::model::Model;
use crate::tui::screens::{launch, releases};
use crate::tui::widgets::field::Field;

/// The actions of this screen.
pub const ACTIONS: &[Action] = &[
    launch::ADHOC,
    launch::PLAYBOOK,
    launch::SHELL,
    releases::RELEASE,
    launch::RECOVERY,
    Action::new("fleet.filter", &["/"], "filter", "Show only hosts whose name or groups hold a text", |m| {
        let text = m.place().map(|p| p.filter.clone()).unwrap_or_default();
        m.fleet.edit = Some(Edit::Filter(Field::new(text)));
        vec![]
    })
    .hint(80)
    .unless(no_hosts),
    Action::new("fleet.pattern", &[";"], "pattern", "Show the hosts that an Ansible host pattern selects", |m| {
        let text = m.place().and_then(|p| p.pattern.as_ref()).map(|asked| asked.what.clone());
        m.fleet.edit = Some(Edit::Pattern(Field::new(text.unwrap_or_default())));
        vec![]
    })
    .hint(70)
    .unless(no_hosts),
    Action::new("fleet.clear", &["esc"], "clear", "Close the variables, else clear filter, pattern and group", clear)
        .unless(nothing_to_clear),
    Action::new("fleet.mark", &["space"], "mark", "Mark or unmark the host under the cursor", marks::toggle)
        .hint(60)
        .unless(no_host),
    Action::new("fleet.mark-range", &["V"], "mark to here", "Mark all hosts from the last mark to here", marks::range)
        .unless(no_host),
    Action::new("fleet.mark-all", &["+"], "mark all", "Mark every host in the table", marks::all).unless(no_host),
    Action::new(
        "fleet.mark-none",
        &["-"],
        "mark none",
        "Take every mark away, also of hosts not in sight",
        marks::none,
    )
    .unless(no_marks),
    Action::new("fleet.mark-invert", &["*"], "invert marks", "Mark what is not marked in the table", marks::invert)
        .unless(no_host),
    Action::new("fleet.sort", &["S"], "sort", "Sort the table by the next column", |m| {
        if let Some(place) = m.place_mut() {
            place.sort = place.sort.next();
            place.refilter();
        }
        vec![]
    })
    .unless(no_hosts),
    Action::new("fleet.pane", &["tab"], "pane", "Go to the next part of the screen", |m| {
        m.fleet.pane = match m.fleet.pane {
            Pane::Environments => Pane::Groups,
            Pane::Groups => Pane::Hosts,
            Pane::Hosts | Pane::Variables => Pane::Environments,
        };
        vec![]
    }),
    Action::new("fleet.pane-back", &["backtab"], "pane back", "Go to the part of the screen before", |m| {
        m.fleet.pane = match m.fleet.pane {
            Pane::Environments => Pane::Hosts,
            Pane::Groups => Pane::Environments,
            Pane::Hosts | Pane::Variables => Pane::Groups,
        };
        vec![]
    }),
    Action::new("fleet.open", &["enter"], "open", "Choose the environment or group; show a host's variables", open)
        .hint(30),
    Action::new("fleet.next-environment", &["]"], "next environment", "Show the next environment", |m| step(m, 1)),
    Action::new("fleet.previous-environment", &["["], "previous environment", "Show the environment before", |m| {
        let count = m.project.environments.len();
        step(m, count.saturating_sub(1))
    }),
    Action::new("fleet.reload", &["ctrl-r"], "reload", "Read the inventory again and ask Ansible about it", |m| {
        let Some(env) = m.env else { return vec![] };
        if let Some(place) = m.place_mut() {
            place.vars = None;
        }
        vec![effect::Effect::Fleet(Effect::Topology { env }), effect::Effect::Fleet(Effect::LastRuns { env })]
    })
    .unless(no_environment),
];

fn step(model: &mut Model, by: usize) -> Vec<effect::Effect> {
    let count = model.project.environments.len();
    match (model.env, count) {
        (Some(env), 1..) => model.choose_environment((env + by) % count),
        _ => vec![],
    }
}

/// Enter: what it means depends on the pane.
pub(super) fn open(model: &mut Model) -> Vec<effect::Effect> {
    match model.fleet.pane {
        Pane::Environments => {
            let env = model.fleet.env_list.cursor;
            model.fleet.pane = Pane::Hosts;
            model.choose_environment(env)
        }
        Pane::Groups => {
            if let Some(place) = model.place_mut() {
                place.group = place.tree.get(place.tree_list.cursor).map(|row| row.group).filter(|g| *g != 0);
                place.refilter();
            }
            model.fleet.pane = Pane::Hosts;
            vec![]
        }
        Pane::Hosts => {
            let effects = ask_vars(model);
            if model.place().is_some_and(|p| p.current().is_some()) {
                model.fleet.pane = Pane::Variables;
            }
            effects
        }
        Pane::Variables => vec![],
    }
}

/// Asks for the variables of the host under the cursor, unless they are there.
pub(super) fn ask_vars(model: &mut Model) -> Vec<effect::Effect> {
    let Some(env) = model.env else { return vec![] };
    let Some(place) = model.place_mut() else { return vec![] };
    let Some(host) = place.current().map(str::to_owned) else { return vec![] };
    if place.vars.as_ref().is_some_and(|asked| asked.what == host) {
        return vec![];
    }
    place.vars = Some(Asked::new(host.clone()));
    place.var_list = Default::default();
    vec![effect::Effect::Fleet(Effect::Vars { env, host })]
}

fn clear(model: &mut Model) -> Vec<effect::Effect> {
    if model.fleet.pane == Pane::Variables {
        model.fleet.pane = Pane::Hosts;
    } else if let Some(place) = model.place_mut() {
        place.filter.clear();
        place.pattern = None;
        place.group = None;
        place.refilter();
    }
    vec![]
}

fn no_environment(model: &Model) -> Option<String> {
    model.env.is_none().then(|| "the project has no environment".into())
}

fn no_hosts(model: &Model) -> Option<String> {
    model.place().and_then(|p| p.known()).is_none().then(|| "the hosts are not known yet".into())
}

fn no_host(model: &Model) -> Option<String> {
    no_hosts(model)
        .or_else(|| model.place().is_some_and(|p| p.rows.is_empty()).then(|| "no host is in the table".into()))
}

fn no_marks(model: &Model) -> Option<String> {
    model.place().is_none_or(|p| p.marks.is_empty()).then(|| "nothing is marked".into())
}

fn nothing_to_clear(model: &Model) -> Option<String> {
    let filtered = model.place().is_some_and(|p| !p.filter.is_empty() || p.pattern.is_some() || p.group.is_some());
    (!filtered && model.fleet.pane != Pane::Variables).then(|| "nothing is filtered".into())
}
