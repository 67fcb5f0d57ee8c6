//! The store against plain files: the same lines however they came, and nothing is ever loaded whole.

use super::*;
use crate::state::RunDir;
use proptest::prelude::*;
use regex::Regex;
use std::fs::{self, OpenOptions};
use std::io::Write;

type Mark = (i64, u32, u64, u64);

struct Run {
    _folder: tempfile::TempDir,
    dir: RunDir,
    marks: Vec<Mark>,
}

impl Run {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::at(folder.path());
        Self { _folder: folder, dir, marks: Vec::new() }
    }

    fn write(&self, step: u32, stderr: bool, bytes: &[u8]) {
        let s = self.dir.step(step);
        fs::create_dir_all(s.path()).unwrap();
        let path = if stderr { s.stderr() } else { s.stdout() };
        OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    fn mark(&mut self, ts: i64, step: u32) {
        let size = |p: std::path::PathBuf| fs::metadata(p).map_or(0, |m| m.len());
        let s = self.dir.step(step);
        self.marks.push((ts, step, size(s.stdout()), size(s.stderr())));
    }

    fn fresh(&self) -> LogStore {
        let mut store = LogStore::open(&self.dir);
        while store.refresh(&self.marks, 1 << 20).unwrap().more {}
        store
    }
}

fn texts(store: &LogStore) -> Vec<String> {
    (0..store.len()).map(|i| store.line(i, usize::MAX, false).unwrap().text()).collect()
}

fn rows(view: &View) -> Vec<usize> {
    (0..view.len()).map(|r| view.line(r).unwrap()).collect()
}

const PLAY: &str = "\
PLAY [web] ****

TASK [one] ****
ok: [a]
ok: [b]

TASK [two] ****
changed: [a]
fatal: [b]: FAILED! => {
    \"msg\": \"no\"
}

TASK [three] ****
ok: [a]

PLAY RECAP ****
a : ok=3 changed=1
b : ok=1 failed=1
";

#[test]
fn marks_order_stdout_and_stderr_and_give_time() {
    let mut run = Run::new();
    run.write(1, false, b"one\ntw");
    run.mark(100, 1);
    run.write(1, true, b"oops\n");
    run.mark(200, 1);
    run.write(1, false, b"o\nthree\n");
    run.mark(300, 1);
    run.write(1, false, b"four\nfi");
    let mut store = run.fresh();
    assert_eq!(texts(&store), ["one", "oops", "two", "three", "four", "fi"]);
    let times: Vec<_> = (0..6).map(|i| store.info(i).unwrap().time).collect();
    assert_eq!(times, [Some(100), Some(200), Some(300), Some(300), None, None]);
    assert_eq!(store.info(1).unwrap().class, Class::Stderr);
    assert_eq!(store.refresh(&run.marks, 1 << 20).unwrap(), Refresh::default());
    run.write(1, false, b"ve");
    assert!(store.refresh(&run.marks, 1 << 20).unwrap().changed);
    assert_eq!(texts(&store)[5], "five");
    run.write(1, false, b"\n");
    run.mark(400, 1);
    store.refresh(&run.marks, 1 << 20).unwrap();
    assert_eq!(store.info(5).unwrap().time, Some(400));
}

#[test]
fn a_later_step_comes_later() {
    let mut run = Run::new();
    run.write(1, false, b"a\nunended");
    run.mark(1, 1);
    run.write(2, false, b"b\n");
    run.mark(2, 2);
    run.write(3, false, b"c\n");
    assert_eq!(texts(&run.fresh()), ["a", "unended", "b", "c"]);
}

#[test]
fn filters_keep_the_tasks_header() {
    let run = Run::new();
    run.write(1, false, PLAY.as_bytes());
    let store = run.fresh();
    let shown = |filter: Filter| {
        let mut view = View::new(filter);
        while !view.extend(&store, 3).unwrap() {}
        rows(&view).into_iter().map(|i| store.line(i, 999, false).unwrap().text()).collect::<Vec<_>>()
    };
    let failed = shown(Filter { failed: true, ..Filter::default() });
    assert_eq!(failed, ["TASK [two] ****", "fatal: [b]: FAILED! => {", "    \"msg\": \"no\"", "}"]);
    let host = shown(Filter { host: Some("a".into()), ..Filter::default() });
    assert_eq!(
        host,
        [
            "TASK [one] ****",
            "ok: [a]",
            "TASK [two] ****",
            "changed: [a]",
            "TASK [three] ****",
            "ok: [a]",
            "a : ok=3 changed=1"
        ]
    );
    assert!(shown(Filter { host: Some("nobody".into()), ..Filter::default() }).is_empty());
    let only = Filter {
        only: Some(Regex::new("^ok").unwrap()),
        without: Some(Regex::new("a]").unwrap()),
        ..Filter::default()
    };
    assert_eq!(shown(only), ["ok: [b]"]);
    assert_eq!(shown(Filter::default()).len(), store.len());
}

