//! Rolling releases on the real Ansible, over local connections, under the real supervisor: to their end, stopped by a
//! person, and with the supervisor killed after every single writing of its journal.

mod breakers;

use crate::support::wait::{wait_true, wait_until};
use crate::world::{self, DEPLOY, World, program, stage};
use opsdeck::ansible::secrets::{SecretName, Secrets};
use opsdeck::release::machine::{Stop, Verb};
use opsdeck::release::plan::{Gate, OnDetach, OnFailure, Plan, Probe, When};
use opsdeck::release::state::{At, Mark};
use opsdeck::state::presence;
use std::io::Write;
use zeroize::Zeroizing;

#[test]
fn a_rolling_release_goes_batch_by_batch_to_its_end() {
    let mut world = World::new(&[&["w1"], &["w2", "w3"]], |_| {});
    world.supervise(true, None);
    let release = world.ended();
    assert_eq!(release.at, At::Succeeded, "{:?}", release.history);
    for host in ["w1", "w2", "w3"] {
        assert_eq!((world.log(host).as_str(), world.intents(host), release.hosts[host].mark), ("2\n", 1, Mark::New));
    }
    let run = world.run();
    let phases: Vec<&str> = run.phases.iter().map(|(name, _)| name.as_str()).collect();
    let path = "planned queued preparing deploying gating deploying gating verifying succeeded";
    assert_eq!(phases.join(" "), path);
    assert_eq!(run.steps.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4], "one process a step and batch");
    assert!(!world.dir().step(2).vars().exists(), "the variables do not stay");
    assert!(run.lease.is_some());
}

#[test]
fn a_batch_that_fails_is_rolled_back_by_itself() {
    let mut world = World::new(&[&["w1"], &["w2"]], |_| {});
    world.write("broken-w2", "");
    // It fails forward, and goes back once what broke it is mended.
    world.write("deploy.yml", &DEPLOY.replace("[ ! -e", "[ {{ release_version }} = 1 ] || [ ! -e"));
    world.supervise(true, None);
    let release = world.ended();
    assert_eq!(release.at, At::RolledBack, "{:?}", release.history);
    assert_eq!((world.log("w1").as_str(), world.log("w2").as_str()), ("2\n1\n", "2\n1\n"));
    assert_eq!(release.rollbacks, 1);
}

#[test]
fn hosts_that_a_play_broken_off_left_untouched_are_not_new() {
    let mut world = World::new(&[&["w1", "w2", "w3"]], |plan| {
        (plan.limits.budget, plan.limits.max_unavailable, plan.limits.min_in_service) = (1, 3, 0);
        plan.on_failure = OnFailure::Pause;
    });
    world.write("broken-w1", "");
    let play = DEPLOY.replacen("hosts: all", "hosts: all\n  serial: 1\n  any_errors_fatal: true", 1);
    world.write("deploy.yml", &play);
    world.supervise(true, None);
    let release = world.stands("a person to be needed", |at| matches!(at, At::NeedsOperator | At::Paused));
    assert_eq!(release.hosts["w1"].mark, Mark::Failed);
    for host in ["w2", "w3"] {
        assert_eq!((world.log(host).as_str(), release.hosts[host].mark), ("", Mark::Unknown), "{host}");
    }
}

#[test]
fn people_are_heard_and_refused_through_the_socket() {
    let mut world = World::new(&[&["w1"]], |plan| plan.approval.needed = 1);
    world.supervise(true, None);
    world.stands("people to be waited for", |at| at == At::AwaitingApproval);
    let other = world.ask(&Verb::Approve { digest: "another".into() }).unwrap_err();
    assert!(other.contains("another one"), "{other}");
    assert!(world.ask(&Verb::Resume).unwrap_err().contains("not paused"));
    world.ask(&Verb::Approve { digest: "digest".into() }).unwrap();
    let release = world.ended();
    assert_eq!(release.at, At::Succeeded);
    assert_eq!(release.approvals[0].by.uid, rustix::process::geteuid().as_raw(), "by the kernel's word");
    let ledger = opsdeck::audit::Ledger::open(&world.store.audit()).unwrap();
    let rows = ledger.query(&opsdeck::audit::Filter::default(), 100).unwrap().rows;
    let end = rows.iter().find(|row| row.entry.action == "run.end").unwrap();
    assert_eq!(end.entry.approvals, [release.approvals[0].by.name.clone()]);
}

