//! A recovery on the Run screen: the chain of its own states, which rung it is at, and that rung's command.

use crate::recovery::state::At;
use crate::recovery::watch::Watched;
use crate::text::human;
use crate::tui::theme::Role;
use crate::tui::widgets::diagram::{Diagram, Node, Place};
use crate::tui::widgets::sign::{self, Sign, sign};

/// The sign of a state.
pub fn at(at: At) -> Sign {
    match at {
        At::Diagnosing => sign("◐", "~", "diagnosing", Role::Running),
        At::Deciding => sign("◐", "~", "deciding", Role::Running),
        At::Inhibited => sign("○", ".", "inhibited", Role::Waiting),
        At::Acting => sign("◐", "~", "acting", Role::Running),
        At::Verifying => sign("◐", "~", "verifying", Role::Running),
        At::Probation => sign("◐", "~", "probation", Role::Running),
        At::Healthy => sign("●", "o", "healthy", Role::Ok),
        At::Escalated => sign("✖", "x", "escalated", Role::Error),
        At::TakenOver => sign("■", "#", "taken over", Role::Warning),
    }
}

/// The diagram at `now`. Without anybody watching, the time in the current state stands still at `seen`, the moment of the
/// last event.
pub fn diagram(of: &Watched, watched: bool, seen: i64, now: i64) -> Diagram {
    let now = if watched { now } else { seen };
    let been = |at: At| of.recovery.history.iter().any(|(h, ..)| *h == at);
    let here = of.recovery.at();
    let way = [At::Diagnosing, At::Deciding, At::Inhibited, At::Acting, At::Verifying, At::Probation, At::Healthy];
    let way: Vec<At> = way.into_iter().filter(|at| *at != At::Inhibited || been(*at)).collect();
    let place = |at: &At| way.iter().position(|other| other == at);
    let node = |at: &At| {
        let before = place(at).is_some_and(|at| Some(at) < place(&here));
        let passed = before || here.is_terminal();
        let place = match (*at == here, passed && been(*at), here.is_terminal() || passed) {
            (true, ..) => Place::Now,
            (_, true, _) => Place::Past,
            (_, _, true) => Place::Missed,
            _ => Place::Ahead,
        };
        draw(of, *at, place, watched, now)
    };
    let path = way.iter().map(node).collect();
    let exits = [At::Escalated, At::TakenOver].iter().filter(|_| here != At::Healthy).map(node).collect();
    Diagram { path, exits, notes: vec![] }
}

fn draw(of: &Watched, state: At, place: Place, watched: bool, now: i64) -> Node {
    let mut node = Node::new(at(state), place);
    let (history, ladder) = (&of.recovery.history, of.body.ladder.len());
    let ends = history.iter().skip(1).map(|(_, at, _)| *at).chain([now]);
    let spans = history.iter().zip(ends).filter(|((at, ..), _)| *at == state).map(|((_, from, _), to)| to - from);
    let time = human::clock(spans.sum::<i64>().max(0));
    node.below = match place {
        Place::Ahead | Place::Missed => String::new(),
        Place::Now if state.is_terminal() => format!("in {}", human::clock(of.took(now))),
        Place::Now if state == At::Probation && watched => {
            let left = of.recovery.since() + i64::from(of.body.policy.probation) * 1000 - now;
            format!("{time}, {} left", human::clock(left.max(0)))
        }
        Place::Now | Place::Past => time,
    };
    if place == Place::Now && ladder > 1 && !state.is_terminal() {
        node.detail = of.rung().map(|(n, _)| format!("{}/{ladder}", n + 1)).unwrap_or_default();
    }
    if place == Place::Now && !watched && !state.is_terminal() {
        node.sign = sign::UNWATCHED;
        node.detail = format!("(was {})", state.name());
    }
    node
}

/// What it is, at which rung, and why it stands where it does.
pub fn words(of: &Watched) -> Vec<(String, Role)> {
    let rung = of.rung_words().map(|rung| format!(", {rung}")).unwrap_or_default();
    let why = of.recovery.history.last().map(|(at, _, why)| (format!("{}: {why}", at.name().replace('_', " ")), *at));
    let why = why.map(|(text, state)| (text, at(state).role));
    [(format!("recovery of {}{rung}", of.name()), Role::Text)].into_iter().chain(why).collect()
}

#[cfg(test)]
#[path = "recovery_tests.rs"]
mod tests;
