//! The twelve measured traps of driving Ansible, each with what a person gets from opsdeck instead. The real binary over
//! real ssh; what concerns the files and arguments in between is tested in `tests/engine/ansible`.

use crate::support::wait::{wait_true, wait_until};
use crate::support::{Lab, OPSDECK, Pty, Run};
use serde_json::Value;

/// A playbook of one task that lasts ten minutes, on every host.
const LONG: &str =
    "- hosts: all\n  gather_facts: false\n  tasks:\n    - name: long\n      ansible.builtin.command: sleep 600\n";

fn sleeps(lab: &Lab) -> usize {
    lab.alive().iter().filter(|(_, command)| command.starts_with("sleep 600")).count()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

/// Workers call setsid: a signal to Ansible's group does not reach them.
#[test]
fn trap_01_a_kill_reaches_every_worker() {
    let lab = Lab::start(2);
    lab.write("inventories/lab/here.ini", "[lab]\nhere ansible_connection=local\n");
    lab.write("long.yml", LONG);
    let run = Run::launch(&lab, &["play", "long.yml", "-f", "3"]);
    wait_true(60, "it sleeps on all three hosts", || sleeps(&lab) == 3);
    assert!(run.pids("ansible-playbook").len() > 3, "workers of their own: {:?}", lab.alive());
    lab.ok(["stop", &run.id.to_string(), "--now"]);
    run.wait_state(20, &["cancelled"]);
    wait_true(10, "no process of the run is left here", || run.pids("").is_empty());
}

/// With pipelining there is no terminal on the far side: what was started there lives on.
#[test]
fn trap_02_a_stop_says_where_something_may_still_run() {
    let lab = Lab::start(2);
    lab.write("long.yml", LONG);
    let cfg = std::fs::read_to_string(lab.project().join("ansible.cfg")).unwrap();
    lab.write("ansible.cfg", &format!("{cfg}\n[connection]\npipelining = True\n"));
    let run = Run::launch(&lab, &["play", "long.yml"]);
    wait_true(60, "it sleeps on both hosts", || sleeps(&lab) == 2);
    lab.ok(["stop", &run.id.to_string()]);
    let end = run.wait_state(20, &["cancelled"]);
    assert_eq!(names(&end["maybe_running_on"]), ["h1", "h2"]);
    assert_eq!(sleeps(&lab), 2, "and it is so");
}

/// On a cancel there is neither a recap nor a result of what was under way.
#[test]
fn trap_03_the_end_is_seen_without_a_recap() {
    let lab = Lab::start(1);
    lab.write("long.yml", LONG);
    let run = Run::launch(&lab, &["play", "long.yml"]);
    wait_true(60, "it sleeps", || sleeps(&lab) == 1);
    lab.ok(["stop", "last"]);
    let end = run.wait_state(20, &["cancelled"]);
    assert_eq!(end["recap"], false);
    assert!(!end["ended_at"].is_null());
    assert_eq!(run.journal().iter().filter(|e| e["e"] == "result").count(), 0);
}

/// Without a terminal `pause: prompt` is skipped and `vars_prompt` takes its default or nothing.
#[test]
fn trap_04_a_gate_for_a_person_is_never_skipped() {
    let lab = Lab::start(1);
    let pause = "- hosts: lab\n  gather_facts: false\n  tasks:\n    - name: sure?\n      ansible.builtin.pause:\n        \
                 prompt: Go on?\n    - name: act\n      ansible.builtin.command: echo acted\n";
    lab.write("pause.yml", pause);
    let refused = lab.run(["play", "pause.yml"]);
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && why.contains("pause") && why.contains("pause.yml"), "{why}");
    let ask = "- hosts: lab\n  gather_facts: false\n  vars_prompt:\n    - name: release\n      prompt: Which release?\n  \
               tasks:\n    - ansible.builtin.command: echo deploying {{ release }}\n";
    lab.write("ask.yml", ask);
    let refused = lab.run(["play", "ask.yml"]);
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && why.contains("release"), "{why}");
    assert_eq!(lab.ok(["runs", "--json"]).trim(), "[]", "nothing was started");
    let answered = lab.run(["play", "ask.yml", "-e", "release=4.12", "--wait"]);
    assert!(answered.status.success(), "{answered:?}");
    assert!(Run::last(&lab).stdout().contains("changed: [h1]"));
}

