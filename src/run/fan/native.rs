//! The hosts over SSH: so many at once as `--forks` says, or as many as the pool takes.

use super::report::title;
use super::spool::{Spool, Spools};
use super::{Shared, lock};
use crate::ansible::ask::MAX_OUTPUT;
use crate::ansible::ask::Shell;
use crate::ssh::{Command, Limits, Pool, Target};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

pub(super) struct Native {
    pub tasks: JoinSet<()>,
    stopping: Arc<AtomicBool>,
}

impl Native {
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }
}

pub(super) fn start(
    shell: &Shell,
    targets: Vec<Target>,
    password: Option<Zeroizing<String>>,
    (report, folder): (&Shared, PathBuf),
) -> Native {
    let stopping = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    if targets.is_empty() {
        return Native { tasks, stopping };
    }
    let limits = Limits::default();
    let forks = shell.common.forks.map_or(limits.commands, |n| n.max(1) as usize);
    let (pool, places) = (Pool::new(limits), Arc::new(Semaphore::new(forks)));
    let name = format!("shell over SSH: {}", title(shell));
    let task = lock(report).task(&name, "opsdeck.ssh");
    let command = Command {
        script: shell.command.clone(),
        stdin: Vec::new(),
        timeout: Duration::from_secs(shell.timeout.into()),
        limit: usize::MAX,
        alone: true,
        password,
    };
    let shared = Arc::new((shell.clone(), command));
    let spools = Spools::new(folder, shell.max_output.unwrap_or(MAX_OUTPUT));
    for (n, target) in targets.into_iter().enumerate() {
        let mut spool = Spool::new(&spools, n);
        let (pool, places, report) = (pool.clone(), Arc::clone(&places), Arc::clone(report));
        let (stopping, shared) = (Arc::clone(&stopping), Arc::clone(&shared));
        tasks.spawn(async move {
            let Ok(_place) = places.acquire().await else { return };
            if stopping.load(Ordering::SeqCst) {
                return;
            }
            let (shell, command) = &*shared;
            lock(&report).start(task, &target.name);
            let began = Instant::now();
            let end = pool.run(&target, command, |chunk| spool.push(chunk)).await;
            lock(&report).end((task, &target.name, shell), &end, &spool, began.elapsed());
        });
    }
    Native { tasks, stopping }
}
