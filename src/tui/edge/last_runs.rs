//! The newest run of each host: the journals say how it fared; the index only which runs to look at.

use super::Context;
use crate::run::RunState;
use crate::run::state::HostState;
use crate::state::Filter;
use crate::tui::msg::{self, Msg};
use crate::tui::screens::fleet::data::{Data, LastRun, Outcome};
use std::collections::HashMap;

/// Runs of an environment that are looked at.
const RUNS: u32 = 100;

pub(super) fn read(context: &Context, env: usize) {
    let Some(environment) = context.project.environments.get(env) else { return };
    let filter = Filter { environment: Some(environment.name.clone()), limit: Some(RUNS), ..Filter::default() };
    let rows = match context.desk.listed(&filter) {
        Ok(rows) => rows,
        Err(e) => return tracing::warn!("the newest runs of {} are not known: {e}", environment.name),
    };
    let newest = (rows.len() >= RUNS as usize).then_some(RUNS);
    let mut runs: HashMap<String, LastRun> = HashMap::new();
    for row in rows.into_iter().filter(|row| row.cwd == context.project.root.display().to_string()) {
        let Ok(run) = context.desk.follow(row.id) else { continue };
        for (host, state) in &run.state.hosts {
            runs.entry(host.clone()).or_insert_with(|| LastRun {
                title: row.title.clone(),
                outcome: outcome(&run.state, state),
                at: run.state.ended_at().unwrap_or(run.state.updated_at),
            });
        }
    }
    context.answer(Msg::Data(msg::Data::Fleet(Data::LastRuns { env, runs, newest })));
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
