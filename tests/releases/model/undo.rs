//! Undo at any moment. A release goes forward through a world that takes its time; then, at moments drawn uniformly in that
//! time, the word is given, to a copy of it each. Whatever is out and old serves again first, and at no moment do fewer hosts
//! serve than when the word was given, beyond what may be out of service, and never none.

use super::timed::Timed;
use super::{Chance, person, plans};
use opsdeck::release::event::Event;
use opsdeck::release::fold;
use opsdeck::release::machine::{Effect, Input, Machine, Stop, Verb};
use opsdeck::release::plan::Strategy;
use opsdeck::release::state::{At, Mark, Release};
use opsdeck::release::traffic::Op;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Moments that are drawn in one release.
const MOMENTS: usize = 16;
/// For so long people let it go on (milliseconds).
const FORWARD: i64 = 300_000;
/// A release that has not come to rest by then never will (milliseconds).
const LONGEST: i64 = 3_600_000;

/// What the walks came to.
#[derive(Debug, Default)]
pub struct Undone {
    /// Words given.
    pub walks: u64,
    /// Of them with a dead host.
    pub dead: u64,
    /// In how many of them each state was where it came to rest.
    pub ends: BTreeMap<&'static str, u64>,
    /// Hosts that were put back before anything else was done.
    pub put_back: u64,
}

/// So many words, the first of a release with this seed. A broken rule panics with the seed and the journal.
pub fn walk(walks: u64, seed: u64) -> Undone {
    let mut undone = Undone::default();
    let mut release = seed;
    while undone.walks < walks {
        moments(release, &mut undone);
        release += 1;
    }
    undone
}

/// One release, and a word at each of some moments of it.
fn moments(seed: u64, undone: &mut Undone) {
    let mut dry = Walk::new(seed);
    dry.forward(i64::MAX);
    let mut chance = Chance::new(seed ^ 0x0d0d);
    let mut drawn: Vec<i64> = (0..MOMENTS).map(|_| chance.below(dry.now as u64) as i64).collect();
    drawn.sort_unstable();
    let mut walk = Walk::new(seed);
    for (n, moment) in drawn.into_iter().enumerate() {
        walk.forward(moment);
        let mut one = walk.clone();
        one.chance = Chance::new(seed.wrapping_mul(MOMENTS as u64) + n as u64);
        one.undo();
        undone.walks += 1;
        undone.dead += u64::from(!one.world.dead.is_empty());
        undone.put_back += one.put_back;
        *undone.ends.entry(one.state.at.name()).or_default() += 1;
    }
}

#[derive(Clone)]
struct Walk {
    seed: u64,
    machine: Arc<Machine>,
    state: Release,
    journal: Vec<(i64, Event)>,
    world: Timed,
    chance: Chance,
    now: i64,
    ticked: i64,
    /// When a host dies, and what becomes of it.
    dies: Option<i64>,
    /// Hosts that served when the word was given, without those that died since.
    word: Option<usize>,
    put_back: u64,
}

impl Walk {
    fn new(seed: u64) -> Walk {
        let mut chance = Chance::new(seed);
        let mut plan = plans::plan(&mut chance);
        plan.rollback.to = Some("1".into());
        plan.approval.needed = 0;
        let largest = plan.batches.iter().map(|batch| batch.hosts.len()).max().unwrap_or(1) as u32;
        let all = plan.batches.iter().map(|batch| batch.hosts.len()).sum::<usize>() as u32;
        plan.limits.max_unavailable = plan.limits.max_unavailable.max(largest.min(all - 1));
        plan.limits.min_in_service = all.saturating_sub(plan.limits.max_unavailable + 1);
        let world = Timed::new(&plan);
        // In half of them somebody is dead sooner or later.
        let dies = chance.one_in(2).then(|| chance.below(120_000) as i64);
        let machine = Machine { digest: "d".into(), submitter: person(1), plan, undoes: false };
        let mut walk = Walk {
            seed,
            machine: Arc::new(machine),
            state: Release::default(),
            journal: Vec::new(),
            world,
            chance,
            now: 0,
            ticked: 0,
            dies,
            word: None,
            put_back: 0,
        };
        walk.input(&Input::Begin);
        walk
    }

