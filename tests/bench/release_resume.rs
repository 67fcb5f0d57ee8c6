//! A release with a journal of 100,000 events whose supervisor is killed with SIGKILL: how long until the next one has it
//! in hand and tells its state. `cargo bench --bench release_resume`. Fails at 300 ms.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops")]

#[path = "../support/mod.rs"]
mod support;
#[path = "../releases/world.rs"]
mod world;

use opsdeck::release::event::{Event as Own, Person};
use opsdeck::release::state::{At, Pause};
use opsdeck::run::control::{Command, ask};
use opsdeck::run::event::{Json, Source, Status};
use opsdeck::run::journal::Journal;
use opsdeck::run::{Event, Follower};
use std::time::{Duration, Instant};
use support::wait::wait_until;
use world::World;

const EVENTS: u64 = 100_000;
const HOSTS: u64 = 500;

/// A release that has deployed to all its hosts and was paused then.
fn write(world: &World) {
    let (mut journal, _) = Journal::open(&world.dir().journal(), |_| {}).unwrap();
    let (mut ts, mut off) = (1_760_000_000_000, 0);
    let mut push = |journal: &mut Journal, event: Event<'static>| {
        ts += 1;
        drop(journal.push(ts, event).unwrap());
    };
    let own = |event: &Own| Event::Own { body: Json(serde_json::to_string(event).unwrap()) };
    let enter = |at: At| own(&Own::Entered { at, why: "for the bench".into() });
    let mut src = || {
        off += 400;
        Source { step: 1, off, len: 400 }
    };
    let hosts: Vec<String> = (0..HOSTS).map(|h| format!("web{h:04}.eu.example.net")).collect();
    push(&mut journal, Event::Requested);
    let by = Person { uid: 1, name: "ann".into(), row: None };
    push(&mut journal, own(&Own::Submitted { by, digest: "digest".into() }));
    for at in [At::Planned, At::Queued, At::Preparing, At::Deploying { batch: 0 }] {
        push(&mut journal, enter(at));
    }
    push(&mut journal, own(&Own::BatchIntent { batch: 0, hosts: hosts.clone(), rollback: false }));
    push(&mut journal, Event::StepIntent { step: 1 });
    push(&mut journal, Event::Play { name: "everything".into(), hosts: hosts.clone(), of: None, src: src() });
    let mut task = 0;
    while journal.seq() < EVENTS - 2 * HOSTS - 10 {
        let name = format!("role : task number {task}").into();
        let action = "ansible.builtin.command".into();
        push(&mut journal, Event::Task { n: None, name, action, handler: false, path: None, src: src() });
        for h in &hosts {
            push(&mut journal, Event::Start { t: task, h: h.clone().into(), src: src() });
            let (h, s) = (h.clone().into(), Status::Changed);
            let result = Event::Result { t: task, h, s, ig: false, diff: false, ms: Some(12), msg: None, src: src() };
            push(&mut journal, result);
        }
        task += 1;
    }
    let pause = Pause { reason: "for the bench".into(), by: None, resume_to: At::Verifying, until: None };
    push(&mut journal, own(&Own::Paused { pause }));
    push(&mut journal, enter(At::Paused));
    while journal.seq() < EVENTS {
        let text = format!("number {}", journal.seq());
        push(&mut journal, own(&Own::Paged { text }));
    }
    journal.commit().unwrap();
}

fn main() {
    let mut world = World::new(&[&["w1"]], |_| {});
    write(&world);
    world.supervise(false, None);
    let answers = |world: &World| {
        let reply = wait_until(60, "it answers", || ask(&world.dir(), &Command::Ping, Duration::from_secs(5)).ok());
        assert!(reply.ok);
    };
    answers(&world);
    let (mut worst, mut shown) = (Duration::ZERO, Duration::ZERO);
    for turn in 1..=5 {
        world.supervisor.as_mut().unwrap().kill().unwrap();
        world.supervisor.take().unwrap().wait().unwrap();
        let began = Instant::now();
        world.supervise(false, None);
        answers(&world);
        let in_hand = began.elapsed();
        let run = Follower::open(&world.dir()).unwrap();
        assert_eq!(run.state.phase.as_deref(), Some("paused"));
        println!("turn {turn}: in hand after {in_hand:?}, shown after {:?}", began.elapsed());
        (worst, shown) = (worst.max(in_hand), shown.max(began.elapsed()));
    }
    println!("{EVENTS} events: in hand after at most {worst:?}, state shown after {shown:?} (below 300 ms)");
    assert!(shown < Duration::from_millis(300));
}
