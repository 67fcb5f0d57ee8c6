//! Can a release be undone, and how: what the operator reads before the key is pressed. Decides nothing; it says what the
//! machine would do (`machine::back`).

use super::plan::{Plan, Strategy};
use super::progress;
use super::state::{Mark, Release, Undo};
use crate::text::human;

/// What undoing would be, as things stand at `now` (Unix milliseconds).
pub fn undo(plan: &Plan, release: &Release, now: i64) -> Undo {
    if let Some(seconds) = warm(plan, release, now) {
        let why = match at_once(plan, release, now) {
            Ok(why) => format!("{why}; {} left", human::clock(seconds)),
            Err(why) => return Undo { possible: true, instant: false, why, hosts: 0 },
        };
        return Undo { possible: true, instant: true, why, hosts: 0 };
    }
    let hosts = hosts(plan, release);
    if let Some(why) = impossible(plan, release) {
        return Undo { possible: false, instant: false, why, hosts };
    }
    let (instant, mut why) = match at_once(plan, release, now) {
        Ok(why) => (true, why),
        Err(why) if hosts > 0 => (false, format!("{why}, rollback steps run")),
        Err(why) => (false, why),
    };
    if hosts > 0 {
        if instant {
            why += ", then rollback steps run";
        }
        if let Some(ms) = takes(plan, release, hosts) {
            why += &format!(", {}", about(ms));
        }
    }
    if let Some(step) = &release.no_return {
        why += &format!("; past the point of no return: what {step} did stays");
    }
    Undo { possible: true, instant, why, hosts }
}

/// It succeeded, and its old pool is kept for so many more milliseconds: the switch can be taken back by a run of its own.
pub fn warm(plan: &Plan, release: &Release, now: i64) -> Option<i64> {
    let traffic = plan.traffic.as_ref().filter(|_| release.at == super::state::At::Succeeded)?;
    let blue_green = matches!(plan.strategy, Strategy::BlueGreen { .. });
    let left = release.entered_at() + i64::from(traffic.keep_warm) * 1000 - now;
    (blue_green && left > 0).then_some(left)
}

/// Why it cannot be undone; the machine refuses it for the same reasons.
fn impossible(plan: &Plan, release: &Release) -> Option<String> {
    use super::state::At;
    let to = &plan.rollback.to;
    Some(match release.at {
        at if at.is_terminal() => {
            let back =
                plan.current.as_ref().or(to.as_ref()).map_or_else(String::new, |v| format!("; release {v} again"));
            format!("it has ended ({}){back}", at.name().replace('_', " "))
        }
        At::RollingBack { .. } => "undo is under way".into(),
        _ if release.touched.is_empty() && release.traffic_before.is_empty() => {
            "nothing was changed yet: stop it instead".into()
        }
        _ if matches!(plan.strategy, Strategy::BlueGreen { .. }) => {
            return (plan.rollback.steps.is_empty() && plan.traffic.is_none())
                .then(|| "the plan has neither rollback steps nor a load balancer".into());
        }
        _ if to.is_none() => "no earlier stable release is known: there is no version to go back to".into(),
        _ if to.as_ref() == Some(&plan.version) => {
            format!("the version to go back to is {}, the one that is brought out", plan.version)
        }
        _ if plan.rollback.steps.is_empty() => "the plan has no steps to roll back with".into(),
        _ => return None,
    })
}

/// Hosts that rollback steps would work on.
fn hosts(plan: &Plan, release: &Release) -> u32 {
    if plan.rollback.steps.is_empty() {
        return 0;
    }
    release.touched.iter().filter(|host| !matches!(release.mark(host), Mark::Old | Mark::Untouched)).count() as u32
}

/// Traffic can go back in one write; why, or why not.
fn at_once(plan: &Plan, release: &Release, now: i64) -> Result<String, String> {
    let weighted = plan.batches.iter().any(|batch| batch.weight.is_some());
    match (&plan.strategy, &plan.traffic) {
        (Strategy::BlueGreen { .. }, None) => Err("the plan names no load balancer".into()),
        (_, None) => Err("no second pool".into()),
        (Strategy::BlueGreen { active, .. }, Some(traffic)) => {
            if release.traffic.is_empty() {
                return Err("the load balancers were not read yet".into());
            }
            if let Some(report) = release.traffic.iter().find(|report| report.problem.is_some()) {
                let problem = report.problem.as_deref().unwrap_or_default();
                return Err(format!("{}: {problem}", report.balancer));
            }
            if release.traffic.iter().all(|report| report.active.as_ref() == Some(active)) {
                return Ok(format!("{active} has the traffic"));
            }
            // A balancer that cannot count its servers is taken at its word.
            let up = || release.traffic.iter().filter_map(|r| Some((&r.balancer, *r.up.get(active)?)));
            if let Some((balancer, (_, all))) = up().find(|(_, (up, _))| *up == 0) {
                return Err(format!("{active} is not warm: 0 of {all} servers up on {balancer}"));
            }
            let age = release.traffic_at.map_or_else(String::new, |at| format!(" (seen {})", human::ago(at, now)));
            let warm = match up().map(|(_, seen)| seen).min() {
                Some((up, all)) => format!("{active} is warm, {up} of {all} up{age}"),
                None => format!("{active} stays warm{age}"),
            };
            match traffic.keep_warm {
                0 => Ok(warm),
                seconds => Ok(format!("{warm}, kept for {}", human::short(i64::from(seconds) * 1000))),
            }
        }
        (_, Some(_)) if weighted => Ok("all traffic goes back to the old version by weight".into()),
        (_, Some(_)) => Err("no second pool".into()),
    }
}

/// Milliseconds that the rollback's slices take, by the slices or batches that were done.
fn takes(plan: &Plan, release: &Release, hosts: u32) -> Option<i64> {
    let each = progress::batches(release).into_iter().max()?;
    let down = release
        .touched
        .iter()
        .any(|host| matches!(release.mark(host), Mark::Failed | Mark::Unreachable | Mark::Unknown | Mark::Running));
    let serving = release.touched.iter().filter(|host| release.mark(host) == Mark::New).count().min(hosts as usize);
    let at_once = match plan.strategy {
        Strategy::BlueGreen { .. } => serving.max(1),
        _ => plan.limits.max_unavailable.max(1) as usize,
    };
    let slices = serving.div_ceil(at_once) + usize::from(down);
    Some(each * slices as i64)
}

/// `about 2 min`, `about 20 s`: rounded up.
fn about(ms: i64) -> String {
    let seconds = (ms.max(0) / 1000).max(1);
    match seconds {
        s @ 1..=50 => format!("about {} s", ((s + 9) / 10) * 10),
        s => format!("about {} min", (s + 59) / 60),
    }
}
