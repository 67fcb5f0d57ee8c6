//! Tests of the scan, on small projects written to a folder.

use super::*;
use crate::project::cfg::Env;

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

fn scanned(files: &[(&str, &str)], extra_vars: &[&str]) -> (Vec<String>, Vec<String>) {
    let dir = project(files);
    let extra: Vec<_> = extra_vars.iter().map(|e| (*e).into()).collect();
    let cfg = AnsibleCfg::load(dir.path(), &Env::from([("HOME", "/nowhere")]));
    let scan = scan(dir.path(), "site.yml", &given_names(&extra, dir.path()), &cfg);
    let questions = scan.questions.iter().map(|q| {
        let what = match &q.kind {
            QuestionKind::Variable { name, prompt, private, default, confirm } => {
                format!("{name}: {prompt:?} private={private} default={default:?} confirm={confirm}")
            }
            QuestionKind::Pause { prompt } => format!("pause {prompt:?}"),
            QuestionKind::Debugger => "debugger".into(),
        };
        format!("{}:{} {what}{}", q.file.display(), q.line, if q.maybe { " (maybe)" } else { "" })
    });
    let unseen = scan.unseen.iter().map(|u| format!("{}:{} {}: {}", u.file.display(), u.line, u.what, u.why));
    (questions.collect(), unseen.collect())
}

#[test]
fn variables_are_found_unless_extra_vars_answer_them() {
    let site = "- hosts: all
  vars_prompt:
    - name: version
      prompt: Which version?
      private: no
      default: '1.0'
    - name: password
      confirm: yes
    - {name: given_a}
    - {name: given_b}
    - {name: given_c}
";
    let (questions, unseen) = scanned(
        &[("site.yml", site), ("vars.yml", "given_c: 1\n")],
        &["x=1 given_a='a b'", r#"{"given_b": 2}"#, "@vars.yml"],
    );
    let expected = [
        r#"site.yml:3 version: "Which version?" private=false default=Some("1.0") confirm=false"#,
        r#"site.yml:7 password: "password" private=true default=None confirm=true"#,
    ];
    assert_eq!(questions, expected);
    assert_eq!(unseen, Vec::<String>::new());
}

#[test]
fn pauses_are_found_in_blocks_includes_imports_and_roles() {
    let files = [
        (
            "site.yml",
            "- import_playbook: sub/other.yml
- hosts: all
  roles: [web, {role: db, when: x}]
  tasks:
    - pause:
    - pause: {seconds: 3}
    - ansible.builtin.pause: minutes=1 prompt=hello
    - block:
        - include_tasks: more.yml
      rescue:
        - action: pause prompt='in rescue'
    - include_role: {name: late, tasks_from: extra}
    - pause: {prompt: careful}
      when: danger
",
        ),
        ("sub/other.yml", "- hosts: all\n  tasks:\n    - import_tasks: here.yml\n"),
        ("sub/here.yml", "- pause: {prompt: sub}\n"),
        ("more.yml", "- pause: prompt=\"go on?\"\n- include_tasks: more.yml\n"),
        ("roles/web/meta/main.yml", "dependencies:\n  - base\n"),
        ("roles/base/tasks/main.yaml", "- import_tasks: deep.yml\n"),
        ("roles/base/tasks/deep.yml", "- pause: {prompt: deep}\n"),
        ("roles/db/handlers/main.yml", "- name: h\n  pause: {}\n"),
        ("roles/late/tasks/extra.yml", "- pause: {prompt: late}\n"),
    ];
    let (questions, unseen) = scanned(&files, &[]);
    let expected = [
        r#"sub/here.yml:1 pause Some("sub")"#,
        "site.yml:5 pause None",
        r#"more.yml:1 pause Some("go on?")"#,
        r#"site.yml:11 pause Some("in rescue")"#,
        r#"roles/late/tasks/extra.yml:1 pause Some("late")"#,
        r#"site.yml:13 pause Some("careful") (maybe)"#,
        r#"roles/base/tasks/deep.yml:1 pause Some("deep")"#,
        "roles/db/handlers/main.yml:2 pause None (maybe)",
    ];
    assert_eq!(questions, expected);
    assert_eq!(unseen, Vec::<String>::new());
}

#[test]
fn what_cannot_be_looked_into_is_said() {
    let files = [
        (
            "site.yml",
            "- hosts: all
  strategy: debug
  roles: ['{{ r }}', missing]
  tasks:
    - include_tasks: '{{ item }}.yml'
    - import_tasks: broken.yml
    - include_tasks: gone.yml
    - command: x
      debugger: on_failed
",
        ),
        ("broken.yml", "- a: [\n"),
    ];
    let (questions, unseen) = scanned(&files, &[]);
    assert_eq!(questions, ["site.yml:2 debugger", "site.yml:9 debugger"]);
    let starts = [
        "site.yml:5 {{ item }}.yml: its name is known only when it runs",
        "site.yml:6 broken.yml: line 2",
        "site.yml:7 gone.yml: no such file was found",
        "site.yml:3 {{ r }}: its name is known only when it runs",
        "site.yml:3 missing: no such role was found",
    ];
    assert_eq!(unseen.len(), starts.len(), "{unseen:#?}");
    for (found, start) in unseen.iter().zip(starts) {
        assert!(found.starts_with(start), "{found}\n{start}");
    }
}

#[test]
fn a_missing_or_strange_playbook_is_no_panic() {
    assert_eq!(scanned(&[], &[]).1.len(), 1);
    for text in ["", "hello", "- 1\n- [a]\n- {tasks: 5, roles: {a: b}, vars_prompt: x}\n", "a: {b: c}"] {
        let _ = scanned(&[("site.yml", text)], &["=", "@", "{", "@/dev/null"]);
    }
}
