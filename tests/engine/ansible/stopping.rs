//! Stopping between two tasks, and interrupts.

use super::scene::Scene;
use crate::support::wait::wait_until;
use opsdeck::ansible::Ask;
use opsdeck::ansible::event::What;
use opsdeck::ansible::secrets::Secrets;
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process};

/// The first host's first task asks for the stop itself; the others take longer.
fn play(strategy: &str, stop: &str) -> String {
    format!(
        "- hosts: all
  gather_facts: false
  strategy: {strategy}
  tasks:
    - name: one
      shell: \"[ {{{{ inventory_hostname }}}} = h1 ] && touch {stop} || sleep 1.5\"
    - name: two
      command: 'true'
"
    )
}

fn stopped(strategy: &str) -> String {
    let scene = Scene::new(&[]);
    let stop = scene.run_dir().join("stop");
    scene.write("site.yml", &play(strategy, stop.to_str().unwrap()));
    let done = scene.play("site.yml");
    assert_eq!(done.rc, Some(99), "{done:#?}");
    done.story()
}

#[test]
fn after_this_task_every_running_task_finishes_and_no_other_starts() {
    let expected = |strategy: &str| {
        format!(
            "hello\nplan all=2\nplay all on h1,h2,h3 ({strategy})\ntask 0 one\n  0 h1 Changed\n  0 h2 Changed\n  0 h3 \
             Changed\nStopped"
        )
    };
    assert_eq!(stopped("linear"), expected("linear"));
    assert_eq!(stopped("free"), expected("free"));
}

#[test]
fn an_interrupt_is_told_and_no_recap_follows() {
    let scene = Scene::new(&[]);
    let gate = scene.gate("gate");
    let text = format!("- hosts: h1\n  gather_facts: false\n  tasks: [{{command: cat {}}}]\n", gate.display());
    scene.write("site.yml", &text);
    let running = scene.start(Ask::Playbook(scene.playbook("site.yml")), &Secrets::default());
    // not its `start` event, which comes before the fork: an interrupt in the middle of a fork is lost
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let _gate = wait_until(60, "the task to run", || open(&gate, flags, Mode::empty()).ok());
    kill_process(Pid::from_child(&running.child), Signal::INT).unwrap();
    let done = running.finish();
    assert_eq!((done.rc, done.signal), (Some(99), None), "{done:#?}");
    let events = done.events();
    assert!(matches!(events.last().map(|e| &e.what), Some(What::Interrupted { signal: 2 })), "{done:#?}");
    assert!(!events.iter().any(|e| matches!(e.what, What::Stats(_))));
}
