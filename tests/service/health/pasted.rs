//! The command beside a raw answer, pasted into a shell in the project's folder: it says again what the check was told, there
//! where it was asked.

use super::{Lab, once, store};
use std::path::Path;

/// Output of the command that stands beside the last answer of a probe, and its exit code.
fn paste(lab: &Lab, host: &str, probe: &str) -> (String, Option<i32>) {
    let raw = store(lab).raw(Some(host), probe).unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_opsdeck")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let out = lab.command("bash").env("PATH", path).args(["-c", &raw[0].command]).output().unwrap();
    (format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)), out.status.code())
}

#[test]
fn what_was_asked_over_ssh_can_be_asked_again() {
    let lab = Lab::start(1);
    lab.write(
        "opsdeck.yaml",
        "checks:\n  odd: {shell: \"echo \\\"on $OPSDECK_PASTED\\\" 'and b*'; exit 7\", on: h1, timeout: 20s}\n  \
         web: {http: 'http://127.0.0.1:9/', on: h1}\n",
    );
    once(&lab, &[]);
    // Were any of it for the shell here, it would end there, and say another thing.
    let (said, code) = paste(&lab, "h1", "odd");
    assert_eq!((said.lines().next(), code), (Some("on  and b*"), Some(7)), "{said}");
    let (said, code) = paste(&lab, "h1", "sample");
    assert!(said.starts_with("opsdeck sample 1\n") && said.contains("meminfo:MemTotal:"), "{said}");
    assert!(said.contains("\ndf\n") && said.ends_with("end\n") && code == Some(0), "{said}");
}

#[test]
fn what_was_asked_through_ansible_can_be_asked_again() {
    let lab = Lab::start(0);
    lab.write(
        "inventories/lab/hosts.ini",
        "here ansible_connection=local\n[all:vars]\nansible_python_interpreter=/usr/bin/python3\n",
    );
    lab.write("opsdeck.yaml", "checks:\n  queue: {shell: \"echo 'a=1  {b'; exit 3\", on: here, fall: 1}\n");
    once(&lab, &[]);
    let (said, code) = paste(&lab, "here", "queue");
    assert!(said.contains("a=1  {b") && said.contains("rc=3") && code == Some(2), "{said}");
    let (said, code) = paste(&lab, "here", "sample");
    assert!(said.contains("opsdeck sample 1") && said.contains("meminfo:MemTotal:") && code == Some(0), "{said}");
}
