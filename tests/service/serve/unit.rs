//! The systemd unit that it prints: systemd itself has nothing to say against it.

use super::Lab;
use std::process::Command;

#[test]
fn systemd_takes_the_unit_and_runs_survive_its_end() {
    let lab = Lab::start(0);
    let unit = lab.ok(["serve", "--unit", "-e", "lab", "--listen", "127.0.0.1:9591"]);
    let root = lab.project().canonicalize().unwrap();
    let has = |line: &str| assert!(unit.lines().any(|l| l == line), "no {line} in\n{unit}");
    has("KillMode=process");
    has("OOMPolicy=continue");
    has("Restart=on-failure");
    has(&format!("WorkingDirectory={}", root.display()));
    let state = lab.state();
    let argv = format!("-C {} --state-dir {} serve --listen 127.0.0.1:9591 -e lab", root.display(), state.display());
    assert!(unit.lines().any(|l| l.starts_with("ExecStart=/") && l.ends_with(&argv)), "{unit}");
    // Whoever has no systemd has nobody who could take it.
    let path = lab.folder().join("opsdeck.service");
    std::fs::write(&path, &unit).unwrap();
    if let Ok(out) = Command::new("systemd-analyze").arg("verify").arg(&path).output() {
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success() && !said.contains("opsdeck.service"), "{said}");
    }
}
