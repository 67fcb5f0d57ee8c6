//! Runs whose files were damaged or put there by others: what is told of them.

use super::*;
use crate::run::event::{Entry, Event, StopLevel};
use crate::run::journal::Journal;
use crate::run::list;
use crate::state::StateDir;
use std::time::{Duration, Instant};

struct World {
    _tmp: tempfile::TempDir,
    dir: RunDir,
}

impl World {
    /// A run that has begun its step, and is ended where that is wanted.
    fn new(ended: bool) -> World {
        let tmp = tempfile::tempdir().unwrap();
        let id = Uuid::now_v7();
        let dir = StateDir::at(tmp.path()).run(id);
        std::fs::create_dir_all(dir.step(1).path()).unwrap();
        let spec = format!(
            "version: 1\nid: {id}\nask: {{kind: adhoc, pattern: web, module: ping}}\ncwd: /p\nargv: []\nenv: {{}}\n\
             secrets: []\non_conflict: warn\ncreated_at: 1\nenvironment: null\nhosts: null\nrerun_of: null\n\
             operator: {{name: ann, effective: ann, host: h}}\n"
        );
        std::fs::write(dir.spec(), spec).unwrap();
        let world = World { _tmp: tmp, dir };
        let (mut journal, _) = Journal::open(&world.dir.journal(), |_| ()).unwrap();
        journal.push(1_000, Event::Requested).unwrap();
        journal.push(1_001, Event::StepIntent { step: 1 }).unwrap();
        journal.push(1_002, Event::StepStarted { step: 1, pid: 1 }).unwrap();
        if ended {
            let (state, why) = (State::Succeeded, "it is done".to_owned());
            journal.push(1_003, Event::Ended { state, why, failure: None, maybe_running_on: vec![] }).unwrap();
        }
        journal.commit().unwrap();
        std::fs::write(world.dir.step(1).pid(), "{}").unwrap();
        world
    }

    fn add(&self, bytes: &[u8]) {
        let journal = std::fs::read(self.dir.journal()).unwrap();
        std::fs::write(self.dir.journal(), [&journal, bytes].concat()).unwrap();
    }

    fn open(&self) -> Follower {
        Follower::open(&self.dir).unwrap()
    }

    /// It is unknown how it ended: to whoever looks, whoever decides, and in the list.
    fn is_lost(&self, why: &str) {
        for run in [self.open(), Follower::open_exact(&self.dir).unwrap()] {
            assert!(run.is_lost() && run.damage.as_ref().unwrap().contains(why), "{:?}", run.damage);
            let row = list::row(&run.spec, &run.state);
            assert_eq!((row.state.as_str(), row.why, row.ended_at.is_some()), ("unknown", run.damage, true));
        }
    }
}

#[test]
fn how_a_run_ended_is_unknown_where_its_journal_is_damaged_before_that() {
    let world = World::new(false);
    assert_eq!((world.open().state.state, world.open().damage), (State::Starting, None));
    world.add(b"no event\n");
    world.is_lost("line 4");
    let ended = World::new(true);
    ended.add(b"no event\n");
    let run = ended.open();
    assert!(run.state.state == State::Succeeded && run.damage.is_some() && !run.is_lost(), "its end was read");
}

#[test]
fn what_others_added_and_the_supervisor_took_away_is_forgotten() {
    let world = World::new(false);
    let mut run = world.open();
    let good = std::fs::read(world.dir.journal()).unwrap();
    let forged = "{\"seq\":4,\"ts\":1,\"e\":\"ended\",\"state\":\"succeeded\",\"why\":\"x\"}\n";
    world.add(forged.as_bytes());
    run.poll();
    assert_eq!(run.state.state, State::Succeeded);
    std::fs::write(world.dir.journal(), &good).unwrap();
    run.poll();
    assert_eq!((run.state.state, &run.damage), (State::Starting, &None), "it was cut off");
    world.add(b"no event\n");
    run.poll();
    assert!(run.is_lost());
    let next = "{\"seq\":4,\"ts\":1,\"e\":\"stop_asked\",\"level\":\"kill\",\"by\":\"ann\"}\n";
    world.add(next.as_bytes());
    run.poll();
    assert_eq!((run.state.state, &run.damage), (State::Stopping, &None), "its writer went on behind it");
    assert!(run.remark.unwrap().contains("line 4: 1 line that is no event"));
}

