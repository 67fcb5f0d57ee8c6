//! What the callback plugin tells of a run: compared line by line.

use super::scene::Scene;
use opsdeck::ansible::Ask;
use opsdeck::ansible::event::{Outcome, What};
use opsdeck::ansible::hostkeys::hint;
use opsdeck::ansible::secrets::Secrets;

const EVERYTHING: &str = "
- name: One
  hosts: h1,h2
  gather_facts: false
  vars: {ansible_async_dir: \"{{ playbook_dir }}/async\"}
  tasks:
    - name: items on {{ inventory_hostname }}
      command: echo {{ item }}
      loop: [a, b]
    - name: ignored
      command: sh -c 'echo broken >&2; exit 3'
      ignore_errors: true
    - block:
        - name: fails
          fail: {msg: oops}
      rescue:
        - name: saves
          debug: {msg: saved}
    - include_tasks: more.yml
    - name: again
      command: 'false'
      retries: 1
      delay: 0
      until: r is success
      register: r
      ignore_errors: true
    - name: hidden
      command: echo S3CRET-OUT
      no_log: true
    - name: hidden items
      command: echo {{ item }}
      loop: [S3CRET-ITEM]
      no_log: true
    - name: background
      command: 'true'
      async: 60
      poll: 1
    - name: writes
      copy: {content: \"x\\n\", dest: \"{{ playbook_dir }}/out_{{ inventory_hostname }}\"}
      diff: true
      notify: handle
    - name: elsewhere
      command: 'true'
      delegate_to: h3
    - name: not now
      debug: {msg: x}
      when: false
  handlers:
    - name: handle
      debug: {msg: handled}
- name: Nobody
  hosts: nobody
  tasks: [{debug: }]
- name: Everybody fails
  hosts: h1
  gather_facts: false
  tasks: [{name: last, fail: {msg: the end}}, {name: never, debug: }]
";

#[test]
fn everything_that_can_happen_is_told_once_and_in_order() {
    let scene = Scene::new(&[("site.yml", EVERYTHING), ("more.yml", "- name: included\n  debug: {msg: hi}\n")]);
    let done = scene.play("site.yml");
    assert_eq!(done.rc, Some(2), "{done:#?}");
    // from core 2.21 on the same failure has a longer text
    let filters = vec![(r"The command exited with a (non-zero return code)\.", "$1")];
    insta::with_settings!({filters => filters}, { insta::assert_snapshot!(done.story()) });
    let text = String::from_utf8_lossy(&done.events);
    for secret in ["S3CRET-OUT", "S3CRET-ITEM"] {
        assert!(!text.contains(secret), "no_log");
    }
    for waste in ["stdout_lines", "invocation"] {
        assert!(!text.contains(waste), "{waste} is not sent");
    }
}

#[test]
fn free_announces_a_task_once_and_serial_repeats_the_play() {
    let play = |how: &str| {
        format!(
            "- name: '{how}'\n  hosts: all\n  gather_facts: false\n  {how}\n  tasks:\n    - name: a\n      debug:\n    - name: b\n      debug:\n"
        )
    };
    let scene = Scene::new(&[("site.yml", &(play("strategy: free") + &play("serial: 2")))]);
    let done = scene.play("site.yml");
    assert_eq!(done.rc, Some(0), "{done:#?}");
    let events = done.events();
    let mut tasks = Vec::new();
    let mut plays = Vec::new();
    for event in &events {
        match &event.what {
            What::Task(task) => tasks.push((task.number, task.name.to_string())),
            What::Play { id, hosts, of, .. } => plays.push((id.to_string(), hosts.join(","), *of)),
            _ => {}
        }
    }
    let names: Vec<_> = tasks.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["a", "b", "a", "b", "a", "b"]);
    assert_eq!(tasks.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(plays.iter().map(|(_, hosts, _)| hosts.as_str()).collect::<Vec<_>>(), ["h1,h2,h3", "h1,h2", "h3"]);
    assert_eq!(plays[1].0, plays[2].0, "batches of one play");
    let all: Vec<_> = plays.iter().map(|(_, _, of)| *of).collect();
    assert_eq!(all, [None, Some(3), Some(3)], "a batch tells how many hosts the play has in all");
    let results = events.iter().filter(|e| matches!(&e.what, What::Result(Outcome::Ok, r) if r.task.is_some()));
    assert_eq!(results.count(), 12);
}

#[test]
fn an_adhoc_command_tells_the_same_way() {
    let scene = Scene::new(&[]);
    let done = scene.start(Ask::Adhoc(scene.adhoc("h1,h3", "command", "echo hi")), &Secrets::default()).finish();
    let story = done.story();
    assert!(story.starts_with("hello\nplan Ansible Ad-Hoc=1\nplay Ansible Ad-Hoc on h1,h3 (linear)"), "{story}");
    assert!(story.contains("\n  0 h1 Changed\n  0 h3 Changed\nrecap h1=[1, 1, 0, 0, 0, 0, 0]"), "{story}");
    assert!(done.stdout.contains("hi"), "stdout is Ansible's own");
}

#[test]
fn a_huge_result_is_cut_and_says_so() {
    let big = "- hosts: h1\n  gather_facts: false\n  tasks: [{command: \"sh -c 'seq 1 400000; echo THE-END'\"}]\n";
    let done = Scene::new(&[("site.yml", big)]).play("site.yml");
    assert_eq!(done.rc, Some(0));
    let longest = done.events.split(|b| *b == b'\n').map(<[u8]>::len).max().unwrap();
    assert!((8_000..40_000).contains(&longest), "{longest}");
    let text = String::from_utf8_lossy(&done.events);
    assert!(text.contains("characters left out]") && text.contains("THE-END"), "head, size and tail are there");
    done.events();
}

#[test]
fn an_unreachable_host_has_a_message_and_a_hint() {
    let scene = Scene::new(&[("site.yml", "- hosts: away\n  gather_facts: false\n  tasks: [{name: t, ping: }]\n")]);
    // port 1 on loopback: nothing listens there
    scene.write("hosts", "away ansible_host=127.0.0.1 ansible_port=1 ansible_ssh_common_args='-F none'\n");
    let done = scene.play("site.yml");
    assert_eq!(done.rc, Some(4), "{done:#?}");
    let events = done.events();
    let message = events.iter().find_map(|e| match &e.what {
        What::Result(Outcome::Unreachable, r) => r.message(),
        _ => None,
    });
    let message = message.expect("an unreachable event");
    assert!(hint(&message).is_some_and(|hint| hint.contains("sshd")), "{message}");
}
