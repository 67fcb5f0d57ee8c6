//! The fold of a release: its own events in, its state out. Pure; the same in the supervisor, the CLI and the screen.

use super::event::{Event, Person};
use super::state::{At, Consent, Done, GateState, HostState, Mark, Release, Skip, Slice, StepRun, Wish};
use super::traffic::Op;

/// Readings of a gate that are kept.
const READINGS: usize = 60;

/// Folds events from the beginning, each with its time (Unix milliseconds).
pub fn fold<'a>(events: impl IntoIterator<Item = (i64, &'a Event)>) -> Release {
    let mut release = Release::default();
    events.into_iter().for_each(|(ts, event)| release.apply(ts, event));
    release
}

impl Release {
    /// Takes in the next event. Never panics.
    pub fn apply(&mut self, ts: i64, event: &Event) {
        self.seq += 1;
        match event {
            Event::Submitted { by, digest } => {
                self.submitted_by = Some(by.clone());
                self.digest.clone_from(digest);
                self.did(ts, by, "submit", None);
            }
            Event::Entered { at, why } => self.enter(ts, *at, why),
            Event::Approved { by, step, .. } => {
                self.approvals.push(Consent { by: by.clone(), at: ts, step: step.clone(), unfounded: false });
                self.did(ts, by, "approve", step.as_ref().map(|key| key.step.clone()));
            }
            Event::Unfounded { by, step } => {
                self.approvals.retain(|consent| !(consent.by == *by && consent.step == *step));
                self.did(ts, by, "approval without a row in the ledger", None);
            }
            Event::Waits { what, blocks } => {
                self.waits.clone_from(what);
                self.blocks.clone_from(blocks);
            }
            Event::Observed { hosts } => {
                (self.observed_at, self.observed_seq) = (Some(ts), self.seq);
                let seq = self.seq;
                for (host, version) in hosts {
                    let state = self.host(host);
                    state.version.clone_from(version);
                    state.asked = seq;
                    state.worked &= version.is_none();
                }
            }
            Event::BatchIntent { batch, hosts, rollback } => self.begin_slice(ts, *batch, hosts, *rollback),
            Event::StepIntent { step, child, hosts } => {
                hosts.iter().for_each(|host| self.host(host).worked = true);
                self.steps.push(StepRun {
                    key: step.clone(),
                    child: *child,
                    hosts: hosts.clone(),
                    left: Vec::new(),
                    paused_ms: self.paused_ms,
                    began: ts,
                    ended: None,
                    why: String::new(),
                    retry_at: None,
                    rungs: Vec::new(),
                });
            }
            Event::StepEnded { step, outcome, why, retry_at, left } => {
                self.step_seq = self.seq;
                if let Some(run) = self.steps.iter_mut().rev().find(|run| run.key == *step) {
                    run.ended = Some((*outcome, ts));
                    run.why.clone_from(why);
                    run.retry_at = *retry_at;
                    run.left.clone_from(left);
                }
            }
            Event::Hosts { marks, by } => {
                for (host, mark) in marks {
                    let state = self.host(host);
                    (state.mark, state.since) = (*mark, ts);
                }
                if let (Some(by), Some((host, mark))) = (by, marks.first()) {
                    let of = format!("mark {host} ");
                    self.votes.retain(|(_, what)| !what.starts_with(&of));
                    self.did(ts, by, &format!("mark {host} {}", mark.name()), None);
                }
            }
            Event::Measured { gate, batch, verdict, got, need } => {
                let state = self.gate(ts, gate, *batch);
                let same = state.readings.last().is_some_and(|(_, last, _)| last == verdict);
                (state.streak, state.since) = if same { (state.streak + 1, state.since) } else { (1, ts) };
                state.need.clone_from(need);
                if state.readings.len() == READINGS {
                    state.readings.remove(0);
                }
                state.readings.push((ts, *verdict, got.clone()));
            }
            Event::Skipped { what, gate, by, reason } => {
                self.skips.push(Skip { what: what.clone(), gate: *gate });
                if let Some(gate) = self.gates.iter_mut().rev().find(|state| *gate && state.name == *what) {
                    gate.skipped_by = Some(by.clone());
                }
                self.did(ts, by, &format!("skip {what}"), Some(reason.clone()));
            }
            Event::TrafficIntent { op, before } => {
                if self.traffic_before.is_empty() {
                    self.traffic_before.clone_from(before);
                }
                match op {
                    Op::Drain { .. } => self.draining = true,
                    op => (self.traffic_open, self.traffic_lost) = (Some(op.clone()), None),
                }
            }
            Event::TrafficSeen { op, after, ok } => {
                self.traffic.clone_from(after);
                (self.traffic_at, self.traffic_seq) = (Some(ts), self.seq);
                match op {
                    Op::Status => return,
                    Op::Drain { .. } => self.draining = false,
                    op if self.traffic_open.as_ref() == Some(op) => {
                        (self.traffic_open, self.traffic_lost) = (None, None)
                    }
                    // It gave way to a later one: what it came to belongs to nothing any more.
                    op if op.only_waits() => return,
                    _ => {}
                }
                self.ops.push(Done { op: op.clone(), ok: *ok, at: ts });
            }
            Event::TrafficLost => {
                self.draining = false;
                self.traffic_lost = self.traffic_open.is_some().then_some(ts);
            }
            Event::Leased { token } => self.lease = Some(*token),
            Event::LeaseLost => self.lease = None,
            Event::StopBegun { then } => self.after_stop = Some(*then),
            Event::Signalled { child, rung } => {
                if let Some(run) = self.steps.iter_mut().rev().find(|run| run.child == Some(*child)) {
                    run.rungs.push((*rung, ts));
                }
            }
            Event::Paused { pause } => {
                self.pause = Some(pause.clone());
                if let Some(by) = &pause.by {
                    self.did(ts, by, "pause", Some(pause.reason.clone()));
                }
            }
            Event::Resumed { by, all } => {
                self.promoted |= all;
                self.resumed_at = Some(ts);
                self.wish = None;
                self.did(ts, by, if *all { "promote" } else { "resume" }, None);
            }
            Event::Asked { by, verb, reason } => {
                match verb.as_str() {
                    "pause" | "stop_after_batch" | "stop_now" | "stop_and_roll_back" => {
                        self.wish = Some(Wish { by: by.clone(), verb: verb.clone(), reason: reason.clone() });
                    }
                    verb if ["mark ", "roll_forward "].iter().any(|two| verb.starts_with(two))
                        || verb == "accept_mixed" =>
                    {
                        self.votes.push((by.clone(), verb.to_owned()));
                    }
                    // The same hosts are worked on once more: another slice.
                    "retry" => self.slice = None,
                    _ => {}
                }
                self.did(ts, by, verb, reason.clone());
            }
            Event::PointOfNoReturn { step } => self.no_return = Some(step.clone()),
            Event::Paged { .. } => self.paged_at = Some(ts),
            Event::Breakers { open } => self.breakers = Some((ts, open.clone())),
        }
    }

