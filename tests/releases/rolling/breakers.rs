//! Releases and circuit breakers: one that is open keeps a release waiting, and pauses one that is under way; it ends by
//! itself or by a person's word, and the release goes on. Never is it the release that has failed.

use crate::support::wait::wait_until;
use crate::world::{self, World};
use opsdeck::health::breaker::{Keeper, Seen};
use opsdeck::release::machine::Verb;
use opsdeck::release::plan::{Gate, Plan, Probe};
use opsdeck::release::state::At;
use std::process::Command;

/// Only what is somewhere has a breaker that people can name.
const PROJECT: &str = "environments: {staging: {inventory: hosts.ini}}
checks: {web: {shell: 'true'}}
runbooks: [{name: restart, module: ping}]
recovery: {web: {check: web, ladder: [restart]}}
";

fn opsdeck(world: &World, args: &[&str]) {
    world.write("opsdeck.yaml", PROJECT);
    let mut command = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
    command
        .arg("--state-dir")
        .arg(world.store.root())
        .arg("-C")
        .arg(world.project())
        .args(args)
        .args(["--reason", "migration"]);
    let out = command.env("HOME", world.home()).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A host is looked at three times in vain.
fn lose(world: &World, host: &str) {
    let keeper = Keeper::open(&world.store).unwrap();
    for n in 1..=3 {
        let at = now() + n;
        let seen = Seen { host: host.into(), began: at - 1, ended: at, ok: false, silenced: false };
        keeper.round("staging", 10, &[seen], at).unwrap();
    }
}

fn waits(world: &World, for_what: &str) -> String {
    let words = wait_until(60, for_what, || world.release().waits.filter(|words| words.contains(for_what)));
    assert_eq!(world.release().at, At::Queued, "{words}");
    words
}

#[test]
fn an_open_breaker_keeps_a_release_waiting_until_it_closes() {
    let mut world = World::new(&[&["w1"], &["w2"]], |_| {});
    opsdeck(&world, &["breaker", "open", "service:staging/web"]);
    lose(&world, "w2");
    world.supervise(true, None);
    let words = waits(&world, "breaker service:staging/web is forced open by");
    assert!(words.contains("migration"), "{words}");
    opsdeck(&world, &["breaker", "auto", "service:staging/web"]);
    wait_until(60, "the host alone", || {
        let words = world.release().waits.unwrap_or_default();
        words.starts_with("breaker transport:staging/w2 is open: 3 failures in a row; tried again at").then_some(())
    });
    waits(&world, "transport:staging/w2");
    assert_eq!((world.log("w1").as_str(), world.run().lease), ("", None), "it holds nobody up");
    opsdeck(&world, &["breaker", "close", "transport:staging/w2"]);
    assert_eq!(world.ended().at, At::Succeeded);
    assert_eq!((world.log("w1").as_str(), world.log("w2").as_str()), ("2\n", "2\n"));
}

/// Its gates pass once a file is there.
fn held(plan: &mut Plan) {
    let argv = ["test", "-e", "go"].map(str::to_owned).to_vec();
    plan.gates = vec![Gate { fails: 10_000, ..world::gate("go", Probe::Command { argv }) }];
}

#[test]
fn a_breaker_that_opens_on_the_way_pauses_it_and_no_batch_is_begun() {
    for (key, by_itself) in [("transport:staging/w2", true), ("service:staging/web", false), ("fleet:staging", false)] {
        let mut world = World::new(&[&["w1"], &["w2"]], held);
        world.supervise(true, None);
        world.stands("the first batch", |at| at == At::Gating { batch: 0 });
        if by_itself {
            lose(&world, "w2")
        } else {
            opsdeck(&world, &["breaker", "open", key])
        }
        world.write("go", "");
        let paused = world.stands("a pause", |at| at == At::Paused || at.is_terminal());
        let why = paused.pause.as_ref().map(|pause| pause.reason.as_str()).unwrap_or_default();
        assert!(paused.at == At::Paused && why.contains(&format!("breaker {key} is")), "{key}: {:?}", paused.history);
        assert_eq!((world.log("w1").as_str(), world.log("w2").as_str()), ("2\n", ""), "{key}");
        // Going on is asked too early: it pauses again.
        let before = paused.history.len();
        world.ask(&Verb::Resume).unwrap();
        let again = wait_until(60, "another pause", || {
            Some(world.release()).filter(|release| release.at == At::Paused && release.history.len() > before)
        });
        assert_eq!((again.rollbacks, world.log("w2").as_str()), (0, ""), "{key}");
        opsdeck(&world, &["breaker", "close", key]);
        world.ask(&Verb::Resume).unwrap();
        assert_eq!(world.ended().at, At::Succeeded, "{key}");
        assert_eq!((world.log("w1").as_str(), world.log("w2").as_str()), ("2\n", "2\n"), "{key}");
    }
}
