//! How a release touches the world beside its child processes: freezes, version probes, gates, requests, load balancers.
//! Each in a thread of its own; what comes of it goes back as an input of the machine. What acts is done only while the
//! environment's lease is ours.

mod jobs;
mod known;
mod pages;
mod past;

use super::gate::{self, Reading};
use super::machine::{Effect, Input};
use super::plan::{Gate, OnDetach, Plan, StepKind};
use super::state::Release;
use super::supervise::Supervised;
use super::traffic::{self, Op, Report, Scene};
use super::{admission, breakers, probe};
use crate::health::probe::Restarts;
use crate::health::probe::survey::Place;
use crate::health::probe::target::Target;
use crate::run::machine::whole;
use crate::run::{RunState, lease};
use crate::state::{Answer, StateDir, clock, presence};
use jobs::Jobs;
use known::Known;
use pages::Pages;
use past::Past;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;
use uuid::Uuid;

/// How long hosts may take to tell their version.
const PROBE: Duration = Duration::from_secs(60);
/// How long a request may take where its step says nothing.
const REQUEST: u32 = 30;

/// The world of one release.
pub struct World {
    desk: Desk,
    jobs: Jobs,
    pages: Pages,
    turn: Turn,
}

/// Whose turn it is on the balancers: one acts at a time, and what only waits is told that it is over.
#[derive(Default)]
struct Turn {
    acting: Arc<Mutex<()>>,
    last: Arc<AtomicBool>,
}

impl Turn {
    /// The turn of what is done next, told to give way in its turn by `gives_way`; `None`: it needs none.
    fn of(&mut self, effect: &Effect, gives_way: &Arc<AtomicBool>) -> Option<Arc<Mutex<()>>> {
        match effect {
            Effect::Traffic(op) if !op.only_looks() && !matches!(op, Op::Drain { .. }) => {
                self.last.store(true, Ordering::Relaxed);
                self.last = Arc::clone(gives_way);
                Some(Arc::clone(&self.acting))
            }
            _ => None,
        }
    }
}

/// All that a thread needs to perform an effect.
#[derive(Clone)]
struct Desk {
    store: StateDir,
    run: Uuid,
    plan: Arc<Plan>,
    place: Place,
    restarts: Restarts,
    known: Known,
    /// Passwords that were given at the launch and are gone with an earlier supervisor.
    lost: Vec<String>,
    /// It was launched under break-glass: the ledger stands in no way.
    glass: bool,
}

impl World {
    /// For a run of this plan.
    pub fn new(store: &StateDir, run: Uuid, plan: Plan) -> Self {
        let place = Place {
            cwd: plan.cwd.clone(),
            inventory: plan.inventory.clone(),
            plugins: store.plugins(),
            scratch: store.run(run).path().to_owned(),
            secrets: Default::default(),
        };
        let pages = Pages::new(store, run);
        let (store, plan) = (store.clone(), Arc::new(plan));
        let (restarts, known) = (Restarts::default(), Known::default());
        let desk = Desk { store, run, plan, place, restarts, known, lost: Vec::new(), glass: false };
        World { desk, jobs: Jobs::default(), pages, turn: Turn::default() }
    }

    /// After the death of the supervisor that had these passwords: what needs them waits for a person.
    pub fn without(mut self, passwords: &[String]) -> Self {
        self.desk.lost = passwords.to_vec();
        self
    }

    /// It was launched under break-glass.
    pub fn under_glass(mut self) -> Self {
        self.desk.glass = true;
        self
    }
}

impl crate::run::machine::World<Supervised> for World {
    fn act(&mut self, run: &RunState, own: &Release, effect: Effect, back: &UnboundedSender<Input>) {
        self.pages.tell(run, &effect);
        if let Effect::Deployed { began, ok } = effect {
            return breakers::deployed(&self.desk.store, &self.desk.plan, began, ok);
        }
        let Some(wait) = self.jobs.begin(&effect, own.entered_at(), Instant::now()) else { return };
        let (desk, past, back) = (self.desk.clone(), Past::of(run, own, &self.desk.plan, &effect), back.clone());
        let turn = self.turn.of(&effect, &past.gives_way);
        std::thread::spawn(move || {
            std::thread::sleep(wait);
            let _turn = turn.as_ref().map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner));
            let broken = jobs::broken(&effect);
            // One that panics answers, too: else it would be under way for ever.
            let done = whole(|| desk.perform(effect, &past)).unwrap_or(broken);
            // Nobody listens any more only when the supervisor ends for another reason.
            done.into_iter().for_each(|input| drop(back.send(input)));
        });
    }

    fn arrived(&mut self, input: &Input) {
        self.jobs.ended(input, Instant::now());
    }

    fn lost(&self) -> &[String] {
        &self.desk.lost
    }

    fn given(&mut self) {
        self.desk.lost.clear();
    }
}

