//! The Run screen on a live run: bytes, keys and memory while lines stream in, then a terminal that takes nothing.

use super::figures::{Figures, median_and_worst, ms};
use super::line::line;
use super::support::wait::wait_true;
use super::support::{Lab, OPSDECK, Pty, Run};
use opsdeck::state::StateDir;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Lines a second.
const RATE: usize = 20_000;
/// How long each stream lasts, in seconds.
const STREAM: usize = 8;
/// Lines of the log when its memory is measured.
const LINES: usize = 1_000_000;
const KEYS: usize = 50;
/// What only the help shows: its title, and a row far below.
const HELP: [&str; 2] = ["keys on run", "Go back to the screen before"];
/// What a terminal between us and the reader holds: the kernel's buffers of a pseudo-terminal, and a whole screen.
const BUFFERS: f64 = 68.0 + 16.0;

/// A stream of lines into a log, until it is told to end.
struct Stream {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicUsize>,
    thread: JoinHandle<usize>,
}

impl Stream {
    /// Appends to `log` from line `first` on.
    fn start(log: &Path, first: usize) -> Stream {
        let stop = Arc::new(AtomicBool::new(false));
        let written = Arc::new(AtomicUsize::new(0));
        let (mut file, done) = (File::options().append(true).open(log).unwrap(), stop.clone());
        let count = written.clone();
        let thread = std::thread::spawn(move || {
            let (start, mut n) = (Instant::now(), first);
            while !done.load(Relaxed) {
                let due = first + (start.elapsed().as_secs_f64() * RATE as f64) as usize;
                file.write_all((n..due).map(line).collect::<String>().as_bytes()).unwrap();
                n = due;
                count.store(n - first, Relaxed);
                std::thread::sleep(Duration::from_millis(5));
            }
            n
        });
        Stream { stop, written, thread }
    }

    /// Waits until it has written so many lines more.
    fn more(&self, lines: usize) {
        let goal = self.written.load(Relaxed) + lines;
        wait_true(60, "the stream", || self.written.load(Relaxed) >= goal);
    }

    /// Ends it; gives the number of the line that would come next.
    fn end(self) -> usize {
        self.stop.store(true, Relaxed);
        self.thread.join().unwrap()
    }
}

/// A figure of `/proc/PID/<file>`.
fn proc(pid: u32, file: &str, name: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();
    let value = text.lines().find_map(|l| l.strip_prefix(name)).unwrap();
    value.trim().trim_end_matches(" kB").parse().unwrap()
}

fn newest(pty: &Pty, next: usize) -> Instant {
    let last = format!("item={:08}", next - 1);
    pty.moment(30, &format!("the newest line, {last}"), |s| s.contents().contains(&last))
}

/// Launches the run, opens it on the screen, and measures.
pub fn follow(lab: &Lab, figures: &mut Figures) {
    let gate = lab.folder().join("gate");
    let play = "- hosts: all\n  gather_facts: false\n  connection: local\n  tasks:\n    - name: hold\n      run_once: true\n      \
                delegate_to: localhost\n";
    lab.write("hold.yml", &format!("{play}      wait_for: {{path: {}, timeout: 600}}\n", gate.display()));
    let run = Run::launch(lab, &["play", "hold.yml"]);
    let log = StateDir::at(lab.state()).run(run.id).step(1).stdout();
    let mut pty = Pty::start(&[OPSDECK], lab.project(), &lab.env(), (160, 50));
    // The list of what happened meanwhile comes first: the run is in it.
    pty.wait_text(60, "hold.yml");
    pty.send("2");
    pty.wait_for(120, "the run, live", |s| s.contains("hold.yml") && s.contains("running"));
    pty.send("\r");
    pty.wait_for(120, "its task", |s| s.contains("RUNNING") && s.contains("TASK [hold]"));

    let first = LINES - 2 * STREAM * RATE;
    let mut file = File::options().append(true).open(&log).unwrap();
    file.write_all((0..first).map(line).collect::<String>().as_bytes()).unwrap();
    let begun = Instant::now();
    let shown = newest(&pty, first) - begun;
    println!("{first} lines at once: on the screen after {:.0} ms", ms(shown));

    let next = bytes(&pty, &log, first, figures);
    let next = keys(&mut pty, &log, next, figures);
    if next < LINES {
        file.write_all((next..LINES).map(line).collect::<String>().as_bytes()).unwrap();
    }
    let next = next.max(LINES);
    newest(&pty, next);
    let (resident, peak) = (proc(pty.pid(), "status", "VmRSS:"), proc(pty.pid(), "status", "VmHWM:"));
    println!("{next} log lines, a run of 10,000 hosts, peak {:.1} MB", peak / 1024.0);
    figures.most("resident memory of the console", "MB", resident / 1024.0, 80.0);
    stalled(&pty, &log, next, figures);
    pty.send("q");
    pty.wait_exit(10);
}

