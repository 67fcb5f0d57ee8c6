//! Many past runs: `runs`, the list of the Runs screen, a search over all of them, and the index rebuilt from the folders while
//! the list answers. `cargo bench --bench past` (`OPSDECK_RUNS` for another number than 100,000). Prints the times and their
//! bounds, and fails when one is missed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops")]

use opsdeck::run::event::{Entry, Event, Source, Status};
use opsdeck::run::{State, whole_index};
use opsdeck::state::{Control, Filter, Index, StateDir};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A run of a playbook on three hosts, as its supervisor left it.
fn past(state: &StateDir, n: u64) {
    // A minute apart, up to now.
    let seconds = 1_700_000_000 + n * 60;
    let id = uuid::Builder::from_unix_timestamp_millis(seconds * 1_000, &rand(n)).into_uuid();
    let dir = state.run(id);
    std::fs::create_dir(dir.path()).unwrap();
    let (environment, title) =
        (["production", "staging", "qa"][n as usize % 3], ["deploy", "patch", "backup"][n as usize % 3]);
    let spec = format!(
        "version: 1\nid: {id}\nask:\n  kind: playbook\n  playbook: {title}.yml\n  inventory:\n  - inventories/{environment}\n\
         environment: {environment}\ncwd: /srv/shop\nargv:\n- ansible-playbook\n- {title}.yml\n- -i\n- inventories/{environment}\n\
         env:\n  ANSIBLE_CALLBACKS_ENABLED: opsdeck_events\n  OPSDECK_EVENTS: /var/lib/x/runs/{id}/steps/1/events.jsonl\n\
         hosts:\n- web1\n- web2\n- web3\nsecrets: []\non_conflict: refuse\ntimeout: null\n\
         operator:\n  name: ann\n  login: ann\n  effective: ann\n  from: 192.0.2.7:51234\n  tty: /dev/pts/1\n  session: '3'\n  \
         host: bastion1\nrerun_of: null\ncreated_at: {}\n",
        seconds * 1_000
    );
    std::fs::write(dir.spec(), spec).unwrap();
    let src = Source { step: 1, off: 0, len: 300 };
    let mut events = vec![
        Event::Requested,
        Event::StepIntent { step: 1 },
        Event::StepStarted { step: 1, pid: 4711 },
        Event::Play { name: "web".into(), hosts: vec!["web1".into(), "web2".into(), "web3".into()], of: None, src },
    ];
    for t in 0..5 {
        let name = format!("role : task {t}").into();
        events.push(Event::Task {
            n: None,
            name,
            action: "ansible.builtin.command".into(),
            handler: false,
            path: None,
            src,
        });
        for h in ["web1", "web2", "web3"] {
            let s = Status::Changed;
            events.push(Event::Result { t, h: h.into(), s, ig: false, diff: false, ms: Some(9), msg: None, src });
        }
    }
    let state = if n.is_multiple_of(7) { State::Failed } else { State::Succeeded };
    events.push(Event::StepExited { step: 1, rc: Some(0), signal: None, seen: true });
    events.push(Event::Ended { state, why: "all hosts".into(), failure: None, maybe_running_on: vec![] });
    let entry = |(seq, event)| {
        serde_json::to_string(&Entry { seq, ts: (seconds * 1_000) as i64 + seq as i64, event }).unwrap() + "\n"
    };
    let lines: String = (1..).zip(events).map(entry).collect();
    std::fs::write(dir.journal(), lines).unwrap();
}

fn rand(n: u64) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes
}

fn best(mut work: impl FnMut()) -> Duration {
    let once = |()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    [(); 5].map(once).into_iter().min().unwrap()
}

fn runs(state: &StateDir, args: &[&str]) -> usize {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
    command.arg("--state-dir").arg(state.root()).arg("runs").args(args).stdin(Stdio::null()).stderr(Stdio::null());
    let out = command.output().unwrap();
    assert!(out.status.success());
    out.stdout.iter().filter(|b| **b == b'\n').count()
}

fn main() {
    let count: u64 = std::env::var("OPSDECK_RUNS").map_or(100_000, |n| n.parse().unwrap());
    let tmp = tempfile::tempdir().unwrap();
    let state = StateDir::at(tmp.path().join("state"));
    // As the first launch does.
    opsdeck::run::belongs::may_begin(&state).unwrap();
    drop(Control::open(&state).unwrap());
    std::fs::create_dir(state.runs()).unwrap();
    (0..count).for_each(|n| past(&state, n));
    let mut missed = false;
    let mut tell = |what: &str, took: Duration, bound: Duration| {
        let verdict = if took <= bound { "" } else { "   MISSED" };
        missed |= took > bound;
        println!("{what:<52} {:>9.1} ms   (at most {} ms){verdict}", took.as_secs_f64() * 1e3, bound.as_millis());
    };
    // Nothing is in the index yet: the list answers at once, and the index is filled behind it.
    let start = Instant::now();
    assert_eq!(runs(&state, &[]), 51);
    tell("`runs` without an index", start.elapsed(), Duration::from_millis(500));
    let index = Index::open(&state).unwrap();
    while !index.is_whole().unwrap() {
        std::thread::sleep(Duration::from_millis(20));
    }
    tell("index rebuilt behind the list", start.elapsed(), Duration::from_secs(60));
    assert_eq!(whole_index(&state).unwrap().ids().unwrap().len() as u64, count);
    tell("`runs`, the whole process", best(|| assert_eq!(runs(&state, &[]), 51)), Duration::from_millis(50));
    let screen = Filter { limit: Some(2_000), ..Filter::default() };
    let listed = best(|| assert_eq!(opsdeck::run::list(&state, &index, &screen).unwrap().len(), 2_000));
    tell("the list of the Runs screen (2,000 rows)", listed, Duration::from_millis(100));
    let oldest = Uuid::from_u64_pair(0, 0);
    let words = vec!["#1".to_owned(), "backup".to_owned(), "production".to_owned()];
    let nothing = Filter { words, limit: Some(2_000), ..Filter::default() };
    let searched = best(|| assert!(index.list(&nothing).unwrap().iter().all(|row| row.id > oldest)));
    tell("a search over all runs that finds nothing", searched, Duration::from_millis(300));
    let words = vec!["deploy".to_owned(), "failed".to_owned()];
    let old = Filter { words, limit: Some(2_000), ..Filter::default() };
    let searched = best(|| assert!(!index.list(&old).unwrap().is_empty()));
    tell("a search over all runs that finds many", searched, Duration::from_millis(300));
    let whole = best(|| assert!(runs(&state, &["deploy", "failed"]) > 1));
    tell("`runs deploy failed`, the whole process", whole, Duration::from_millis(300));
    std::process::exit(missed.into());
}
