//! The pane over real files: what is seen, how one moves, what a line costs on the wire.

use super::*;
use crate::run::log::LogStore;
use crate::state::RunDir;
use crate::tui::term::{Caps, Depth, Mux, Screen};
use crate::tui::testing::theme;
use crate::tui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

struct Log {
    _folder: tempfile::TempDir,
    dir: RunDir,
    store: LogStore,
    pane: LogPane,
    marks: Vec<(i64, u32, u64, u64)>,
    size: u64,
}

impl Log {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::at(folder.path());
        std::fs::create_dir_all(dir.step(1).path()).unwrap();
        let store = LogStore::open(&dir);
        let mut log = Self { _folder: folder, dir, store, pane: LogPane::new(), marks: vec![], size: 0 };
        log.pane.resize(60, 8);
        log.write(text);
        log
    }

    fn write(&mut self, text: &str) {
        let path = self.dir.step(1).stdout();
        OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
        self.size += text.len() as u64;
        self.marks.push((1_700_000_000_000, 1, self.size, 0));
        while self.store.refresh(&self.marks, usize::MAX).unwrap().more {}
        self.sync();
    }

    fn sync(&mut self) {
        while self.pane.sync(&self.store).unwrap() {}
    }

    fn buffer(&mut self, w: u16, h: u16, name: &str) -> Buffer {
        self.pane.resize(w, h - 1);
        self.sync();
        let mut buf = Buffer::empty(Rect::new(0, 0, w, h));
        draw(&self.pane, &self.store, &theme(name), true, buf.area, &mut buf);
        buf
    }

    fn seen(&mut self, w: u16, h: u16) -> Vec<String> {
        let buf = self.buffer(w, h, "dark");
        (0..h)
            .map(|y| {
                let (mut x, mut row) = (0, String::new());
                while x < w {
                    row.push_str(buf[(x, y)].symbol());
                    x += text::width(buf[(x, y)].symbol()).max(1) as u16;
                }
                row.trim_end().to_owned()
            })
            .collect()
    }
}

fn numbered(n: usize) -> String {
    (0..n).map(|i| format!("line {i}\n")).collect()
}

#[test]
fn follows_until_somebody_looks_elsewhere() {
    let mut log = Log::new(&numbered(100));
    assert!(log.seen(60, 5)[4].starts_with(" line 99"));
    log.write("new\n");
    assert!(log.seen(60, 5)[4].starts_with(" new"));
    log.pane.step(-1);
    let before = log.seen(60, 5);
    log.write("newer\n");
    let after = log.seen(60, 5);
    assert_eq!(before[1..], after[1..], "nothing moves under the reader");
    assert!(after[0].contains("follow ○") && after[0].contains("102 lines"), "{after:?}");
    log.pane.end();
    assert!(log.seen(60, 5)[4].starts_with(" newer"));
    log.pane.home();
    assert!(log.seen(60, 5)[1].starts_with(" line 0"));
    log.pane.page(1);
    log.pane.page(1);
    assert!(log.seen(60, 5).iter().any(|l| l.starts_with(" line 6")));
}

#[test]
fn errors_matches_and_filters() {
    let mut text = String::from("TASK [one] ***\n");
    text += &numbered(40);
    text += "fatal: [web01]: FAILED! => {\"msg\": \"x\"}\nTASK [two] ***\nok: [web01]\nok: [web02]\n";
    text += &numbered(40);
    let mut log = Log::new(&text);
    log.pane.first_error(&log.store);
    assert!(log.seen(60, 8).iter().any(|l| l.starts_with(" fatal: [web01]")));
    log.pane.next_error(&log.store, false);
    assert!(log.seen(60, 8)[0].contains("no error below"));
    log.pane.search(Some("ok: .web02"), false).unwrap();
    assert_eq!(log.seen(60, 8).iter().filter(|l| l.starts_with(" ok: [web02]")).count(), 1);
    assert_eq!(log.pane.line(), Some(44));
    log.pane.next_match(false);
    assert!(log.seen(60, 8)[0].contains("search went around the end"));
    assert_eq!(log.pane.line(), Some(44));
    log.pane.search(Some("nowhere"), true).unwrap();
    assert!(log.seen(60, 8)[0].contains("no match: nowhere"));
    assert!(log.pane.search(Some("("), false).is_err());
    log.pane.set_filter(Filter { failed: true, ..Filter::default() }, &log.store);
    let seen = log.seen(80, 8);
    assert!(seen[0].contains("filter: failed") && seen[0].contains("2 of 85 lines"), "{seen:?}");
    assert!(seen[1].starts_with(" TASK [one]") && seen[2].starts_with(" fatal:"), "{seen:?}");
    log.pane.set_filter(Filter::default(), &log.store);
    assert_eq!(log.pane.line(), Some(41), "stays on the line");
}