impl Desk {
    fn perform(&self, effect: Effect, past: &Past) -> Vec<Input> {
        let plan = &self.plan;
        match effect {
            Effect::Admit => {
                let mut blocks = admission::blocks(&self.store, plan, past.untouched, self.glass);
                if !self.lost.is_empty() {
                    let names = self.lost.join(", ");
                    blocks.push(format!("{names}: lost with the supervisor that had it, to be given again"));
                }
                if plan.on_detach == OnDetach::PauseAtGate && !past.untouched {
                    blocks.extend(match presence::is_watched(&self.store.run(self.run)) {
                        Answer::Yes => None,
                        Answer::No => Some("nobody watches it (on_detach: pause_at_gate)".into()),
                        Answer::Unknown(why) => Some(format!("whether anybody watches it cannot be told: {why}")),
                    });
                }
                blocks.extend(breakers::blocks(&self.store, plan, self.run, &past.ahead));
                vec![Input::Admission { blocks }]
            }
            Effect::Breakers => vec![Input::Breakers { open: breakers::outages(&self.store, plan) }],
            Effect::Observe { hosts } => {
                let hosts = match &plan.version_probe {
                    Some(probe) => probe::versions(
                        probe,
                        &self.known.targets(&plan.cwd, &plan.inventory, &hosts),
                        &self.place,
                        PROBE,
                    ),
                    None => hosts.into_iter().map(|host| (host, None)).collect(),
                };
                vec![Input::Observed { hosts }]
            }
            Effect::Measure { gate, hosts } => match plan.gates.iter().find(|g| g.name == gate) {
                Some(found) => vec![self.measured(found, &self.known.targets(&plan.cwd, &plan.inventory, &hosts))],
                None => Vec::new(),
            },
            Effect::Do { step, kind, timeout } => {
                let StepKind::Http { request } = &*kind else { return Vec::new() };
                let limit = Duration::from_secs(timeout.unwrap_or(REQUEST).into());
                let lost = self.lost(past);
                let (outcome, why, transient) = match &lost {
                    Some((why, _)) => (super::event::StepOutcome::Failed, why.clone(), false),
                    None => probe::send(request, limit),
                };
                let done = Input::Done { step, outcome, why, transient };
                lost.map(|(_, lost)| lost).into_iter().chain([done]).collect()
            }
            Effect::Traffic(op) => self.traffic(op, past),
            _ => Vec::new(),
        }
    }

    fn traffic(&self, op: Op, past: &Past) -> Vec<Input> {
        let Some(traffic) = &self.plan.traffic else {
            return vec![Input::Traffic { op, after: Vec::new(), ok: true }];
        };
        let scene = Scene {
            cwd: &self.plan.cwd,
            before: &past.before,
            again: past.again,
            new: &past.new,
            unknown: &past.unknown,
            gives_way: Some(&past.gives_way),
        };
        let lost = if op.only_looks() { None } else { self.lost(past) };
        let Some((why, lost)) = lost else {
            let (mut after, ok) = traffic::perform(traffic, &op, &scene);
            if op == Op::Status {
                after.iter_mut().for_each(|report| elsewhere(report, past.pool.as_deref()));
            }
            return vec![Input::Traffic { op, after, ok }];
        };
        let (mut after, _) = traffic::perform(traffic, &Op::Status, &scene);
        after.iter_mut().for_each(|report| report.problem = Some(why.clone()));
        vec![lost, Input::Traffic { op, after, ok: false }]
    }

