//! The ssh room on real sshd hosts: the same connections as Ansible makes, masters that are reused and recovered, and
//! hosts that hang, refuse, hang up, or answer with far too much.

mod ansible;
mod hosts;
mod keys;
mod masters;
mod resolved;
mod sessions;
mod sh;
mod shells;

use crate::support::Lab;
use opsdeck::inventory::{self, Inventory};
use opsdeck::project::cfg::{AnsibleCfg, Env};
use opsdeck::ssh::{Chunk, Command, Exit, Failure, Limits, Options, Pool, Route, Target, route};
use std::time::Duration;

/// What a command printed, and how it ended.
#[derive(Debug, PartialEq, Eq)]
struct Done {
    end: Result<Exit, Failure>,
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Done {
    fn code(&self) -> Option<i32> {
        self.end.as_ref().unwrap_or_else(|e| panic!("{e:?}")).code
    }

    fn failure(&self) -> &Failure {
        self.end.as_ref().unwrap_err()
    }
}

/// The environment that Ansible finds in a lab.
fn env(lab: &Lab) -> Env {
    [("HOME".to_owned(), lab.folder().join("home").display().to_string())].into_iter().collect()
}

fn targets(lab: &Lab, pattern: &str, options: &Options) -> Vec<Target> {
    let env = env(lab);
    let cfg = AnsibleCfg::load(&lab.project(), &env);
    let sources = ["inventories/lab".to_owned()];
    let inventory = Inventory::load(&lab.project(), &sources, &inventory::Options { env }).unwrap();
    let hosts = inventory.select(pattern, None).unwrap().hosts;
    let one = |id| match route(&inventory, id, &cfg, options) {
        Route::Ssh(target) => *target,
        Route::Ansible { why } => panic!("{why}"),
    };
    hosts.into_iter().map(one).collect()
}

fn target(lab: &Lab, name: &str) -> Target {
    targets(lab, name, &Options::default()).remove(0)
}

fn command(script: &str) -> Command {
    let timeout = Duration::from_secs(60);
    Command { script: script.to_owned(), stdin: Vec::new(), timeout, limit: 1 << 20, alone: true, password: None }
}

fn pool() -> Pool {
    Pool::new(Limits::default())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn go(pool: &Pool, target: &Target, command: &Command) -> Done {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let end = pool
        .run(target, command, |chunk| match chunk {
            Chunk::Out(bytes) => out.extend_from_slice(bytes),
            Chunk::Err(bytes) => err.extend_from_slice(bytes),
        })
        .await;
    Done { end, out, err }
}

/// One command on one host, with a pool of its own.
fn once(target: &Target, script: &str) -> Done {
    runtime().block_on(go(&pool(), target, &command(script)))
}
