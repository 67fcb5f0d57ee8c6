//! Servers that give few sessions on a connection: a command gets a connection of its own, a reading is left alone.

use super::{command, go, pool, runtime, target};
use crate::support::Lab;
use opsdeck::ssh::{Failure, Unreached};

#[test]
fn where_the_only_session_is_held_a_command_has_a_connection_of_its_own() {
    let mut lab = Lab::start(1);
    lab.configure("h1", "MaxSessions 64", "MaxSessions 1");
    let target = target(&lab, "h1");
    let (begun, over) = (lab.folder().join("begun"), lab.folder().join("over"));
    let holds = format!("touch {}; while [ ! -e {} ]; do sleep 0.05; done; echo held", begun.display(), over.display());
    runtime().block_on(async {
        let pool = pool();
        let holder = {
            let (pool, target) = (pool.clone(), target.clone());
            tokio::spawn(async move { go(&pool, &target, &command(&holds)).await })
        };
        while !begun.exists() {
            tokio::task::yield_now().await;
        }
        let own = go(&pool, &target, &command("cat; echo said >&2; exit 3")).await;
        assert_eq!((own.code(), &own.out[..], &own.err[..]), (Some(3), &b""[..], &b"said\n"[..]));
        let fed = opsdeck::ssh::Command { stdin: b"input\n".to_vec(), ..command("cat") };
        assert_eq!(go(&pool, &target, &fed).await.out, b"input\n");
        // 255 is also what ssh says of itself.
        assert_eq!(go(&pool, &target, &command("exit 255")).await.code(), Some(255));
        let reading = opsdeck::ssh::Command { alone: false, ..command("echo never") };
        let left = go(&pool, &target, &reading).await;
        assert!(matches!(left.failure(), Failure::Busy(_)) && left.out.is_empty(), "{left:?}");
        std::fs::write(&over, "").unwrap();
        let held = holder.await.unwrap();
        assert_eq!((held.code(), &held.out[..]), (Some(0), &b"held\n"[..]));
    });
}

#[test]
fn a_server_that_gives_no_session_at_all_is_told_as_that() {
    let mut lab = Lab::start(1);
    lab.configure("h1", "MaxSessions 64", "MaxSessions 0");
    let target = target(&lab, "h1");
    let done = runtime().block_on(go(&pool(), &target, &command("echo never")));
    let Failure::Unreachable { kind: Unreached::Sessions, said } = done.failure() else { panic!("{done:?}") };
    assert!(said.contains("open failed"), "{said}");
}
