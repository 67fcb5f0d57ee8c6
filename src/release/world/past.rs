//! What of a release's journal the world must know to act: where traffic was before, what was begun and may be half done.

use crate::release::breakers::Ahead;
use crate::release::event::Event;
use crate::release::machine::Effect;
use crate::release::plan::Plan;
use crate::release::rotation;
use crate::release::state::{Done, Release};
use crate::release::traffic::{Op, Report};
use crate::run::RunState;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Taken from the journal at the moment in which something is begun.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// Balancers before the release touched them.
    pub before: Vec<Report>,
    /// A switch to the same pool was begun before this one.
    pub again: bool,
    /// Pool that has the traffic by the journal; `None`: it is being moved, or was never.
    pub pool: Option<String>,
    /// Hosts that have the new version.
    pub new: Vec<String>,
    /// Hosts of which it is not known which version they have.
    pub unknown: Vec<String>,
    /// Set once something else is to be done on the balancers: what only waits gives way to it.
    pub gives_way: Arc<AtomicBool>,
    /// Nothing was done to the environment yet.
    pub untouched: bool,
    /// Hosts that it is about to work on.
    pub ahead: Ahead,
    /// Fencing token of the environment's lease; `None`: none was got, or there is no index to hold it.
    pub fence: Option<i64>,
}

impl Past {
    /// As an effect needs it.
    pub fn of(run: &RunState, own: &Release, plan: &Plan, effect: &Effect) -> Past {
        // Asked only by what tells shares.
        let sides = matches!(effect, Effect::Traffic(_)).then(|| rotation::sides(plan, own));
        let (new, unknown) = sides.unwrap_or_default();
        Past {
            before: own.traffic_before.clone(),
            again: again(run, effect),
            pool: own.ops.iter().rev().filter(|_| own.traffic_open.is_none()).find_map(switched),
            new,
            unknown,
            gives_way: Arc::default(),
            untouched: own.touched.is_empty() && own.traffic_before.is_empty(),
            ahead: Ahead::of(plan, own),
            fence: own.lease.filter(|token| *token != 0),
        }
    }
}

fn switched(done: &Done) -> Option<String> {
    match &done.op {
        Op::Switch { to, .. } if done.ok => Some(to.clone()),
        _ => None,
    }
}

/// The intent of a switch is on record before the switch itself: its own does not count.
fn again(run: &RunState, effect: &Effect) -> bool {
    let (pool, own) = match effect {
        Effect::Traffic(Op::Check { to }) => (to, 0),
        Effect::Traffic(Op::Switch { to, version: Some(_) }) => (to, 1),
        _ => return false,
    };
    let same = |json: &&String| match serde_json::from_str(json) {
        Ok(Event::TrafficIntent { op: Op::Switch { to, version: Some(_) }, .. }) => to == *pool,
        _ => false,
    };
    let intents = run.own.iter().map(|(_, json)| json).filter(|json| json.contains("traffic_intent"));
    intents.filter(same).count() > own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_begun_again_when_the_journal_has_an_intent_of_it_before_its_own() {
        let switch = |to: &str, version: Option<&str>| Op::Switch { to: to.into(), version: version.map(Into::into) };
        let intent = |op: &Op| Event::TrafficIntent { op: op.clone(), before: Vec::new() };
        let told = |intents: &[&Op], op: &Op| {
            let own = intents.iter().map(|op| (0, serde_json::to_string(&intent(op)).unwrap())).collect();
            again(&RunState { own, ..RunState::default() }, &Effect::Traffic(op.clone()))
        };
        let (green, back, check) =
            (switch("green", Some("2")), switch("green", None), Op::Check { to: "green".into() });
        assert!(!told(&[], &check) && told(&[&green], &check));
        assert!(!told(&[&green], &green) && told(&[&green, &green], &green));
        assert!(!told(&[&switch("blue", Some("2")), &green], &green), "another pool");
        assert!(!told(&[&green, &green], &back), "the way back needs no such word");
    }
}