/// Ansible ends with 0 where nothing ran at all, or only on the half of the inventory that could be read.
#[test]
fn trap_05_nothing_ran_is_no_success() {
    let lab = Lab::start(1);
    lab.write(
        "site.yml",
        "- hosts: lab\n  gather_facts: false\n  tasks:\n    - name: one\n      ansible.builtin.ping:\n",
    );
    lab.write("half/a.ini", "[lab]\nlocalhost ansible_connection=local\n");
    lab.write("half/b.ini", "[lab\nlost ansible_connection=local\n");
    let cases: [&[&str]; 4] = [
        &["play", "site.yml", "-i", "missing.ini"],
        &["play", "site.yml", "-i", "half"],
        &["play", "site.yml", "--start-at-task", "no such task"],
        &["adhoc", "nobody", "-m", "ping"],
    ];
    for case in cases {
        let out = lab.run(case.iter().chain(&["--wait"]));
        assert!(!out.status.success(), "{case:?} looks like a success: {out:?}");
        let last = Run::last(&lab).show();
        assert_eq!(last["state"], "nothing_ran", "{case:?}: {last:#}");
    }
}

/// 2 means failed hosts or wrong options, 4 unreachable or a file that does not parse.
#[test]
fn trap_06_the_kind_of_failure_does_not_hang_on_the_code() {
    let lab = Lab::start(1);
    lab.write("inventories/lab/dead.ini", "[away]\ndead ansible_host=127.0.0.1 ansible_port=1\n");
    lab.write("bad.yml", "- hosts: lab\n  tasks:\n    - name: wrong\n      no_such_module_at_all:\n");
    let cases = [
        (&["adhoc", "lab", "-m", "command", "-a", "false"][..], 2, "hosts_failed"),
        (&["adhoc", "away", "-m", "ping"], 4, "unreachable"),
        (&["play", "bad.yml"], 4, "ansible"),
    ];
    for (args, rc, failure) in cases {
        let out = lab.run(args.iter().chain(&["--wait"]));
        let last = Run::last(&lab).show();
        assert_eq!((out.status.code(), last["failure"].as_str()), (Some(rc), Some(failure)), "{args:?}: {last:#}");
    }
}

/// Naming a callback folder replaces the team's own: their plugins stopped running.
#[test]
fn trap_07_the_teams_own_callbacks_still_run() {
    let lab = Lab::start(1);
    let plugin = "from ansible.plugins.callback import CallbackBase\n\n\nclass CallbackModule(CallbackBase):\n    \
                  CALLBACK_VERSION = 2.0\n    CALLBACK_TYPE = 'notification'\n    CALLBACK_NAME = 'team'\n\n    \
                  def v2_playbook_on_stats(self, stats):\n        open('team-was-here', 'w').close()\n";
    lab.write("plugins/team.py", plugin);
    let cfg = std::fs::read_to_string(lab.project().join("ansible.cfg")).unwrap();
    lab.write("ansible.cfg", &format!("{cfg}callback_plugins = plugins\n"));
    lab.write("site.yml", "- hosts: lab\n  gather_facts: false\n  tasks:\n    - ansible.builtin.ping:\n");
    lab.ok(["play", "site.yml", "--wait"]);
    assert!(lab.project().join("team-was-here").exists());
    assert_eq!(Run::last(&lab).journal().iter().filter(|e| e["e"] == "result").count(), 1, "and so does ours");
}

/// Ansible's output is block-buffered: lines came seconds late.
#[test]
fn trap_08_a_line_is_there_when_it_happens() {
    let lab = Lab::start(1);
    let text = LONG.replace("  tasks:\n", "  tasks:\n    - name: quick\n      ansible.builtin.command: echo quick\n");
    lab.write("two.yml", &text);
    let run = Run::launch(&lab, &["play", "two.yml"]);
    wait_true(60, "the long task runs", || sleeps(&lab) == 1);
    let out = run.stdout();
    assert!(out.contains("changed: [h1]") && out.contains("TASK [long]"), "both lines are in the log already: {out}");
    lab.ok(["stop", "last", "--now"]);
}

