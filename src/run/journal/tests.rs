//! The journal, the fold and the snapshot held against each other, on generated and on damaged files.

use super::*;
use crate::run::event::{Entry, Event, Failure, Json, Rung, Source, Status, StopLevel, Tally};
use crate::run::state::{CellStatus, RunState, State};
use crate::run::{fold, snapshot};
use proptest::prelude::*;
use std::borrow::Cow;
use std::io::Write;

fn src() -> impl Strategy<Value = Source> {
    (1..3_u32, any::<u64>(), any::<u32>()).prop_map(|(step, off, len)| Source { step, off, len })
}

fn text() -> impl Strategy<Value = Cow<'static, str>> {
    prop_oneof!["[a-z]{1,4}", any::<String>()].prop_map(Cow::Owned)
}

fn host() -> impl Strategy<Value = Cow<'static, str>> {
    "w[0-5]".prop_map(Cow::Owned)
}

fn status() -> impl Strategy<Value = Status> {
    proptest::sample::select(vec![Status::Ok, Status::Changed, Status::Failed, Status::Unreachable, Status::Skipped])
}

fn event() -> impl Strategy<Value = Event<'static>> {
    let states = proptest::sample::select(State::ALL[5..].to_vec());
    let levels = proptest::sample::select(vec![StopLevel::AfterTask, StopLevel::Interrupt, StopLevel::Kill]);
    let tally = (any::<u32>(), any::<u32>()).prop_map(|(ok, failed)| Tally { ok, failed, ..Tally::default() });
    prop_oneof![
        Just(Event::Requested),
        (any::<String>(), any::<String>()).prop_map(|(by, why)| Event::Queued { by, why }),
        (any::<String>(), any::<[Option<String>; 3]>()).prop_map(|(why, [what, action, by])| Event::BreakGlass {
            why,
            what,
            action,
            by
        }),
        any::<i64>().prop_map(|token| Event::Leased { token }),
        any::<u32>().prop_map(|step| Event::StepIntent { step }),
        (any::<u32>(), any::<u32>()).prop_map(|(step, pid)| Event::StepStarted { step, pid }),
        (text(), src()).prop_map(|(core, src)| Event::Hello { core, src }),
        (prop::collection::vec((any::<String>(), any::<u32>()), 0..3), src())
            .prop_map(|(plays, src)| Event::Plan { plays, src }),
        (text(), prop::collection::vec("w[0-5]", 0..4), any::<Option<u32>>(), src())
            .prop_map(|(name, hosts, of, src)| Event::Play { name, hosts, of, src }),
        (text(), text(), any::<bool>(), prop::option::of(text()), src())
            .prop_map(|(name, action, handler, path, src)| Event::Task { n: None, name, action, handler, path, src }),
        (0..4_u32, host(), src()).prop_map(|(t, h, src)| Event::Start { t, h, src }),
        (0..4_u32, host(), status(), any::<(bool, bool)>(), any::<Option<u64>>(), prop::option::of(text()), src())
            .prop_map(|(t, h, s, (ig, diff), ms, msg, src)| Event::Result { t, h, s, ig, diff, ms, msg, src }),
        (text(), any::<Option<u32>>(), prop::option::of(host()), prop::option::of(text()), src())
            .prop_map(|(k, t, h, msg, src)| Event::Note { k, t, h, msg, src }),
        (prop::collection::vec(("w[0-5]", tally), 0..3), src()).prop_map(|(hosts, src)| Event::Stats { hosts, src }),
        (any::<u16>(), any::<String>(), prop::option::of(src())).prop_map(|(n, why, src)| Event::Dropped {
            count: n.into(),
            why,
            src
        }),
        (1..3_u32, any::<u64>(), any::<u64>()).prop_map(|(step, out, err)| Event::Output { step, out, err }),
        (levels, any::<String>()).prop_map(|(level, by)| Event::StopAsked { level, by }),
        (1..3_u32, any::<String>()).prop_map(|(step, what)| Event::Signal { step, rung: Rung::Interrupt, what }),
        (any::<String>(), any::<i64>())
            .prop_map(|(k, n)| Event::Own { body: Json(serde_json::json!({"b": [n, null], "k": k}).to_string()) }),
        (any::<String>(), any::<String>()).prop_map(|(name, why)| Event::Phase { name, state: State::Running, why }),
        (any::<u32>(), any::<Option<i32>>(), any::<Option<i32>>(), any::<bool>())
            .prop_map(|(step, rc, signal, seen)| Event::StepExited { step, rc, signal, seen }),
        any::<String>().prop_map(|why| Event::Resumed { why }),
        (states, any::<String>(), any::<bool>(), prop::collection::vec("w[0-5]", 0..3)).prop_map(
            |(state, why, failed, maybe_running_on)| Event::Ended {
                state,
                why,
                failure: failed.then_some(Failure::HostsFailed),
                maybe_running_on
            }
        ),
    ]
}