#[test]
fn long_and_wide_lines_wrap_and_scroll() {
    let mut log = Log::new("漢字かな漢字かな\nabcdefghijklmnopqrstuvwxyz\n\x1b[31mred\x1b[0m \x1b]0;t\x07\u{202e}x\n");
    let seen = log.seen(14, 6);
    assert_eq!(seen[1], " 漢字かな漢字");
    log.pane.right(1);
    assert_eq!(log.seen(14, 6)[1..4], ["  字かな漢字", " bcdefghijklm", " ed ␛x"]);
    log.pane.right(-1);
    log.pane.wrap = true;
    let seen = log.seen(14, 7);
    assert_eq!(seen[1..], [" 漢字かな漢字", " かな", " abcdefghijkl", " mnopqrstuvwx", " yz", " red ␛x"]);
    // Following shows the end of a line that is taller than the pane.
    log.write(&format!("{}END\n", "0123456789".repeat(20)));
    assert!(log.seen(14, 5)[4].ends_with("END"), "{:?}", log.seen(14, 5));
    let red = log.buffer(14, 20, "dark");
    assert!((0..20).any(|y| red[(1, y)].symbol() == "r" && red[(1, y)].fg == ratatui::style::Color::Indexed(1)));
}

#[test]
fn matches_are_lit_and_marks_are_kept() {
    let mut log = Log::new(&numbered(30));
    log.pane.search(Some("line 7"), false).unwrap();
    log.sync();
    log.pane.toggle_mark();
    log.pane.time = true;
    let buf = log.buffer(60, 30, "dark");
    let lit = theme("dark").style(Role::Match);
    let y = (0..30).find(|y| buf[(0, *y)].symbol() == "▌").unwrap();
    assert_eq!(buf[(10, y)].bg, lit.bg.unwrap_or_default());
    assert!(buf[(3, y)].symbol() == ":", "the time stands before the line");
    assert_eq!(log.pane.marks().collect::<Vec<_>>(), [7]);
}

#[test]
fn ascii_themes_get_ascii_and_no_size_panics() {
    let mut log = Log::new("TASK [漢] ***\nok: [a]\nfatal: [b]: FAILED! => x\n");
    for name in ["dark", "monochrome"] {
        for (w, h) in [(1, 1), (7, 2), (8, 1), (9, 2), (20, 3), (200, 60)] {
            for wrap in [false, true] {
                log.pane.wrap = wrap;
                log.pane.time = !log.pane.time;
                log.pane.toggle_follow();
                log.buffer(w, h, name);
            }
        }
    }
    let mut ascii = theme("dark");
    ascii.ascii = true;
    log.pane.home();
    log.sync();
    let mut buf = Buffer::empty(Rect::new(0, 0, 60, 8));
    draw(&log.pane, &log.store, &ascii, true, buf.area, &mut buf);
    assert!(buf.content.iter().all(|c| c.symbol().is_ascii()));
}

#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Vec<u8>>>);

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn settle(screen: &Screen) -> u64 {
    let end = Instant::now() + Duration::from_secs(10);
    while screen.stats().busy {
        assert!(Instant::now() < end, "the writer hangs");
        std::thread::yield_now();
    }
    screen.stats().bytes
}

/// Bytes a line while following at 120x40 in true colour, one frame a line, a clock in the header once in ten lines.
fn cost(line: impl Fn(usize) -> String, time: bool) -> u64 {
    let wire = Wire::default();
    let caps = Caps { depth: Depth::True, utf8: true, mux: Mux::None, sync: true, scroll: true };
    let mut screen = Screen::on(wire.clone(), || Ok(Size::new(120, 40)), caps).unwrap();
    let mut log = Log::new(&(0..200).map(&line).collect::<String>());
    let theme = theme("dark");
    log.pane.time = time;
    log.pane.resize(120, 37);
    let mut show = |log: &mut Log, n: usize| {
        log.sync();
        screen
            .draw(|f| {
                let buf = f.buffer_mut();
                let title = format!(
                    " opsdeck PRODUCTION runs > deploy   alice@bastion-1  14:{:02}:{:02}",
                    n / 600,
                    n / 10 % 60
                );
                buf.set_style(Rect::new(0, 0, 120, 1), theme.style(Role::EnvProtected));
                buf.set_string(0, 0, title, theme.style(Role::EnvProtected));
                draw(&log.pane, &log.store, &theme, true, Rect::new(0, 1, 120, 38), buf);
                buf.set_string(0, 39, "e first error  f follow  / search  ? help", theme.style(Role::Key));
            })
            .unwrap();
        settle(&screen)
    };
    let before = show(&mut log, 0);
    assert_eq!(show(&mut log, 0), before, "nothing changed: no byte");
    let mut after = before;
    for n in 1..=40 {
        log.write(&line(200 + n));
        after = show(&mut log, n);
    }
    (after - before) / 40
}

#[test]
fn following_costs_little() {
    let text = |n: usize| {
        format!("changed: [web{n:03}] => (item={n:06}) {}\n", "some text of a result ".repeat(4))[..99].to_owned()
            + "\n"
    };
    let cjk = |n: usize| format!("ok: [主机{n:03}] {}\n", "漢字かな交じり文".repeat(3));
    let coloured = |n: usize| format!("\x1b[0;33mnginx {n:06} {}\x1b[0m\n", "x".repeat(85));
    for (name, bytes) in [
        ("plain", cost(text, false)),
        ("with time", cost(text, true)),
        ("wide", cost(cjk, true)),
        ("coloured", cost(coloured, true)),
    ] {
        println!("{name}: {bytes} bytes a line");
        assert!(bytes <= 350, "{name}: {bytes} bytes a line");
    }
}