    /// The environment is another's by now: in words, and as the machine hears it. Nothing is done then.
    fn lost(&self, past: &Past) -> Option<(String, Input)> {
        let why = lease::fence::fenced(&self.store, self.run, past.fence?).err()?;
        Some((why.clone(), Input::LeaseHeld { by: String::new(), why }))
    }

    fn measured(&self, gate: &Gate, hosts: &[Target]) -> Input {
        let began = clock::steady();
        let reading = gate::measure(gate, hosts, &self.place, &self.restarts);
        breakers::asked(&self.store, gate, &reading.got, clock::on_the_wall(began));
        let Reading { verdict, got, need } = reading;
        Input::Measured { gate: gate.name.clone(), began, verdict, got, need }
    }
}

/// Somebody moved traffic behind the release's back.
fn elsewhere(report: &mut Report, pool: Option<&str>) {
    if let (Some(pool), Some(now)) = (pool, report.active.as_deref())
        && pool != now
    {
        report.drift = Some(format!("traffic goes to {now}, and this release has switched it to {pool}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::event::{StepKey, StepOutcome};
    use crate::release::plan::{Driver, Http};
    use crate::release::sample;
    use crate::state::Control;
    use crate::state::leases::Taken;

    /// A plan whose balancers write down what they are asked.
    fn plan(dir: &std::path::Path) -> Plan {
        let mut plan = sample::blue_green(1);
        plan.cwd = dir.to_owned();
        let sh = |script: &str| ["sh", "-c", script, "sh"].map(str::to_owned).to_vec();
        for balancer in &mut plan.traffic.as_mut().unwrap().balancers {
            balancer.driver = Driver::Command {
                status: sh("printf '{\"active\": \"%s\"}' $(cat pool)"),
                check: None,
                switch: sh("echo $1 > pool"),
                drain: None,
                instant: true,
                weights: false,
            };
        }
        plan
    }

    #[test]
    fn nothing_is_switched_or_sent_for_a_release_that_lost_its_lease() {
        let tmp = tempfile::tempdir().unwrap();
        std::fs::write(tmp.path().join("pool"), "blue").unwrap();
        let (store, run) = (StateDir::at(tmp.path().join("state")), Uuid::now_v7());
        let control = Control::open(&store).unwrap();
        let Taken::Got { token, .. } = control.take_lease(run, "production", None, 0).unwrap() else { panic!() };
        let world = World::new(&store, run, plan(tmp.path()));
        let past = Past { fence: Some(token), ..Past::default() };
        let switch = |to: &str| Effect::Traffic(Op::Switch { to: to.into(), version: None });
        let done = world.desk.perform(switch("green"), &past);
        assert!(matches!(&done[..], [Input::Traffic { ok: true, .. }]), "{done:?}");
        // Somebody breaks it, and takes it.
        control.free_lease(run, None).unwrap();
        let lost = world.desk.perform(switch("blue"), &past);
        let [Input::LeaseHeld { why, .. }, Input::Traffic { ok: false, after, .. }] = &lost[..] else {
            panic!("{lost:?}")
        };
        assert!(why.contains("does not hold its lease"), "{why}");
        assert!(after.iter().all(|r| r.active.as_deref() == Some("green") && r.problem.as_ref() == Some(why)));
        assert_eq!(std::fs::read_to_string(tmp.path().join("pool")).unwrap(), "green\n", "nothing was done");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let request = Http { method: "POST".into(), url, ..Http::default() };
        let step = StepKey { step: "notify/1".into(), batch: None, attempt: 1 };
        let kind = Box::new(StepKind::Http { request });
        let told = world.desk.perform(Effect::Do { step, kind, timeout: Some(5) }, &past);
        assert!(
            matches!(
                &told[..],
                [Input::LeaseHeld { .. }, Input::Done { outcome: StepOutcome::Failed, transient: false, .. }]
            ),
            "{told:?}"
        );
        assert!(listener.accept().is_err(), "nothing was sent");
        // A look is free, and tells what others did.
        let past = Past { pool: Some("blue".into()), ..past };
        let looked = world.desk.perform(Effect::Traffic(Op::Status), &past);
        let [Input::Traffic { ok: true, after, .. }] = &looked[..] else { panic!("{looked:?}") };
        assert!(after.iter().all(|r| r.drift.as_ref().is_some_and(|d| d.contains("goes to green"))), "{after:?}");
    }
}
