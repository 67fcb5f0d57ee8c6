//! Reading a journal of 1,000,000 events: folded whole, and from the snapshot. `cargo bench --bench journal`
//! Prints both times and their bounds, and fails when one is missed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops")]

use opsdeck::run::event::{Source, Status};
use opsdeck::run::journal::Journal;
use opsdeck::run::{Event, Follower};
use opsdeck::state::{RunDir, StateDir};
use std::time::{Duration, Instant};

const HOSTS: u64 = 1_000;
const TASKS: u64 = 499;

/// The run.
const RUN: &str = "0199a000-0000-7000-8000-000000000000";
const SPEC: &str = "{version: 1, id: 0199a000-0000-7000-8000-000000000000, ask: {kind: playbook, playbook: x.yml}, cwd: /p, \
                    argv: [], env: {}, secrets: [], on_conflict: refuse, created_at: 0, environment: null, rerun_of: null, \
                    operator: {name: a, effective: a, host: h, from: null, tty: null, session: null}}";

fn write(dir: &RunDir) -> u64 {
    std::fs::create_dir_all(dir.path()).unwrap();
    std::fs::write(dir.spec(), SPEC).unwrap();
    let (mut journal, _) = Journal::open(&dir.journal(), |_| {}).unwrap();
    let mut off = 0;
    let mut src = || {
        off += 400;
        Source { step: 1, off, len: 400 }
    };
    let names: Vec<String> = (0..HOSTS).map(|h| format!("web{h:04}.eu.example.net")).collect();
    let mut push = |ts: u64, event: Event<'static>| drop(journal.push(1_760_000_000_000 + ts as i64, event).unwrap());
    push(0, Event::StepIntent { step: 1 });
    push(1, Event::Hello { core: "2.19.14".into(), src: src() });
    push(2, Event::Play { name: "everything".into(), hosts: names.clone(), of: None, src: src() });
    for t in 0..TASKS {
        let name = format!("role : task number {t}").into();
        push(
            t,
            Event::Task {
                n: None,
                name,
                action: "ansible.builtin.command".into(),
                handler: false,
                path: None,
                src: src(),
            },
        );
        for h in &names {
            push(t, Event::Start { t: t as u32, h: h.clone().into(), src: src() });
        }
        for h in &names {
            let (h, ms) = (h.clone().into(), Some(12));
            push(
                t,
                Event::Result { t: t as u32, h, s: Status::Changed, ig: false, diff: false, ms, msg: None, src: src() },
            );
        }
    }
    journal.write().unwrap();
    journal.seq()
}

fn best(mut work: impl FnMut()) -> Duration {
    let once = |()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    [(), (), ()].map(once).into_iter().min().unwrap()
}

fn main() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = StateDir::at(tmp.path()).run(RUN.parse().unwrap());
    let events = write(&dir);
    let bytes = dir.journal().metadata().unwrap().len();
    println!("{events} events, {} MB", bytes >> 20);
    let open = || assert_eq!(Follower::open(&dir).unwrap().state.seq, events);
    let whole = best(|| {
        let _ = std::fs::remove_file(dir.snapshot());
        open();
    });
    let attached = best(open);
    let mut idle = Follower::open(&dir).unwrap();
    let poll = best(|| (0..1000).for_each(|_| assert_eq!(idle.poll(), 0))) / 1000;
    println!("without the snapshot {whole:?} (at most 2 s), with it {attached:?} (at most 200 ms), idle poll {poll:?}");
    assert!(whole < Duration::from_secs(2) && attached < Duration::from_millis(200));
}
