//! Hosts that misbehave: each failure has its own name, none holds up another, and none fills the memory.

use super::{command, go, once, pool, runtime, target, targets};
use crate::support::Lab;
use crate::support::odd::Odd;
use opsdeck::ssh::{Chunk, Failure, Options, Unreached};
use std::time::{Duration, Instant};

fn kind(failure: &Failure) -> Unreached {
    match failure {
        Failure::Unreachable { kind, .. } => *kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_kind_of_failure_has_its_name_and_none_holds_up_another() {
    let lab = Lab::start(2);
    let (hangs, drops, refuses) = (Odd::hangs(), Odd::drops(), Odd::refuses());
    let other = lab.folder().join("other");
    opsdeck::cli::demo::sshd::keygen(&other, "another key").unwrap();
    let h1 = target(&lab, "h1");
    let port = h1.argv().iter().find_map(|a| a.strip_prefix("Port=")).unwrap().to_owned();
    lab.write(
        "inventories/lab/odd.ini",
        &format!(
            "[lab]\nhangs ansible_port={}\ndrops ansible_port={}\nrefuses ansible_port={}\n\
             stranger ansible_port={port} ansible_ssh_common_args='-F none -o UserKnownHostsFile=/dev/null'\n\
             locked ansible_port={port} ansible_ssh_private_key_file={}\n\
             nameless ansible_host=no-such-host.invalid\n[lab:vars]\nansible_ssh_timeout=2\n",
            hangs.port,
            drops.port,
            refuses.port,
            other.display()
        ),
    );
    let began = Instant::now();
    let runtime = runtime();
    let ends = runtime.block_on(async {
        let pool = pool();
        let mut set = tokio::task::JoinSet::new();
        for target in targets(&lab, "all", &Options::default()) {
            let (pool, target) = (pool.clone(), target.clone());
            set.spawn(async move {
                let done = go(&pool, &target, &command("echo fine")).await;
                (target.name, done, Instant::now())
            });
        }
        let mut ends = std::collections::BTreeMap::new();
        while let Some(end) = set.join_next().await {
            let (name, done, at) = end.unwrap();
            ends.insert(name, (done, at - began));
        }
        ends
    });
    for (name, expected) in [
        ("hangs", Unreached::TimedOut),
        ("drops", Unreached::TimedOut),
        ("refuses", Unreached::Refused),
        ("stranger", Unreached::HostKey),
        ("locked", Unreached::Auth),
        ("nameless", Unreached::Name),
    ] {
        let (done, _) = &ends[name];
        assert_eq!(kind(done.failure()), expected, "{name}: {done:?}");
    }
    let slowest = ["hangs", "drops"].map(|n| ends[n].1).into_iter().min().unwrap();
    for name in ["h1", "h2"] {
        assert_eq!(ends[name].0.out, b"fine\n");
        assert!(ends[name].1 < slowest, "{name} waited for a host that hangs: {:?}", ends[name].1);
    }
}

#[test]
fn a_flood_is_read_counted_and_not_kept() {
    let lab = Lab::start(1);
    let target = target(&lab, "h1");
    let one = opsdeck::ssh::Command { limit: 1000, ..command("head -c 100000000 /dev/zero; echo end >&2") };
    let mut kept = 0;
    let exit = runtime().block_on(pool().run(&target, &one, |chunk| match chunk {
        Chunk::Out(bytes) => kept += bytes.len(),
        Chunk::Err(bytes) => assert_eq!(bytes, b"end\n"),
    }));
    let exit = exit.unwrap();
    assert_eq!((exit.code, exit.out, exit.err, kept), (Some(0), 100_000_000, 4, 1000));
    let peak = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak: u64 =
        peak.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap().trim().split(' ').next().unwrap().parse().unwrap();
    assert!(peak < 150_000, "{peak} kB were in memory at once");
}

#[test]
fn bytes_come_as_they_are() {
    let lab = Lab::start(1);
    let done = once(&target(&lab, "h1"), r"printf '\033]0;evil\007\200\377a\0b\r\n'");
    assert_eq!(done.out, b"\x1b]0;evil\x07\x80\xffa\0b\r\n");
}

#[test]
fn a_command_that_does_not_end_is_let_go_and_its_outcome_unknown() {
    let lab = Lab::start(1);
    let target = target(&lab, "h1");
    let runtime = runtime();
    let (late, next) = runtime.block_on(async {
        let pool = pool();
        let short = opsdeck::ssh::Command { timeout: Duration::from_millis(300), ..command("echo begun; sleep 60") };
        (go(&pool, &target, &short).await, go(&pool, &target, &command("echo next")).await)
    });
    assert!(matches!(late.failure(), Failure::TimedOut(_)) && late.failure().is_unknown(), "{late:?}");
    assert_eq!((&late.out[..], &next.out[..]), (&b"begun\n"[..], &b"next\n"[..]));
}
