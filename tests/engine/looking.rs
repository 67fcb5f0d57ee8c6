//! Looking always works: on a disk that is full to its last byte, on one that is mounted read-only, and where what people
//! decided is gone. The real binary on real file systems, which needs root; without it that is said loudly and left out.

mod mounted;

use crate::support::wait::wait_true;
use crate::support::world::{self, text};
use mounted::Mounted;
use std::process::Output;

/// What looks, and a word that it prints.
fn looks(id: &str) -> Vec<(Vec<&str>, String)> {
    let of = |args: &str, word: &str| {
        let args = args.split(' ').map(|arg| if arg == "ID" { id } else { arg }).map(|a| a.to_owned().leak() as &str);
        (args.collect(), word.to_owned())
    };
    vec![
        of("runs", id),
        of("runs --json", id),
        of("runs --live", ""),
        of("show last", id),
        of("show ID --json", id),
        of("show #1", id),
        of("logs ID", "PLAY"),
        of("logs -f ID", "PLAY"),
        of("audit", "run.end"),
        of("audit --json --run ID", "run.end"),
        of("audit verify", "Intact"),
        of("hosts all -E staging", "s1"),
        of("silences", "disk is replaced"),
        of("line", "array"),
        of("breaker", ""),
        of("recovery", ""),
        of("alerts", ""),
        of("notices", ""),
        of("health -E staging --raw s1 sample", ""),
    ]
}

const ACTS: [&[&str]; 6] = [
    &["play", "mark.yml", "-i", "hosts.ini"],
    &["adhoc", "all", "-i", "hosts.ini", "-m", "ping"],
    &["line", "open", "staging", "--reason", "x"],
    &["silence", "s1", "-E", "staging", "--for", "1h", "--reason", "x"],
    &["unsilence", "s1", "-E", "staging", "--reason", "x"],
    &["recovery", "off", "staging", "--reason", "x"],
];

fn said(output: &Output, words: &str) -> usize {
    text(&output.stderr).lines().filter(|line| line.contains(words)).count()
}

/// Whatever looks says why it only looks, and works; whatever acts is refused in the same words.
fn only_looks(on: &Mounted, id: &str, words: &str) {
    for (args, word) in looks(id) {
        let seen = on.opsdeck(&args);
        let (out, err) = (text(&seen.stdout), text(&seen.stderr));
        assert!(
            seen.status.success() && out.contains(&word),
            "{words}: {args:?}: {:?}\n{out}{err}",
            seen.status.code()
        );
        let uses = args[0] != "hosts";
        assert!(!uses || said(&seen, words) > 0, "{words}: {args:?}: {err}");
        assert!(said(&seen, words) < 2, "once: {args:?}: {err}");
    }
    let doctor = on.opsdeck(&["doctor", "--json"]);
    assert!(text(&doctor.stdout).contains(words), "{}", text(&doctor.stdout));
    // What is known is shown, and nobody is asked: all of it is unknown or old.
    let health = on.opsdeck(&["health", "-E", "staging", "--once"]);
    // On a full disk it is bad beside that: nothing can be recorded.
    let told = if words.contains("full") { 4 } else { 5 };
    assert_eq!(health.status.code(), Some(told), "{}{}", text(&health.stdout), text(&health.stderr));
    assert_eq!(said(&health, words), 1, "{}", text(&health.stderr));
    for args in ACTS {
        let refused = on.opsdeck(args);
        assert_eq!(refused.status.code(), Some(1), "{args:?}: {}", text(&refused.stderr));
        assert!(said(&refused, words) == 1 && said(&refused, "nothing was done") == 1, "{}", text(&refused.stderr));
    }
}