#[test]
fn an_approval_that_somebody_wrote_into_the_journal_counts_for_nothing() {
    let mut world = World::new(&[&["w1"]], |plan| plan.approval.needed = 1);
    world.supervise(true, None);
    world.stands("people to be waited for", |at| at == At::AwaitingApproval);
    world.kill();
    let forged = format!(
        r#"{{"seq":{},"ts":1,"e":"own","body":{{"k":"approved","by":{{"uid":7,"name":"bob"}},"digest":"digest"}}}}"#,
        world.run().seq + 1
    );
    let journal = std::fs::OpenOptions::new().append(true).open(world.dir().journal()).unwrap();
    writeln!(&journal, "{forged}").unwrap();
    assert_eq!(world.release().approvals.len(), 1, "as far as the journal alone tells");
    world.resume();
    let taken_back = |journal: String| journal.contains("unfounded");
    wait_until(60, "it to be taken back", || {
        taken_back(std::fs::read_to_string(world.dir().journal()).unwrap()).then_some(())
    });
    let release = world.stands("people to be waited for", |at| at == At::AwaitingApproval);
    assert_eq!((release.approvals.len(), world.log("w1").as_str()), (0, ""));
    world.ask(&Verb::Approve { digest: "digest".into() }).unwrap();
    assert_eq!(world.ended().at, At::Succeeded, "a real one counts, also without a row of who asked");
    let ledger = opsdeck::audit::Ledger::open(&world.store.audit()).unwrap();
    let rows = ledger.query(&opsdeck::audit::Filter::default(), 100).unwrap().rows;
    let asked = rows.iter().filter(|row| row.entry.action == "release.approve").count();
    assert_eq!(asked, 2, "intent and outcome, written by the supervisor");
}

#[test]
fn a_stop_leaves_nothing_running_and_says_what_it_left() {
    let mut world = World::new(&[&["w1"]], |plan| {
        plan.stages[0] = stage("prepare", When::Before, program(&["sleep", "600"]));
    });
    world.supervise(true, None);
    wait_until(60, "the first step", || world.run().steps.get(&1).and_then(|step| step.pid));
    world.ask(&Verb::Stop { how: Stop::Now, reason: Some("enough".into()) }).unwrap();
    assert_eq!(world.ended().at, At::Cancelled);
    // On a busy machine its end may be seen only after the next rung.
    assert!(world.log("w1").is_empty() && !world.run().steps[&1].rungs.is_empty());
}

