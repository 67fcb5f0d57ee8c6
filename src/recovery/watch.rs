//! A recovery as its run's files tell it, for whoever looks at it. Needs no supervisor.

use super::event::Event;
use super::launch::{Action, Body, frozen};
use super::state::{At, Recovery};
use crate::ansible::{command, shell};
use crate::run::{RunSpec, RunState};
use uuid::Uuid;

/// A recovery that is looked at.
#[derive(Debug)]
pub struct Watched {
    pub run: Uuid,
    pub body: Body,
    /// How far it has come.
    pub recovery: Recovery,
    /// What happened, when (Unix milliseconds).
    pub events: Vec<(i64, Event)>,
}

impl Watched {
    /// `None`: it is no recovery, or one of another version.
    pub fn of(spec: &RunSpec, state: &RunState) -> Option<Watched> {
        let body = frozen(spec).ok().flatten()?;
        let read = |(at, json): &(i64, String)| Some((*at, serde_json::from_str(json).ok()?));
        let events: Vec<(i64, Event)> = state.own.iter().filter_map(read).collect();
        let mut recovery = Recovery::default();
        events.iter().for_each(|(at, event)| recovery.apply(*at, event));
        Some(Watched { run: spec.id, body, recovery, events })
    }

    /// The rung that is tried, or comes next: its number from 0, and what it does. `None`: the ladder has no such rung.
    pub fn rung(&self) -> Option<(usize, &Action)> {
        let last = self.recovery.acts.last().map(|act| act.rung as usize);
        let n = match (last, self.recovery.at()) {
            (Some(last), At::Deciding | At::Inhibited) => last + 1,
            (last, _) => last.unwrap_or(0),
        };
        Some((n, self.body.ladder.get(n)?))
    }

    /// `web on web4`.
    pub fn name(&self) -> String {
        format!("{} on {}", self.body.policy.name, self.body.host)
    }

    /// `rung 1 of 2: Restart the web`.
    pub fn rung_words(&self) -> Option<String> {
        self.rung().map(|(n, action)| format!("rung {} of {}: {}", n + 1, self.body.ladder.len(), action.name))
    }

    /// The rung's command, as it can be pasted into a shell.
    pub fn command(&self) -> Option<String> {
        self.rung().map(|(_, action)| self.line(action))
    }

    /// As [`Watched::command`], of any rung.
    pub fn line(&self, action: &Action) -> String {
        shell(&command::shown_of(&action.ask, &[], &self.run.to_string()))
    }

    /// Milliseconds that something was done or tried, from its begin to its last probation; until `now` while that goes on.
    pub fn took(&self, now: i64) -> i64 {
        let history = &self.recovery.history;
        let watched = history.iter().rev().take_while(|(at, ..)| matches!(at, At::Probation | At::Healthy)).last();
        let end = watched.or(history.last().filter(|(at, ..)| at.is_terminal())).map_or(now, |(_, at, _)| *at);
        (end - self.recovery.began()).max(0)
    }
}

#[cfg(test)]
pub mod tests {
    //! A recovery without a run, and how long it took.

    use super::*;
    use crate::ansible::ask::{Adhoc, Ask};
    use crate::project::config::recovery::Policy;
    use crate::recovery::launch::Watch;

    /// One with a ladder of two rungs to which nothing happened yet.
    pub fn watched() -> Watched {
        let ask = |args: &str| {
            let (pattern, module, args) = ("web4".to_owned(), "service".to_owned(), Some(args.to_owned()));
            Ask::Adhoc(Adhoc { pattern, module, args, ..Adhoc::default() })
        };
        let rung = |name: &str, args: &str| Action { name: name.into(), ask: ask(args), timeout: 10, cannot: None };
        let body = Body {
            incident: Uuid::nil(),
            environment: "production".into(),
            host: "web4".into(),
            why: "refused".into(),
            policy: Policy { name: "web".into(), ..Policy::default() },
            cwd: "/srv/shop".into(),
            inventory: Vec::new(),
            ladder: vec![rung("Restart", "name=web state=restarted"), rung("Restart harder", "name=web state=started")],
            diagnostics: None,
            watch: Watch::Polled,
        };
        Watched { run: Uuid::nil(), body, recovery: Recovery::default(), events: Vec::new() }
    }

    #[test]
    fn it_took_until_it_was_only_watched() {
        let mut of = watched();
        for (at, state) in [(0, At::Deciding), (3, At::Acting), (10, At::Verifying), (45, At::Probation)] {
            of.recovery.apply(at, &Event::Entered { at: state, why: String::new() });
        }
        assert_eq!(of.took(900), 45);
        of.recovery.apply(645, &Event::Entered { at: At::Healthy, why: String::new() });
        assert_eq!(of.took(900), 45);
        assert_eq!(of.command().as_deref(), Some("ansible web4 -m service -a 'name=web state=restarted'"));
        assert_eq!(of.rung_words().as_deref(), Some("rung 1 of 2: Restart"));
    }
}