#[test]
fn what_is_not_believed_is_unknown_though_it_says_that_it_ended() {
    let world = World::new(true);
    let (_, mut state, damage, mut tail) = world.open().split();
    assert_eq!((state.state, damage, tail.poll()), (State::Succeeded, None, Default::default()));
    std::fs::write(world.dir.doubt(), "nothing leads to it\n").unwrap();
    world.is_lost("nothing leads to it");
    let grown = tail.poll();
    assert!(grown.lost && grown.doubted && grown.damage.as_deref() == Some("nothing leads to it"));
    state.disbelieve("nothing leads to it");
    assert_eq!((state.state, state.failure), (State::Unknown, None));
    state.goes_on();
    assert_eq!((state.state, state.ended_at()), (State::Unknown, None), "it may be at work");
}

#[test]
fn the_screen_learns_of_damage_once_and_that_nothing_more_can_be_told() {
    let world = World::new(false);
    let (_, mut state, damage, mut tail) = world.open().split();
    assert_eq!((damage, tail.poll().damage), (None, None));
    world.add(b"no event\n");
    let grown = tail.poll();
    assert!(grown.lost);
    state.lose(&grown.damage.unwrap());
    assert_eq!((state.state_name(), tail.poll()), ("unknown", Default::default()));
    let event = Entry { seq: 4, ts: 2_000, event: Event::StopAsked { level: StopLevel::Kill, by: "ann".into() } };
    state.apply(&event);
    assert_eq!(state.state, State::Unknown, "nothing follows");
}

#[test]
fn a_journal_that_is_no_file_or_does_not_know_its_own_step_is_damage() {
    let world = World::new(false);
    std::fs::remove_file(world.dir.journal()).unwrap();
    world.is_lost("does not tell of step 1");
    std::fs::write(world.dir.journal(), "").unwrap();
    world.is_lost("does not tell of step 1");
    std::fs::remove_file(world.dir.journal()).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, world.dir.journal(), rustix::fs::Mode::RUSR).unwrap();
    let begun = Instant::now();
    world.is_lost("a FIFO");
    std::fs::remove_file(world.dir.journal()).unwrap();
    std::os::unix::fs::symlink("/dev/zero", world.dir.journal()).unwrap();
    world.is_lost("a symbolic link");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_run_that_has_not_begun_is_no_damage() {
    let world = World::new(false);
    std::fs::remove_file(world.dir.step(1).pid()).unwrap();
    std::fs::remove_file(world.dir.journal()).unwrap();
    assert_eq!((world.open().state.state, world.open().damage), (State::Requested, None));
}

#[test]
fn a_spec_of_another_run_or_with_aliases_is_refused() {
    let world = World::new(false);
    let spec = std::fs::read_to_string(world.dir.spec()).unwrap();
    let why = |text: &str| {
        std::fs::write(world.dir.spec(), text).unwrap();
        read_spec(&world.dir).unwrap_err().to_string()
    };
    let other = World::new(false);
    let said = why(&std::fs::read_to_string(other.dir.spec()).unwrap());
    assert!(said.contains("spec.yaml: it is that of run"), "{said}");
    let bomb = spec.replace("argv: []", "argv: [&a x, *a]");
    let said = why(&bomb);
    assert!(said.contains("line 5, column 14: an alias"), "{said}");
    std::fs::write(world.dir.spec(), spec.replace("pattern: web", "pattern: 'web*:&prod'")).unwrap();
    read_spec(&world.dir).unwrap();
}