/// Bytes a second while the screen follows the stream and nobody touches a key.
fn bytes(pty: &Pty, log: &Path, first: usize, figures: &mut Figures) -> usize {
    let stream = Stream::start(log, first);
    let (begun, before) = (Instant::now(), pty.count());
    stream.more(RATE * STREAM);
    let (seconds, written) = (begun.elapsed().as_secs_f64(), pty.count() - before);
    let next = stream.end();
    println!("{:.0} lines a second at 160x50:", (next - first) as f64 / seconds);
    figures.most("written", "kB/s", written as f64 / seconds / 1e3, 30.0);
    println!(
        "the newest line is shown {:.0} ms after the stream's end",
        ms(newest(pty, next).saturating_duration_since(begun)) - seconds * 1e3
    );
    next
}

/// Time from a key to the bytes that paint what it does, while lines stream in: help opens, help closes.
fn keys(pty: &mut Pty, log: &Path, first: usize, figures: &mut Figures) -> usize {
    let stream = Stream::start(log, first);
    let mut times = Vec::new();
    for n in 0..KEYS {
        // Anywhere between two frames.
        stream.more(RATE * (97 + 13 * (n % 11)) / 1000);
        let open = n % 2 == 0;
        let pressed = Instant::now();
        pty.send(if open { "?" } else { "\x1b" });
        let painted = pty.moment(10, "help", |s| {
            let text = s.contents();
            HELP.iter().all(|part| text.contains(part) == open)
        });
        times.push(ms(painted.saturating_duration_since(pressed)));
    }
    let next = stream.end();
    let (median, worst) = median_and_worst(times);
    figures.most(&format!("key to paint, median of {KEYS}"), "ms", median, 16.0);
    figures.most("key to paint, worst", "ms", worst, 16.0);
    next
}

/// A terminal that takes nothing while lines stream in: the console reads on, and shows the newest state at once when
/// the terminal takes again.
fn stalled(pty: &Pty, log: &Path, first: usize, figures: &mut Figures) {
    pty.hold(true);
    let stream = Stream::start(log, first);
    let read = || proc(pty.pid(), "io", "rchar:");
    let size = || std::fs::metadata(log).unwrap().len() as f64;
    let before = (read(), size());
    // By then the terminal is full.
    stream.more(RATE * STREAM);
    let (taken, grown, begun) = (read(), size(), Instant::now());
    stream.more(RATE * 3);
    let (taken, grown) = (read() - taken, size() - grown);
    println!("a terminal that took nothing for {:.0} s:", STREAM as f64 + begun.elapsed().as_secs_f64());
    figures.least("the console still took in, of what the log gained", "parts", taken / grown, 0.9);
    let next = stream.end();
    // The last lines reach the console, not the terminal.
    wait_true(10, "the console has read them", || read() - before.0 >= size() - before.1);
    let (before, released) = (pty.count(), Instant::now());
    pty.hold(false);
    let shown = newest(pty, next);
    let written = pty.count() - before;
    // Whoever has just drawn waits a frame's time for the next; drawing and reading it here may take up to another.
    figures.most(
        "newest line on the screen after it takes again",
        "ms",
        ms(shown.saturating_duration_since(released)),
        2.0 * 1000.0 / 30.0,
    );
    figures.most("written until then", "kB", written as f64 / 1e3, BUFFERS);
}
