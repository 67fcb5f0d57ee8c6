//! Breakers that stand in a release's way, in a real index.

use super::*;
use crate::health::breaker::{Forced, Forcing, Seen};
use crate::release::sample;
use crate::release::state::HostState;

struct World {
    dir: tempfile::TempDir,
    keeper: Keeper,
    plan: Plan,
    release: Release,
}

impl World {
    /// Four hosts, each a batch, of which one may fail.
    fn new() -> World {
        let dir = tempfile::tempdir().unwrap();
        let keeper = Keeper::open(&StateDir::at(dir.path())).unwrap();
        let mut plan = sample::rolling(4, 1);
        (plan.limits.budget, plan.gates) = (1, Vec::new());
        World { dir, keeper, plan, release: Release { at: At::Queued, ..Release::default() } }
    }

    /// Looked at in vain until it is given up.
    fn lose(&self, host: &str) {
        let now = Timestamp::now().as_millisecond();
        for at in now..now + 3 {
            let seen = Seen { host: host.into(), began: at, ended: at, ok: false, silenced: false };
            self.keeper.round("production", 100, &[seen], at).unwrap();
        }
    }

    fn blocks(&self) -> Vec<String> {
        let ahead = Ahead::of(&self.plan, &self.release);
        let words = blocks(&StateDir::at(self.dir.path()), &self.plan, Uuid::nil(), &ahead);
        words.into_iter().map(|words| words.split(" is ").next().unwrap_or_default().to_owned()).collect()
    }
}

#[test]
fn hosts_that_are_given_up_stand_in_the_way_where_they_are_more_than_may_fail() {
    let mut world = World::new();
    world.lose("elsewhere");
    world.lose("web0002");
    assert!(world.blocks().is_empty(), "one may fail");
    world.lose("web0003");
    let both = ["breaker transport:production/web0002", "breaker transport:production/web0003"];
    assert_eq!(world.blocks(), both);
    // On the way: those of the batch, beside what has failed already.
    world.release.at = At::Deploying { batch: 1 };
    assert!(world.blocks().is_empty());
    let failed = HostState { mark: Mark::Failed, ..HostState::default() };
    world.release.hosts.insert("web0001".into(), failed);
    assert_eq!(world.blocks(), both[..1]);
    world.release.at = At::Switching;
    assert!(world.blocks().is_empty());
}

#[test]
fn a_word_of_a_person_holds_for_one_host_too() {
    let world = World::new();
    let (by, reason) = ("ann".to_owned(), "its disk is changed".to_owned());
    let forced = Input::Force(Forced { to: Forcing::Open, until: None, by, reason, at: 0 });
    world.keeper.put(&"transport:production/web0004".parse().unwrap(), &forced, 0).unwrap();
    assert_eq!(world.blocks(), ["breaker transport:production/web0004"]);
}

#[test]
fn what_nobody_tries_any_more_says_nothing() {
    let open = |until| Breaker { state: State::Open { until }, ..Breaker::default() };
    assert!(!is_forgotten(&open(1_000), 1_000 + FORGOTTEN) && is_forgotten(&open(1_000), 1_001 + FORGOTTEN));
    let tried = Breaker { state: State::HalfOpen { probe: None, good: 1 }, since: 1_000, ..Breaker::default() };
    assert!(!is_forgotten(&tried, 1_000 + FORGOTTEN) && is_forgotten(&tried, 1_001 + FORGOTTEN));
    let word = Forced { to: Forcing::Open, until: None, by: String::new(), reason: String::new(), at: 0 };
    assert!(!is_forgotten(&Breaker { forced: Some(word), ..open(0) }, i64::MAX));
    assert!(!is_forgotten(&Breaker::default(), i64::MAX));
}

#[test]
fn a_breaker_is_the_same_however_it_stands_but_a_persons_word_is_its_own() {
    let open = "breaker service:p/web is open: 3 failures in a row; tried again at 14:02:07";
    assert!(same(open, "breaker service:p/web is half open: its time is over: it is tried"));
    for other in ["breaker service:p/shop is open: x", "breaker service:p/web is forced open by ann: x", "frozen", ""] {
        assert!(!same(open, other) && !same(other, open), "{other}");
    }
    assert!(!same("frozen until Monday", "frozen until Monday"), "no breaker");
}
