//! What the log on the screen costs: time a frame, bytes on the wire, memory. Run it with
//! `cargo bench --bench screen`; `less` and `lnav`, where they are installed, read the same file in the same minute.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench fails by panicking")]

mod line;

use line::line;
use opsdeck::run::log::{Filter, LogStore};
use opsdeck::state::RunDir;
use opsdeck::tui::term::{Caps, Cause, Depth, Mux, Pace, Pacer, Screen};
use opsdeck::tui::theme::{Role, Theme, Themes};
use opsdeck::tui::widgets::log::{self, LogPane};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use ratatui::layout::{Rect, Size};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

struct Log {
    file: File,
    store: LogStore,
    pane: LogPane,
    _folder: tempfile::TempDir,
}

impl Log {
    fn new(lines: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::at(folder.path());
        std::fs::create_dir_all(dir.step(1).path()).unwrap();
        let file = File::create(dir.step(1).stdout()).unwrap();
        let mut out = std::io::BufWriter::new(&file);
        (0..lines).for_each(|n| out.write_all(line(n).as_bytes()).unwrap());
        out.flush().unwrap();
        drop(out);
        Self { file, store: LogStore::open(&dir), pane: LogPane::new(), _folder: folder }
    }

    fn take_in(&mut self) {
        while self.store.refresh(&[], 4 << 20).unwrap().more {}
        while self.pane.sync(&self.store).unwrap() {}
    }
}

fn caps() -> Caps {
    Caps { depth: Depth::True, utf8: true, mux: Mux::None, sync: true, scroll: true }
}

fn draw(screen: &mut Screen, log: &Log, theme: &Theme, clock: &str) {
    screen
        .draw(|f| {
            let area = f.area();
            let buf = f.buffer_mut();
            buf.set_style(Rect { height: 1, ..area }, theme.style(Role::EnvProtected));
            buf.set_string(
                0,
                0,
                format!(" opsdeck PRODUCTION runs > deploy  {clock}"),
                theme.style(Role::EnvProtected),
            );
            let body = Rect { y: 1, height: area.height - 2, ..area };
            log::draw(&log.pane, &log.store, theme, true, body, buf);
            buf.set_string(0, area.height - 1, "e first error  f follow  / search", theme.style(Role::Key));
        })
        .unwrap();
}

fn settle(screen: &Screen) -> u64 {
    while screen.stats().busy {
        std::thread::yield_now();
    }
    screen.stats().bytes
}

/// Resident memory in MB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kb = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap().trim().trim_end_matches(" kB");
    kb.parse::<f64>().unwrap() / 1024.0
}

fn million(theme: &Theme) {
    let mut log = Log::new(1_000_000);
    let before = resident();
    let start = Instant::now();
    while log.store.refresh(&[], 4 << 20).unwrap().more {}
    println!("index of 1,000,000 lines (99 MB): {:?}, {:.1} MB", start.elapsed(), resident() - before);
    log.pane.resize(200, 57);
    log.take_in();
    let mut screen = Screen::on(std::io::sink(), || Ok(Size::new(200, 60)), caps()).unwrap();
    for (what, jump) in [("following, nothing new", 0), ("another page each frame", 5_003usize)] {
        let (mut whole, mut pane) = (Vec::new(), Vec::new());
        for n in 0..300 {
            if jump > 0 {
                log.pane.go_to((n * jump) % 1_000_000);
            }
            let start = Instant::now();
            log.take_in();
            draw(&mut screen, &log, theme, "14:02:07");
            whole.push(start.elapsed());
            let mut buf = ratatui::buffer::Buffer::empty(Rect::new(0, 0, 200, 58));
            let start = Instant::now();
            log::draw(&log.pane, &log.store, theme, true, buf.area, &mut buf);
            pane.push(start.elapsed());
            settle(&screen);
        }
        whole.sort();
        pane.sort();
        println!(
            "frame at 200x60, {what}: median {:?}, p99 {:?} (the pane alone {:?})",
            whole[150], whole[297], pane[150]
        );
    }
    let start = Instant::now();
    log.pane.set_filter(Filter { host: Some("web123".into()), ..Filter::default() }, &log.store);
    log.take_in();
    println!("filter by host over 1,000,000 lines: {:?}", start.elapsed());
    log.pane.set_filter(Filter::default(), &log.store);
    log.pane.home();
    log.pane.search(Some("item=00999999"), false).unwrap();
    let start = Instant::now();
    log.take_in();
    println!("search to the last of 1,000,000 lines: {:?}", start.elapsed());
    println!("resident memory: {:.1} MB", resident());
}

