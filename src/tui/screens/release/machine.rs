//! The machine of a release, described for the diagram: the way that it came and the one ahead, the time in each state.

use super::signs;
use crate::release::plan::{Plan, Strategy};
use crate::release::progress;
use crate::release::state::{At, Release};
use crate::text::human;
use crate::tui::widgets::diagram::{Diagram, Node, Place};
use crate::tui::widgets::sign;

/// The diagram at `now` (Unix milliseconds). Without anybody watching, the time in the current state stands still at
/// `seen`, the moment of the last event.
pub fn diagram(plan: &Plan, release: &Release, watched: bool, seen: i64, now: i64) -> Diagram {
    let draw = |state: At, place| node(plan, release, state, place, watched, if watched { now } else { seen });
    let been = been(release);
    let mut path: Vec<Node> = been.iter().map(|s| draw(*s, Place::Past)).collect();
    path.push(draw(release.at, Place::Now));
    path.extend(ahead(plan, release).into_iter().map(|s| draw(s, Place::Ahead)));
    let exits = exits(release).into_iter().map(|s| draw(s, Place::Ahead)).collect();
    Diagram { path, exits, notes: vec![] }
}

/// The same state, whatever its batch.
fn same(a: At, b: At) -> bool {
    a.name() == b.name()
}

/// States that were left, in the order of the first visit.
fn been(release: &Release) -> Vec<At> {
    let mut out: Vec<At> = vec![];
    for (at, ..) in &release.history {
        if !same(*at, release.at) && !out.iter().any(|o| same(*o, *at)) {
            out.push(*at);
        }
    }
    // Between two batches the one that comes next lies ahead, though it was visited before.
    if matches!(release.at, At::Deploying { .. }) {
        out.retain(|o| !matches!(o, At::Gating { .. }));
    }
    out
}

/// The way forward through the plan.
fn forward(plan: &Plan) -> Vec<At> {
    let switches = plan.traffic.is_some() && matches!(plan.strategy, Strategy::BlueGreen { .. });
    let mut way = vec![At::Planned];
    way.extend((plan.approval.needed > 0).then_some(At::AwaitingApproval));
    way.extend([At::Queued, At::Preparing, At::Deploying { batch: 0 }]);
    let measures = !plan.gates.is_empty() || plan.limits.soak > 0 || plan.batches.len() > 1;
    way.extend(measures.then_some(At::Gating { batch: 0 }));
    way.extend(switches.then_some(At::Switching));
    way.extend([At::Verifying, At::Succeeded]);
    way
}

/// What may follow on the way.
fn ahead(plan: &Plan, release: &Release) -> Vec<At> {
    let after = |state: At| {
        let way = forward(plan);
        let at = way.iter().position(|s| same(*s, state));
        at.map_or(vec![], |i| way[i + 1..].to_vec())
    };
    match release.at {
        At::RollingBack { .. } => vec![At::RolledBack],
        At::Stopping => {
            [At::Reconciling].into_iter().chain(release.after_stop.filter(|s| !same(*s, At::Reconciling))).collect()
        }
        At::Reconciling => release.after_stop.into_iter().collect(),
        At::Paused => {
            let to = release.pause.as_ref().map(|p| p.resume_to);
            to.into_iter().chain(to.map(after).unwrap_or_default()).filter(|s| !same(*s, At::Paused)).collect()
        }
        at => after(at),
    }
}

/// The ways out of it.
fn exits(release: &Release) -> Vec<At> {
    match release.at {
        at if at.is_terminal() => vec![],
        At::NeedsOperator => vec![At::RollingBack { batch: 0 }, At::ClosedMixed],
        At::RollingBack { .. } | At::Stopping | At::Reconciling => vec![At::NeedsOperator],
        At::Paused if !release.touched.is_empty() => vec![At::RollingBack { batch: 0 }],
        _ if release.touched.is_empty() && release.traffic_before.is_empty() => vec![At::Failed, At::Cancelled],
        _ => vec![At::Paused, At::RollingBack { batch: 0 }],
    }
}

fn node(plan: &Plan, release: &Release, state: At, place: Place, watched: bool, now: i64) -> Node {
    let mut node = Node::new(signs::at(state), place);
    node.both_ways = matches!(state, At::Gating { .. }) && plan.batches.len() > 1;
    let here = place == Place::Now;
    if let At::Deploying { batch } | At::Gating { batch } = state
        && here
    {
        node.detail = format!("{}/{}", batch + 1, plan.batches.len());
    }
    let time = human::clock(progress::spent(release, now, |at| same(at, state)));
    node.below = match place {
        Place::Ahead | Place::Missed => String::new(),
        Place::Now if state.is_terminal() => format!("in {}", human::clock(whole(release))),
        Place::Past if same(state, At::AwaitingApproval) => {
            let names: Vec<_> = release
                .approvals
                .iter()
                .filter(|a| a.step.is_none() && !a.unfounded)
                .map(|a| a.by.name.as_str())
                .collect();
            [names.join(" "), time].join(" ").trim_start().to_owned()
        }
        Place::Past => time,
        Place::Now => match progress::state(plan, release, now).filter(|_| watched) {
            Some(left) => format!("{time}, ~{} left", human::clock(left)),
            None => time,
        },
    };
    if here && !watched && !state.is_terminal() {
        node.sign = sign::UNWATCHED;
        node.detail = format!("(was {})", state.name());
    }
    node
}

/// Milliseconds from the first state to the last.
fn whole(release: &Release) -> i64 {
    match (release.history.first(), release.history.last()) {
        (Some((_, from, _)), Some((_, to, _))) => to.saturating_sub(*from).max(0),
        _ => 0,
    }
}
