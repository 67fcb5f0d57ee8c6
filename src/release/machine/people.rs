//! What people ask. Each verb is taken or refused with the reason, and what could be done instead.

use super::{Effect, Refusal, Stop, Verb, View, enter, record, refuse};
use crate::release::event::{Event, Person};
use crate::release::plan::StepKind;
use crate::release::state::{At, Mark};
use crate::release::undo;
use crate::text::human;

type Answer = Result<Vec<Effect>, Refusal>;

impl View<'_> {
    pub(super) fn asked(&self, verb: &Verb, by: &Person) -> Answer {
        // While the old pool is warm, a run of its own takes the switch back (`launch::undo`): nothing is left to do here.
        if self.state.at == At::Succeeded
            && matches!(verb, Verb::Rollback { .. })
            && undo::undo(self.plan, self.state, self.now).possible
        {
            return Ok(Vec::new());
        }
        if self.state.at.is_terminal() {
            return refuse(format!("the release has ended: {}", self.state.at.name()));
        }
        match verb {
            Verb::Approve { digest } => self.approve(digest, by),
            Verb::Reject { reason } => match self.state.at {
                At::Planned | At::AwaitingApproval | At::Queued => Ok(vec![
                    self.did(by, "reject", Some(reason)),
                    enter(At::Cancelled, format!("rejected by {}: {reason}", by.name)),
                ]),
                _ => refuse("it has begun: stop it, or roll it back"),
            },
            Verb::Pause { reason } => self.pause_asked(reason.as_ref(), by),
            Verb::Resume => self.resume(by, false),
            Verb::Promote => self.resume(by, true),
            Verb::Skip { what, reason } => self.skip(what, reason, by),
            Verb::RetryFailed => self.retry(by),
            Verb::Stop { how, reason } => self.stop_asked(*how, reason.as_ref(), by),
            Verb::Rollback { reason } => self.rollback(reason.as_ref(), by),
            Verb::Mark { host, mark } => self.mark_asked(host, *mark, by),
            Verb::AcceptMixed { reason } => self.accept(reason, by),
            Verb::RollForward { to, reason } => self.roll_forward(to, reason, by),
            Verb::TakeOver { reason } => match self.state.at {
                _ if reason.trim().is_empty() => refuse("taking a lease over needs a reason"),
                At::Planned | At::AwaitingApproval => refuse("it does not wait for a lease yet"),
                _ if self.state.lease.is_none() => {
                    Ok(vec![self.did(by, "take_over", Some(reason)), Effect::TakeLease { force: true }])
                }
                _ => refuse("it does not wait for a lease"),
            },
        }
    }

    fn did(&self, by: &Person, verb: &str, reason: Option<&String>) -> Effect {
        record(Event::Asked { by: by.clone(), verb: verb.to_owned(), reason: reason.cloned() })
    }

    fn approve(&self, digest: &str, by: &Person) -> Answer {
        let open = self.state.steps.iter().filter(|run| run.ended.is_none());
        // Its own try in its own batch: what was said of another counts for nothing.
        let step = open.map(|run| &run.key).find(|key| {
            matches!(self.step(&key.step).map(|step| &step.kind), Some(StepKind::Approval { .. }))
                && !self.approvers(Some(key)).iter().any(|person| person.uid == by.uid)
        });
        if self.state.at != At::AwaitingApproval && step.is_none() {
            return refuse(format!("it does not wait for an approval: it is {}", self.state.at.name()));
        }
        if digest != self.state.digest {
            return refuse("the plan is another one than the one that you saw: look at it again");
        }
        if by.uid == self.machine.submitter.uid {
            return refuse(format!("{} submitted it and cannot approve it", self.machine.submitter.name));
        }
        if self.approvers(step).iter().any(|person| person.uid == by.uid) {
            return refuse("you have approved it already; another person is needed");
        }
        let (by, digest, step) = (by.clone(), digest.to_owned(), step.cloned());
        Ok(vec![record(Event::Approved { by, digest, step })])
    }

    fn pause_asked(&self, reason: Option<&String>, by: &Person) -> Answer {
        match self.state.at {
            At::Paused => refuse("it is paused already"),
            At::Planned | At::AwaitingApproval => refuse("it has not begun: reject it, or leave it unapproved"),
            At::Stopping | At::Reconciling | At::RollingBack { .. } | At::NeedsOperator => {
                refuse(format!("it is {}: that is not paused half-way", self.state.at.name()))
            }
            _ => Ok(vec![self.did(by, "pause", reason)]),
        }
    }

    fn resume(&self, by: &Person, all: bool) -> Answer {
        let resumed = record(Event::Resumed { by: by.clone(), all });
        match (&self.state.pause, self.state.at) {
            (Some(pause), At::Paused) => {
                let mut effects = self.end_pauses(&format!("resumed by {}", by.name));
                if matches!(pause.resume_to, At::Deploying { .. }) && self.is_half_way() {
                    effects.push(self.did(by, "retry", None));
                }
                effects.extend([resumed, enter(pause.resume_to, format!("resumed by {}", by.name))]);
                Ok(effects)
            }
            (_, at) if all && matches!(at, At::Preparing | At::Deploying { .. } | At::Gating { .. }) => {
                Ok(vec![resumed])
            }
            // The pause that was asked has not come yet: it is taken back.
            _ if self.state.wish.is_some() && !all => Ok(vec![resumed]),
            (_, at) => refuse(format!("it is not paused: it is {}", at.name())),
        }
    }

    /// A batch that was stopped is begun again, on the hosts that are not new. One that a step of its own pauses goes on
    /// as it is, with what failed in it and the budget bore.
    fn is_half_way(&self) -> bool {
        let Some(slice) = &self.state.slice else { return false };
        let settled = |host: &String| matches!(self.state.mark(host), Mark::New | Mark::Running);
        let waits =
            self.state.steps.iter().skip(slice.first_step).any(|run| run.ended.is_none() && run.child.is_none());
        !slice.hosts.iter().all(settled) && !waits && !self.is_working()
    }

    fn skip(&self, what: &str, reason: &str, by: &Person) -> Answer {
        if reason.trim().is_empty() {
            return refuse("leaving out a guard needs a reason");
        }
        let (what, gate) = self.skipped(what.trim())?;
        let mut effects = Vec::new();
        for what in what {
            effects.push(record(Event::Skipped { what, gate, by: by.clone(), reason: reason.to_owned() }));
        }
        if let (At::Paused, Some(pause)) = (self.state.at, &self.state.pause) {
            effects.push(enter(pause.resume_to, format!("{} was left out by {}: {reason}", pause.reason, by.name)));
        }
        Ok(effects)
    }

    /// What is meant, in full: a gate that is read now, or what stands in the way now; and whether it is a gate.
    fn skipped(&self, what: &str) -> Result<(Vec<String>, bool), Refusal> {
        let gates = self.open_gates();
        if gates.contains(&what) {
            return Ok((vec![what.to_owned()], true));
        }
        let blocks = &self.state.blocks;
        if !blocks.is_empty() && what.strip_prefix("a person: ").unwrap_or(what) == blocks.join("; ") {
            return Ok((blocks.clone(), false));
        }
        // In full, or by its first words; never by a part that may stand in another one too.
        let begins = |block: &&String| {
            let rest = block.strip_prefix(what).filter(|_| !self.plan.gates.iter().any(|gate| gate.name == what));
            !what.is_empty() && rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        };
        let named: Vec<&String> = blocks.iter().filter(begins).collect();
        match named[..] {
            [block] => Ok((vec![block.clone()], false)),
            _ => {
                let now: Vec<&str> = gates.into_iter().chain(blocks.iter().map(String::as_str)).collect();
                refuse(match now.is_empty() {
                    true => format!("{what:?} is nothing that it waits for: nothing can be left out now"),
                    false => format!("{what:?} is not one thing that it waits for; these are: {}", now.join("; ")),
                })
            }
        }
    }

    /// Gates that are read now, or for which it is paused.
    fn open_gates(&self) -> Vec<&str> {
        let at = if self.state.at == At::Paused { self.state.working } else { self.state.at };
        let mut open: Vec<&str> = match at {
            At::Gating { .. } | At::Verifying => self.batch_gates().collect(),
            _ => Vec::new(),
        };
        let steps = self.state.steps.iter().filter(|run| run.ended.is_none());
        open.extend(steps.filter_map(|run| match &self.step(&run.key.step)?.kind {
            StepKind::Gate { gate } => Some(gate.as_str()),
            _ => None,
        }));
        // Paused for another reason, nothing is read.
        let named = |gate: &&str| self.state.at != At::Paused || self.is_paused_for(gate);
        open.into_iter().filter(named).collect()
    }

    fn is_paused_for(&self, gate: &str) -> bool {
        self.state.pause.as_ref().is_some_and(|pause| pause.reason.starts_with(&format!("gate {gate} ")))
    }

    fn retry(&self, by: &Person) -> Answer {
        if !matches!(self.state.at, At::Paused | At::NeedsOperator) {
            return refuse("a retry is possible when it is paused or needs a person");
        }
        let again = |at, why: &str| vec![self.did(by, "retry", None), enter(at, format!("{why} by {}", by.name))];
        if self.is_working() {
            return refuse("a process is still at work on hosts: stop it first, or wait for its end");
        }
        if self.state.rollbacks > 0 {
            return match self.state.at {
                At::NeedsOperator => Ok(again(At::RollingBack { batch: 0 }, "the rollback is tried again")),
                _ => refuse("it was being rolled back: roll back again instead"),
            };
        }
        let Some(slice) = &self.state.slice else { return refuse("no batch was begun: resume it") };
        let batch = slice.batch;
        let open = slice.hosts.iter().filter(|host| self.state.mark(host) != Mark::New).count();
        if open == 0 {
            return refuse("every host of the batch has the new version: resume it");
        }
        Ok(again(At::Deploying { batch }, &format!("{} tried again", human::of(open as u64, "host"))))
    }

    fn stop_asked(&self, how: Stop, reason: Option<&String>, by: &Person) -> Answer {
        let why = |what: &str| match reason {
            Some(reason) => format!("{what} by {}: {reason}", by.name),
            None => format!("{what} by {}", by.name),
        };
        let verb = match how {
            Stop::AfterBatch => "stop_after_batch",
            Stop::Now => "stop_now",
            Stop::AndRollBack => "stop_and_roll_back",
        };
        let did = self.did(by, verb, reason);
        match self.state.at {
            At::Planned | At::AwaitingApproval | At::Queued => Ok(vec![did, enter(At::Cancelled, why("stopped"))]),
            At::Stopping | At::Reconciling => match how {
                // It stands already; what comes after it may change.
                Stop::AndRollBack => self
                    .may_roll_back()
                    .map(|()| vec![did, record(Event::StopBegun { then: At::RollingBack { batch: 0 } })]),
                _ => refuse("it is being stopped already"),
            },
            At::Paused | At::NeedsOperator => match how {
                Stop::AndRollBack => self.rollback(reason, by),
                _ if !self.is_touched() => Ok(vec![did, enter(At::Cancelled, why("stopped"))]),
                _ => refuse("nothing runs: retry it, roll it back, or leave it as it is with accept-mixed"),
            },
            At::RollingBack { .. } if how == Stop::Now => {
                Ok([did].into_iter().chain(self.stop(At::NeedsOperator, why("stopped"))).collect())
            }
            At::RollingBack { .. } => refuse("it is being rolled back; only stop now ends that"),
            // Never left half switched: taken up as soon as the balancers answered.
            At::Switching if self.is_switching() && how != Stop::AndRollBack => Ok(vec![did]),
            At::Switching if self.is_switching() && self.state.traffic_lost.is_none() => Ok(vec![did]),
            _ => match how {
                Stop::AfterBatch => Ok(vec![did]),
                Stop::Now => Ok([did].into_iter().chain(self.stop(At::Paused, why("stopped"))).collect()),
                Stop::AndRollBack => {
                    self.may_roll_back()?;
                    let then = At::RollingBack { batch: 0 };
                    Ok([did].into_iter().chain(self.stop(then, why("stopped and rolled back"))).collect())
                }
            },
        }
    }

    /// By a person: also past the point of no return, also in a freeze.
    fn may_roll_back(&self) -> Result<(), Refusal> {
        if !self.is_touched() {
            return refuse("nothing was changed yet: stop it instead");
        }
        let (to, blue_green) = (&self.plan.rollback.to, self.is_blue_green());
        match to {
            Some(to) if *to == self.plan.version && !blue_green => {
                refuse(format!("the version to go back to is {to}, the one that is brought out"))
            }
            None if !blue_green => refuse("no earlier stable release is known: there is no version to go back to"),
            _ => Ok(()),
        }
    }

    fn rollback(&self, reason: Option<&String>, by: &Person) -> Answer {
        if matches!(self.state.at, At::RollingBack { .. }) {
            return refuse("it is being rolled back already");
        }
        self.may_roll_back()?;
        let did = self.did(by, "rollback", reason);
        let why = match reason {
            Some(reason) => format!("rolled back by {}: {reason}", by.name),
            None => format!("rolled back by {}", by.name),
        };
        let then = At::RollingBack { batch: 0 };
        Ok(match self.state.at {
            At::Stopping | At::Reconciling => vec![did, record(Event::StopBegun { then })],
            At::Switching if self.is_switching() && self.state.traffic_lost.is_none() => {
                vec![self.did(by, "stop_and_roll_back", reason)]
            }
            // What stands in the middle is looked at first: what turns out to be old serves again at once.
            _ if self.is_working() || self.has_open_hosts() => [did].into_iter().chain(self.stop(then, why)).collect(),
            _ => vec![did, enter(then, why)],
        })
    }

    /// A switch whose outcome is not known yet.
    fn is_switching(&self) -> bool {
        self.state.traffic_open.is_some()
    }

    /// What needs two people: the first is noted, the second decides.
    fn second(&self, verb: &str, by: &Person) -> Result<bool, Refusal> {
        let votes = self.state.votes.iter().filter(|(_, what)| what == verb);
        let others: Vec<&Person> = votes.map(|(person, _)| person).collect();
        match others.iter().any(|person| person.uid != by.uid) {
            true => Ok(true),
            false if others.is_empty() => Ok(false),
            false => refuse("you said so already; a second person must say the same"),
        }
    }

    fn mark_asked(&self, host: &str, mark: Mark, by: &Person) -> Answer {
        if !matches!(self.state.at, At::NeedsOperator | At::Paused) {
            return refuse("hosts are marked when it is paused or needs a person");
        }
        if !self.state.touched.iter().any(|touched| touched == host) {
            return refuse(format!("{host} was not touched by this release"));
        }
        if !matches!(mark, Mark::New | Mark::Old | Mark::Failed) {
            return refuse("a host is marked as new, old or failed");
        }
        let verb = format!("mark {host} {}", mark.name());
        let mut effects = vec![self.did(by, &verb, None)];
        if self.second(&verb, by)? {
            effects.push(record(Event::Hosts { marks: vec![(host.to_owned(), mark)], by: Some(by.clone()) }));
            if self.state.at == At::NeedsOperator {
                effects.push(enter(At::Reconciling, format!("{host} was marked {}", mark.name())));
            }
        }
        Ok(effects)
    }

    /// The other one waits for the environment already, and brings its own approvals.
    fn roll_forward(&self, to: &str, reason: &str, by: &Person) -> Answer {
        if self.state.at != At::NeedsOperator {
            return refuse("it gives way to another release only when it needs a person");
        }
        if to.trim().is_empty() || reason.trim().is_empty() {
            return refuse("rolling forward needs the other release's run, and a reason");
        }
        let why = format!("rolled forward by {} with run {to}: {reason}", by.name);
        let verb = format!("roll_forward {to}");
        let mut effects = vec![self.did(by, &verb, Some(&reason.to_owned()))];
        // It ends with hosts of two versions, as where they are accepted.
        if self.second(&verb, by)? {
            effects.push(enter(At::ClosedMixed, why));
        }
        Ok(effects)
    }

    fn accept(&self, reason: &str, by: &Person) -> Answer {
        if !matches!(self.state.at, At::NeedsOperator | At::Paused) {
            return refuse("two versions are accepted when it is paused or needs a person");
        }
        if reason.trim().is_empty() {
            return refuse("accepting two versions needs a reason");
        }
        let mut effects = vec![self.did(by, "accept_mixed", Some(&reason.to_owned()))];
        if self.second("accept_mixed", by)? {
            effects.push(enter(At::ClosedMixed, format!("accepted by {}: {reason}", by.name)));
        }
        Ok(effects)
    }
}