fn follow(theme: &Theme) {
    let mut log = Log::new(200);
    log.pane.resize(120, 37);
    log.take_in();
    let mut screen = Screen::on(std::io::sink(), || Ok(Size::new(120, 40)), caps()).unwrap();
    draw(&mut screen, &log, theme, "14:02:00");
    let before = settle(&screen);
    for n in 0..100 {
        log.file.write_all(line(200 + n).as_bytes()).unwrap();
        log.take_in();
        draw(&mut screen, &log, theme, &format!("14:02:{:02}", n / 10));
        settle(&screen);
    }
    println!("following at 120x40, truecolor, one line a frame: {} bytes a line", (settle(&screen) - before) / 100);
    let before = settle(&screen);
    draw(&mut screen, &log, theme, "14:02:09");
    println!("an unchanged frame: {} bytes", settle(&screen) - before);
}

fn flood(theme: &Theme) {
    let mut log = Log::new(200);
    log.pane.resize(160, 47);
    let mut screen = Screen::on(std::io::sink(), || Ok(Size::new(160, 50)), caps()).unwrap();
    log.take_in();
    draw(&mut screen, &log, theme, "");
    settle(&screen);
    let stop = Arc::new(AtomicBool::new(false));
    let (mut file, done) = (log.file.try_clone().unwrap(), stop.clone());
    let writer = std::thread::spawn(move || {
        let (start, mut n) = (Instant::now(), 0);
        while !done.load(Relaxed) {
            let due = (start.elapsed().as_secs_f64() * 20_000.0) as usize;
            let text: String = (n..due).map(line).collect();
            file.write_all(text.as_bytes()).unwrap();
            n = due;
            std::thread::sleep(Duration::from_millis(10));
        }
        n
    });
    let (start, first) = (Instant::now(), screen.stats());
    let mut pacer = Pacer::new(Pace::NORMAL, start);
    let mut slowest = Duration::ZERO;
    while start.elapsed() < Duration::from_secs(10) {
        pacer.want(Cause::Stream);
        match pacer.due(Instant::now(), screen.stats()) {
            Some(Duration::ZERO) => {
                let begun = Instant::now();
                log.take_in();
                draw(&mut screen, &log, theme, &format!("14:02:{:02}", start.elapsed().as_secs()));
                pacer.drawn(begun);
                slowest = slowest.max(begun.elapsed());
            }
            wait => std::thread::sleep(wait.unwrap_or_default()),
        }
    }
    stop.store(true, Relaxed);
    let (lines, stats) = (writer.join().unwrap(), screen.stats());
    println!(
        "{} lines a second at 160x50: {} bytes a second, {} frames a second, slowest take-in and draw {slowest:?}",
        lines / 10,
        (stats.bytes - first.bytes) / 10,
        (stats.frames - first.frames) / 10
    );
}

/// Waits until a program has written something and then nothing for a second.
fn quiet(bytes: &AtomicU64) {
    let deadline = Instant::now() + Duration::from_secs(15);
    let (mut last, mut since) = (bytes.load(Relaxed), Instant::now());
    while Instant::now() < deadline && (last == 0 || since.elapsed() < Duration::from_secs(1)) {
        std::thread::sleep(Duration::from_millis(20));
        let now = bytes.load(Relaxed);
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
}

/// Bytes a line that another program writes while it follows the same kind of file at ten lines a second.
fn rival(name: &str, args: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.log");
    let mut file = File::create(&path).unwrap();
    (0..200).for_each(|n| file.write_all(line(n).as_bytes()).unwrap());
    let pair = native_pty_system().openpty(PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 }).unwrap();
    let mut command = CommandBuilder::new(name);
    command.args(args);
    command.arg(&path);
    command.env("TERM", "xterm-256color");
    command.env("COLORTERM", "truecolor");
    command.env("HOME", folder.path());
    let Ok(mut child) = pair.slave.spawn_command(command) else {
        println!("{name}: not installed");
        return;
    };
    let (bytes, mut reader) = (Arc::new(AtomicU64::new(0)), pair.master.try_clone_reader().unwrap());
    let counter = bytes.clone();
    std::thread::spawn(move || {
        let mut block = [0; 8192];
        while let Ok(n @ 1..) = reader.read(&mut block) {
            counter.fetch_add(n as u64, Relaxed);
        }
    });
    let mut keys = pair.master.take_writer().unwrap();
    quiet(&bytes);
    if name == "lnav" {
        // To the end, where it follows.
        keys.write_all(b"G").unwrap();
        quiet(&bytes);
    }
    let before = bytes.load(Relaxed);
    let start = Instant::now();
    for n in 0..100 {
        file.write_all(line(200 + n).as_bytes()).unwrap();
        let due = start + Duration::from_millis(100) * (n as u32 + 1);
        while Instant::now() < due {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
    quiet(&bytes);
    println!("{name} following at 120x40, ten lines a second: {} bytes a line", (bytes.load(Relaxed) - before) / 100);
    let _ = child.kill();
    let _ = child.wait();
}

fn main() {
    let theme = Themes::load(None::<&Path>).0.get("dark").unwrap().clone();
    follow(&theme);
    million(&theme);
    flood(&theme);
    rival("less", &["+F"]);
    rival("lnav", &[]);
}
