//! Walks a release's machine at random through a world that fails, dies and is asked by many people, and holds what must
//! hold throughout. Shared by a test (ten thousand transitions) and a bench (a million).

mod holds;
mod plans;
mod timed;
pub mod undo;
mod world;

pub use crate::support::chance::Chance;
use opsdeck::release::event::{Event, Person};
use opsdeck::release::fold;
use opsdeck::release::machine::{Effect, Input, Machine, Stop, Verb};
use opsdeck::release::plan::Plan;
use opsdeck::release::state::{At, Mark, Release};
use std::time::{Duration, Instant};
use world::World;

/// What a walk came to.
#[derive(Debug, Default)]
pub struct Walked {
    /// Decisions of the machine.
    pub transitions: u64,
    /// Releases.
    pub releases: u64,
    /// In how many of them each state was where it ended or waits for a person.
    pub ends: std::collections::BTreeMap<&'static str, u64>,
}

/// Walks until so many transitions were made. A broken rule panics with the seed of its release and its journal.
pub fn walk(transitions: u64, seed: u64) -> Walked {
    let mut walked = Walked::default();
    while walked.transitions < transitions {
        let seed = seed + walked.releases;
        let mut walk = Walk::new(seed);
        walk.release();
        walked.transitions += walk.transitions;
        walked.releases += 1;
        *walked.ends.entry(walk.state.at.name()).or_default() += 1;
    }
    walked
}

/// How long each step of a rolling release takes that goes well, over so many hosts: a decision, and its events folded.
#[allow(dead_code, reason = "only the bench measures")]
pub fn steps(hosts: usize) -> Vec<Duration> {
    let mut walk = Walk::of(0, plans::large(hosts));
    walk.world.fair = true;
    let mut took = Vec::new();
    let mut inputs = std::collections::VecDeque::from([Input::Begin]);
    while !walk.state.at.is_terminal() {
        let input = inputs.pop_front().or_else(|| walk.world.next(&mut walk.chance)).unwrap_or_else(|| {
            walk.now += 1_000;
            Input::Tick { progress: walk.world.progress }
        });
        let recorded = walk.journal.len();
        let began = Instant::now();
        let effects = walk.machine.decide(&walk.state, &input, walk.now).unwrap_or_default();
        let mut acts = Vec::new();
        for effect in effects {
            match effect {
                Effect::Record(event) => {
                    walk.state.apply(walk.now, &event);
                    walk.journal.push((walk.now, event));
                }
                effect => acts.push(effect),
            }
        }
        took.push(began.elapsed());
        for effect in acts {
            inputs.extend(walk.world.perform(effect, walk.now, &mut walk.chance));
        }
        if walk.journal.len() > recorded {
            inputs.push_back(Input::Tick { progress: walk.world.progress });
        }
    }
    assert_eq!(walk.state.at, At::Succeeded);
    took
}

/// One release.
struct Walk {
    seed: u64,
    machine: Machine,
    state: Release,
    journal: Vec<(i64, Event)>,
    world: World,
    chance: Chance,
    now: i64,
    transitions: u64,
    /// A person asked for a rollback that has not begun.
    wanted_back: bool,
    /// Rollbacks that nobody asked for.
    automatic: u32,
    /// People stop it, skip gates, roll it back; else they only let it go on.
    restless: bool,
}

impl Walk {
    fn new(seed: u64) -> Walk {
        let mut chance = Chance::new(seed);
        let plan = plans::plan(&mut chance);
        Walk { chance, ..Walk::of(seed, plan) }
    }

    fn of(seed: u64, plan: Plan) -> Walk {
        let world = World::new(&plan);
        let machine = Machine { digest: "d".into(), submitter: person(1), plan, undoes: false };
        Walk {
            seed,
            machine,
            state: Release::default(),
            journal: Vec::new(),
            world,
            chance: Chance::new(seed),
            now: 1_000,
            transitions: 0,
            wanted_back: false,
            automatic: 0,
            restless: seed.is_multiple_of(2),
        }
    }

    /// Chance for a while; then nothing goes wrong any more, and it must come to an end or wait for somebody.
    fn release(&mut self) {
        self.input(Input::Begin);
        let turns = 20 + self.chance.below(300);
        for _ in 0..turns {
            if self.state.at.is_terminal() {
                break;
            }
            self.turn();
        }
        self.world.fair = true;
        for _ in 0..4_000 {
            if self.state.at.is_terminal() {
                break;
            }
            match self.world.next(&mut self.chance) {
                Some(input) => self.input(input),
                None => {
                    self.now += 30_000;
                    self.settle();
                }
            }
            if self.waits_for_somebody() && self.world.is_idle() {
                break;
            }
        }
        if !self.state.at.is_terminal() && !self.waits_for_somebody() {
            self.broken("it neither ends nor waits for anybody");
        }
        if fold(self.journal.iter().map(|(ts, event)| (*ts, event))) != self.state {
            self.broken("the journal folds to something else");
        }
        if self.state.at.is_terminal() {
            self.refuses_everything();
        }
    }

    /// A person is named in what it waits for, or another run, or what stands in its way.
    fn waits_for_somebody(&self) -> bool {
        let waits = self.state.waits.as_deref().unwrap_or_default();
        match self.state.at {
            At::AwaitingApproval | At::NeedsOperator => !waits.is_empty(),
            At::Paused => self.state.pause.as_ref().is_some_and(|pause| pause.until.is_none()) && !waits.is_empty(),
            At::Queued => waits.contains("stopped the line") || waits.contains("holds it"),
            _ => waits.contains("approvals") || waits.contains("holds it"),
        }
    }

