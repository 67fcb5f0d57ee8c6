//! The console in a real pseudo-terminal: it opens, follows runs, survives what happens to terminals and puts them back.

use super::cli::{gated, open};
use super::killed::assert_whole;
use crate::support::wait::wait_true;
use crate::support::{Lab, OPSDECK, Pty, Run};
use rustix::process::Signal;

/// The console of the lab, once its first frame is there.
pub fn console(lab: &Lab, size: (u16, u16)) -> Pty {
    let pty = Pty::start(&[OPSDECK], lab.project(), &lab.env(), size);
    pty.wait_text(30, "fleet");
    pty
}

#[test]
fn it_opens_and_leaves_the_terminal_as_it_was() {
    let lab = Lab::start(0);
    let mut pty = console(&lab, (80, 24));
    assert!(pty.screen().contains("opsdeck") && pty.screen().contains("? help"), "{}", pty.screen());
    pty.send("q");
    assert!(pty.wait_exit(10).success());
    pty.assert_restored();
}

#[test]
fn signals_end_it_with_the_terminal_restored() {
    let lab = Lab::start(0);
    for signal in [Signal::TERM, Signal::HUP] {
        let mut pty = console(&lab, (80, 24));
        pty.signal(signal);
        pty.wait_exit(10);
        pty.assert_restored();
    }
}

#[test]
fn ctrl_z_gives_the_shell_back_and_fg_the_console() {
    let lab = Lab::start(0);
    let shell = ["bash", "--norc", "--noprofile", "-i"];
    let mut pty = Pty::start(&shell, lab.project(), &lab.env(), (100, 30));
    pty.send(&format!("PS1='ready> '; {OPSDECK}\r"));
    pty.wait_text(10, "? help");
    pty.send("\x1a");
    // Only a prompt in the last line says that the shell reads: what is typed before that may be thrown away.
    let prompt = |s: &str| s.trim_end().ends_with("ready>");
    pty.wait_for(10, "the shell's prompt", prompt);
    pty.send("echo in the $((40 + 2))nd row\r");
    pty.wait_for(10, "the answer and a prompt", |s| s.contains("in the 42nd row") && prompt(s));
    pty.send("fg\r");
    pty.wait_text(10, "? help");
    pty.send("q");
    pty.wait_for(10, "the shell again", prompt);
    pty.send("exit\r");
    pty.wait_exit(10);
}

#[test]
fn a_resize_draws_the_whole_screen_anew() {
    let lab = Lab::start(0);
    let mut pty = console(&lab, (160, 50));
    for size in [(80, 24), (200, 60), (80, 24)] {
        pty.resize(size.0, size.1);
        let rows = usize::from(size.1);
        pty.wait_for(10, &format!("top and footer at {size:?}"), |screen| {
            let lines: Vec<&str> = screen.lines().collect();
            lines.len() == rows && lines[0].contains("fleet") && lines[rows - 1].contains("help")
        });
    }
    pty.send("q");
    assert!(pty.wait_exit(10).success());
}

#[test]
fn a_killed_console_takes_no_run_with_it() {
    let lab = Lab::start(2);
    lab.write("gate.yml", &gated(&lab));
    let run = Run::launch(&lab, &["play", "gate.yml"]);
    let mut first = console(&lab, (120, 40));
    first.send("2");
    first.wait_for(60, "the run, live", |s| s.contains("gate.yml") && s.contains("running"));
    first.signal(Signal::KILL);
    first.wait_exit(10);
    let mut second = console(&lab, (120, 40));
    second.send("2");
    second.wait_for(30, "the run, still live", |s| s.contains("gate.yml") && s.contains("running"));
    second.send("\r");
    second.wait_for(60, "its tasks, live", |s| s.contains("RUNNING") && s.contains("gate"));
    open(&lab);
    second.wait_text(60, "SUCCEEDED");
    assert_whole(&run);
    second.send("q");
    second.wait_exit(10);
}

