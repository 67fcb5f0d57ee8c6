//! Whoever polls by the way: it asks what the project says now, and gives way to a daemon.

use super::Lab;
use super::daemon::Daemon;
use crate::support::wait::wait_true;
use opsdeck::health::store::{Store, scope};
use opsdeck::state::{StateDir, clock};
use std::process::{Child, Stdio};

/// `opsdeck health` that stays; it ends with the test.
struct Stays(Child);

impl Drop for Stays {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn who_polls_by_the_way_reads_the_project_again_and_gives_way_to_a_daemon() {
    let lab = Lab::start(1);
    let sample = "checks:\n  base: {sample: yes, interval: 2s}\n";
    lab.write("opsdeck.yaml", sample);
    let stays = lab.opsdeck(["health"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _stays = Stays(stays);
    let root = lab.project().canonicalize().unwrap();
    let store = Store::open(&StateDir::at(lab.state()), &scope(&["inventories/lab".to_owned()], &root)).unwrap();
    let polls = |who: &str| store.poller(clock::booted()).unwrap().is_some_and(|poller| poller.who.contains(who));
    let asked = |probe: &str| store.reports(0).unwrap().iter().any(|report| report.probe == probe);
    wait_true(60, "somebody to poll", || polls("opsdeck health") && asked("sample"));
    lab.write("opsdeck.yaml", &format!("{sample}  new: {{shell: 'true', interval: 1s}}\n"));
    wait_true(60, "the new check to be asked", || asked("new"));
    assert!(polls("opsdeck health"));

    let daemon = Daemon::start(&lab, &[]);
    wait_true(60, "the daemon to poll", || polls("serve of"));
    daemon.ready();
    drop(daemon);
    wait_true(60, "the other to poll again", || polls("opsdeck health"));
}
