//! What people ask. Each verb is taken or refused with the reason, and what could be done instead.

use super::{Effect, Refusal, Stop, Verb, View, enter, record, refuse};
use crate::release::event::{Event, Person};
use crate::release::plan::StepKind;
use crate::release::state::{At, Mark, Slice};

type Answer = Result<Vec<Effect>, Refusal>;

impl View<'_> {
    pub(super) fn asked(&self, verb: &Verb, by: &Person) -> Answer {
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
            Verb::TakeOver { reason } => match self.state.at {
                _ if reason.trim().is_empty() => refuse("taking a lease over needs a reason"),
                At::Queued => Ok(vec![self.did(by, "take_over", Some(reason)), Effect::TakeLease { force: true }]),
                _ => refuse("it does not wait for a lease"),
            },
        }
    }

    fn did(&self, by: &Person, verb: &str, reason: Option<&String>) -> Effect {
        record(Event::Asked { by: by.clone(), verb: verb.to_owned(), reason: reason.cloned() })
    }

    fn approve(&self, digest: &str, by: &Person) -> Answer {
        let open = self.state.steps.iter().filter(|run| run.ended.is_none());
        let step = open
            .map(|run| &run.key.step)
            .find(|id| matches!(self.step(id).map(|step| &step.kind), Some(StepKind::Approval { .. })));
        if self.state.at != At::AwaitingApproval && step.is_none() {
            return refuse(format!("it does not wait for an approval: it is {}", self.state.at.name()));
        }
        if digest != self.state.digest {
            return refuse("the plan is another one than the one that you saw: look at it again");
        }
        if by.uid == self.machine.submitter.uid {
            return refuse(format!("{} submitted it and cannot approve it", self.machine.submitter.name));
        }
        if self.approvers(step.map(String::as_str)).iter().any(|person| person.uid == by.uid) {
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
                // A batch that was stopped half-way is begun again, on the hosts that are not new.
                let settled = |host: &String| matches!(self.state.mark(host), Mark::New | Mark::Running);
                let open = |slice: &Slice| !slice.hosts.iter().all(settled);
                if matches!(pause.resume_to, At::Deploying { .. }) && self.state.slice.as_ref().is_some_and(open) {
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

    fn skip(&self, what: &str, reason: &str, by: &Person) -> Answer {
        if reason.trim().is_empty() {
            return refuse("leaving out a guard needs a reason");
        }
        let waits = self.state.waits.as_deref().unwrap_or_default();
        let paused = self.state.pause.as_ref().map(|pause| pause.reason.as_str()).unwrap_or_default();
        let gate = self.plan.gates.iter().any(|gate| gate.name == what);
        if what.trim().is_empty() || !(gate || waits.contains(what) || paused.contains(what)) {
            let names: Vec<_> = self.plan.gates.iter().map(|gate| gate.name.as_str()).collect();
            return refuse(format!(
                "{what:?} is nothing that is waited for; gates are {}; now: {waits}",
                names.join(", ")
            ));
        }
        let skipped = Event::Skipped { what: what.to_owned(), by: by.clone(), reason: reason.to_owned() };
        let mut effects = vec![record(skipped)];
        if let (At::Paused, Some(pause)) = (self.state.at, &self.state.pause)
            && pause.reason.contains(what)
        {
            effects.push(enter(pause.resume_to, format!("{what} was skipped by {}: {reason}", by.name)));
        }
        Ok(effects)
    }

    fn retry(&self, by: &Person) -> Answer {
        if !matches!(self.state.at, At::Paused | At::NeedsOperator) {
            return refuse("a retry is possible when it is paused or needs a person");
        }
        let again = |at, why: &str| vec![self.did(by, "retry", None), enter(at, format!("{why} by {}", by.name))];
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
        Ok(again(At::Deploying { batch }, &format!("{open} hosts are tried again")))
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
                _ => refuse("nothing runs; roll it back, or leave it as it is with accept-mixed"),
            },
            At::RollingBack { .. } if how == Stop::Now => {
                Ok([did].into_iter().chain(self.stop(At::NeedsOperator, why("stopped"))).collect())
            }
            At::RollingBack { .. } => refuse("it is being rolled back; only stop now ends that"),
            // Never left half switched: taken up as soon as the balancers answered.
            At::Switching if self.state.traffic_open.is_some() => Ok(vec![did]),
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
            At::Switching if self.state.traffic_open.is_some() => {
                vec![self.did(by, "stop_and_roll_back", reason)]
            }
            _ if self.is_working() => [did].into_iter().chain(self.stop(then, why)).collect(),
            _ => vec![did, enter(then, why)],
        })
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
