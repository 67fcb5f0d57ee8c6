//! A supervisor of version 0.1 at a live run, after this version took the state directory over: here a process that holds
//! the run's lock and speaks as that version did. Exactly it is ended, and the run goes on; one that holds passwords stays.

use crate::support::wait::wait_true;
use crate::support::world::{World, text};
use opsdeck::run::State;
use opsdeck::state::{Control, Identity, Life};
use std::process::{Child, Command, Stdio};

/// Holds the lock, listens on the socket, knows what that version knew. Its command line is that of a supervisor.
const ELDER: &str = r#"
import fcntl, json, os, socket, sys
folder = sys.argv[1]
lock = open(folder + "/lock", "a")
fcntl.flock(lock, fcntl.LOCK_EX)
path = folder + "/control.sock"
if os.path.exists(path):
    os.remove(path)
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen()
open(folder + "/elder", "w").close()
while True:
    peer, _ = server.accept()
    asked = json.loads(peer.makefile().readline())
    known = asked["do"] == "ping"
    said = "queued" if known else "not a command: unknown variant `%s`" % asked["do"]
    peer.sendall((json.dumps({"ok": known, "message": said}) + "\n").encode())
    peer.close()
"#;

/// A process that does not outlive the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Ended {
    fn lives(&self) -> bool {
        Identity::of(self.0.id()).is_some_and(|elder| elder.life() == Life::Alive)
    }
}

/// A run that waits for its hosts, as version 0.1 would have left it: format 1, in a directory that was taken over.
struct Scene {
    world: World,
    live: String,
    queued: String,
}

impl Scene {
    fn new(secrets: &str) -> Scene {
        let world = World::new();
        world.write(
            "mark.yml",
            "[{hosts: all, gather_facts: false, tasks: [{shell: 'echo x >> ran-{{ inventory_hostname }}'}]}]",
        );
        let live = world.launch_to_gate(&[]);
        let queued = world.launch(&["play", "mark.yml", "-i", "hosts.ini", "--on-conflict", "wait"]);
        wait_true(20, "it to be queued", || world.state(&queued).state.name() == "queued");
        world.unfreeze(&queued);
        // Nobody revives it before the elder is there.
        let spec = world.run(&queued).spec();
        let frozen = std::fs::read_to_string(&spec).unwrap();
        let home = frozen.find("\nhome:").expect("a run carries its home");
        let old = frozen[..home + 1].replacen("version: 2\n", "version: 1\n", 1);
        std::fs::write(&spec, old.replacen("secrets: []\n", secrets, 1)).unwrap();
        let file = world.store.home();
        let text = std::fs::read_to_string(&file).unwrap();
        // Written in place: its inode is part of what it says.
        std::fs::write(&file, text.replacen("\"adopted\":false", "\"adopted\":true", 1)).unwrap();
        rusqlite::Connection::open(world.store.legacy()).unwrap().execute_batch("PRAGMA user_version = 6").unwrap();
        world.bereave(&queued);
        Scene { world, live, queued }
    }

    fn elder(&self, words: [&str; 2]) -> Ended {
        let dir = self.world.run(&self.queued);
        let mut command = Command::new("python3");
        command.args(["-c", ELDER]).arg(dir.path()).args(words).stdin(Stdio::null());
        let elder = Ended(command.spawn().unwrap());
        wait_true(20, "the elder to listen", || dir.path().join("elder").exists());
        elder
    }

    /// Whoever looks; what they are told beside.
    fn look(&self) -> String {
        let shown = self.world.opsdeck(&["show", &self.queued]);
        assert!(shown.status.success(), "{}", text(&shown.stderr));
        text(&shown.stderr)
    }

    /// A supervisor of this version, which is no child of this test.
    fn has_one(&self) -> bool {
        let exe = |one: Identity| std::fs::read_link(format!("/proc/{}/exe", one.pid));
        let ours = std::path::Path::new(env!("CARGO_BIN_EXE_opsdeck")).canonicalize().unwrap();
        self.world.supervisor(&self.queued).is_some_and(|one| exe(one).is_ok_and(|exe| exe == ours))
    }

    fn goes_on(self) {
        self.world.go();
        for id in [&self.live, &self.queued] {
            assert_eq!(self.world.ended(id).state, State::Succeeded);
        }
        for host in ["w1", "w2"] {
            let ran = std::fs::read_to_string(self.world.project().join(format!("ran-{host}"))).unwrap();
            assert_eq!(ran, "x\n", "once on {host}");
        }
    }
}

#[test]
fn a_supervisor_of_an_earlier_version_gives_way_and_its_run_goes_on() {
    let scene = Scene::new("secrets: []\n");
    let elder = scene.elder(["supervise", &scene.queued]);
    scene.look();
    assert!(!elder.lives(), "exactly it was ended");
    wait_true(20, "one of this version", || scene.has_one());
    let one = scene.world.supervisor(&scene.queued);
    scene.look();
    assert_eq!(scene.world.supervisor(&scene.queued), one, "and that is left alone");
    scene.goes_on();
}

#[test]
fn what_is_no_supervisor_of_the_run_is_not_ended() {
    let scene = Scene::new("secrets: []\n");
    let elder = scene.elder(["supervise", "another"]);
    scene.look();
    assert!(elder.lives() && !scene.has_one(), "what cannot be told is left as it is");
    drop(elder);
    scene.look();
    scene.goes_on();
}

#[test]
fn one_that_holds_passwords_stays_and_that_is_said() {
    let scene = Scene::new("secrets:\n- become\n");
    let elder = scene.elder(["supervise", &scene.queued]);
    let why = scene.look();
    assert!(why.contains("an earlier opsdeck") && why.contains("passwords"), "{why}");
    assert!(why.contains(&elder.0.id().to_string()), "{why}");
    assert!(elder.lives() && !scene.has_one());
    let listed = text(&scene.world.opsdeck(&["runs", "--json"]).stdout);
    assert!(listed.contains("an earlier opsdeck"), "{listed}");
    drop(elder);
    scene.look();
    scene.goes_on();
}

#[test]
fn nothing_is_launched_by_the_earlier_version_any_more_and_what_it_launched_is_told_on() {
    let dir = tempfile::tempdir().unwrap();
    let state = opsdeck::state::StateDir::at(dir.path().join("s"));
    std::fs::create_dir(state.root()).unwrap();
    let old = rusqlite::Connection::open(state.legacy()).unwrap();
    old.execute_batch(
        "CREATE TABLE runs (id TEXT PRIMARY KEY, state TEXT) WITHOUT ROWID; INSERT INTO runs VALUES ('a', 'running')",
    )
    .unwrap();
    drop(Control::open(&state).unwrap());
    let why = old.execute("INSERT OR REPLACE INTO runs VALUES ('b', 'requested')", []).unwrap_err().to_string();
    assert!(why.contains("a newer opsdeck works on this state directory"), "{why}");
    old.execute("INSERT OR REPLACE INTO runs VALUES ('a', 'succeeded')", []).unwrap();
}