    /// When it entered the state in which it is (Unix milliseconds).
    pub fn entered_at(&self) -> i64 {
        self.history.last().map_or(0, |(_, at, _)| *at)
    }

    /// What is known of a host.
    pub fn mark(&self, host: &str) -> Mark {
        self.hosts.get(host).map_or(Mark::Untouched, |state| state.mark)
    }

    /// Number of hosts on which steps are at work.
    pub fn running(&self) -> usize {
        self.hosts.values().filter(|host| host.mark == Mark::Running).count()
    }

    /// Hosts with one of these marks, which are those of hosts that were touched.
    pub fn touched_with(&self, marks: &[Mark]) -> Vec<String> {
        let hosts = self.hosts.iter().filter(|(_, host)| marks.contains(&host.mark));
        hosts.map(|(name, _)| name.clone()).collect()
    }

    fn enter(&mut self, ts: i64, at: At, why: &str) {
        if self.at == At::Paused && at != At::Paused {
            self.paused_ms += (ts - self.entered_at()).max(0);
            self.pause = None;
        }
        let going_back = |at: At| matches!(at, At::RollingBack { .. });
        if going_back(at) && !going_back(self.at) {
            self.rollbacks += 1;
            (self.rolled, self.taken, self.slice) = (Default::default(), Default::default(), None);
            self.round_op = self.ops.len();
        }
        match at {
            // Readings of an earlier visit count for nothing: unseen time is never credited.
            At::Gating { batch } => self.gates.retain(|gate| gate.batch != Some(batch)),
            At::Verifying => self.gates.retain(|gate| gate.batch.is_some()),
            // A gate that is a step is read anew after a pause.
            At::Preparing if self.at == At::Paused => self.gates.retain(|gate| gate.batch.is_some()),
            At::Deploying { batch } if self.at == At::Paused => self.gates.retain(|gate| gate.batch != Some(batch)),
            _ => {}
        }
        if at != At::Paused && at != self.working {
            self.working = at;
            self.skips.clear();
        }
        if at != At::Paused {
            self.blocks.clear();
        }
        if !matches!(at, At::Paused | At::NeedsOperator | At::Reconciling) {
            self.votes.clear();
        }
        if at == At::Paused || at == At::Stopping || at.is_terminal() {
            self.wish = None;
        }
        self.waits = None;
        (self.entered_seq, self.entered_op) = (self.seq, self.ops.len());
        self.at = at;
        self.history.push((at, ts, why.to_owned()));
    }

    fn begin_slice(&mut self, ts: i64, batch: u32, hosts: &[String], rollback: bool) {
        if rollback {
            let serving: Vec<&String> = hosts.iter().filter(|host| self.serves(host)).collect();
            self.taken.extend(serving.into_iter().cloned());
        }
        for host in hosts {
            let state = self.host(host);
            state.was = state.mark;
            state.worked &= state.version.is_some();
            (state.mark, state.since) = (Mark::Running, ts);
            if !self.touched.contains(host) {
                self.touched.insert(host.clone());
            }
        }
        if rollback {
            self.rolled.extend(hosts.iter().cloned());
        }
        let (hosts, first_step, first_op) = (hosts.to_vec(), self.steps.len(), self.ops.len());
        self.slice = Some(Slice { batch, rollback, hosts, began: ts, first_step, first_op });
    }

    fn host(&mut self, name: &str) -> &mut HostState {
        self.hosts.entry(name.to_owned()).or_default()
    }

    fn gate(&mut self, ts: i64, name: &str, batch: Option<u32>) -> &mut GateState {
        let place = self.gates.iter().position(|gate| gate.name == name && gate.batch == batch).unwrap_or_else(|| {
            self.gates.push(GateState {
                name: name.to_owned(),
                batch,
                readings: Vec::new(),
                need: String::new(),
                streak: 0,
                since: ts,
                skipped_by: None,
            });
            self.gates.len() - 1
        });
        &mut self.gates[place]
    }

    fn did(&mut self, ts: i64, by: &Person, what: &str, why: Option<String>) {
        self.people.push((ts, by.clone(), what.to_owned(), why));
    }
}

impl Mark {
    /// Lower-case name, as in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Mark::Untouched => "untouched",
            Mark::Running => "running",
            Mark::New => "new",
            Mark::Old => "old",
            Mark::Failed => "failed",
            Mark::Unreachable => "unreachable",
            Mark::Unknown => "unknown",
        }
    }
}
