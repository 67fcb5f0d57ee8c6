//! Host keys that are not known, and keys that are not the ones on record.

use super::{once, target};
use crate::support::Lab;
use opsdeck::cli::demo::sshd::keygen;
use opsdeck::ssh::{Failure, Unreached};
use std::path::Path;
use std::process::Command;

fn fingerprint(public: &Path) -> String {
    let out = Command::new("ssh-keygen").arg("-lf").arg(public).output().unwrap();
    String::from_utf8_lossy(&out.stdout).split_whitespace().nth(1).unwrap().to_owned()
}

#[test]
fn a_key_that_has_changed_is_told_with_both_fingerprints_its_line_and_the_way_out() {
    let lab = Lab::start(2);
    let (known, other) = (lab.folder().join("known_hosts"), lab.folder().join("other"));
    keygen(&other, "another").unwrap();
    let lines = std::fs::read_to_string(&known).unwrap();
    let mut lines: Vec<&str> = lines.lines().collect();
    let (name, _) = lines[0].split_once(' ').unwrap();
    let public = std::fs::read_to_string(other.with_extension("pub")).unwrap();
    let foreign = format!("{name} {}", public.split_whitespace().take(2).collect::<Vec<_>>().join(" "));
    lines[0] = "# one line before it";
    lines[1] = &foreign;
    std::fs::write(&known, lines.join("\n") + "\n").unwrap();
    let changed = once(&target(&lab, "h1"), "echo never");
    let Failure::Unreachable { kind: Unreached::HostKeyChanged, said } = changed.failure() else {
        panic!("{changed:?}")
    };
    let sent = fingerprint(&lab.folder().join("sshd1/host_key.pub"));
    let record = fingerprint(&other.with_extension("pub"));
    let file = known.display();
    for part in [
        format!("sent {sent}, on record {record}"),
        format!("({file}:2)"),
        format!("ssh-keygen -f '{file}' -R '{name}'"),
    ] {
        assert!(said.contains(&part), "{part} in {said}");
    }
    let unknown = once(&target(&lab, "h2"), "echo never");
    let Failure::Unreachable { kind: Unreached::HostKey, said } = unknown.failure() else { panic!("{unknown:?}") };
    assert!(said.starts_with("the host key is not known here"), "{said}");
}