    /// Goes on to a moment, or until it has come to rest; people let it go on where it waits for them.
    fn forward(&mut self, until: i64) {
        let until = until.min(FORWARD);
        while self.now < until && !self.state.at.is_terminal() && self.state.at != At::NeedsOperator {
            let paused = self.state.pause.as_ref().is_some_and(|pause| pause.until.is_none());
            if self.state.at == At::Paused && paused {
                if self.now - self.state.entered_at() > 5_000 {
                    let verb = if self.state.blocks.is_empty() { Verb::Resume } else { self.skip() };
                    if self.state.rollbacks > 0 || !self.ask(verb) {
                        return;
                    }
                }
            } else if self.state.waits.as_deref().is_some_and(|waits| waits.contains("approvals")) {
                self.ask(Verb::Approve { digest: "d".into() });
            }
            self.step(until);
        }
    }

    fn skip(&self) -> Verb {
        Verb::Skip { what: self.state.blocks[0].clone(), reason: "so".into() }
    }

    /// The word, whatever else happens meanwhile; then until it has come to rest.
    fn undo(&mut self) {
        let by_word = [
            Verb::Rollback { reason: None },
            Verb::Rollback { reason: None },
            Verb::Stop { how: Stop::AndRollBack, reason: None },
            Verb::Stop { how: Stop::Now, reason: None },
        ];
        let verb = by_word[self.chance.below(4) as usize].clone();
        let crash = self.chance.one_in(4).then(|| self.now + self.chance.below(15_000) as i64);
        if self.dies.is_none() && self.chance.one_in(4) {
            self.dies = Some(self.now + self.chance.below(30_000) as i64);
        }
        let (began, mut crash) = (self.now, crash);
        let undoing =
            |at: At| matches!(at, At::Stopping | At::Reconciling | At::RollingBack { .. } | At::NeedsOperator);
        if !self.ask(verb) && !undoing(self.state.at) {
            // Nothing was done yet, or all is done: there is nothing to undo.
            return;
        }
        let mut again = 0;
        loop {
            if crash.is_some_and(|at| at <= self.now) {
                crash = None;
                self.world.forget();
                self.input(&Input::Begin);
            }
            let rests = match self.state.at {
                at if at.is_terminal() => true,
                // Whoever stopped it undoes it a while later; what was undone as far as it goes is not tried for ever.
                At::Paused | At::NeedsOperator if self.now - self.state.entered_at() > 3_000 => {
                    again += 1;
                    again > 2 || !self.ask(Verb::Rollback { reason: None })
                }
                _ => false,
            };
            if rests {
                break;
            }
            if self.now - began > LONGEST {
                self.broken("it neither ends nor waits for anybody");
            }
            self.step(i64::MAX);
        }
        self.rests();
    }

    /// To the next thing that happens, a tick at the latest a second later.
    fn step(&mut self, until: i64) {
        let next = self.world.next().unwrap_or(i64::MAX).max(self.now);
        let dies = self.dies.unwrap_or(i64::MAX).max(self.now);
        self.now = next.min(dies).min(self.ticked + 1_000).min(until);
        if self.dies.is_some_and(|at| at <= self.now) {
            self.dies = None;
            self.dies();
        }
        while let Some(input) = self.world.happens(self.now) {
            self.input(&input);
        }
        if self.now >= self.ticked + 1_000 {
            self.ticked = self.now;
            self.settle();
        }
    }

    /// A host of the plan dies, or the pool that had the traffic.
    fn dies(&mut self) {
        if matches!(self.machine.plan.strategy, Strategy::BlueGreen { .. }) && self.chance.one_in(2) {
            self.world.old_pool = 0;
            return;
        }
        let hosts: Vec<String> = self.world.hosts().cloned().collect();
        let host = hosts[self.chance.below(hosts.len() as u64) as usize].clone();
        if let (true, Some(word)) = (self.world.serves(&host), &mut self.word) {
            *word = word.saturating_sub(1);
        }
        let back = self.chance.one_in(2);
        self.world.dead.insert(host, back);
    }

    fn ask(&mut self, verb: Verb) -> bool {
        let undoes = matches!(verb, Verb::Rollback { .. } | Verb::Stop { .. });
        let input = Input::Asked { verb, by: person(2) };
        match self.machine.decide(&self.state, &input, self.now) {
            Ok(effects) => {
                if undoes {
                    self.word = Some(self.world.serving());
                }
                self.perform(effects);
                self.settle();
                true
            }
            Err(_) => false,
        }
    }

    fn input(&mut self, input: &Input) {
        self.decided(input);
        self.settle();
    }

