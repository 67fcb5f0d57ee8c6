//! Masters: started once, reused, found again after a death, never waited for in vain.

use super::{command, go, once, pool, runtime, target, targets};
use crate::support::Lab;
use crate::support::wait::wait_until;
use opsdeck::ssh::{Failure, Options};
use std::path::PathBuf;
use std::process::Command as Process;
use std::time::Duration;

/// The master of the lab's one host: its socket and process.
pub fn master(lab: &Lab) -> (PathBuf, u32) {
    let folder = lab.folder().join("home/.ansible/cp");
    let sockets: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(sockets.len(), 1, "{sockets:?}");
    let check = Process::new("ssh").args(["-O", "check", "-S"]).arg(&sockets[0]).arg("x").output().unwrap();
    let said = String::from_utf8_lossy(&check.stderr).into_owned();
    let pid = said.split("pid=").nth(1).and_then(|rest| rest.split(')').next()?.parse().ok());
    (sockets[0].clone(), pid.unwrap_or_else(|| panic!("{said}")))
}

fn kill(pid: u32) {
    assert!(Process::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
}

#[test]
fn one_login_serves_many_commands_and_their_ends_are_told_apart() {
    let lab = Lab::start(1);
    let target = target(&lab, "h1");
    let done = once(&target, "echo out; echo err >&2; exit 3");
    assert_eq!((done.code(), &done.out[..], &done.err[..]), (Some(3), &b"out\n"[..], &b"err\n"[..]));
    let (_, pid) = master(&lab);
    let runtime = runtime();
    runtime.block_on(async {
        let pool = pool();
        // More at once than sshd gives a connection by default.
        let many = (0..30).map(|n| command(&format!("echo {n}"))).collect::<Vec<_>>();
        let mut set = tokio::task::JoinSet::new();
        for (n, one) in many.into_iter().enumerate() {
            let (pool, target) = (pool.clone(), target.clone());
            set.spawn(async move { (n, go(&pool, &target, &one).await) });
        }
        while let Some(done) = set.join_next().await {
            let (n, done) = done.unwrap();
            assert_eq!((done.code(), done.out), (Some(0), format!("{n}\n").into_bytes()));
        }
        let killed = go(&pool, &target, &command("kill -9 $$")).await;
        assert_eq!(killed.code(), None, "a signal ended it");
        let told = opsdeck::ssh::Command { stdin: b"one\ntwo\n".to_vec(), ..command("wc -l") };
        assert_eq!(go(&pool, &target, &told).await.out, b"2\n");
        // What stays behind holds the output open; the command itself has ended.
        let left = go(&pool, &target, &command("sleep 300 & echo done")).await;
        assert_eq!((left.end.unwrap().held, &left.out[..]), (true, &b"done\n"[..]));
    });
    assert_eq!(master(&lab).1, pid, "the same master all the time");
}

#[test]
fn a_master_that_died_is_replaced_and_a_command_it_took_along_is_unknown() {
    let lab = Lab::start(1);
    let target = target(&lab, "h1");
    assert_eq!(once(&target, "true").code(), Some(0));
    let (socket, first) = master(&lab);
    kill(first);
    wait_until(10, "the master is gone", || opsdeck::state::identity::Identity::of(first).is_none().then_some(()));
    assert!(socket.exists(), "a stale socket lies there");
    assert_eq!(once(&target, "echo back").out, b"back\n");
    let (_, second) = master(&lab);
    assert_ne!(first, second);
    let flag = lab.folder().join("began");
    let script = format!("touch {}; sleep 60", flag.display());
    let lost = runtime().block_on(async {
        let (pool, command) = (pool(), command(&script));
        let run = go(&pool, &target, &command);
        let began = flag.clone();
        let death = async {
            let seen = move || wait_until(20, "the command has begun", || began.exists().then_some(()));
            tokio::task::spawn_blocking(seen).await.unwrap();
            kill(second);
        };
        tokio::time::timeout(Duration::from_secs(30), async { tokio::join!(run, death).0 }).await.unwrap()
    });
    assert!(matches!(lost.failure(), Failure::Lost(_)) && lost.failure().is_unknown(), "{lost:?}");
}

#[test]
fn a_host_that_wakes_up_later_runs_nothing_of_what_was_given_up() {
    let lab = Lab::start(1);
    lab.write("inventories/lab/short.ini", "[lab:vars]\nansible_ssh_timeout=1\n");
    let target = target(&lab, "h1");
    let session: u32 = String::from_utf8(once(&target, "echo $PPID").out).unwrap().trim().parse().unwrap();
    let session = opsdeck::state::Identity::of(session).unwrap();
    assert!(session.signal(rustix::process::Signal::STOP));
    let flag = lab.folder().join("ran");
    let script = format!("echo x >> {}", flag.display());
    for _ in 0..3 {
        let given_up = once(&target, &script);
        assert!(!given_up.failure().is_unknown(), "nothing was started: {given_up:?}");
    }
    assert!(session.signal(rustix::process::Signal::CONT));
    // It has carried out, or refused, all that was asked before: one session after the other.
    assert_eq!(once(&target, "sleep 1; echo awake").out, b"awake\n");
    assert!(!flag.exists(), "{}", std::fs::read_to_string(&flag).unwrap());
    assert_eq!(once(&target, &script).code(), Some(0));
    assert!(flag.exists());
}

#[test]
fn becoming_another_user_works_or_says_why() {
    let lab = Lab::start(1);
    let asked = Options { r#become: true, become_user: Some("nobody".into()), ..Options::default() };
    let target = targets(&lab, "h1", &asked).remove(0);
    if !rustix::process::geteuid().is_root() || Process::new("sudo").arg("-V").output().is_err() {
        return assert!(target.r#become.is_some());
    }
    let done = once(&target, "id -un; echo 'it is'; exit 4");
    assert_eq!((done.code(), &done.out[..]), (Some(4), &b"nobody\nit is\n"[..]));
    let nobody = Options { become_user: Some("no-such-user".into()), ..asked.clone() };
    let refused = once(&targets(&lab, "h1", &nobody).remove(0), "echo never");
    assert!(matches!(refused.failure(), Failure::Become(why) if why.contains("no-such-user")), "{refused:?}");
    // Nobody asks root for a password: it is not read by the command either.
    let given = Options { become_password: true, ..asked };
    let command = opsdeck::ssh::Command { password: Some("secret".to_owned().into()), ..command("cat; id -un") };
    let done = runtime().block_on(go(&pool(), &targets(&lab, "h1", &given).remove(0), &command));
    assert_eq!((done.code(), &done.out[..]), (Some(0), &b"nobody\n"[..]));
}