#[test]
fn a_full_disk_and_one_mounted_read_only_are_looked_at() {
    let Some(on) = Mounted::new() else { return };
    on.world.write("inventories/staging/hosts", "s1\ns2\ns3\n");
    on.world.write("mark.yml", "[{hosts: all, gather_facts: false, tasks: [{name: mark, command: echo marked}]}]");
    let done = on.opsdeck(&["play", "mark.yml", "-i", "hosts.ini", "--wait"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let id = text(&done.stdout).lines().next().unwrap().to_owned();
    let acts: [&[&str]; 2] = [
        &["line", "stop", "staging", "--reason", "disk array"],
        &["silence", "s1", "-E", "staging", "--for", "2h", "--reason", "disk is replaced"],
    ];
    for args in acts {
        let done = on.opsdeck(args);
        assert!(done.status.success(), "{args:?}: {}", text(&done.stderr));
    }
    // Nobody has it open: no file lies beside the databases, and none can be made.
    wait_true(20, "its supervisor to leave", || on.world.supervisor(&id).is_none());
    on.fill();
    only_looks(&on, &id, "is full");
    on.empty();
    on.sh("mount -o remount,ro \"$1\"");
    only_looks(&on, &id, "mounted read-only");
    on.sh("mount -o remount,rw \"$1\"");
    // Files beside the databases, as whoever was killed leaves them, with what the databases lack in them.
    on.crash(&["silence", "s2", "-E", "staging", "--for", "2h", "--reason", "by one that was killed"]);
    for (harm, mend, words) in [
        ("mount -o remount,ro \"$1\"", "mount -o remount,rw \"$1\"", "mounted read-only"),
        ("cat /dev/zero > \"$1/fill\" || true", "rm \"$1/fill\"", "is full"),
    ] {
        on.sh(harm);
        only_looks(&on, &id, words);
        let silences = text(&on.opsdeck(&["silences"]).stdout);
        assert!(silences.contains("by one that was killed"), "what the log holds is seen: {silences}");
        on.sh(mend);
    }
    let opened = on.opsdeck(&["line", "open", "staging", "--reason", "it is back"]);
    assert!(opened.status.success() && opened.stderr.is_empty(), "{}", text(&opened.stderr));
}

#[test]
fn a_live_run_is_looked_at_on_a_disk_that_became_full_under_it() {
    let Some(on) = Mounted::new() else { return };
    on.world.write("gate.yml", world::GATE);
    let begun = on.opsdeck(&["play", "gate.yml", "-i", "hosts.ini"]);
    assert!(begun.status.success(), "{}", text(&begun.stderr));
    let id = text(&begun.stdout).trim().to_owned();
    wait_true(60, "both hosts at the gate", || on.world.has("here-w1") && on.world.has("here-w2"));
    on.fill();
    for args in [&["runs"] as &[&str], &["runs", "--live"], &["show", &id], &["logs", &id], &["audit"]] {
        let seen = on.opsdeck(args);
        assert!(seen.status.success() && said(&seen, "is full") > 0, "{args:?}: {}", text(&seen.stderr));
    }
    assert!(text(&on.opsdeck(&["runs", "--live"]).stdout).contains(&id));
    on.empty();
    on.world.go();
    wait_true(60, "it to end", || on.world.supervisor(&id).is_none());
    let shown: serde_json::Value = serde_json::from_slice(&on.opsdeck(&["show", &id, "--json"]).stdout).unwrap();
    assert_eq!((&shown["state"], &shown["read_only"]), (&"succeeded".into(), &serde_json::Value::Null));
}

#[test]
fn the_console_opens_lists_runs_and_says_what_it_cannot_do_or_tell() {
    let Some(on) = Mounted::new() else { return };
    on.world.write("inventories/staging/hosts", "s1 ansible_connection=local\n");
    on.world.write("mark.yml", "[{hosts: all, gather_facts: false, tasks: [{name: mark, command: echo marked}]}]");
    let done = on.opsdeck(&["play", "mark.yml", "-i", "hosts.ini", "--wait"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    for (harm, mend, words) in [
        ("cat /dev/zero > \"$1/fill\" || true", "rm \"$1/fill\"", "is full"),
        ("mount -o remount,ro \"$1\"", "mount -o remount,rw \"$1\"", "mounted read-only"),
        ("mv \"$1/control.db\" \"$1/aside\"", "mv \"$1/aside\" \"$1/control.db\"", "STOPPED LINES UNKNOWN"),
    ] {
        on.sh(harm);
        let mut console = on.console();
        console.wait_for(20, words, |screen| screen.contains(words));
        console.send("2");
        console
            .wait_for(20, "the run in the list", |screen| screen.contains("succeeded") && screen.contains("mark.yml"));
        drop(console);
        on.sh(mend);
    }
}