/// Errors print the arguments of a failed module, passwords too.
#[test]
fn trap_09_module_arguments_stay_out_of_our_records() {
    let lab = Lab::start(1);
    lab.write("secret.json", r#"{"pw": "S3CRET-of-the-test"}"#);
    let args = ["adhoc", "lab", "-m", "uri", "-a", "url=http://127.0.0.1:1/ url_username=u url_password={{ pw }}"];
    let out = lab.run(args.iter().chain(&["-e", "@secret.json", "--wait"]));
    assert_eq!(out.status.code(), Some(2), "{out:?}");
    let run = Run::last(&lab);
    for file in ["journal.jsonl", "spec.yaml", "steps/1/events.jsonl"] {
        let text = std::fs::read_to_string(run.folder().join(file)).unwrap();
        assert!(!text.contains("S3CRET-of-the-test"), "{file}: {text}");
    }
    assert!(!lab.ok(["audit", "--json"]).contains("S3CRET-of-the-test"));
}

/// A password on a pipe fails for become and connection; on the command line or in the environment everybody reads it.
#[test]
fn trap_10_a_password_reaches_sudo_and_nothing_else() {
    let lab = Lab::start(1);
    let sudo = "#!/bin/sh\nwhile [ $# -gt 0 ]; do case $1 in -p) p=$2; shift 2;; -u) shift 2;; -*) shift;; *) break;; esac; \
                done\nprintf '%s' \"$p\" >&2\nread -r word\n[ \"$word\" = 'Gr33n-w0rd' ] || { echo 'Sorry, try again.' >&2; \
                exit 1; }\nexec \"$@\"\n";
    lab.write("sudo", sudo);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(lab.project().join("sudo"), mode).unwrap();
    let exe = lab.project().join("sudo");
    let vars = format!("ansible_become_exe: {}\nansible_become_method: ansible.builtin.sudo\n", exe.display());
    lab.write("inventories/lab/group_vars/all.yml", &vars);
    let argv = [OPSDECK, "adhoc", "lab", "-m", "command", "-a", "sleep 600", "-b", "-K"];
    let mut pty = Pty::start(&argv, lab.project(), &lab.env(), (100, 30));
    pty.wait_for(20, "the question for the password", |s| s.to_lowercase().contains("password"));
    pty.send("Gr33n-w0rd\r");
    wait_true(60, "sudo let it through", || sleeps(&lab) == 1);
    assert!(!pty.screen().contains("Gr33n-w0rd"), "it is not shown: {}", pty.screen());
    for (process, command) in lab.alive() {
        let environ = std::fs::read(format!("/proc/{}/environ", process.pid)).unwrap_or_default();
        let all = command.clone() + &String::from_utf8_lossy(&environ);
        assert!(!all.contains("Gr33n-w0rd"), "{command}");
    }
    let run = Run::last(&lab);
    assert_nowhere(&lab.state(), "Gr33n-w0rd");
    lab.ok(["stop", &run.id.to_string(), "--now"]);
    run.wait_state(20, &["cancelled"]);
    assert_nowhere(&lab.state(), "Gr33n-w0rd");
}

/// No file below `folder` holds `word`.
#[track_caller]
fn assert_nowhere(folder: &std::path::Path, word: &str) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            assert_nowhere(&entry.path(), word);
        } else if kind.is_file() {
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            assert!(!bytes.windows(word.len()).any(|w| w == word.as_bytes()), "{}", entry.path().display());
        }
    }
}

/// Ansible passes on whatever a host prints, escape sequences too.
#[test]
fn trap_11_no_control_byte_of_a_host_reaches_the_terminal() {
    let lab = Lab::start(1);
    let evil = r"printf '\033]0;EVIL-TITLE\007\033[2Jwiped \033[31mred\n' >&2; exit 1";
    let argv = [OPSDECK, "adhoc", "lab", "-m", "shell", "-a", evil, "--wait"];
    let mut pty = Pty::start(&argv, lab.project(), &lab.env(), (100, 30));
    pty.wait_exit(60);
    let shown = [OPSDECK, "show", "last"];
    let mut show = Pty::start(&shown, lab.project(), &lab.env(), (100, 30));
    show.wait_exit(20);
    for (verb, pty) in [("adhoc --wait", &pty), ("show", &show)] {
        let bytes = wait_until(5, "the output", || Some(pty.bytes()).filter(|b| !b.is_empty()));
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("\x1b]0;") && !text.contains("\x1b[2J"), "{verb}: {text:?}");
    }
    assert!(Run::last(&lab).stdout().contains("EVIL-TITLE"), "the log keeps what was printed");
}

/// `ansible-inventory --list` dies where a variable file is vaulted and nobody gave the password.
#[test]
fn trap_12_browsing_needs_no_vault_password() {
    let lab = Lab::start(2);
    lab.write("inventories/lab/group_vars/all.yml", "db_password: S3CRET-of-the-test\n");
    lab.write("word", "Gr33n-w0rd\n");
    let file = "inventories/lab/group_vars/all.yml";
    let vault = lab.command("ansible-vault").args(["encrypt", "--vault-password-file", "word", file]).output().unwrap();
    assert!(vault.status.success(), "{vault:?}");
    std::fs::remove_file(lab.project().join("word")).unwrap();
    let ansible = lab.command("ansible-inventory").arg("--list").output().unwrap();
    assert_eq!(ansible.status.code(), Some(4), "the trap is there: {ansible:?}");
    assert_eq!(lab.ok(["hosts", "all", "-i", "inventories/lab"]), "h1\nh2\n");
}
