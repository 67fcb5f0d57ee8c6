//! How a release touches the world beside its child processes: freezes, version probes, gates, requests, load balancers.
//! Each in a thread of its own; what comes of it goes back as an input of the machine. What is under way is not begun
//! again, however often the machine asks for it.

use super::event::StepKey;
use super::gate;
use super::machine::{Effect, Input};
use super::plan::{Gate, Plan, StepKind};
use super::state::Release;
use super::supervise::Supervised;
use super::traffic::{self, Op};
use super::{admission, probe};
use crate::health::probe::Restarts;
use crate::health::probe::survey::Place;
use crate::health::probe::target::{Target, targets};
use crate::run::RunState;
use crate::state::StateDir;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;
use uuid::Uuid;

/// How long hosts may take to tell their version.
const PROBE: Duration = Duration::from_secs(60);
/// How long a request may take where its step says nothing.
const REQUEST: u32 = 30;
/// How long `ansible-inventory` may take for the variables of hosts.
const INVENTORY: Duration = Duration::from_secs(60);
/// The same is not asked again sooner: what stands in the way does not go away faster.
const PAUSE: Duration = Duration::from_secs(1);

/// What can be under way once at a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Job {
    Admit,
    Observe,
    Measure(String),
    Do(StepKey),
    Look,
    /// Asked for once, after its intent: it is never left out.
    Traffic,
}

/// The world of one release.
pub struct World {
    store: StateDir,
    plan: Arc<Plan>,
    place: Place,
    restarts: Restarts,
    /// Under way (`None`), or ended at that moment.
    jobs: HashMap<Job, Option<Instant>>,
    known: Known,
}

/// Hosts with their variables: looked up once a slice.
#[derive(Clone, Default)]
struct Known(Arc<Mutex<Slices>>);

type Slices = HashMap<Vec<String>, Arc<Vec<Target>>>;

impl Known {
    fn targets(&self, plan: &Plan, hosts: &[String]) -> Arc<Vec<Target>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.entry(hosts.to_vec());
        Arc::clone(found.or_insert_with(|| Arc::new(targets(&plan.cwd, &plan.inventory, hosts, INVENTORY))))
    }
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
        World {
            store: store.clone(),
            plan: Arc::new(plan),
            place,
            restarts: Restarts::default(),
            jobs: HashMap::new(),
            known: Known::default(),
        }
    }

    /// Begins what an effect asks for, unless it is under way; `back` gets what came of it.
    pub fn act(&mut self, effect: Effect, back: impl FnOnce(Input) + Send + 'static) {
        let Some(job) = job(&effect) else { return };
        match self.jobs.get(&job) {
            Some(None) => return,
            Some(Some(ended)) if matches!(job, Job::Admit | Job::Observe | Job::Look) && ended.elapsed() < PAUSE => {
                return;
            }
            _ => {}
        }
        self.jobs.insert(job, None);
        let plan = Arc::clone(&self.plan);
        let (place, restarts) = (self.place.clone(), self.restarts.clone());
        match effect {
            Effect::Admit => {
                let store = self.store.clone();
                thread(move || back(Input::Admission { blocks: admission::blocks(&store, &plan) }));
            }
            Effect::Observe { hosts } => {
                let known = self.known.clone();
                thread(move || {
                    let hosts = match &plan.version_probe {
                        Some(probe) => probe::versions(probe, &known.targets(&plan, &hosts), &place, PROBE),
                        None => hosts.into_iter().map(|host| (host, None)).collect(),
                    };
                    back(Input::Observed { hosts });
                });
            }
            Effect::Measure { gate, hosts } => {
                let known = self.known.clone();
                thread(move || {
                    if let Some(found) = plan.gates.iter().find(|g| g.name == gate) {
                        back(measured(found, &known.targets(&plan, &hosts), &place, &restarts));
                    }
                });
            }
            Effect::Do { step, kind, timeout } => thread(move || {
                let StepKind::Http { request } = &*kind else { return };
                let limit = Duration::from_secs(timeout.unwrap_or(REQUEST).into());
                let (outcome, why, transient) = probe::send(request, limit);
                back(Input::Done { step, outcome, why, transient });
            }),
            Effect::Traffic(op) => thread(move || {
                let (after, ok) = match &plan.traffic {
                    Some(traffic) => traffic::perform(traffic, &op),
                    None => (Vec::new(), true),
                };
                back(Input::Traffic { op, after, ok });
            }),
            _ => {}
        }
    }

    /// An input has arrived: what it came from is under way no more.
    pub fn arrived(&mut self, input: &Input) {
        let job = match input {
            Input::Admission { .. } => Job::Admit,
            Input::Observed { .. } => Job::Observe,
            Input::Measured { gate, .. } => Job::Measure(gate.clone()),
            Input::Done { step, .. } => Job::Do(step.clone()),
            Input::Traffic { op, .. } => traffic_job(op),
            _ => return,
        };
        self.jobs.insert(job, Some(Instant::now()));
    }
}

fn job(effect: &Effect) -> Option<Job> {
    Some(match effect {
        Effect::Admit => Job::Admit,
        Effect::Observe { .. } => Job::Observe,
        Effect::Measure { gate, .. } => Job::Measure(gate.clone()),
        Effect::Do { step, .. } => Job::Do(step.clone()),
        Effect::Traffic(op) => traffic_job(op),
        Effect::Page { text } => {
            tracing::warn!("{text}");
            return None;
        }
        _ => return None,
    })
}

fn traffic_job(op: &Op) -> Job {
    match op {
        Op::Status | Op::Check { .. } => Job::Look,
        _ => Job::Traffic,
    }
}

fn measured(gate: &Gate, hosts: &[Target], place: &Place, restarts: &Restarts) -> Input {
    let reading = gate::measure(gate, hosts, place, restarts);
    Input::Measured { gate: gate.name.clone(), verdict: reading.verdict, got: reading.got, need: reading.need }
}

fn thread(work: impl FnOnce() + Send + 'static) {
    std::thread::spawn(work);
}

impl crate::run::machine::World<Supervised> for World {
    fn act(&mut self, _: &RunState, _: &Release, effect: Effect, back: &UnboundedSender<Input>) {
        let back = back.clone();
        // Nobody listens any more only when the supervisor ends for another reason.
        World::act(self, effect, move |input| drop(back.send(input)));
    }

    fn arrived(&mut self, input: &Input) {
        World::arrived(self, input);
    }
}
