//! What the machine of a run, whichever kind it is, says of the end that its journal tells of.

use crate::recovery;
use crate::release;
use crate::run::ends::{Told, tell};
use crate::run::single::Single;
use crate::run::{RunSpec, Work};
use crate::state::StateDir;

/// For whoever closes what a dead process left open.
pub fn of(store: &StateDir) -> impl Fn(&RunSpec) -> Result<Told, String> + '_ {
    move |spec| told(store, spec)
}

fn told(store: &StateDir, spec: &RunSpec) -> Result<Told, String> {
    let words = |e: &dyn std::fmt::Display| e.to_string();
    let told = match &spec.work {
        Work::Ansible(ask) => tell(&Single::of(ask, spec.on_conflict), store, spec),
        Work::Plan(plan) => {
            if let Some(body) = recovery::launch::frozen(spec).map_err(|e| words(&e))? {
                tell(&recovery::world::machine(store, spec.id, body, Vec::new()), store, spec)
            } else if let Some(body) = release::launch::body(spec).map_err(|e| words(&e))? {
                tell(&release::supervise::Supervised::new(store, spec.id, body), store, spec)
            } else {
                return Err(format!("this opsdeck knows no run of the kind {:?}", plan.kind));
            }
        }
    };
    told.map_err(|e| words(&e))
}