    fn decided(&mut self, input: &Input) {
        match self.machine.decide(&self.state, input, self.now) {
            Ok(effects) => self.perform(effects),
            Err(refusal) => self.broken(&format!("{input:?} was refused: {refusal}")),
        }
    }

    fn settle(&mut self) {
        for round in 0.. {
            if round == 200 {
                self.broken("it does not come to rest");
            }
            let before = self.journal.len();
            self.decided(&Input::Tick { progress: self.now });
            if self.journal.len() == before {
                return;
            }
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Record(event) = effect {
                self.is_in_order(&event);
                self.state.apply(self.now, &event);
                self.journal.push((self.now, event));
                let forward = matches!(self.state.at, At::Deploying { .. } | At::Gating { .. } | At::Verifying);
                let undoing = matches!(self.state.at, At::Stopping | At::RollingBack { .. });
                if forward {
                    self.word = None;
                } else if undoing && self.word.is_none() {
                    // The machine's own word.
                    self.word = Some(self.world.serving());
                }
                continue;
            }
            let (before, told) = (self.world.serving(), format!("{effect:?}"));
            if let (Effect::Traffic(Op::In { .. }), Some(_)) = (&effect, self.word) {
                self.put_back += u64::from(self.state.rolled.is_empty());
            }
            if let Some(input) = self.world.perform(effect, self.now, &mut self.chance) {
                self.decided(&input);
            }
            self.holds(before, &told);
        }
    }

    /// Nobody that serves is taken while somebody is out that is alive and old.
    fn is_in_order(&self, event: &Event) {
        let Event::BatchIntent { hosts, rollback: true, .. } = event else { return };
        let old = |host: &&String| matches!(self.state.mark(host), Mark::Old | Mark::Untouched);
        let idle = |host: &&String| self.world.is_out(host) && !self.world.dead.contains_key(*host);
        let left = self.state.touched.iter().filter(old).find(idle);
        if let Some(left) = left.filter(|_| hosts.iter().any(|host| self.world.serves(host))) {
            self.broken(&format!("{hosts:?} are taken while {left} is out, alive and old"));
        }
    }

    /// What the act left serving is enough.
    fn holds(&self, before: usize, act: &str) {
        let (Some(word), after) = (self.word, self.world.serving()) else { return };
        let plan = &self.machine.plan;
        let pools = matches!(plan.strategy, Strategy::BlueGreen { .. });
        if plan.traffic.is_none() && !self.world.dead.is_empty() {
            // Nobody tells it who is dead.
            return;
        }
        let most = if pools { usize::MAX } else { plan.limits.max_unavailable as usize };
        // Without a balancer the last one is worked on in place: there is no other way.
        let last = usize::from(plan.traffic.is_some() || before > 1);
        let least = word.saturating_sub(most).max(last);
        if after < before && after < least {
            self.broken(&format!("{after} serve after {act}; {before} did before, {word} when the word was given"));
        }
    }

    /// Everybody who is alive serves, with the old version; or it is said who cannot be brought back.
    fn rests(&self) {
        if fold(self.journal.iter().map(|(ts, event)| (*ts, event))) != self.state {
            self.broken("the journal folds to something else");
        }
        if self.state.rollbacks == 0 || matches!(self.machine.plan.strategy, Strategy::BlueGreen { .. }) {
            return;
        }
        let alive = |host: &&String| !self.world.dead.contains_key(*host);
        if let Some(out) = self.world.hosts().filter(alive).find(|host| !self.world.serves(host)) {
            self.broken(&format!("{out} is alive and serves nobody"));
        }
        let new = self.world.hosts().filter(alive).find(|host| self.world.version(host) != "1");
        let alone = self.world.hosts().filter(alive).count() < 2;
        if let Some(new) = new.filter(|_| !alone) {
            self.broken(&format!("{new} is alive and still new"));
        }
        if self.state.at == At::NeedsOperator && self.world.dead.is_empty() {
            self.broken("a person is needed though all are alive");
        }
    }

    fn broken(&self, why: &str) -> ! {
        let journal: String = self.journal.iter().rev().take(60).rev().map(|(ts, e)| format!("{ts} {e:?}\n")).collect();
        panic!(
            "seed {}: {why}\nat {:?} {}, waits {:?}\n{journal}{:#?}",
            self.seed, self.state.at, self.now, self.state.waits, self.world
        );
    }
}
