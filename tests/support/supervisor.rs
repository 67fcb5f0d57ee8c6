//! A run's supervisor as a child of the test: killed as it waits for the disk, and gone with the test. Holds no test.

use opsdeck::run::Follower;
use opsdeck::run::step::Processes;
use opsdeck::state::{Identity, Life, StateDir};
use std::process::{Child, Command, Stdio};
use uuid::Uuid;

/// Arguments of strace with which a supervisor is killed as it waits for its journal to be on the disk that many times.
pub fn kill_at(store: &StateDir, run: Uuid, n: u32) -> Vec<String> {
    let inject = format!("inject=fdatasync:signal=SIGKILL:when={n}");
    let journal = store.run(run).journal().display().to_string();
    ["-P", &journal, "-e", "trace=fdatasync", "-e", &inject].map(str::to_owned).to_vec()
}

/// The supervisor of a run, under strace where there are arguments for it. What else it needs is the caller's.
pub fn command(store: &StateDir, run: Uuid, first: bool, strace: &[&str]) -> Command {
    let opsdeck = env!("CARGO_BIN_EXE_opsdeck");
    let mut command = match strace {
        [] => Command::new(opsdeck),
        args => {
            let mut strace = Command::new("strace");
            strace.args(["-qq", "-o", "/dev/null"]).args(args).arg(opsdeck);
            strace
        }
    };
    command.arg("--state-dir").arg(store.root()).args(["supervise", &run.to_string()]);
    if first {
        command.arg("--first");
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Ends a supervisor and whatever its run still has under way.
pub fn end(store: &StateDir, run: Uuid, supervisor: Option<Child>) {
    let dir = store.run(run);
    if let Some(mut supervisor) = supervisor {
        let _ = supervisor.kill();
        let _ = supervisor.wait();
    }
    let Ok(run) = Follower::open(&dir) else { return };
    for step in run.state.steps.keys() {
        let pids = std::fs::read(dir.step(*step).pid()).unwrap_or_default();
        if let Ok(found) = serde_json::from_slice::<Processes>(&pids) {
            for process in [Some(found.runner), found.child].into_iter().flatten() {
                if Identity::life(&process) == Life::Alive {
                    process.signal(rustix::process::Signal::KILL);
                }
            }
        }
    }
}
