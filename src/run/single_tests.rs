//! Walks the machine of a single step: every order of inputs, with deaths of the supervisor in between.

use super::*;
use crate::run::event::{Entry, Source};
use crate::run::machine::Asker;
use crate::run::verdict::{Evidence, Exit};
use proptest::prelude::*;

/// A world that performs effects and folds what is recorded.
struct World {
    machine: Single,
    state: RunState,
    now: i64,
    started: u32,
    taken: Vec<Rung>,
    held: bool,
    intents: u32,
}

impl World {
    fn new(on_conflict: OnConflict) -> Self {
        let state = RunState::default();
        let machine = Single { on_conflict, leases: true };
        World { machine, state, now: 1_000, started: 0, taken: vec![], held: false, intents: 0 }
    }

    fn input(&mut self, input: &Input<'_>) -> Result<(), Refusal> {
        let effects = self.machine.decide(&self.state, &(), input, self.now)?;
        for effect in effects {
            match effect {
                Effect::Record(event) => self.record(event),
                Effect::TakeLease { .. } if self.held => {
                    self.input(&Input::LeaseHeld { by: "other".into(), why: "held".into() })?;
                }
                Effect::TakeLease { .. } => self.input(&Input::LeaseGot { token: 7 })?,
                Effect::Start { step, .. } => {
                    assert_eq!(self.state.last_step(), step, "the intent is recorded before the act");
                    if self.started == 0 {
                        self.started += 1;
                        self.input(&Input::Started { step, pid: 42 })?;
                    }
                }
                Effect::Take { step, rung } => {
                    self.record(Event::Signal { step, rung, what: String::new() });
                    self.taken.push(rung);
                }
                Effect::Find { .. } | Effect::FreeLease => panic!("one step needs neither: {effect:?}"),
                Effect::RecordOwn(never, _) | Effect::Act(never) => match never {},
            }
        }
        Ok(())
    }

    fn record(&mut self, event: Event<'static>) {
        assert!(!self.state.state.is_terminal(), "nothing follows an end: {event:?}");
        self.intents += u32::from(matches!(event, Event::StepIntent { .. }));
        self.now += 1;
        self.state.apply(&Entry { seq: self.state.seq + 1, ts: self.now, event });
    }

    fn exited(&mut self, rc: i32) {
        let exit = Exit { rc: Some(rc), seen: true, ..Exit::default() };
        self.input(&Input::Exited { step: 1, exit: &exit, evidence: &Evidence::default() }).unwrap();
    }
}

fn by(name: &str) -> Asker {
    Asker { uid: 1, name: name.to_owned(), row: None }
}

#[test]
fn goes_from_request_to_end() {
    let mut world = World::new(OnConflict::Refuse);
    world.input(&Input::Begin).unwrap();
    assert_eq!((world.state.state, world.started), (State::Starting, 1));
    let src = Source { step: 1, off: 0, len: 1 };
    world.record(Event::Hello { core: "2.19".into(), src });
    world.exited(0);
    assert_eq!(world.state.state, State::NothingRan, "0 without a single result is no success");
    let refusal = world.input(&Input::Stop { level: StopLevel::Kill, by: &by("ann") }).unwrap_err();
    assert_eq!(refusal.0, "the run has ended: nothing_ran");
}

#[test]
fn waits_for_its_hosts_or_refuses_as_asked() {
    let mut world = World::new(OnConflict::Wait);
    world.held = true;
    world.input(&Input::Begin).unwrap();
    assert_eq!((world.state.state, world.started), (State::Queued, 0));
    let seq = world.state.seq;
    world.input(&Input::Tick).unwrap();
    assert_eq!(world.state.seq, seq, "the same holder is not told twice");
    world.held = false;
    world.input(&Input::Tick).unwrap();
    assert_eq!((world.state.state, world.started), (State::Starting, 1));

    let mut world = World::new(OnConflict::Refuse);
    world.held = true;
    world.input(&Input::Begin).unwrap();
    assert_eq!((world.state.state, world.state.failure), (State::Failed, Some(Failure::Launch)));

    let mut world = World::new(OnConflict::Warn);
    world.held = true;
    world.input(&Input::Begin).unwrap();
    assert_eq!(world.started, 1, "warned, not blocked");

    let mut world = World::new(OnConflict::Refuse);
    (world.held, world.machine.leases) = (true, false);
    world.input(&Input::Begin).unwrap();
    assert_eq!(world.started, 1, "what takes no lease is never blocked");
}

