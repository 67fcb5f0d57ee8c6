//! Whether the daemon does its work: the reasons why not, for `/readyz`. Pure.

use super::facts::{Facts, Seen};
use super::post::Role;
use crate::health::judge::is_ahead;
use crate::state::outbox::{Backlog, Standing};
use crate::text::human;

/// A loop that says nothing for so many milliseconds hangs: many rounds.
const SILENT: i64 = 30_000;

/// A notice that waits for so many milliseconds is stuck.
const STUCK: i64 = 600_000;

/// Why it is not ready; empty: it is.
pub fn reasons(facts: &Facts) -> Vec<String> {
    let store = facts.store.iter().map(|why| format!("the state directory: {why}"));
    store.chain(facts.environments.iter().flat_map(|seen| environment(seen, facts))).collect()
}

fn environment(seen: &Seen, facts: &Facts) -> Vec<String> {
    let mut reasons = Vec::new();
    let stands = &seen.stands;
    if let Some(why) = &stands.failed {
        reasons.push(format!("{}: {why}", seen.name));
    }
    match (&stands.role, stands.round) {
        (Role::Begins, _) => reasons.push(format!("{}: its loop has not begun yet", seen.name)),
        (Role::Acts, None) if stands.failed.is_none() => reasons.push(format!("{}: its first round runs", seen.name)),
        (Role::Acts, Some(round)) if is_ahead(round, facts.at) => {
            reasons.push(format!("{}: no round since the clock was set back", seen.name));
        }
        (Role::Acts, Some(round)) if facts.at - round > SILENT => {
            reasons.push(format!("{}: no round for {}", seen.name, human::short(facts.at - round)));
        }
        (Role::Acts | Role::Waits(_), _) => {}
    }
    if seen.poller.is_none() && facts.store.is_none() {
        reasons.push(format!("{}: nobody polls its hosts", seen.name));
    }
    let stuck = |of: &&Backlog| of.state == Standing::Pending && facts.at - of.oldest > STUCK;
    for of in seen.backlog.iter().filter(stuck) {
        let waits = human::short(facts.at - of.oldest);
        reasons.push(format!(
            "{}: {} takes no notices, {} wait, the oldest for {waits}",
            seen.name, of.receiver, of.count
        ));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::store::Poller;
    use crate::serve::post::Stands;

    fn seen(role: Role, round: Option<i64>, failed: Option<&str>) -> Seen {
        let poller = Poller { holder: "x".into(), who: "screen of ann".into(), since: 0, until: 9 };
        let stands = Stands { role, round, failed: failed.map(str::to_owned) };
        Seen { name: "prod".into(), stands, poller: Some(poller), ..Seen::default() }
    }

    fn facts(seen: Seen) -> Facts {
        Facts { at: 100_000, environments: vec![seen], ..Facts::default() }
    }

    #[test]
    fn it_is_ready_when_it_acts_or_knows_who_does() {
        assert!(reasons(&facts(seen(Role::Acts, Some(99_000), None))).is_empty());
        assert!(reasons(&facts(seen(Role::Waits(Some("serve of bob".into())), None, None))).is_empty());
    }

    #[test]
    fn what_keeps_it_from_its_work_is_named() {
        let one = |seen: Seen| reasons(&facts(seen)).join("; ");
        assert_eq!(one(seen(Role::Begins, None, None)), "prod: its loop has not begun yet");
        assert_eq!(one(seen(Role::Acts, Some(60_000), None)), "prod: no round for 40s");
        assert_eq!(one(seen(Role::Acts, Some(160_000), None)), "prod: no round since the clock was set back");
        assert_eq!(one(seen(Role::Acts, Some(99_000), Some("disk full"))), "prod: disk full");
        let backlog = vec![Backlog { receiver: "ann".into(), state: Standing::Pending, count: 2, oldest: -600_000 }];
        let stuck = Seen { backlog, ..seen(Role::Acts, Some(99_000), None) };
        assert_eq!(one(stuck), "prod: ann takes no notices, 2 wait, the oldest for 11m");
        let nobody = Seen { poller: None, ..seen(Role::Acts, Some(99_000), None) };
        assert_eq!(one(nobody.clone()), "prod: nobody polls its hosts");
        let broken = Facts { store: Some("read-only".into()), ..facts(nobody) };
        assert_eq!(reasons(&broken), ["the state directory: read-only"]);
    }
}
