//! The loop of one environment: whoever has its lock does rounds of auto-recovery, everybody else waits and says for whom.
//! A round is whole in itself; whoever is killed in the middle of one has lost nothing and repeats nothing.

use super::Options;
use super::notify::deliver::{Deliverer, EXPIRES};
use super::notify::{self, Place};
use super::post::{Post, Role, Stands};
use crate::health::breaker::Keeper;
use crate::health::silence::Silences;
use crate::project::config::notify::Via;
use crate::recovery;
use crate::state::beats::{self, Beat};
use crate::state::{Control, Index, Lock, StateDir};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// Between two rounds, and between two looks at the lock.
const ROUND: Duration = Duration::from_secs(2);

/// Notices of receivers that are served no more have failed so long after others would (milliseconds).
const LATE: i64 = 3_600_000;
/// Notices that were told are kept so long, those that failed and alerts of others longer (milliseconds): a week, a month.
const SENT: i64 = 7 * 24 * 3_600_000;
const FAILED: i64 = 30 * 24 * 3_600_000;

/// Runs until whoever holds the other end of `stopped` lets go of it.
pub fn run(options: &Options, post: &Post, stopped: &Receiver<()>) {
    loop {
        match take(&options.state, post) {
            Ok(Some(_held)) => {
                tracing::info!("{}: acting here", post.name);
                post.set(|stands| *stands = Stands { role: Role::Acts, ..Stands::default() });
                return act(options, post, stopped);
            }
            Ok(None) => waits(options, post),
            Err(e) => fails(post, &e.to_string()),
        }
        if ends(stopped) {
            return;
        }
    }
}

fn ends(stopped: &Receiver<()>) -> bool {
    !matches!(stopped.recv_timeout(ROUND), Err(RecvTimeoutError::Timeout))
}

/// The right to act: the kernel gives it to the next one when its holder dies.
fn take(state: &StateDir, post: &Post) -> std::io::Result<Option<Lock>> {
    let path = beats::right(state, &post.scope);
    path.parent().map_or(Ok(()), crate::state::file::private_dir)?;
    Lock::try_take(&path)
}

fn waits(options: &Options, post: &Post) {
    let beat = Index::open(&options.state).and_then(|index| index.last_beat(&post.scope));
    let who = match beat {
        Ok(beat) => beat.map(|beat| beat.who),
        Err(e) => return fails(post, &e.to_string()),
    };
    let role = Role::Waits(who);
    if post.stands().role != role {
        if let Role::Waits(who) = &role {
            tracing::info!("{}: {} acts here; waiting", post.name, who.as_deref().unwrap_or("another process"));
        }
        post.set(|stands| *stands = Stands { role, ..Stands::default() });
    }
}

fn fails(post: &Post, why: &str) {
    if post.stands().failed.as_deref() != Some(why) {
        tracing::error!("{}: {why}", post.name);
    }
    post.set(|stands| stands.failed = Some(why.to_owned()));
}

/// Round after round, with a thread for each receiver beside it.
fn act(options: &Options, post: &Post, stopped: &Receiver<()>) {
    std::thread::scope(|scope| {
        let mut stops = Vec::new();
        for receiver in options.project.notify.receivers.iter().filter(|receiver| receiver.via != Via::Screen) {
            let (state, root) = (options.state.clone(), options.project.root.clone());
            let one = Deliverer { state, root, scope: post.scope.clone(), receiver: receiver.clone() };
            let (stop, stopped) = std::sync::mpsc::channel();
            stops.push(stop);
            scope.spawn(move || one.run(&stopped));
        }
        rounds(options, post, stopped);
        drop(stops);
    });
}

fn rounds(options: &Options, post: &Post, stopped: &Receiver<()>) {
    let mut begun = false;
    loop {
        // What the process before tried is tried again; until that is written no round is done.
        match begin(options, post, &mut begun).and_then(|()| round(options, post)) {
            Ok(()) => {
                if post.stands().failed.is_some() {
                    tracing::info!("{}: rounds go well again", post.name);
                }
                let round = Some(super::facts::now());
                post.set(|stands| *stands = Stands { role: Role::Acts, round, failed: None });
            }
            Err(why) => fails(post, &why),
        }
        if ends(stopped) {
            return;
        }
    }
}

fn begin(options: &Options, post: &Post, begun: &mut bool) -> Result<(), String> {
    if !*begun {
        let keeper = Keeper::open(&options.state).map_err(|e| e.to_string())?;
        keeper.restart(&post.name, super::facts::now()).map_err(|e| e.to_string())?;
        *begun = true;
    }
    Ok(())
}

fn round(options: &Options, post: &Post) -> Result<(), String> {
    let now = super::facts::now();
    let report = recovery::tick(&options.state, &options.project, &post.name, now).map_err(|e| e.to_string())?;
    for one in &report.launched {
        tracing::info!("{}: recovery of {} on {} is run {}", post.name, one.policy, one.host, one.run);
    }
    let notify = &options.project.notify;
    let control = Control::open(&options.state).map_err(|e| e.to_string())?;
    let silences = Silences::read(&control, &post.name, &options.project.recovery, now).map_err(|e| e.to_string())?;
    let silences = &silences;
    let place = Place { state: &options.state, environment: &post.name, scope: &post.scope, notify, silences, now };
    // Those lie in the outbox.
    let keys = notify::tell(place, &report.notices).map_err(|e| e.to_string())?;
    if !keys.is_empty() {
        recovery::told(&options.state, &keys).map_err(|e| e.to_string())?;
    }
    control.forget_alerts(now - FAILED).map_err(|e| e.to_string())?;
    control.tidy_outbox(&post.scope, now - EXPIRES - LATE, now - SENT, now - FAILED).map_err(|e| e.to_string())?;
    let beat = Beat { who: options.who.clone(), at: now };
    let index = Index::open(&options.state).map_err(|e| e.to_string())?;
    index.be_hasty().and_then(|()| index.beat(&post.scope, &beat)).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn one_acts_at_a_time_and_environments_do_not_hold_each_other_up() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path());
        let post =
            |scope: &str| Post { name: "p".into(), scope: scope.into(), policies: vec![], stands: Mutex::default() };
        let (one, same, other) = (post("/p/a"), post("/p/a"), post("/p/b"));
        let held = take(&state, &one).unwrap();
        assert!(held.is_some() && take(&state, &same).unwrap().is_none());
        assert!(take(&state, &other).unwrap().is_some());
        drop(held);
        assert!(take(&state, &same).unwrap().is_some());
    }
}