#[test]
fn a_queued_run_can_be_stopped() {
    let mut world = World::new(OnConflict::Wait);
    world.held = true;
    world.input(&Input::Begin).unwrap();
    world.input(&Input::Stop { level: StopLevel::AfterTask, by: &by("ann") }).unwrap();
    assert_eq!((world.state.state, world.started), (State::Cancelled, 0));
}

#[test]
fn the_ladder_is_climbed_rung_by_rung() {
    let mut world = World::new(OnConflict::Refuse);
    world.input(&Input::Begin).unwrap();
    world.input(&Input::Stop { level: StopLevel::AfterTask, by: &by("ann") }).unwrap();
    world.now += 100 * PATIENCE;
    world.input(&Input::Tick).unwrap();
    assert_eq!(world.taken, [Rung::File], "the running task may take as long as it takes");
    world.input(&Input::Stop { level: StopLevel::Interrupt, by: &by("ann") }).unwrap();
    world.input(&Input::Tick).unwrap();
    assert_eq!(world.taken, [Rung::File, Rung::Interrupt]);
    assert!(world.input(&Input::Stop { level: StopLevel::AfterTask, by: &by("ann") }).is_err());
    for _ in 0..10 {
        world.now += PATIENCE;
        world.input(&Input::Tick).unwrap();
    }
    let ladder = [Rung::File, Rung::Interrupt, Rung::Terminate, Rung::Kill, Rung::Kill, Rung::Kill];
    assert_eq!(world.taken, ladder);
    world.exited(99);
    assert_eq!(world.state.state, State::Cancelled);
}

#[test]
fn a_supervisor_that_died_between_asking_and_acting_acts_at_the_next_look() {
    let mut world = World::new(OnConflict::Refuse);
    world.input(&Input::Begin).unwrap();
    world.record(Event::StopAsked { level: StopLevel::Kill, by: "ann".into() });
    world.input(&Input::Begin).unwrap();
    world.input(&Input::Tick).unwrap();
    assert_eq!(world.taken, [Rung::Kill]);
}

proptest! {
    #![proptest_config(crate::cases::cases(256))]

    #[test]
    fn every_walk_ends_once_and_starts_at_most_once(steps in prop::collection::vec(0..8_u8, 1..40), conflict in 0..3_u8) {
        let conflict = [OnConflict::Wait, OnConflict::Refuse, OnConflict::Warn][usize::from(conflict)];
        let mut world = World::new(conflict);
        world.input(&Input::Begin).unwrap();
        for step in steps {
            match step {
                // A supervisor dies and the next one begins.
                0 => world.input(&Input::Begin).unwrap(),
                1 => world.held = !world.held,
                2 => world.now += PATIENCE,
                3 => drop(world.input(&Input::Stop { level: StopLevel::AfterTask, by: &by("a") })),
                4 => drop(world.input(&Input::Stop { level: StopLevel::Interrupt, by: &by("b") })),
                5 => drop(world.input(&Input::Stop { level: StopLevel::Kill, by: &by("c") })),
                6 if world.started == 1 => world.exited(99),
                _ => world.input(&Input::Tick).unwrap(),
            }
            prop_assert!(world.intents <= 1 && world.started <= 1);
            prop_assert!(world.taken.is_empty() || world.started == 1, "no signal without a child");
        }
        world.held = false;
        world.input(&Input::Tick).unwrap();
        if world.started == 1 {
            world.exited(0);
        }
        prop_assert!(world.state.state.is_terminal());
    }
}
