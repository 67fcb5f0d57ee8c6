//! The machine of an ad-hoc or playbook run, described for the diagram: where it is, how it came there, how long it was
//! in each state.

use crate::run::event::Rung;
use crate::run::{RunState, State};
use crate::text::human;
use crate::tui::widgets::diagram::{Diagram, Node, Place};
use crate::tui::widgets::sign;

/// The diagram of a run at `now`. `left` is the estimate of what is still to come (milliseconds).
pub fn diagram(run: &RunState, watched: bool, left: Option<i64>, now: i64) -> Diagram {
    let at = run.state;
    // Nobody saw what came after the last event: its time stands still.
    let now = if watched { now } else { run.updated_at };
    let path = [State::Requested, State::Queued, State::Starting, State::Running, State::Stopping, State::Succeeded];
    let been = |s: State| run.history.iter().any(|(h, _)| *h == s);
    let path = path
        .into_iter()
        .filter(|s| !matches!(s, State::Queued | State::Stopping) || been(*s))
        .map(|s| node(run, s, watched, left, now))
        .collect();
    let exits = [State::Failed, State::NothingRan, State::Cancelled, State::Unknown];
    let exits = exits.into_iter().map(|s| node(run, s, watched, left, now)).collect();
    let mut notes = Vec::new();
    if at == State::Stopping {
        notes.extend(run.rungs.last().map(|(rung, ts)| format!("{} {}", rung_word(*rung), human::ago(*ts, now))));
    }
    Diagram { path, exits, notes }
}

fn node(run: &RunState, state: State, watched: bool, left: Option<i64>, now: i64) -> Node {
    let been = run.history.iter().any(|(h, _)| *h == state);
    let place = match (state == run.state, been, run.state.is_terminal()) {
        (true, ..) => Place::Now,
        (_, true, _) => Place::Past,
        (_, _, true) => Place::Missed,
        _ => Place::Ahead,
    };
    let mut node = Node::new(sign::state(state), place);
    let time = time_in(run, state, now);
    node.below = match (place, left) {
        (Place::Now, _) if state.is_terminal() => ending(run),
        (Place::Now, _) if !watched => {
            node.sign = sign::UNWATCHED;
            node.detail = format!("(was {})", state.name());
            format!("last news {}", human::clock(time))
        }
        (Place::Now, Some(left)) if state == State::Running => {
            format!("{}, ~{} left", human::clock(time), human::clock(left))
        }
        (Place::Now | Place::Past, _) => human::clock(time),
        _ => String::new(),
    };
    node
}

/// Milliseconds that the run has been in a state, over all its visits.
fn time_in(run: &RunState, state: State, now: i64) -> i64 {
    let ends = run.history.iter().skip(1).map(|(_, at)| *at).chain([now]);
    run.history.iter().zip(ends).filter(|((s, _), _)| *s == state).map(|((_, from), to)| (to - from).max(0)).sum()
}

fn ending(run: &RunState) -> String {
    match (run.rc, run.signal) {
        (_, Some(signal)) => format!("signal {signal}"),
        (Some(rc), _) => format!("exit {rc}"),
        (None, None) => "no exit code".into(),
    }
}

fn rung_word(rung: Rung) -> &'static str {
    match rung {
        Rung::File => "waits for the running task to end: asked",
        Rung::Interrupt => "interrupted (SIGINT)",
        Rung::Terminate => "terminated (SIGTERM)",
        Rung::Kill => "killed (SIGKILL to every worker)",
        Rung::Timeout => "its timeout was over",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widgets::fixtures;

    #[test]
    fn each_state_has_its_time_and_the_current_one_its_estimate() {
        let d = diagram(&fixtures::running(), true, Some(65_000), fixtures::NOW);
        let below: Vec<_> = d.path.iter().map(|n| (n.sign.word, n.below.as_str(), n.place)).collect();
        assert_eq!(
            below,
            [
                ("requested", "0:00", Place::Past),
                ("starting", "0:02", Place::Past),
                ("running", "1:12, ~1:05 left", Place::Now),
                ("succeeded", "", Place::Ahead)
            ]
        );
    }

    #[test]
    fn a_state_that_nobody_watches_does_not_grow() {
        let run = fixtures::running();
        let d = diagram(&run, false, None, fixtures::NOW + 3_600_000);
        let now = d.path.iter().find(|n| n.place == Place::Now).expect("a current state");
        assert_eq!((now.sign.word, now.detail.as_str()), ("unwatched", "(was running)"));
        assert_eq!(now.below, "last news 1:11");
    }
}
