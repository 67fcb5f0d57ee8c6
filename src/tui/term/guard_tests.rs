//! The guard in a real pseudo-terminal. Each test starts this test binary again as the program that takes the terminal.

use super::*;
use portable_pty::{CommandBuilder, PtyPair, PtySize, native_pty_system};
use ratatui::style::Style;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

const ROLE: &str = "OPSDECK_TERM_TEST_CHILD";

/// The program: draws a counter, does what its role says. A test without a role has nothing to do here.
#[test]
fn child() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let (send, events) = mpsc::channel();
    let (to_signals, to_input) = (send.clone(), send.clone());
    signals::spawn(move |e| to_signals.send(e).is_ok()).unwrap();
    let caps = Caps { depth: Depth::Indexed, utf8: true, mux: Mux::None, sync: true, scroll: true };
    let guard = Guard::enter(Options { caps, mouse: true }, move || drop(send.send(Event::Hangup))).unwrap();
    input::spawn(move |e| to_input.send(e).is_ok()).unwrap();
    let mut screen = guard.screen().unwrap();
    let mut frames = 0;
    let mut draw = |what: &str| {
        frames += 1;
        screen.draw(|f| {
            let size = f.area();
            f.buffer_mut().set_string(
                0,
                0,
                format!("frame {frames} {what} {}x{} ", size.width, size.height),
                Style::new(),
            );
        })
    };
    draw("start").unwrap();
    match role.as_str() {
        "panic" => panic!("the child panics on purpose"),
        "other" => {
            let _ = std::thread::spawn(|| panic!("a background panic")).join();
            draw("still here").unwrap();
        }
        "busy" => {
            for _ in 0..4 {
                std::thread::spawn(|| {
                    loop {
                        use std::os::unix::process::CommandExt;
                        let mut child = std::process::Command::new("true");
                        crate::state::child::spawn(child.process_group(0)).unwrap().wait().unwrap();
                    }
                });
            }
        }
        _ => {}
    }
    while let Ok(event) = events.recv_timeout(Duration::from_secs(20)) {
        let what = match event {
            Event::Suspend => {
                guard.suspend().unwrap();
                "back"
            }
            Event::Resumed => {
                guard.resume().unwrap();
                "resumed"
            }
            Event::Hangup => std::process::exit(41),
            Event::Terminate(n) => {
                drop(guard);
                std::process::exit(40 + n);
            }
            Event::Input(crossterm::event::Event::Resize(..)) => "resized",
            Event::Input(_) => "key",
        };
        let _ = draw(what);
    }
    std::process::exit(99);
}

struct Program {
    pair: PtyPair,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Program {
    fn start(role: &str) -> Self {
        let pair =
            native_pty_system().openpty(PtySize { rows: 10, cols: 60, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", "tui::term::guard_tests::child", "--nocapture", "--test-threads=1"]);
        command.env(ROLE, role);
        command.env("RUST_BACKTRACE", "0");
        let child = pair.slave.spawn_command(command).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (mut reader, copy) = (pair.master.try_clone_reader().unwrap(), seen.clone());
        std::thread::spawn(move || {
            let mut block = [0; 4096];
            while let Ok(n) = reader.read(&mut block) {
                if n == 0 {
                    break;
                }
                copy.lock().unwrap().extend_from_slice(&block[..n]);
            }
        });
        Self { pair, child, seen }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    fn wait(&self, what: &str, done: impl Fn(&str) -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !done(&self.text()) {
            assert!(Instant::now() < end, "waited for {what}; saw {:?}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn wait_for(&self, text: &str) {
        self.wait(text, |seen| seen.contains(text));
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.child.process_id().unwrap() as i32).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    fn state(&self) -> char {
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", self.child.process_id().unwrap())).unwrap_or_default();
        stat.rsplit(") ").next().and_then(|s| s.chars().next()).unwrap_or('-')
    }

    /// The state of each of its threads.
    fn threads(&self) -> Vec<char> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.process_id().unwrap())).unwrap();
        let stat = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        let state = |stat: String| stat.rsplit(") ").next().and_then(|s| s.chars().next()).unwrap_or('-');
        tasks.flatten().map(|task| state(stat(task))).collect()
    }

    /// True if the terminal takes keys one by one, unseen.
    fn raw(&self) -> bool {
        let tty = std::fs::File::open(self.pair.master.tty_name().unwrap()).unwrap();
        let modes = rustix::termios::tcgetattr(&tty).unwrap().local_modes;
        !modes.intersects(rustix::termios::LocalModes::ICANON | rustix::termios::LocalModes::ECHO)
    }

    fn exit(&mut self) -> u32 {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < end, "does not end; saw {:?}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const RESTORED: &str = "\u{1b}[?25h\u{1b}[?1049l";

#[test]
fn a_panic_gives_the_terminal_back_before_its_message() {
    let mut p = Program::start("panic");
    assert_ne!(p.exit(), 0);
    p.wait_for("the child panics on purpose");
    let seen = p.text();
    assert!(seen.find(RESTORED).unwrap() < seen.find("the child panics on purpose").unwrap(), "{seen:?}");
    assert!(!p.raw());
    assert!(seen.contains("\u{1b}[?1000l") && !seen.contains("?1003"), "{seen:?}");
}

#[test]
fn a_panic_elsewhere_leaves_the_screen_alone() {
    let mut p = Program::start("other");
    p.wait_for("still here");
    assert!(!p.text().contains(RESTORED) && !p.text().contains("background panic"), "{:?}", p.text());
    p.signal(rustix::process::Signal::TERM);
    assert_eq!(p.exit(), 55);
    p.wait_for(RESTORED);
}

#[test]
fn stopped_and_continued_it_draws_everything_again() {
    let mut p = Program::start("plain");
    p.wait_for("start 60x10");
    assert!(p.raw());
    p.signal(rustix::process::Signal::TSTP);
    p.wait_for(RESTORED);
    p.wait("the process to stop", |_| p.state() == 'T');
    assert!(!p.raw(), "the shell gets its own modes back");
    let before = p.text().len();
    p.signal(rustix::process::Signal::CONT);
    p.wait("the whole screen again", |seen| {
        let again = &seen[before..];
        again.contains("\u{1b}[?1049h") && again.contains("\u{1b}[2J") && again.contains("frame")
    });
    assert!(p.raw());
    p.pair.master.resize(PtySize { rows: 12, cols: 70, pixel_width: 0, pixel_height: 0 }).unwrap();
    p.wait_for("70x12");
    p.pair.master.take_writer().unwrap().write_all(b"x").unwrap();
    p.wait_for("key");
    p.signal(rustix::process::Signal::TERM);
    assert_eq!(p.exit(), 55);
}

#[test]
fn it_stops_while_other_threads_begin_processes() {
    let mut p = Program::start("busy");
    p.wait_for("start 60x10");
    for _ in 0..30 {
        let before = p.text().len();
        p.signal(rustix::process::Signal::TSTP);
        // As the shell sees it: a thread that waits for a child between fork and exec keeps the whole from stopping.
        p.wait("every thread to stop", |_| p.threads().iter().all(|state| *state == 'T'));
        p.signal(rustix::process::Signal::CONT);
        p.wait("the whole screen again", |seen| seen[before..].contains("resumed"));
    }
    p.signal(rustix::process::Signal::TERM);
    assert_eq!(p.exit(), 55);
}

#[test]
fn a_hangup_ends_it() {
    let mut p = Program::start("plain");
    p.wait_for("start 60x10");
    p.signal(rustix::process::Signal::HUP);
    assert_eq!(p.exit(), 41);
}
