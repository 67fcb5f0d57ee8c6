//! From nothing to the hosts on the screen, and what comes out when nothing changes.

use super::figures::{Figures, median_and_worst, ms};
use super::fleet::HOSTS;
use super::support::wait::{wait_true, wait_until};
use super::support::{Lab, OPSDECK, Pty};
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const STARTS: usize = 9;
/// How long nothing may come out.
const IDLE: Duration = Duration::from_secs(5);

/// Waits until nothing that was started in the lab runs any more: the background verification, for instance.
fn alone(lab: &Lab) {
    wait_true(120, "what was started has ended", || lab.alive().is_empty());
}

/// The first page of the host table is painted to its end, and the number of all hosts.
fn usable(screen: &vt100::Screen) -> bool {
    let text = screen.contents();
    ["host00000.example.com", "host00040.example.com", "10,000 of 10,000"].iter().all(|part| text.contains(part))
}

/// Time from the start of the process to the host table, seen from outside and as the console itself tells it, against
/// one `ansible-inventory --list`.
pub fn starts(lab: &Lab, figures: &mut Figures) {
    let trace = lab.folder().join("trace");
    let (mut outside, mut inside) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let argv = [OPSDECK, "--trace-frames", trace.to_str().unwrap()];
        let begun = Instant::now();
        let mut pty = Pty::start(&argv, lab.project(), &lab.env(), (160, 50));
        outside.push(ms(pty.moment(30, "the hosts", usable) - begun));
        let frame = wait_until(10, "the frame in the trace", || {
            let text = std::fs::read_to_string(&trace).ok()?;
            let last: Value = serde_json::from_str(text.lines().last()?).ok()?;
            (last["usable"] == true).then(|| last["ms"].as_f64().unwrap())
        });
        inside.push(frame);
        std::fs::remove_file(&trace).unwrap();
        pty.send("q");
        pty.wait_exit(10);
        alone(lab);
    }
    let mut command = lab.command("ansible-inventory");
    command.args(["-i", "inventories/lab/hosts.ini", "--list"]).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    assert!(command.status().unwrap().success(), "ansible-inventory");
    let theirs = ms(begun.elapsed());
    let (median, worst) = median_and_worst(outside);
    let (own, _) = median_and_worst(inside);
    println!("{STARTS} starts with {HOSTS} hosts: worst {worst:.1} ms; the console's own trace: median {own:.1} ms");
    figures.most("start to the first usable frame, median", "ms", median, 100.0);
    println!("ansible-inventory --list on the same data: {theirs:.0} ms");
    figures.least("faster than that", "times", theirs / median, 70.0);
}

/// Bytes while nothing changes.
pub fn idle(lab: &Lab, figures: &mut Figures) {
    // It asks no host how it is: that is news, and has to be shown.
    let mut pty = Pty::start(&[OPSDECK, "--read-only"], lab.project(), &lab.env(), (160, 50));
    pty.moment(30, "the hosts", usable);
    // Ansible's own answer comes in the background, and the clock in the header changes with the minute.
    pty.wait_text(120, "same as Ansible's");
    pty.quiet(30, Duration::from_secs(2));
    wait_true(60, "a minute that lasts", || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() % 60 < 50);
    let before = pty.count();
    let begun = Instant::now(); // here time itself is the thing
    wait_true(60, "the idle time", || begun.elapsed() >= IDLE);
    figures.most(
        "written in 5 s on the Fleet screen when nothing changes",
        "bytes",
        (pty.count() - before) as f64,
        0.0,
    );
    pty.send("q");
    pty.wait_exit(10);
}
