//! The release console in a pseudo-terminal, seen from outside: start with 10,000 hosts, silence when nothing changes, a
//! live run of 10,000 hosts whose output grows by 20,000 lines a second, memory, a terminal that takes nothing.
//! `cargo bench --bench console`, with Ansible on PATH. Fails, at its end, where a goal is missed.
//!
//! The run is real: `opsdeck play` with its supervisor, its step runner and Ansible, which waits in a local task for a file.
//! Only the lines are ours: the bench appends them to the run's `stdout.log`, where Ansible's own output goes, and the
//! supervisor marks them in the journal as it marks Ansible's.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops")]

#[path = "console/figures.rs"]
mod figures;
mod fleet;
mod line;
#[path = "console/live.rs"]
mod live;
#[path = "console/start.rs"]
mod start;
#[path = "../support/mod.rs"]
mod support;

use figures::Figures;
use support::Lab;

fn main() {
    let lab = Lab::start(0);
    fleet::generate(&lab.project().join("inventories/lab"));
    let mut figures = Figures::default();
    start::starts(&lab, &mut figures);
    start::idle(&lab, &mut figures);
    live::follow(&lab, &mut figures);
    drop(lab);
    figures.end();
}