#[test]
fn an_environment_is_held_by_one_and_taken_over_loudly_and_for_good() {
    let gate = |plan: &mut Plan| {
        let argv = ["test", "-e", "go"].map(str::to_owned).to_vec();
        plan.gates = vec![Gate { fails: 10_000, ..world::gate("go", Probe::Command { argv }) }];
    };
    let mut first = World::new(&[&["w1"], &["w2"]], gate);
    first.supervise(true, None);
    first.stands("the first batch", |at| at == At::Gating { batch: 0 });
    let mut second = first.beside(|plan| {
        (plan.version, plan.vars) = ("3".into(), world::vars("3"));
        plan.gates.clear();
    });
    second.supervise(true, None);
    let words = wait_until(60, "it waits for the first", || second.release().waits);
    let parts = [&format!("run {} of ", first.id), "holds the whole of staging since 20", "release web 2", "gating"];
    assert!(parts.iter().all(|part| words.contains(*part)), "{words}");
    let nobody = second.ask(&Verb::TakeOver { reason: " ".into() }).unwrap_err();
    assert!(nobody.contains("reason"), "{nobody}");
    second.ask(&Verb::TakeOver { reason: "the first hangs".into() }).unwrap();
    assert_eq!(second.ended().at, At::Succeeded);
    // The first goes on as if nothing had been, and may not.
    first.write("go", "");
    let release = first.stands("a person", |at| matches!(at, At::Paused | At::NeedsOperator));
    assert!(release.steps.iter().any(|step| step.why.contains("does not hold its lease")), "{:?}", release.steps);
    assert_eq!((first.log("w1").as_str(), first.log("w2").as_str()), ("2\n3\n", "3\n"));
    let ledger = opsdeck::audit::Ledger::open(&first.store.audit()).unwrap();
    let rows = ledger.query(&opsdeck::audit::Filter::default(), 100).unwrap().rows;
    let told = |action: &str| rows.iter().any(|row| row.entry.action == action);
    assert!(told("lease.break"), "{rows:?}");
    wait_true(30, "people are told that it waits", || {
        let rows = ledger.query(&opsdeck::audit::Filter::default(), 100).unwrap().rows;
        rows.iter().any(|row| row.entry.action == "release.page" && row.entry.reason.is_some())
    });
}

/// A vaulted variable, and a host that is only worked on with the right become password.
fn sealed(world: &World, password: &str) -> String {
    world.write("password", password);
    let mut vault = std::process::Command::new("ansible-vault");
    vault.args(["encrypt_string", "--vault-password-file", "password", "opened"]).current_dir(world.project());
    let sealed = String::from_utf8(vault.output().unwrap().stdout).unwrap();
    std::fs::remove_file(world.project().join("password")).unwrap();
    sealed.lines().skip(1).map(|line| format!("{}\n", line.trim())).collect()
}

/// True if a file below holds this text.
fn lies_in_a_file(folder: &std::path::Path, secret: &str) -> bool {
    std::fs::read_dir(folder).unwrap().flatten().any(|entry| match entry.file_type().unwrap() {
        kind if kind.is_dir() => lies_in_a_file(&entry.path(), secret),
        kind if kind.is_file() => String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()).contains(secret),
        _ => false,
    })
}

const PASSWORD: &str = "correct-horse-battery";

/// A release whose second batch waits at a gate, and whose supervisor died with the password that each batch needs.
fn without_its_password() -> (World, Secrets) {
    let mut world = World::new(&[&["w1"], &["w2"]], |_| {});
    let vaulted = sealed(&world, PASSWORD);
    world.write(
        "deploy.yml",
        &DEPLOY.replace("echo {{ release_version }}", "[ {{ word }} = opened ] && echo {{ release_version }}"),
    );
    let mut plan = world.plan();
    for vars in [&mut plan.vars, &mut plan.rollback.vars] {
        vars.insert("word".into(), serde_json::json!({ "__ansible_vault": vaulted }));
    }
    let argv = ["test", "-e", "go"].map(str::to_owned).to_vec();
    plan.gates = vec![Gate { fails: 10_000, ..world::gate("go", Probe::Command { argv }) }];
    plan.on_failure = OnFailure::Pause;
    world.id = world.freeze(plan, &["vault:default"]);
    let mut secrets = Secrets::default();
    secrets.set(SecretName::Vault("default".into()), Zeroizing::new(PASSWORD.into()));
    secrets.write_to(&mut world.secrets).unwrap();
    world.supervise(true, None);
    world.stands("the first batch", |at| at == At::Gating { batch: 0 });
    assert_eq!(world.log("w1"), "2\n", "it was opened");
    assert!(!lies_in_a_file(&world.home(), PASSWORD));
    world.supervisor.as_mut().unwrap().kill().unwrap();
    world.was_killed();
    world.resume();
    (world, secrets)
}

