//! `opsdeck inventory` and `opsdeck hosts` as a person calls them, and the real Ansible behind them: what it answers as an
//! [`Inventory`], what verification says, and that a question can be given up.

use opsdeck::inventory::ask::{self, AskError, Cancel, Depth};
use opsdeck::inventory::{Engine, Inventory, Options, Value, verify};
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(120);

fn project(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        if text.starts_with("#!") {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    root
}

fn opsdeck(root: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_opsdeck")).current_dir(root).args(args).output().unwrap()
}

fn ansible(root: &Path, args: &[&str]) -> Output {
    Command::new("ansible-inventory").current_dir(root).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const HOSTS: &str = "[web]\nw1 a=1\nw2\n[db]\nd1\n[prod:children]\nweb\ndb\n";
const SCRIPT: &str =
    "#!/bin/sh\necho '{\"dyn\": {\"hosts\": [\"x1\", \"x2\"]}, \"_meta\": {\"hostvars\": {\"x1\": {\"v\": 1}}}}'\n";

#[test]
fn the_list_is_that_of_ansible_inventory() {
    let root = project(&[("hosts.ini", HOSTS), ("group_vars/web.yml", "b: yes\n")]);
    let ours = opsdeck(root.path(), &["inventory", "-i", "hosts.ini", "--list"]);
    let theirs = ansible(root.path(), &["-i", "hosts.ini", "--list"]);
    assert!(ours.status.success() && theirs.status.success());
    assert_eq!(text(&ours.stdout), text(&theirs.stdout));
    assert_eq!(text(&ours.stderr), "");
    let asked = opsdeck(root.path(), &["inventory", "-i", "hosts.ini", "--engine", "ansible"]);
    assert_eq!(text(&asked.stdout), text(&theirs.stdout));
}

#[test]
fn a_script_is_left_to_ansible_and_that_is_said() {
    let root = project(&[("dyn.sh", SCRIPT)]);
    let ours = opsdeck(root.path(), &["inventory", "-i", "dyn.sh"]);
    assert!(ours.status.success());
    assert_eq!(text(&ours.stdout), text(&ansible(root.path(), &["-i", "dyn.sh", "--list"]).stdout));
    let said = text(&ours.stderr);
    assert!(
        said.contains("asking Ansible") && said.contains("dyn.sh: it is executable: an inventory script"),
        "{said}"
    );
    let native = opsdeck(root.path(), &["inventory", "-i", "dyn.sh", "--engine", "native"]);
    assert_eq!(native.status.code(), Some(1));
    assert!(text(&native.stderr).contains("the native engine declines") && native.stdout.is_empty());
    let hosts = opsdeck(root.path(), &["hosts", "dyn", "-i", "dyn.sh"]);
    assert_eq!(text(&hosts.stdout), "x1\nx2\n");
}

#[test]
fn ansibles_verdict_passes_through() {
    let files = [("hosts.ini", "[web]\nw1\n"), ("group_vars/web.yml", "a: [1\n")];
    let root = project(&files);
    let ours = opsdeck(root.path(), &["inventory", "-i", "hosts.ini"]);
    let theirs = ansible(root.path(), &["-i", "hosts.ini", "--list"]);
    assert_eq!(ours.status.code(), theirs.status.code());
    assert!(!ours.status.success());
    let said = text(&ours.stderr);
    assert!(said.contains("group_vars/web.yml:2:1"), "file, line and column: {said}");
}

#[test]
fn a_bad_line_keeps_ansibles_verdict_and_says_where_and_what() {
    let root = project(&[("hosts.ini", "[web]\nw1\n  w2 oops\nw3\n")]);
    let ours = opsdeck(root.path(), &["inventory", "-i", "hosts.ini"]);
    assert_eq!(text(&ours.stdout), text(&ansible(root.path(), &["-i", "hosts.ini", "--list"]).stdout));
    let said = text(&ours.stderr);
    assert!(said.contains("hosts.ini:3:6: expected name=value after the host, found `oops`"), "{said}");
}

#[test]
fn hosts_in_order_as_json_with_limits_and_several_sources() {
    let root = project(&[("hosts.ini", HOSTS), ("more.yml", "db:\n  hosts: {d2: }\n"), ("only", "w2\nd2\n")]);
    let names = |args: &[&str]| {
        let output = opsdeck(root.path(), &[&["hosts", "-i", "hosts.ini", "-i", "more.yml"], args].concat());
        (text(&output.stdout), output.status.code())
    };
    assert_eq!(names(&["db:web"]), ("d1\nd2\nw1\nw2\n".into(), Some(0)));
    assert_eq!(names(&["all:!db", "--limit", "w2"]), ("w2\n".into(), Some(0)));
    assert_eq!(names(&["prod", "-l", "@only"]).0.lines().count(), 2);
    assert_eq!(names(&["web", "--json"]).0, "[\n  \"w1\",\n  \"w2\"\n]\n");
    assert_eq!(names(&["nothing"]), (String::new(), Some(0)));
    assert_eq!(names(&["web", "-l", "d1"]), (String::new(), Some(1)));
    assert_eq!(names(&["web[9]"]), (String::new(), Some(0)));
    let list = opsdeck(root.path(), &["hosts", "all", "-i", "a,b:22"]);
    assert_eq!(text(&list.stdout), "a\nb\n");
}

#[test]
fn without_sources_the_configuration_decides() {
    let cfg = "[defaults]\ninventory = inv/hosts.ini\n";
    let root = project(&[("inv/hosts.ini", HOSTS), ("ansible.cfg", cfg)]);
    let ours = opsdeck(root.path(), &["inventory"]);
    assert_eq!(text(&ours.stdout), text(&ansible(root.path(), &["--list"]).stdout));
}

fn asked(root: &Path, depth: Depth) -> Result<Inventory, AskError> {
    ask::inventory(root, &["hosts.ini".into()], depth, &Options::current(), LIMIT, &Cancel::default())
}

#[test]
fn verification_finds_no_difference_and_tells_one_in_words() {
    let vault = "s: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nu: !unsafe x\nl: [1, {a: b}]\n";
    let root = project(&[("hosts.ini", HOSTS), ("group_vars/web.yml", vault)]);
    let native = Inventory::load(root.path(), &["hosts.ini".into()], &Options::current()).unwrap();
    let answer = asked(root.path(), Depth::Full).unwrap();
    assert_eq!(answer.engine(), Engine::Ansible);
    assert_eq!(verify(&native, &answer, true), Vec::<String>::new());
    let w1 = answer.host_vars(answer.host("w1").unwrap()).unwrap();
    let secret = w1.vars.iter().find(|var| &*var.name == "s").unwrap();
    assert!(matches!(&secret.value, Value::Vault(_)) && secret.value.is_vaulted());
    fs::write(root.path().join("hosts.ini"), HOSTS.replace("w2\n", "w3\n").replace("a=1", "a=2")).unwrap();
    let changed = Inventory::load(root.path(), &["hosts.ini".into()], &Options::current()).unwrap();
    let told = verify(&changed, &answer, true).join("\n");
    for part in [
        "host `w3`: we see it, Ansible does not",
        "host `w2`: Ansible sees it, we do not",
        "hosts of group `web`: we see w1, w3, Ansible w1, w2",
        "variable `a` of host `w1`: we see 2, Ansible 1",
    ] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
}

#[test]
fn browsing_needs_no_vault_password() {
    let sealed = "$ANSIBLE_VAULT;1.1;AES256\n3132\n";
    let files = [("hosts.ini", HOSTS), ("group_vars/web/vault.yml", sealed), ("group_vars/web/plain.yml", "p: 1\n")];
    let root = project(&files);
    let native = Inventory::load(root.path(), &["hosts.ini".into()], &Options::current()).unwrap();
    let w1 = native.host_vars(native.host("w1").unwrap()).unwrap();
    let names: Vec<&str> = w1.vars.iter().map(|var| &*var.name).collect();
    assert_eq!(names, ["a", "p"]);
    assert_eq!(w1.sealed.len(), 1);
    let origin = w1.vars[1].origin.clone().unwrap();
    assert!(origin.file.ends_with("group_vars/web/plain.yml") && origin.line == Some(1));
    let error = asked(root.path(), Depth::Full).unwrap_err();
    assert!(error.wants_vault_password(), "{error}");
    let topology = asked(root.path(), Depth::Topology).unwrap();
    assert_eq!(verify(&native, &topology, false), Vec::<String>::new());
}

#[test]
fn a_question_can_be_given_up_and_has_a_limit() {
    let root = project(&[("slow.sh", "#!/bin/sh\nexec sleep 600\n")]);
    let sources = ["slow.sh".to_owned()];
    let cancel = Cancel::default();
    cancel.cancel();
    let start = Instant::now();
    let given_up = ask::list(root.path(), &sources, Depth::Full, LIMIT, &cancel);
    assert!(matches!(given_up, Err(AskError::Cancelled)));
    let slow = ask::list(root.path(), &sources, Depth::Full, Duration::from_millis(200), &Cancel::default());
    assert!(matches!(slow, Err(AskError::Slow { .. })));
    assert!(start.elapsed() < LIMIT);
}

#[test]
fn whoever_ends_a_question_ends_the_inventory_that_hangs() {
    for signal in [Signal::TERM, Signal::INT] {
        let root = project(&[("hang.sh", "#!/bin/sh\necho $$ > pid.new && mv pid.new pid\nexec sleep 600\n")]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
        command.current_dir(root.path()).args(["hosts", "all", "-i", "hang.sh"]);
        let mut hosts = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + LIMIT;
        let script = loop {
            if let Ok(pid) = fs::read_to_string(root.path().join("pid")) {
                break pid.trim().to_owned();
            }
            assert!(Instant::now() < deadline, "the script was not asked");
            std::thread::sleep(Duration::from_millis(20));
        };
        let pid = rustix::process::Pid::from_child(&hosts);
        rustix::process::kill_process(pid, signal).unwrap();
        assert_eq!(hosts.wait().unwrap().code(), Some(128 + signal.as_raw()));
        let lives = || {
            let stat = fs::read_to_string(format!("/proc/{script}/stat")).unwrap_or_default();
            stat.contains("(sleep)") && !stat.contains(") Z ")
        };
        while lives() {
            assert!(Instant::now() < deadline, "the script {script} lives on");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn words_that_nobody_reads_any_more_change_nothing() {
    let root = project(&[("hosts.ini", "w1\n")]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
    command.current_dir(root.path()).args(["hosts", "w1", "-i", "hosts.ini", "--limit", "nobody"]);
    let code = command.stdout(Stdio::null()).stderr(writer).status().unwrap().code();
    let told = opsdeck(root.path(), &["hosts", "w1", "-i", "hosts.ini", "--limit", "nobody"]);
    assert!(!told.stderr.is_empty() && told.status.code() != Some(0), "{told:?}");
    assert_eq!(code, told.status.code(), "no panic");
}
