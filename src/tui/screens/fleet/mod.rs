//! Fleet: environments, groups and hosts; where everything begins. State and what arrives here; actions, keys and
//! drawing in the files beside.

mod actions;
pub mod data;
mod keys;
mod marks;
pub mod place;
pub mod sort;
pub mod topology;
mod view;

#[cfg(test)]
mod tests;

use crate::tui::effect;
use crate::tui::model::Model;
use crate::tui::model::asked::Asked;
use crate::tui::screens::{Screen, ScreenId};
use crate::tui::widgets::field::Field;
pub use data::{Data, Effect};
pub use place::Place;

pub const SCREEN: Screen = Screen {
    crumbs,
    actions: actions::ACTIONS,
    typing: |m| m.fleet.edit.is_some(),
    key: keys::key,
    paste: keys::paste,
    motion: keys::motion,
    mouse: keys::mouse,
    enter,
    ..Screen::plain(ScreenId::Fleet, view::view)
};

/// Which part has the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    Environments,
    Groups,
    #[default]
    Hosts,
    Variables,
}

/// A line that is being typed.
#[derive(Debug)]
pub enum Edit {
    /// `/`.
    Filter(Field),
    Pattern(Field),
}

#[derive(Debug, Default)]
pub struct Fleet {
    /// One for each environment of the project.
    pub places: Vec<Place>,
    pub env_list: crate::tui::list::List,
    /// Which part has the keyboard.
    pub pane: Pane,
    pub edit: Option<Edit>,
}

impl Model {
    /// The environment in sight, as Fleet knows it.
    pub fn place(&self) -> Option<&Place> {
        self.fleet.places.get(self.env?)
    }

    pub fn place_mut(&mut self) -> Option<&mut Place> {
        self.fleet.places.get_mut(self.env?)
    }

    pub fn choose_environment(&mut self, env: usize) -> Vec<effect::Effect> {
        if env >= self.project.environments.len() {
            return vec![];
        }
        self.env = Some(env);
        self.fleet.env_list.cursor = env;
        self.fleet.edit = None;
        let mut effects = vec![effect::Effect::Fleet(Effect::LastRuns { env })];
        effects.extend(verify(self, env));
        effects
    }
}

/// What is wanted when the program begins: every environment's hosts, the one in sight first.
pub fn start(model: &mut Model) -> Vec<effect::Effect> {
    let count = model.project.environments.len();
    model.fleet.places.resize_with(count, Place::default);
    let first = model.env.unwrap_or(0);
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|env| *env != first);
    let mut effects: Vec<_> = order.iter().map(|env| effect::Effect::Fleet(Effect::Topology { env: *env })).collect();
    if count > 0 {
        effects.push(effect::Effect::Fleet(Effect::LastRuns { env: first }));
    }
    effects
}

/// Asks Ansible about an inventory that was read natively and not verified yet: that of the environment in sight
/// alone, because the question costs seconds of a processor.
fn verify(model: &mut Model, env: usize) -> Option<effect::Effect> {
    let place = model.fleet.places.get_mut(env).filter(|_| model.env == Some(env))?;
    let wanted = place.verdict == data::Verdict::Native && place.known().is_some();
    wanted.then(|| place.verdict = data::Verdict::Checking)?;
    Some(effect::Effect::Fleet(Effect::Verify { env }))
}

/// A run may have ended since.
fn enter(model: &mut Model) -> Vec<effect::Effect> {
    model.env.map(|env| effect::Effect::Fleet(Effect::LastRuns { env })).into_iter().collect()
}

pub fn arrived(model: &mut Model, data: Data) -> Vec<effect::Effect> {
    let places = &mut model.fleet.places;
    match data {
        Data::Topology { env, result, verdict } => {
            if let Some(place) = places.get_mut(env) {
                place.verdict = verdict;
                place.load(result);
                let mut effects = vec![];
                // The pattern was worked out on what was there before.
                if let Some(asked) = &mut place.pattern {
                    asked.answer = None;
                    effects.push(effect::Effect::Fleet(Effect::Select { env, pattern: asked.what.clone() }));
                }
                effects.extend(verify(model, env));
                return effects;
            }
        }
        Data::Verdict { env, verdict } => {
            if let Some(place) = places.get_mut(env) {
                place.verdict = verdict;
            }
        }
        Data::Vars { env, host, result } => {
            if let Some(asked) = places.get_mut(env).and_then(|p| p.vars.as_mut())
                && asked.what == host
            {
                asked.answer = Some(result);
            }
        }
        Data::Selected { env, pattern, result } => {
            if let Some(place) = places.get_mut(env)
                && let Some(asked) = &mut place.pattern
                && asked.what == pattern
            {
                asked.answer = Some(result.map(|hosts| hosts.into_iter().enumerate().map(|(i, h)| (h, i)).collect()));
                place.refilter();
            }
        }
        Data::LastRuns { env, runs, newest } => {
            if let Some(place) = places.get_mut(env) {
                (place.last_runs, place.newest) = (Some(runs), newest);
                place.refilter();
            }
        }
    }
    vec![]
}

fn crumbs(model: &Model) -> Vec<String> {
    let Some(place) = model.place() else { return vec![] };
    let group = place.group.and_then(|g| Some(place.known()?.groups.get(g as usize)?.name.clone()));
    let variables = (model.fleet.pane == Pane::Variables).then(|| place.current().unwrap_or_default().to_owned());
    group.into_iter().chain(variables).collect()
}
