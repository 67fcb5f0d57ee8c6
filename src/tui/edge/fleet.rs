//! Performs Fleet's effects: inventories, variables, patterns, and the newest run of each host.

use super::Context;
use crate::run::state::HostState;
use crate::run::{Follower, RunState};
use crate::state::{Filter, Index};
use crate::tui::msg::{Data, Msg};
use crate::tui::screens::fleet::data::{self, LastRun, Outcome};
use std::collections::HashMap;

/// Runs of an environment that are looked at for the newest of each host.
const RUNS: u32 = 20;

pub(super) fn perform(context: &Context, effect: data::Effect) {
    match effect {
        data::Effect::LastRuns { env } => last_runs(context, env),
        data::Effect::Topology { env } => {
            answer(context, data::Data::Topology { env, result: Err(MISSING.into()), verdict: data::Verdict::Native });
        }
        data::Effect::Vars { env, host } => {
            answer(context, data::Data::Vars { env, host, result: Err(MISSING.into()) });
        }
        data::Effect::Select { env, pattern } => {
            answer(context, data::Data::Selected { env, pattern, result: Err(MISSING.into()) });
        }
    }
}

// Goes with the landing of `inventory`.
const MISSING: &str = "this build can't read inventories yet";

/// Inventories that were read.
#[derive(Debug, Clone, Default)]
pub struct Inventories {}

fn answer(context: &Context, data: data::Data) {
    context.answer(Msg::Data(Data::Fleet(data)));
}

/// The journals say how each host fared; the index only which runs to look at.
fn last_runs(context: &Context, env: usize) {
    let Some(environment) = context.project.environments.get(env) else { return };
    let filter = Filter { environment: Some(environment.name.clone()), limit: Some(RUNS), ..Filter::default() };
    let rows = match Index::open(&context.state).and_then(|index| index.list(&filter)) {
        Ok(rows) => rows,
        Err(e) => return tracing::warn!("the newest runs of {} are not known: {e}", environment.name),
    };
    let mut runs: HashMap<String, LastRun> = HashMap::new();
    for row in rows {
        let Ok(run) = Follower::open(&context.state.run(row.id)) else { continue };
        for (host, state) in &run.state.hosts {
            runs.entry(host.clone()).or_insert_with(|| LastRun {
                title: row.title.clone(),
                outcome: outcome(&run.state, state),
                at: run.state.ended_at().unwrap_or(run.state.updated_at),
            });
        }
    }
    answer(context, data::Data::LastRuns { env, runs });
}

fn outcome(run: &RunState, host: &HostState) -> Outcome {
    let t = host.tally;
    match host.running {
        _ if t.unreachable > 0 => Outcome::Unreachable,
        _ if t.failed > 0 || host.failed.is_some() => Outcome::Failed,
        Some(_) if run.state.is_terminal() => Outcome::Unknown,
        Some(_) => Outcome::Running,
        None if !run.state.is_terminal() => Outcome::Running,
        None if t.changed > 0 => Outcome::Changed,
        None => Outcome::Ok,
    }
}
