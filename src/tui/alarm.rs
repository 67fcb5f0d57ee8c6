//! The alarm line's state: what the edge read last, and the way to what it says first. Drawn by `widgets::alarm`.

use super::effect::Effect;
use super::model::Model;
use super::model::screen::{Request, ScreenId};
use super::widgets::when;
use crate::alarm::{Facts, Grade, Place, Reason, Sight, reasons};

/// Whoever has just come finds what was read before: so long is waited until it is said that nobody polls (milliseconds).
const SETTLE: i64 = 10_000;

#[derive(Debug, Default)]
pub struct Alarm {
    /// As it was read last; `None`: not read yet.
    facts: Option<Facts>,
    /// The environment in sight, and since when (Unix milliseconds).
    came: Option<(usize, i64)>,
}

pub fn arrived(model: &mut Model, facts: Facts) {
    model.alarm.facts = Some(facts);
}

/// Notes since when which environment is in sight.
pub fn sees(model: &mut Model) {
    let env = model.env_in_sight();
    if model.alarm.came.map(|(env, _)| env) != env {
        model.alarm.came = env.map(|env| (env, model.now.ms));
    }
}

impl Model {
    /// What waits for a person and where nobody polls or acts, the gravest first.
    pub fn reasons(&self) -> Vec<Reason> {
        let Some(facts) = &self.alarm.facts else { return vec![] };
        let clock = |at| when::when(at, self.now, true);
        reasons(facts, Sight { stale: self.stale() }, &clock)
    }

    pub fn facts(&self) -> Option<&Facts> {
        self.alarm.facts.as_ref()
    }

    /// The environment in sight, where what is shown of its hosts is not fresh.
    fn stale(&self) -> Option<&str> {
        let (env, since) = self.alarm.came?;
        let picture = self.health.of(Some(env)).filter(|_| self.now.ms - since >= SETTLE)?;
        let name = self.project.environments.get(env)?.name.as_str();
        (!picture.is_fresh(self.now.ms)).then_some(name)
    }
}

/// How grave what is said of an environment by name is; `None`: nothing is.
pub fn grade(reasons: &[Reason], environment: &str) -> Option<Grade> {
    let names = |reason: &&Reason| reason.environments.iter().any(|name| name == environment);
    reasons.iter().find(names).map(|reason| reason.grade)
}

/// Goes to where the first reason is acted on.
pub fn open(model: &mut Model) -> Vec<Effect> {
    let Some(reason) = model.reasons().into_iter().next() else { return vec![] };
    match reason.place {
        Place::Runs(ids) => match ids.as_slice() {
            [one] => model.ask(Request::Run(*one)),
            _ => model.go(ScreenId::Runs),
        },
        Place::Health => {
            // The hosts that it is about, where it is about one environment.
            let at = |name: &String| model.project.environments.iter().position(|env| env.name == *name);
            let env = if let [one] = reason.environments.as_slice() { at(one) } else { None };
            let env = env.filter(|env| model.env != Some(*env));
            let mut effects = env.map(|env| model.choose_environment(env)).unwrap_or_default();
            effects.extend(model.go(ScreenId::Health));
            effects
        }
    }
}