fn entries(events: Vec<Event<'static>>) -> Vec<Entry<'static>> {
    let entry = |(i, event)| Entry { seq: i as u64 + 1, ts: 1_000 + i as i64, event };
    events.into_iter().enumerate().map(entry).collect()
}

fn write(path: &std::path::Path, entries: &[Entry<'static>]) {
    let (mut journal, _) = Journal::open(path, |_| {}).unwrap();
    for entry in entries.iter().skip(journal.seq() as usize) {
        journal.push(entry.ts, entry.event.clone()).unwrap();
    }
    journal.commit().unwrap();
}

fn read(path: &std::path::Path) -> (RunState, Result<Pass, JournalError>) {
    let mut state = RunState::default();
    let pass = Reader::open(path).unwrap().read(|e| state.apply(e));
    (state, pass)
}

proptest! {
    #![proptest_config(crate::cases::cases(256))]

    #[test]
    fn the_fast_decoder_equals_the_derived_one(event in event(), seq in 1_u64.., ts in any::<i64>()) {
        let entry = Entry { seq, ts, event };
        let line = serde_json::to_vec(&entry).unwrap();
        let derived: Entry<'_> = serde_json::from_slice(&line).unwrap();
        prop_assert_eq!(decode(&line).unwrap(), derived.clone());
        prop_assert_eq!(derived, entry);
    }

    #[test]
    fn decoding_never_panics(line in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&line);
    }

    #[test]
    fn decoding_a_damaged_line_never_panics(event in event(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut line = serde_json::to_vec(&Entry { seq: 1, ts: 0, event }).unwrap();
        let at = at.index(line.len());
        line[at] = byte;
        let _ = decode(&line);
        let _ = decode(&line[..at]);
    }

    #[test]
    fn a_prefix_and_the_rest_fold_to_the_whole(events in prop::collection::vec(event(), 0..60), at in any::<prop::sample::Index>()) {
        let all = entries(events);
        let whole = fold(all.iter().cloned());
        let at = at.index(all.len() + 1);
        let prefix = fold(all[..at].iter().cloned());
        // Through the snapshot's own encoding, and with every entry of the prefix given again.
        let mut state: RunState = postcard::from_bytes(&postcard::to_stdvec(&prefix).unwrap()).unwrap();
        all.iter().for_each(|e| state.apply(e));
        prop_assert_eq!(state, whole);
    }

    #[test]
    fn after_an_end_nothing_runs(mut events in prop::collection::vec(event(), 0..60)) {
        events.push(Event::Ended { state: State::Cancelled, why: String::new(), failure: None, maybe_running_on: vec![] });
        let state = fold(entries(events));
        prop_assert!(state.state.is_terminal());
        prop_assert!(state.hosts_running().is_empty());
        for task in &state.tasks {
            prop_assert_eq!(task.counts.running, 0);
            prop_assert!((0..state.hosts.len()).all(|h| task.cell(h).status != CellStatus::Running));
        }
    }

    #[test]
    fn a_torn_tail_is_cut_and_the_journal_goes_on(events in prop::collection::vec(event(), 1..20), torn in any::<prop::sample::Index>()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let all = entries(events);
        write(&path, &all);
        let bytes = std::fs::read(&path).unwrap();
        let cut = torn.index(bytes.len());
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let whole = memchr::memchr_iter(b'\n', &bytes[..cut]).count();
        let (_, pass) = read(&path);
        let kept = memchr::memrchr(b'\n', &bytes[..cut]).map_or(0, |i| i + 1);
        prop_assert_eq!(pass.unwrap(), Pass { entries: whole as u64, torn: (cut - kept) as u64 });
        let mut count = 0;
        let (journal, cut_bytes) = Journal::open(&path, |_| count += 1).unwrap();
        prop_assert_eq!((count, journal.seq(), cut_bytes), (whole, whole as u64, (cut - kept) as u64));
        drop(journal);
        write(&path, &all);
        prop_assert_eq!(std::fs::read(&path).unwrap(), bytes, "the rest written again gives the same file");
    }
}

fn some_events(n: u32) -> Vec<Entry<'static>> {
    let src = |i: u32| Source { step: 1, off: u64::from(i) * 100, len: 100 };
    let mut events = vec![
        Event::Requested,
        Event::Task { n: None, name: "t".into(), action: "ping".into(), handler: false, path: None, src: src(0) },
    ];
    events.extend((0..n).map(|i| Event::Result {
        t: 0,
        h: format!("w{i}").into(),
        s: Status::Ok,
        ig: false,
        diff: false,
        ms: None,
        msg: None,
        src: src(i),
    }));
    entries(events)
}

#[test]
fn a_gap_and_damage_in_the_middle_are_reported_and_nothing_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    write(&path, &some_events(5));
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for (broken, expected) in [
        ([&lines[..2], &lines[3..]].concat(), "entry 4 follows entry 2"),
        ([&lines[..2], &["{}"], &lines[3..]].concat(), "not an event"),
    ] {
        let broken = broken.join("\n") + "\n";
        std::fs::write(&path, &broken).unwrap();
        let (state, pass) = read(&path);
        let e = pass.unwrap_err().to_string();
        assert!(e.contains(expected) && e.contains("line 3 (byte"), "{e}");
        assert_eq!(state.seq, 2);
        assert!(Journal::open(&path, |_| {}).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), broken);
    }
}