#[test]
fn passwords_die_with_the_supervisor_and_are_given_again() {
    let (mut world, secrets) = without_its_password();
    // Nothing fails silently, somebody is asked.
    world.write("go", "");
    let release = world.stands("a person", |at| at == At::Paused);
    let told = release.history.last().unwrap();
    assert!(told.2.contains("vault:default") && told.2.contains("lost with the supervisor"), "{told:?}");
    assert_eq!(world.log("w2"), "");
    // Given again it goes on; not another one, and not twice.
    let refused = |secrets: &Secrets| give(&world, secrets).unwrap_err().to_string();
    assert!(refused(&Secrets::default()).contains("it also needs vault:default"));
    give(&world, &secrets).unwrap();
    assert!(refused(&secrets).contains("none of its passwords is missing"));
    world.ask(&Verb::Resume).unwrap();
    assert_eq!(world.ended().at, At::Succeeded);
    assert_eq!(world.log("w2"), "2\n", "it was opened again");
    assert!(!lies_in_a_file(&world.home(), PASSWORD));
}

#[test]
fn it_is_undone_with_passwords_that_were_given_again() {
    let (mut world, secrets) = without_its_password();
    let undo = Verb::Rollback { reason: None };
    world.ask(&undo).unwrap();
    let release = world.stands("a person", |at| at == At::NeedsOperator);
    let why = &release.history.last().unwrap().2;
    assert!(why.contains("the passwords were lost with the supervisor") && world.log("w1") == "2\n", "{why}");
    give(&world, &secrets).unwrap();
    world.ask(&undo).unwrap();
    assert_eq!(world.ended().at, At::RolledBack);
    assert_eq!((world.log("w1"), world.log("w2")), ("2\n1\n".into(), String::new()));
}

fn give(world: &World, secrets: &Secrets) -> Result<(), opsdeck::run::StopError> {
    opsdeck::release::give(&world.store, world.id, secrets, &opsdeck::state::operator::Operator::current())
}

/// Killed at the n-th time it waits for the disk, then resumed. True if it lived as long as that.
fn killed_at(n: u32) -> bool {
    let mut world = World::new(&[&["w1"], &["w2"]], |_| {});
    world.supervise(true, Some(n));
    let killed = world.was_killed();
    if killed {
        world.resume();
    }
    let release = world.ended();
    assert_eq!(release.at, At::Succeeded, "killed at {n}: {:?}", release.history);
    for host in ["w1", "w2"] {
        assert_eq!((world.log(host).as_str(), world.intents(host)), ("2\n", 1), "killed at {n}: {host} once");
    }
    killed
}

#[test]
fn killed_after_any_writing_of_its_journal_it_ends_as_if_nothing_had_been() {
    let last = std::sync::atomic::AtomicU32::new(0);
    std::thread::scope(|scope| {
        for lane in 1..=2 {
            let last = &last;
            scope.spawn(move || {
                let mut n = lane;
                while killed_at(n) {
                    last.fetch_max(n, std::sync::atomic::Ordering::SeqCst);
                    n += 2;
                }
            });
        }
    });
    let last = last.into_inner();
    println!("killed at each of {last} writings");
    assert!(last > 25, "a release of two batches writes more often: {last}");
}

#[test]
fn a_release_that_nobody_watches_waits_at_the_gate_where_the_plan_says_so() {
    let mut world = World::new(&[&["w1"], &["w2"]], |plan| plan.on_detach = OnDetach::PauseAtGate);
    world.supervise(true, None);
    let release = world.stands("somebody to watch", |at| at == At::Paused);
    let why = &release.history.last().unwrap().2;
    assert!(why.contains("nobody watches it") && world.log("w1") == "2\n" && world.log("w2").is_empty(), "{why}");
    let watching = presence::watch(&world.dir()).unwrap();
    world.ask(&Verb::Resume).unwrap();
    assert_eq!(world.ended().at, At::Succeeded);
    drop(watching);
}
