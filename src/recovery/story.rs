//! A recovery told as a story: when, what and why, a line each; readings that said the same stand in one line. Pure.

use super::event::{Event, Step};
use super::watch::Watched;
use crate::text::human;

/// Lines, oldest first, each with its moment (Unix milliseconds). They hold text from hosts.
pub fn story(of: &Watched) -> Vec<(i64, String)> {
    let mut lines: Vec<(i64, String)> = Vec::new();
    let mut rest = of.events.as_slice();
    while let Some(((at, event), after)) = rest.split_first() {
        rest = after;
        if let Event::Measured { ok, got } = event {
            let alike = |(_, e): &&(i64, Event)| matches!(e, Event::Measured { ok: other, .. } if other == ok);
            let (same, after) = rest.split_at(rest.iter().take_while(alike).count());
            rest = after;
            lines.push((*at, measured(*ok, got, same)));
        } else if let Some(line) = words(of, event) {
            lines.push((*at, line));
        }
    }
    lines
}

/// A reading, and those after it that said the same.
fn measured(ok: Option<bool>, got: &str, same: &[(i64, Event)]) -> String {
    let how = match ok {
        Some(true) => "passes",
        Some(false) => "fails",
        None => "cannot be told",
    };
    match same.last() {
        Some((until, Event::Measured { got, .. })) => {
            let (n, until) = (same.len() + 1, human::time(*until));
            format!("the check {how}, {n} times in a row until {until}: {got}")
        }
        _ => format!("the check {how}: {got}"),
    }
}

/// `None`: it is of no interest to people.
fn words(of: &Watched, event: &Event) -> Option<String> {
    Some(match event {
        Event::Entered { at, why } => format!("{}: {why}", at.name().replace('_', " ")),
        Event::StepIntent { step: Step::Diagnostics, .. } => "how the host is, is written down".to_owned(),
        Event::StepIntent { step: Step::Action(rung), .. } => {
            let n = *rung as usize;
            let ran = of.body.ladder.get(n).map(|action| of.line(action)).unwrap_or_default();
            format!("rung {} of {} is run: {ran}", n + 1, of.body.ladder.len())
        }
        Event::StepEnded { why, .. } => format!("that ended: {why}"),
        Event::Settled { helped: true } => "it helped".to_owned(),
        Event::Settled { helped: false } => "it did not help".to_owned(),
        Event::TakenOver { by, reason } => {
            let why = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{by} takes it over{why}")
        }
        Event::Measured { .. } | Event::Leased { .. } | Event::Freed => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::state::At;
    use crate::recovery::watch::tests::watched;

    #[test]
    fn what_was_measured_alike_is_one_line_and_every_act_has_its_command() {
        let mut of = watched();
        let measured = |ok, got: &str| Event::Measured { ok: Some(ok), got: got.into() };
        let entered = |at, why: &str| Event::Entered { at, why: why.into() };
        of.events = vec![
            (0, entered(At::Acting, "allowed: Restart")),
            (1, Event::Leased { token: 2 }),
            (1, Event::StepIntent { child: 2, step: Step::Action(0) }),
            (2, Event::StepEnded { child: 2, ok: true, why: "it did what it was to do".into() }),
            (3, entered(At::Verifying, "it did what it was to do")),
            (4, measured(false, "refused")),
            (5, measured(true, "200")),
            (6, measured(true, "200 in 2 ms")),
            (7_000, measured(true, "200 in 3 ms")),
            (7_000, Event::Settled { helped: true }),
        ];
        let lines: Vec<String> = story(&of).into_iter().map(|(_, line)| line).collect();
        assert_eq!(
            lines,
            [
                "acting: allowed: Restart",
                "rung 1 of 2 is run: ansible web4 -m service -a 'name=web state=restarted'",
                "that ended: it did what it was to do",
                "verifying: it did what it was to do",
                "the check fails: refused",
                &format!("the check passes, 3 times in a row until {}: 200 in 3 ms", human::time(7_000)),
                "it helped",
            ]
        );
    }
}
