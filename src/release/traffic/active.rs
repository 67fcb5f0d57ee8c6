//! Which pool takes the traffic now: asked before a plan is made, so that a blue-green release deploys to the other one.

use super::{Op, Scene, perform};
use crate::release::plan::Traffic;
use std::collections::BTreeSet;
use std::path::Path;

/// The pool that takes traffic, as every balancer says; `cwd`: the project's root. Blocking; changes nothing.
///
/// # Errors
/// A balancer does not tell, or they do not agree: then there can be no plan.
pub fn active(balancers: &Traffic, cwd: &Path) -> Result<String, String> {
    let (reports, _) = perform(balancers, &Op::Status, &Scene::at(cwd));
    if let Some(report) = reports.iter().find(|r| r.active.is_none() || r.problem.is_some()) {
        let why = report.problem.as_deref().unwrap_or("it does not tell");
        return Err(format!("which pool takes traffic is not known: {}: {why}", report.balancer));
    }
    let mut pools: BTreeSet<String> = reports.into_iter().filter_map(|r| r.active).collect();
    match (pools.pop_first(), pools.is_empty()) {
        (Some(pool), true) => Ok(pool),
        (None, _) => Err("no balancer tells which pool takes traffic".into()),
        (Some(first), false) => {
            let all: Vec<String> = std::iter::once(first).chain(pools).collect();
            Err(format!("SPLIT: the balancers send to {}", all.join(" and ")))
        }
    }
}
