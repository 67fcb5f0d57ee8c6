//! The loop's body, for whoever polls an environment: breakers learn how hosts were reached, each host that is not well has
//! its incident moved on, and what may be done is launched as a run of its own. Nothing here waits for anything, and all that
//! it knows lies in the state directory: whoever dies here loses nothing and repeats nothing.

use super::book::{incidents, replace};
use super::guards::{self, Verdict};
use super::incident::{Effect, Incident, Input, Look, State};
use super::launch::{self, Watch};
use super::notice::Notice;
use super::{facts, polled, record};
use crate::health::breaker::{Keeper, KeeperError, Seen};
use crate::health::judge::{Limits, is_ahead};
use crate::health::plan::{self, Ask};
use crate::health::record::Report as Polled;
use crate::health::silence::{self, Silences, What};
use crate::project::config::recovery::{Mode, Policy};
use crate::project::{Environment, Project};
use crate::run::{Follower, Revival, revive};
use crate::state::{Answer, Control, DbError, StateDir};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    pub launched: Vec<Launched>,
    /// What people must be told. The same notices come again until [`super::told`].
    pub notices: Vec<Notice>,
}

/// A recovery that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launched {
    pub run: Uuid,
    pub policy: String,
    pub host: String,
}

/// Why a tick did nothing.
#[derive(Debug, thiserror::Error)]
pub enum TickError {
    /// There is no such environment.
    #[error("no environment {0:?} in this project")]
    Environment(String),
    #[error("{0}")]
    Db(#[from] DbError),
    #[error("{0}")]
    Breakers(#[from] KeeperError),
}

/// One round, after the hosts were polled. `now` in Unix milliseconds.
///
/// # Errors
/// See [`TickError`]. What a single incident runs into is logged, and tried again in the next round.
pub fn tick(store: &StateDir, project: &Project, environment: &str, now: i64) -> Result<Report, TickError> {
    let known = project.environment(environment).ok_or_else(|| TickError::Environment(environment.to_owned()))?;
    let polled = polled::reports(store, &project.root, &known.inventory)?;
    let control = Control::open(store)?;
    control.in_step()?;
    let silences = Silences::read(&control, environment, &project.recovery, now)?;
    let seen: Vec<Seen> = polled.iter().filter_map(|report| reached(report, &silences, now)).collect();
    Keeper::open(store)?.round(environment, seen.len(), &seen, now)?;
    let all = incidents(&control, Some(environment))?;
    let mut round = Round {
        store,
        project,
        environment: known,
        control: &control,
        polled: &polled,
        silences,
        now,
        report: Report::default(),
    };
    let policies = project.recovery.iter().filter(|p| p.mode != Mode::Off && p.holds_in(environment));
    let policies: Vec<&Policy> = policies.collect();
    for policy in &policies {
        round.policy(policy, &all)?;
    }
    // Of a policy that holds no more: what it found is forgotten, what it said is still told.
    for incident in all.iter().filter(|i| policies.iter().all(|policy| policy.name != i.policy)) {
        round.forget(incident)?;
    }
    Ok(round.report)
}

struct Round<'a> {
    store: &'a StateDir,
    project: &'a Project,
    environment: &'a Environment,
    control: &'a Control,
    polled: &'a [Polled],
    silences: Silences,
    now: i64,
    report: Report,
}

impl Round<'_> {
    fn policy(&mut self, policy: &Policy, all: &[Incident]) -> Result<(), TickError> {
        let mut looks: BTreeMap<&str, (Look, String)> = BTreeMap::new();
        for (host, record) in polled::of_check(self.polled, &policy.check) {
            let got = record.state.last.as_ref().map(|last| crate::text::plain(&last.text).into_owned());
            let got = format!("{}: {}", policy.check, got.unwrap_or_else(|| "no reading".into()));
            let look = polled::look(record, self.now);
            if looks.get(host).is_none_or(|(there, _)| look > *there) {
                looks.insert(host, (look, got));
            }
        }
        let own = |host: &str| all.iter().find(|i| i.policy == policy.name && i.host == host);
        let hosts: BTreeSet<&str> = looks
            .keys()
            .copied()
            .chain(all.iter().filter(|i| i.policy == policy.name).map(|i| i.host.as_str()))
            .collect();
        for host in hosts {
            let before = own(host);
            let look = looks.get(host).cloned();
            if before.is_none() && look.as_ref().is_none_or(|(look, _)| matches!(look, Look::Good | Look::Unknown)) {
                continue;
            }
            self.host(policy, host, before, look)?;
        }
        Ok(())
    }

    fn host(
        &mut self,
        policy: &Policy,
        host: &str,
        before: Option<&Incident>,
        look: Option<(Look, String)>,
    ) -> Result<(), TickError> {
        let name = self.environment.name.as_str();
        let mut incident = before.cloned().unwrap_or_else(|| Incident::new(name, &policy.name, host, self.now));
        let step = |incident: &mut Incident, input: Input| {
            let (next, effect) = incident.next(policy, input, self.now, Uuid::now_v7());
            *incident = next;
            effect
        };
        if let Some((at, why)) = incident.run.filter(|_| incident.follows()).map(|run| stands(self.store, run)) {
            let input = match at {
                Some(at) => Input::Run(at, why),
                None => Input::NotBegun(why),
            };
            step(&mut incident, input);
        }
        // Bad until it is well for long enough, and nothing is done to what is on its way.
        let back = look.as_ref().is_some_and(|(look, _)| *look == Look::Failing);
        if let Some((look, got)) = look {
            step(&mut incident, Input::Seen(look, got));
        }
        let silence = self.silences.of(facts::what(policy, host));
        let time = silence.map_or(Input::Tick, |row| Input::Silenced { until: row.until, why: silence::words(row) });
        let mut effect = step(&mut incident, time);
        if effect == Some(Effect::Decide) {
            let verdict = match back {
                true => Verdict::Inhibited("its last reading was good".to_owned()),
                false => guards::decide(policy, &self.facts(policy, host)),
            };
            effect = step(&mut incident, Input::Decided(verdict));
        }
        // What still holds when the silence is over is told then.
        if silence.is_some() && incident.state == State::Healthy {
            incident.notices.clear();
        }
        // First written down, then begun: whoever dies between the two has begun nothing, and the next round sees that.
        if !replace(self.control, before, &incident)? {
            return Ok(());
        }
        self.recorded(before, &incident);
        let is_silent = silence.is_some();
        if effect == Some(Effect::Launch)
            && let Some(run) = incident.run
        {
            incident = self.launch(policy, incident, run)?;
        }
        if !is_silent {
            self.report.notices.extend(incident.notices);
        }
        Ok(())
    }