#[test]
fn a_service_is_restarted_from_the_screen() {
    let lab = Lab::start(2);
    lab.write("opsdeck.yaml", "environments:\n  lab:\n    protect: true\n");
    let mut pty = console(&lab, (120, 40));
    pty.wait_for(30, "both hosts", |s| s.contains("h1 ") && s.contains("h2 "));
    pty.send("+");
    pty.wait_text(10, "2 marked");
    pty.send("a");
    pty.wait_text(10, "Module");
    pty.send("command\t");
    pty.send("echo restarted-$((40+2))\t");
    pty.wait_text(10, "restarted-$((40+2))'");
    pty.send("\x12");
    pty.wait_text(10, "Type its name");
    pty.send("la\r");
    pty.wait_text(10, "Type its name");
    assert_eq!(lab.ok(["runs", "--json"]).trim(), "[]", "half a name starts nothing");
    pty.send("b\r");
    pty.wait_text(60, "SUCCEEDED");
    let run = Run::last(&lab);
    let end = run.show();
    assert_eq!((end["kind"].as_str(), end["rc"].as_i64()), (Some("adhoc"), Some(0)), "{end:#}");
    assert_eq!(run.stdout().matches("restarted-").count(), 2, "{}", run.stdout());
    pty.send("q");
    assert!(pty.wait_exit(10).success());
}

/// Types a password into the line of the vault, which is the fifteenth of a playbook's form, and launches.
fn launch_with_vault_password(pty: &mut Pty, tabs: usize) {
    pty.send(&"\t".repeat(tabs));
    pty.wait_text(10, "goes to Ansible by a pipe");
    pty.send("s3cret-of-the-vault");
    pty.wait_text(10, "--ask-vault-pass");
    pty.send("\x12");
    pty.wait_text(10, "Cancel (esc)");
    pty.send("y");
    pty.wait_text(60, "SUCCEEDED");
}

#[test]
fn a_password_goes_from_the_form_to_ansible_and_is_asked_again_for_the_next_run() {
    let lab = Lab::start(1);
    lab.write("site.yml", "- hosts: lab\n  gather_facts: false\n  tasks:\n    - debug: {msg: 'opened {{ sealed }}'}\n");
    lab.write("inventories/lab/group_vars/lab.yml", "sealed: what was closed\n");
    lab.write("password", "s3cret-of-the-vault\n");
    let file = "inventories/lab/group_vars/lab.yml";
    let encrypt = ["encrypt", "--vault-password-file", "password", file];
    assert!(lab.command("ansible-vault").args(encrypt).output().unwrap().status.success());
    std::fs::remove_file(lab.project().join("password")).unwrap();
    let mut pty = console(&lab, (120, 40));
    pty.wait_text(30, "h1 ");
    pty.send("p");
    pty.wait_text(10, "Playbook");
    pty.send("site.yml\t");
    pty.wait_text(10, "$ ansible-playbook site.yml");
    launch_with_vault_password(&mut pty, 13);
    let first = Run::last(&lab);
    assert!(first.stdout().contains("opened what was closed"), "{}", first.stdout());

    pty.send("R");
    pty.wait_text(10, "playbook on lab");
    pty.send("\x12");
    pty.wait_text(10, "which is never kept");
    launch_with_vault_password(&mut pty, 14);
    wait_true(20, "a second run", || Run::last(&lab).id != first.id);
    let second = Run::last(&lab);
    let end = second.wait_end(60);
    assert_eq!((&end["state"], &end["rerun_of"]), (&"succeeded".into(), &first.id.to_string().into()), "{end:#}");
    pty.send("q");
    assert!(pty.wait_exit(10).success());
    let kept =
        std::process::Command::new("grep").args(["-rl", "s3cret-of-the-vault"]).arg(lab.folder()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&kept.stdout), "", "no file keeps the password");
}