    fn turn(&mut self) {
        match self.chance.below(100) {
            0..=54 => match self.world.next(&mut self.chance) {
                Some(input) => self.input(input),
                None => self.time(),
            },
            55..=79 => self.time(),
            80..=91 if self.restless || self.chance.one_in(3) => self.verb(),
            80..=91 => self.time(),
            92..=94 => self.dies(),
            95..=96 => self.world.line(&mut self.chance),
            97 => {
                if self.world.loses_lease() && self.state.lease.is_some() {
                    self.input(Input::LeaseHeld { by: "other".into(), why: "another run holds it".into() });
                }
            }
            _ => self.world.other_ends(),
        }
    }

    fn time(&mut self) {
        self.now += [100, 1_000, 5_000, 30_000, 200_000][self.chance.below(5) as usize];
        self.settle();
    }

    /// The supervisor dies: threads go with it, processes and balancers do not.
    fn dies(&mut self) {
        let told = fold(self.journal.iter().map(|(ts, event)| (*ts, event)));
        if told != self.state {
            self.broken("the journal folds to something else");
        }
        self.world.dies();
        self.input(Input::Begin);
    }

    fn verb(&mut self) {
        let by = person(1 + self.chance.below(4) as u32);
        let host = self.world.any_host(&mut self.chance);
        let blocks = self.state.blocks.first().cloned().unwrap_or_else(|| "g1".into());
        let reason = || Some("so".to_owned());
        // Where nobody is restless, people only let it go on.
        let verb = match self.chance.below(if self.restless { 18 } else { 7 }) {
            0..=2 => Verb::Approve { digest: if self.chance.one_in(5) { "x" } else { "d" }.into() },
            3..=5 => Verb::Resume,
            6 => Verb::Promote,
            7 => Verb::Pause { reason: reason() },
            8 => Verb::Skip { what: format!("g{}", self.chance.below(3)), reason: "so".into() },
            9 => Verb::Skip { what: blocks, reason: "so".into() },
            10 => Verb::RetryFailed,
            11 => Verb::Stop { how: Stop::AfterBatch, reason: None },
            12 => Verb::Stop { how: Stop::Now, reason: None },
            13 => Verb::Stop { how: Stop::AndRollBack, reason: None },
            14 => Verb::Rollback { reason: None },
            15 => Verb::Mark { host, mark: [Mark::New, Mark::Old, Mark::Failed][self.chance.below(3) as usize] },
            16 if self.chance.one_in(4) => Verb::AcceptMixed { reason: "so".into() },
            16 => Verb::TakeOver { reason: "so".into() },
            _ if self.chance.one_in(6) => Verb::Reject { reason: "so".into() },
            _ => Verb::Resume,
        };
        let back = matches!(
            verb,
            Verb::Rollback { .. } | Verb::RetryFailed | Verb::Stop { how: Stop::AndRollBack, .. } | Verb::Mark { .. }
        ) || self
            .state
            .pause
            .as_ref()
            .is_some_and(|pause| matches!(pause.resume_to, At::RollingBack { .. }));
        let before = self.state.clone();
        self.transitions += 1;
        match self.machine.decide(&self.state, &Input::Asked { verb: verb.clone(), by: by.clone() }, self.now) {
            Ok(effects) => {
                self.wanted_back |= back;
                holds::verb(&before, &verb, &by, &effects).unwrap_or_else(|why| self.broken(&why));
                self.perform(effects);
                self.settle();
            }
            Err(refusal) if refusal.0.is_empty() => self.broken("a refusal says nothing"),
            Err(_) => {}
        }
    }

    fn refuses_everything(&mut self) {
        for verb in [Verb::Resume, Verb::RetryFailed, Verb::Approve { digest: "d".into() }] {
            if self.machine.decide(&self.state, &Input::Asked { verb, by: person(2) }, self.now).is_ok() {
                self.broken("an ended release takes a verb");
            }
        }
    }

    fn input(&mut self, input: Input) {
        self.decided(&input);
        self.settle();
    }

    fn decided(&mut self, input: &Input) {
        self.transitions += 1;
        match self.machine.decide(&self.state, input, self.now) {
            Ok(effects) => self.perform(effects),
            Err(refusal) => self.broken(&format!("{input:?} was refused: {refusal}")),
        }
    }

    /// Ticks until one records nothing, as the supervisor does.
    fn settle(&mut self) {
        for round in 0.. {
            if round == 200 {
                self.broken("it does not come to rest");
            }
            let before = self.journal.len();
            self.decided(&Input::Tick { progress: self.world.progress });
            if self.journal.len() == before {
                return;
            }
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Err(why) = holds::effect(&self.machine.plan, &self.state, &self.world, &effect) {
                self.broken(&format!("{why}: {effect:?}"));
            }
            if let Effect::Record(event) = effect {
                self.record(event);
            } else if let Some(input) = self.world.perform(effect, self.now, &mut self.chance) {
                self.decided(&input);
            }
        }
    }

    fn record(&mut self, event: Event) {
        let before = self.state.at;
        self.state.apply(self.now, &event);
        self.journal.push((self.now, event));
        let going_back = |at: At| matches!(at, At::RollingBack { .. });
        if going_back(self.state.at) && !going_back(before) {
            self.automatic += u32::from(!std::mem::take(&mut self.wanted_back));
            if self.automatic > 1 {
                self.broken("it rolled back twice by itself");
            }
        }
    }

    fn broken(&self, why: &str) -> ! {
        let tail = self.journal.iter().rev().take(40).rev().map(|(ts, event)| format!("{ts} {event:?}\n"));
        panic!(
            "seed {}: {why}\nat {:?}, waits {:?}\n{}",
            self.seed,
            self.state.at,
            self.state.waits,
            tail.collect::<String>()
        );
    }
}

fn person(uid: u32) -> Person {
    Person { uid, name: format!("p{uid}"), row: None }
}