#[test]
fn a_tail_of_zeros_after_a_power_cut_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    write(&path, &some_events(1));
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"\0\0\0\0\n\0\0").unwrap();
    let (journal, cut) = Journal::open(&path, |_| {}).unwrap();
    assert_eq!((journal.seq(), cut), (3, 7));
}

#[test]
fn a_newer_journal_is_read_but_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    std::fs::write(
        &path,
        "{\"seq\":1,\"ts\":5,\"e\":\"requested\"}\n{\"seq\":2,\"ts\":6,\"e\":\"teleported\",\"to\":1}\n",
    )
    .unwrap();
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(reader.read(|_| {}).unwrap().entries, 2);
    assert!(reader.is_newer());
    assert!(matches!(Journal::open(&path, |_| {}), Err(JournalError::Newer { .. })));
}

#[test]
fn a_reader_follows_lines_that_come_in_pieces() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    let mut file = std::fs::File::create(&path).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let mut seen = Vec::new();
    for piece in ["{\"seq\":1,\"ts\":5,", "\"e\":\"requested\"}", "\n{\"seq\":2"] {
        file.write_all(piece.as_bytes()).unwrap();
        reader.read(|e| seen.push(e.seq)).unwrap();
    }
    assert_eq!(seen, [1]);
    file.write_all(b",\"ts\":6,\"e\":\"requested\"}\n").unwrap();
    reader.read(|e| seen.push(e.seq)).unwrap();
    assert_eq!(seen, [1, 2]);
}

#[test]
fn a_line_longer_than_the_buffer_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    let why = "x".repeat(3 << 20);
    write(&path, &entries(vec![Event::Requested, Event::Resumed { why }, Event::Requested]));
    assert_eq!(read(&path).1.unwrap(), Pass { entries: 3, torn: 0 });
}

#[test]
fn a_snapshot_counts_only_for_the_journal_it_was_made_from() {
    let dir = tempfile::tempdir().unwrap();
    let (path, bin) = (dir.path().join("journal.jsonl"), dir.path().join("snapshot.bin"));
    write(&path, &some_events(10));
    let (state, _) = read(&path);
    let len = path.metadata().unwrap().len();
    let run = uuid::Uuid::now_v7();
    snapshot::save(&bin, run, &path, len, &state).unwrap();
    assert_eq!(snapshot::load(&bin, run, &path), Some((state, len)));
    assert_eq!(snapshot::load(&bin, uuid::Uuid::now_v7(), &path), None, "another run's");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("w3", "x3")).unwrap();
    assert_eq!(snapshot::load(&bin, run, &path), None, "another journal of the same length");
    std::fs::write(&path, &text[..50]).unwrap();
    assert_eq!(snapshot::load(&bin, run, &path), None, "a shorter one");
    std::fs::write(&path, &text).unwrap();
    let good = std::fs::read(&bin).unwrap();
    for cut in 0..good.len() {
        std::fs::write(&bin, &good[..cut]).unwrap();
        assert_eq!(snapshot::load(&bin, run, &path), None, "cut at {cut}");
    }
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&bin, &bad).unwrap();
        assert_eq!(snapshot::load(&bin, run, &path), None, "bit {bit} flipped");
    }
}

#[test]
fn a_line_without_an_end_is_damage_and_a_sparse_giant_is_not_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    write(&path, &entries(vec![Event::Requested, Event::Requested, Event::Requested]));
    let whole = path.metadata().unwrap().len();
    let file = std::fs::File::options().append(true).open(&path).unwrap();
    file.set_len(whole + 1000).unwrap();
    assert_eq!(read(&path).1.unwrap(), Pass { entries: 3, torn: 1000 }, "what a crash of the machine leaves");
    file.set_len(1 << 40).unwrap();
    let begun = std::time::Instant::now();
    let mut reader = Reader::open(&path).unwrap();
    let mut seen = 0;
    let why = reader.read(|_| seen += 1).unwrap_err().to_string();
    assert!(seen == 3 && why.contains("line 4") && why.contains("longer than 64 MiB"), "{why}");
    let looked = std::time::Instant::now();
    assert_eq!(reader.read(|_| seen += 1).unwrap_err().to_string(), why, "it is told again");
    assert!(looked.elapsed().as_millis() < 500, "and not read again");
    let why = Journal::open(&path, |_| ()).unwrap_err().to_string();
    assert!(why.contains("longer than 64 MiB"), "{why}");
    assert_eq!(path.metadata().unwrap().len(), 1 << 40, "nothing of it is cut");
    assert!(begun.elapsed().as_secs() < 20);
    file.set_len(whole + 1000).unwrap();
    assert_eq!(reader.read(|_| seen += 1).unwrap().torn, 1000, "it is looked at again when it has changed");
}