#[test]
fn errors_and_text_are_found_both_ways() {
    let run = Run::new();
    run.write(1, false, PLAY.as_bytes());
    run.write(1, false, "\x1b[31mred\x1b[0mdish 漢\n".as_bytes());
    let store = run.fresh();
    let mut view = View::default();
    view.extend(&store, usize::MAX).unwrap();
    assert_eq!(view.error(&store, 0, false), Some(8));
    assert_eq!(view.error(&store, 8, false), None);
    assert_eq!(view.error(&store, 18, true), Some(8));
    assert_eq!(store.header(9), Some(6));
    let find = |p: &str, from, back| view.find(&store, &Regex::new(p).unwrap(), from, back, 1000).unwrap();
    assert_eq!(find("^ok", 0, false), Found::At(3));
    assert_eq!(find("^ok", 4, false), Found::At(4));
    assert_eq!(find("^ok", 12, true), Found::At(4));
    assert_eq!(find("reddish 漢", 0, false), Found::At(18));
    assert_eq!(find("nothing", 0, false), Found::Nowhere);
    assert_eq!(find("nothing", 18, true), Found::Nowhere);
    let slice = view.find(&store, &Regex::new("RECAP").unwrap(), 0, false, 5).unwrap();
    assert_eq!(slice, Found::Paused(5));
}

#[test]
fn huge_and_broken_lines_are_fine() {
    let mut run = Run::new();
    let mut huge = vec![b'x'; 10_000_000];
    huge.push(b'\n');
    run.write(1, false, &huge);
    run.write(1, false, b"\xff\xfe\x00\x1b[2J\nok: [a]\n");
    run.mark(1, 1);
    let mut store = LogStore::open(&run.dir);
    let mut slices = 0;
    while store.refresh(&run.marks, 100_000).unwrap().more {
        slices += 1;
    }
    assert!(slices > 30, "{slices}");
    assert_eq!(store.len(), 3);
    let line = store.line(0, 200, false).unwrap();
    assert_eq!(line.more, 10_000_000 - 200);
    assert_eq!(store.raw(1, 99).unwrap(), b"\xff\xfe\x00\x1b[2J");
    assert_eq!(store.info(2).unwrap().host, Some("a"));
}

proptest! {
    #![proptest_config(crate::cases::cases(60))]

    #[test]
    fn growing_gives_what_reading_at_once_gives(
        parts in prop::collection::vec((0..4u8, "[ab \n]{0,12}|ok: \\[h\\]\n|fatal: \\[g\\]: FAILED! => \\{\n|TASK \\[t\\] \\*\n"), 1..30),
        budget in 1..40usize,
    ) {
        let mut run = Run::new();
        let mut store = LogStore::open(&run.dir);
        let mut views: Vec<View> = [
            Filter::default(),
            Filter { failed: true, ..Filter::default() },
            Filter { host: Some("h".into()), ..Filter::default() },
            Filter { only: Some(Regex::new("a").unwrap()), ..Filter::default() },
        ].into_iter().map(View::new).collect();
        for (n, (what, text)) in parts.iter().enumerate() {
            match what {
                0 | 1 => run.write(1, *what == 1, text.as_bytes()),
                2 => run.mark(n as i64, 1),
                _ => {}
            }
            if *what == 3 {
                store.refresh(&run.marks, budget).unwrap();
            } else {
                while store.refresh(&run.marks, 1 << 20).unwrap().more {}
                for view in &mut views {
                    view.extend(&store, budget).unwrap();
                }
            }
        }
        // What no mark covers stands in the order in which it was seen; the last mark gives all its place.
        run.mark(99, 1);
        while store.refresh(&run.marks, budget).unwrap().more {}
        let fresh = run.fresh();
        prop_assert_eq!(texts(&store), texts(&fresh));
        prop_assert_eq!(&store.errors, &fresh.errors);
        prop_assert_eq!(&store.headers, &fresh.headers);
        for view in &mut views {
            while !view.extend(&store, budget).unwrap() {}
            let mut other = View::new(view.filter().clone());
            while !other.extend(&fresh, usize::MAX).unwrap() {}
            prop_assert_eq!(rows(view), rows(&other));
            prop_assert_eq!(view.errors(&store), other.errors(&fresh));
        }
    }
}

#[test]
fn a_hole_of_any_size_is_skipped_and_what_lies_behind_it_is_read() {
    let mut run = Run::new();
    run.write(1, false, b"first\n");
    let path = run.dir.step(1).stdout();
    let grow = |size: u64| OpenOptions::new().write(true).open(&path).unwrap().set_len(size).unwrap();
    grow(100 << 30);
    run.write(1, false, b"behind\nlast\n");
    let size = fs::metadata(&path).unwrap().len();
    // What is read is bounded: a block on each side of the hole.
    let mut store = LogStore::open(&run.dir);
    assert!(!store.refresh(&[], 1 << 20).unwrap().more);
    assert_eq!(store.len(), 3);
    assert_eq!((store.raw(2, 9).unwrap(), store.info(1).unwrap().len), (b"last".to_vec(), u64::from(u32::MAX)));
    // A mark in the middle of it is kept to, and so is an end in it.
    run.marks.push((1, 1, 50 << 30, 0));
    grow(200 << 30);
    run.mark(2, 1);
    let store = run.fresh();
    assert_eq!((store.len(), store.raw(3, 1 << 20).unwrap().len()), (4, 1 << 20));
    assert!(size > 100 << 30 && !store.info(3).unwrap().ended);
}
