//! The measured traps of Ansible that lie in this room, by their number.

use super::scene::Scene;
use crate::support::wait::wait_until;
use opsdeck::ansible::Ask;
use opsdeck::ansible::command::shown;
use opsdeck::ansible::event::What;
use opsdeck::ansible::prompts::{QuestionKind, scan};
use opsdeck::ansible::secrets::Secrets;
use opsdeck::ansible::shell;
use opsdeck::project::cfg::AnsibleCfg;
use std::io::Write;

#[test]
fn finding_4_a_gate_vanishes_without_a_terminal_and_the_scan_sees_it_before() {
    let text = "- hosts: h1\n  gather_facts: false\n  vars_prompt: [{name: who, private: false, default: nobody}]\n  tasks:\n    \
                - pause: {prompt: really?}\n    - name: past the gate\n      debug: {msg: \"{{ who }}\"}\n";
    let scene = Scene::new(&[("site.yml", text)]);
    let done = scene.play("site.yml");
    assert_eq!(done.rc, Some(0), "{done:#?}");
    assert!(done.story().contains("task 1 past the gate"), "Ansible ran past the pause");
    let found = scan(&scene.path("."), "site.yml", &[].into(), &AnsibleCfg::load(&scene.path("."), &scene.env()));
    let kinds: Vec<_> = found.questions.iter().map(|q| &q.kind).collect();
    assert!(matches!(kinds[..], [QuestionKind::Variable { .. }, QuestionKind::Pause { .. }]), "{kinds:?}");
    assert_eq!((found.gates().count(), found.variables().count()), (1, 1));
}

#[test]
fn finding_5_an_inventory_that_is_missing_or_half_broken_is_no_success() {
    let scene = Scene::new(&[("site.yml", "- hosts: all\n  gather_facts: false\n  tasks: [{ping: }]\n")]);
    scene.write("broken", "[a]\nh9\n[b:oops]\n");
    for inventory in ["missing.ini", "broken"] {
        let mut play = scene.playbook("site.yml");
        play.common.inventory = vec![inventory.into()];
        let done = scene.start(Ask::Playbook(play), &Secrets::default()).finish();
        assert_ne!(done.rc, Some(0), "{done:#?}");
        assert!(!done.events().iter().any(|e| matches!(e.what, What::Result(..))), "nothing ran");
    }
}

#[test]
fn finding_7_a_hook_that_fails_is_told_and_the_teams_own_plugins_still_run() {
    // The team's plugin breaks ours for one result, as a change in Ansible might.
    let saboteur = "
import sys
from ansible.plugins.callback import CallbackBase
class CallbackModule(CallbackBase):
    CALLBACK_TYPE = 'notification'
    CALLBACK_NAME = 'saboteur'
    CALLBACK_NEEDS_ENABLED = False
    def v2_playbook_on_task_start(self, task, is_conditional):
        ours = [m for n, m in list(sys.modules.items()) if n.endswith('callback.opsdeck')][0].CallbackModule
        if task.get_name() == 'told':
            ours.result = ours.kept
        else:
            ours.kept = ours.result
            ours.result = lambda *a, **k: {}['PRIVATE VALUE']
";
    let text = "- hosts: h1\n  gather_facts: false\n  tasks: [{name: lost, debug: }, {name: told, debug: }]\n";
    let scene = Scene::new(&[("site.yml", text), ("plugins/saboteur.py", saboteur)]);
    scene.write("ansible.cfg", "[defaults]\ncallback_plugins = plugins\n");
    let done = scene.play("site.yml");
    assert_eq!(done.rc, Some(0), "{done:#?}");
    let events = done.events();
    let dropped: Vec<_> = events
        .iter()
        .filter_map(|e| match &e.what {
            What::Dropped { count, why } => Some((*count, why.to_string())),
            _ => None,
        })
        .collect();
    assert_eq!(dropped.len(), 1, "{done:#?}");
    assert!(dropped[0].0 == 1 && dropped[0].1.starts_with("KeyError in v2_runner_on_ok (line "), "{dropped:?}");
    assert!(!String::from_utf8_lossy(&done.events).contains("PRIVATE VALUE"));
    assert!(done.story().contains("  1 h1 Ok"), "the next one is there: {}", done.story());
}

#[test]
fn finding_8_a_line_is_in_the_log_when_its_event_is() {
    let scene = Scene::new(&[]);
    let gate = scene.gate("gate");
    let text = format!(
        "- hosts: h1,h2\n  gather_facts: false\n  tasks:\n    - command: \"{{{{ 'true' if inventory_hostname == 'h1' else 'cat {}' }}}}\"\n",
        gate.display()
    );
    scene.write("site.yml", &text);
    let running = scene.start(Ask::Playbook(scene.playbook("site.yml")), &Secrets::default());
    wait_until(60, "h1's result", || running.file("events.jsonl").contains(r#""e":"ok","k":0,"h":"h1""#).then_some(()));
    // h2 is still at the gate: no other worker starts that would flush the output.
    assert!(running.file("stdout.log").contains("changed: [h1]"), "{}", running.file("stdout.log"));
    std::fs::OpenOptions::new().write(true).open(&gate).unwrap().write_all(b"go").unwrap();
    assert_eq!(running.finish().rc, Some(0));
}

#[test]
fn finding_9_module_arguments_of_a_failure_are_not_in_the_events() {
    let scene = Scene::new(&[]);
    let args = "url=http://127.0.0.1:1/ url_username=ada url_password=S3CRETPW";
    let done = scene.start(Ask::Adhoc(scene.adhoc("h1", "uri", args)), &Secrets::default()).finish();
    assert_eq!(done.rc, Some(2), "{done:#?}");
    assert!(done.story().contains("h1 Failed"), "{}", done.story());
    assert!(!String::from_utf8_lossy(&done.events).contains("S3CRETPW"), "{done:#?}");
}

#[test]
fn the_command_that_is_shown_does_the_same_when_pasted() {
    let scene = Scene::new(&[("site.yml", "- hosts: all\n  gather_facts: false\n  tasks: [{debug: {var: v}}]\n")]);
    let mut play = scene.playbook("site.yml");
    play.common.limit = Some("h2:!h1".into());
    play.common.extra_vars = vec![r#"{"v": "it's \"odd\" $HOME `x`"}"#.into()];
    let line = shell(&shown(&Ask::Playbook(play), &[]));
    let mut pasted = std::process::Command::new("sh");
    pasted.args(["-c", &line]).current_dir(scene.path(".")).env("HOME", scene.path("."));
    let output = pasted.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{line}\n{stdout}");
    assert!(stdout.contains(r#""v": "it's \"odd\" $HOME `x`""#) && stdout.contains("ok: [h2]"), "{line}\n{stdout}");
    assert!(!stdout.contains("[h1]") && !stdout.contains("[h3]"), "{stdout}");
}