    fn facts(&self, policy: &Policy, host: &str) -> guards::Facts {
        let about = facts::About {
            root: &self.project.root,
            inventory: &self.environment.inventory,
            environment: &self.environment.name,
            policy,
            host,
            action: policy.ladder.first().map_or("", |rung| rung.runbook.as_str()),
            own: None,
        };
        facts::gather(self.store, about, self.polled, self.now)
    }

    /// Begins the recovery; gives the incident as it is then.
    fn launch(&mut self, policy: &Policy, incident: Incident, run: Uuid) -> Result<Incident, TickError> {
        let (host, name) = (incident.host.as_str(), self.environment.name.as_str());
        let why = incident.notices.last().map_or("", |notice| notice.text.as_str());
        let watch = watch(self.project, name, &policy.check);
        let begun = launch::body(self.project, name, policy, host, (incident.id, why), watch)
            .and_then(|(body, secrets)| launch::launch(self.store, run, &body, &secrets).map_err(|e| e.to_string()));
        match begun {
            Ok(()) => {
                let (policy, host) = (policy.name.clone(), host.to_owned());
                self.report.launched.push(Launched { run, policy, host });
                Ok(incident)
            }
            Err(why) => {
                tracing::error!("a recovery of {host} could not be begun: {why}");
                let (next, _) = incident.next(policy, Input::NotBegun(why), self.now, Uuid::now_v7());
                replace(self.control, Some(&incident), &next)?;
                Ok(next)
            }
        }
    }

    fn forget(&mut self, incident: &Incident) -> Result<(), TickError> {
        self.report.notices.extend(incident.notices.iter().cloned());
        let persons = matches!(incident.state, State::Escalated | State::Taken);
        if incident.notices.is_empty() && !persons && !incident.follows() {
            self.control.end_incident(&incident.environment, &incident.policy, &incident.host)?;
        }
        Ok(())
    }

    /// What was decided goes into the ledger; a recovery's own steps are written by its supervisor.
    fn recorded(&self, before: Option<&Incident>, incident: &Incident) {
        let stood = before.map(|b| (b.state, b.why.as_str()));
        let news = stood != Some((incident.state, incident.why.as_str()));
        let decided = matches!(incident.state, State::Inhibited | State::Escalated | State::Flapping | State::Acting);
        let by_run = incident.run.is_some() && before.is_some_and(Incident::follows);
        if news
            && decided
            && !by_run
            && let Err(e) = record::decided(self.store, incident)
        {
            tracing::error!("the audit ledger could not take a decision on {}: {e}", incident.host);
        }
    }
}

/// Where a recovery's run stands; `None`: it was never begun.
fn stands(store: &StateDir, run: Uuid) -> (Option<super::state::At>, String) {
    let dir = store.run(run);
    match Follower::open_exact(&dir) {
        Ok(follower) => {
            let state = &follower.state;
            if !state.state.is_terminal() {
                match revive(store, run) {
                    Ok(Revival::Refused(why) | Revival::Unknown(why)) => {
                        tracing::warn!("recovery {run} is not given a supervisor: {why}");
                    }
                    Ok(_) => {}
                    Err(e) => tracing::warn!("recovery {run} has no supervisor and none could be started: {e}"),
                }
            }
            let at = state.phase.as_deref().and_then(super::state::At::named);
            let ended = state.state.is_terminal().then_some(super::state::At::Escalated);
            (at.or(ended).or(Some(super::state::At::Diagnosing)), state.why.clone().unwrap_or_default())
        }
        Err(_) if Answer::is_there(dir.path()) == Answer::No => (None, "whoever began it was killed before".to_owned()),
        Err(e) => (Some(super::state::At::Escalated), format!("run {run} cannot be read: {e}")),
    }
}

/// How the recovery reads the check itself, where it can be asked without whoever polls.
fn watch(project: &Project, environment: &str, check: &str) -> Watch {
    let watches = plan::watches(project, environment);
    let found = watches.iter().find(|watch| watch.name == check);
    match found.map(|watch| (&watch.ask, watch)) {
        // Where a number is judged, whoever polls does it.
        Some((Ask::Probe(probe), watch)) if watch.rule.limits == Limits::default() => {
            Watch::Probe { probe: probe.clone(), timeout: watch.timeout }
        }
        _ => Watch::Polled,
    }
}

fn reached(report: &Polled, silences: &Silences, now: i64) -> Option<Seen> {
    let host = report.host.clone()?;
    // What lies in the future is of a clock that was set since: a breaker would hear of it twice.
    let (at, ok) = report.records.iter().find_map(polled::reached).filter(|(at, _)| !is_ahead(*at, now))?;
    let silenced = silences.of(What { host: Some(&host), check: Some("ssh"), service: None }).is_some();
    Some(Seen { host, began: at, ended: at, ok, silenced })
}
