//! The step runner alone, with plain programs: the fence, the timeout, and that steps of one run leave each other alone.

use crate::support::wait;
use opsdeck::run::step::{Child, StepCommand};
use opsdeck::run::verdict::Exit;
use opsdeck::run::{RunSpec, belongs};
use opsdeck::state::leases::Taken;
use opsdeck::state::{Control, StateDir, StepDir};
use std::process::{Command, Stdio};
use uuid::Uuid;

struct Run {
    tmp: tempfile::TempDir,
    store: StateDir,
    id: Uuid,
}

impl Run {
    fn new() -> Run {
        let tmp = tempfile::tempdir().unwrap();
        let store = StateDir::at(tmp.path().join("state"));
        // As a launch does: first what tells who holds what.
        drop(Control::open(&store).unwrap());
        let id = Uuid::now_v7();
        std::fs::create_dir_all(store.run(id).path()).unwrap();
        let spec = format!(
            "version: 2\nid: {id}\nask: {{kind: adhoc, pattern: all, module: ping}}\ncwd: /\nargv: []\nenv: {{}}\nsecrets: []\n\
             on_conflict: warn\ncreated_at: 1\nenvironment: null\nhosts: null\nrerun_of: null\n\
             operator: {{name: ann, effective: ann, host: h}}\n"
        );
        let mut spec: RunSpec = serde_yaml::from_str(&spec).unwrap();
        let home = belongs::may_begin(&store).unwrap();
        spec.home = Some(belongs::freeze(home, &store.run(id)).unwrap());
        std::fs::write(store.run(id).spec(), serde_yaml::to_string(&spec).unwrap()).unwrap();
        Run { tmp, store, id }
    }

    /// Writes down a step that runs `script` and gives the process that is to run it.
    fn step(&self, number: u32, script: &str, timeout: Option<u32>, fence: Option<i64>) -> (StepDir, Command) {
        let dir = self.store.run(self.id).step(number);
        std::fs::create_dir_all(dir.path()).unwrap();
        let command = StepCommand {
            child: Child::Program { argv: ["sh", "-c", script].map(str::to_owned).to_vec() },
            env: [("WORD".to_owned(), "given".to_owned())].into(),
            cwd: self.tmp.path().to_owned(),
            timeout,
            run: self.id.to_string(),
            secrets: false,
            fence,
        };
        std::fs::write(dir.command(), serde_json::to_vec(&command).unwrap()).unwrap();
        let mut runner = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
        runner.arg("--state-dir").arg(self.store.root()).args(["step", &self.id.to_string(), &number.to_string()]);
        runner.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        (dir, runner)
    }

    fn ends(&self, number: u32, script: &str, timeout: Option<u32>, fence: Option<i64>) -> (StepDir, Exit) {
        let (dir, mut runner) = self.step(number, script, timeout, fence);
        assert!(runner.status().unwrap().success());
        let exit = exit(&dir);
        (dir, exit)
    }
}

fn exit(dir: &StepDir) -> Exit {
    serde_json::from_slice(&std::fs::read(dir.exit()).unwrap()).unwrap()
}

#[test]
fn a_program_runs_as_it_is_written_down() {
    let run = Run::new();
    let (dir, exit) = run.ends(1, "echo $WORD; echo oh >&2; exit 3", None, None);
    assert_eq!((exit.rc, exit.seen, exit.error), (Some(3), true, None));
    let read = |path| std::fs::read_to_string(path).unwrap();
    assert_eq!((read(dir.stdout()), read(dir.stderr())), ("given\n".to_owned(), "oh\n".to_owned()));
}

#[test]
fn a_step_without_its_lease_is_not_begun() {
    let run = Run::new();
    let control = Control::open(&run.store).unwrap();
    let Taken::Got { token, .. } = control.take_lease(run.id, "prod", None, 0).unwrap() else { panic!() };
    assert_eq!(run.ends(1, "touch one", None, Some(token)).1.rc, Some(0));
    // Somebody took it over meanwhile.
    control.free_lease(run.id, None).unwrap();
    let error = run.ends(2, "touch two", None, Some(token)).1.error.unwrap();
    assert!(error.contains(&format!("does not hold its lease (token {token})")), "{error}");
    assert!(run.tmp.path().join("one").exists() && !run.tmp.path().join("two").exists());
}

#[test]
fn a_program_whose_time_is_over_is_asked_to_end() {
    let script = "trap 'echo bye; exit 7' TERM; sleep 300 & wait";
    let run = Run::new();
    let (dir, exit) = run.ends(1, script, Some(1), None);
    assert_eq!((exit.rc, exit.timed_out, exit.left), (Some(7), true, 0));
    assert_eq!(std::fs::read_to_string(dir.stdout()).unwrap(), "bye\n", "with TERM, not with KILL");
}

#[test]
fn what_is_swept_after_one_step_is_not_another_ones() {
    let run = Run::new();
    let (other, mut runner) = run.step(1, "while [ ! -e go ]; do sleep 0.02; done; echo unharmed", None, None);
    let mut runner = runner.spawn().unwrap();
    wait::wait_true(20, "the first step", || other.pid().exists());
    let (_, exit_of_second) = run.ends(2, "sleep 300", Some(1), None);
    assert!(exit_of_second.timed_out);
    std::fs::write(run.tmp.path().join("go"), "").unwrap();
    assert!(runner.wait().unwrap().success());
    assert_eq!(exit(&other).rc, Some(0));
    assert_eq!(std::fs::read_to_string(other.stdout()).unwrap(), "unharmed\n");
}
