//! May a release begin or go on in its environment now? Freeze windows of `opsdeck.yaml` and stopped lines of the control,
//! what the plan was made from, and where traffic goes: read each time, since all of it may change while it runs.

use super::build;
use super::plan::{Plan, Strategy};
use super::traffic::{self, Op, Report, Scene};
use crate::audit;
use crate::project::{Freeze, Project};
use crate::state::{Control, StateDir};
use crate::text;
use crate::text::human;
use jiff::Timestamp;

/// Begins what will never pass: only a new plan helps.
pub const STALE: &str = "stale: ";

/// What stands in the way of a plan now, one sentence each; nothing: it may go on. `untouched`: it has not done anything
/// to the environment yet, so all that it was made from and for must still be there. `glass`: it was launched under break-glass.
pub fn blocks(store: &StateDir, plan: &Plan, untouched: bool, glass: bool) -> Vec<String> {
    let mut blocks = if untouched { stale(store, plan) } else { Vec::new() };
    match Project::at(&plan.cwd) {
        Ok(project) => {
            match project.environment(&plan.environment) {
                Some(environment) => blocks.extend(frozen(&environment.freeze, Timestamp::now())),
                None => {
                    blocks.push(format!("{} is no environment of {} any more", plan.environment, plan.cwd.display()))
                }
            }
            let changed = build::changed(plan, &project, untouched);
            blocks.extend(changed.into_iter().map(|what| format!("{what}: put it back, or plan and approve again")));
        }
        Err(error) => blocks.push(format!("the freeze windows cannot be read: {error}")),
    }
    blocks.extend(stopped(store, &plan.environment, glass));
    blocks.into_iter().map(|block| text::plain(&block).into_owned()).collect()
}

/// Why a plan that has done nothing yet does not hold any more: another release went out, or traffic went elsewhere,
/// since it was made. What cannot be read is told when it is needed.
fn stale(store: &StateDir, plan: &Plan) -> Vec<String> {
    let mut stale = Vec::new();
    if let Ok(Some(stable)) = build::last_stable(store, &plan.release, &plan.environment)
        && plan.current.as_ref() != Some(&stable)
    {
        let then = plan.current.as_deref().unwrap_or("no version");
        stale.push(format!("{STALE}{stable} is stable here by now, and the plan was made for {then}"));
    }
    if let (Strategy::BlueGreen { active, .. }, Some(traffic)) = (&plan.strategy, &plan.traffic) {
        let (reports, _) = traffic::perform(traffic, &Op::Status, &Scene::at(&plan.cwd));
        stale.extend(elsewhere(&reports, active));
    }
    stale
}

/// Balancers that send traffic to another pool than the plan's.
fn elsewhere(reports: &[Report], active: &str) -> Vec<String> {
    let other = |report: &Report| {
        let now = report.active.as_deref().filter(|now| *now != active)?;
        Some(format!("{STALE}{} sends traffic to {now} by now, and the plan was made for {active}", report.balancer))
    };
    reports.iter().filter_map(other).collect()
}

/// Windows that hold at a moment, in words.
pub fn frozen(freeze: &[Freeze], now: Timestamp) -> Vec<String> {
    freeze.iter().filter_map(|freeze| Some(freeze.words(&freeze.until(now)?))).collect()
}

/// The stopped line of an environment, in words. What cannot be read stands in the way; under break-glass not the ledger, which
/// only tells that control.db was put back from a backup.
fn stopped(store: &StateDir, environment: &str, glass: bool) -> Option<String> {
    let told = || -> Result<_, audit::Error> {
        let control = Control::open(store)?;
        let why = match audit::outrun(store, &control) {
            Err(e) if glass => {
                tracing::warn!("whether control.db is what it was cannot be told: {e}");
                None
            }
            other => other?,
        };
        why.map_or(Ok(control.stopped_lines()?), |why| Err(audit::Error::Lost(why)))
    };
    match told() {
        Ok(lines) => lines.into_iter().find(|line| line.environment == environment).map(|line| {
            format!("{} stopped the line at {}: {}", line.operator, human::date_time(line.at), line.reason)
        }),
        Err(error) => Some(format!("it cannot be told whether the line is stopped: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Control, lines::Line};

    #[test]
    fn a_balancer_that_was_switched_since_makes_a_plan_stale() {
        let report = |name: &str, active: Option<&str>| Report {
            balancer: name.into(),
            active: active.map(str::to_owned),
            ..Report::default()
        };
        let all = [report("lb1", Some("blue")), report("lb2", Some("green")), report("lb3", None)];
        let told = elsewhere(&all, "blue");
        assert_eq!(told, ["stale: lb2 sends traffic to green by now, and the plan was made for blue"]);
        assert!(elsewhere(&all[..1], "blue").is_empty());
    }

    #[test]
    fn a_stopped_line_names_who_and_why_until_it_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let store = StateDir::at(dir.path());
        let line = |operator: &str| Line {
            environment: "production".into(),
            reason: "disk full".into(),
            operator: operator.into(),
            at: 0,
        };
        let control = Control::open(&store).unwrap();
        assert!(control.stop_line(&line("ann")).unwrap());
        assert!(!control.stop_line(&line("bob")).unwrap(), "the first stays");
        let words = stopped(&store, "production", false).unwrap();
        assert!(words.starts_with("ann stopped the line at") && words.ends_with(": disk full"), "{words}");
        assert_eq!(stopped(&store, "staging", false), None);
        assert!(control.open_line("production").unwrap());
        assert!(!control.open_line("production").unwrap());
        assert_eq!(stopped(&store, "production", false), None);
    }
}
