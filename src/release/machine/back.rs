//! Going back: what is out and old serves again first, then traffic, then hosts, never more of them at once than may be out
//! of service. Best effort: one host that cannot be brought back, or is dead, does not hold up the others.

use super::steps::Progress;
use super::tidy::only_waits;
use super::traffic::Moved;
use super::{Effect, View, enter, record};
use crate::release::event::Event;
use crate::release::plan::Join;
use crate::release::state::{At, Mark, Slice};
use crate::release::traffic::Op;
use crate::text::human;

impl View<'_> {
    pub(super) fn rolling_back(&self, batch: u32) -> Vec<Effect> {
        let slice = self.state.slice.as_ref().filter(|slice| slice.rollback && slice.batch == batch);
        if slice.is_none()
            && let Some(effects) = self.looked().or_else(|| self.put_back(self.state.round_op))
        {
            return effects;
        }
        if let Some(effects) = self.traffic_back() {
            return effects;
        }
        if self.plan.rollback.steps.is_empty() || self.machine.undoes {
            return match self.old_pool() {
                Some(old) => {
                    let why = format!("traffic is on {old} again; the other pool takes none");
                    vec![enter(At::RolledBack, why)]
                }
                None => self.helpless("the plan has no steps to roll back with"),
            };
        }
        let Some(slice) = slice else { return self.next_slice(batch) };
        if self.state.running() == 0 && !self.is_working() {
            return self.end_slice(batch, slice);
        }
        if self.moves_hosts() && !self.is_taken_out(slice) {
            match self.traffic_step(slice.first_op, Op::Out { hosts: slice.hosts.clone() }) {
                Moved::Done => {}
                Moved::Effects(effects) => return effects,
                // Sessions that do not end in time do not keep the new version there.
                Moved::Failed(_) if slice.hosts.iter().all(|host| !self.state.takes_traffic(host)) => {}
                Moved::Failed(why) => return self.untaken(slice, &why),
            }
        }
        let skip = slice.first_step;
        for step in &self.plan.rollback.steps {
            match self.group(std::slice::from_ref(step), Join::All, Some(batch), skip) {
                Progress::Done => {}
                Progress::Effects(effects) if only_waits(&effects) => {
                    return self.waits(format!("{} of {} hosts", self.state.running(), slice.hosts.len()));
                }
                Progress::Effects(effects) => return effects,
                Progress::Failed(_) => {
                    let marks = self.at_work().into_iter().map(|host| (host, Mark::Failed)).collect();
                    return vec![record(Event::Hosts { marks, by: None })];
                }
            }
        }
        self.see(self.plan.rollback.to.as_deref().unwrap_or_default(), Mark::Old)
    }

    /// Traffic to where it was; `None` when it is there, or was never moved, or when too few would be left to serve.
    fn traffic_back(&self) -> Option<Vec<Effect>> {
        self.plan.traffic.as_ref()?;
        let op = match self.old_pool() {
            Some(old) => {
                if self.traffic_is_back() && self.state.traffic_open.is_none() {
                    return None;
                }
                // What a death left open is not waited for: the way back is never held up.
                if self.state.traffic_open.is_some() && self.state.traffic_lost.is_none() {
                    return self.traffic_waits();
                }
                let op = Op::Switch { to: old.to_owned(), version: None };
                if self.state.traffic_lost.is_some() {
                    let before = self.state.traffic.clone();
                    return Some(vec![record(Event::TrafficIntent { op: op.clone(), before }), Effect::Traffic(op)]);
                }
                op
            }
            None => {
                let new = self.state.touched_with(&[Mark::New]);
                let moved = self.is_shared() && self.state.rolled.is_empty();
                let serving = new.iter().filter(|host| self.state.serves(host)).count();
                if !moved || serving > self.may_take_back() {
                    return None;
                }
                Op::Weight { hosts: new, percent: 0 }
            }
        };
        self.moved(self.state.round_op, op)
    }

    /// `None` when it was done; a failure needs a person.
    fn moved(&self, first: usize, op: Op) -> Option<Vec<Effect>> {
        match self.traffic_step(first, op) {
            Moved::Done => None,
            Moved::Effects(effects) => Some(effects),
            Moved::Failed(why) => Some(self.helpless(&why)),
        }
    }

    /// First hosts that are out of service and alive, all at once: nothing is lost by working on them. Then those that
    /// serve, while there is room. Dead ones come next: they serve nobody, and bringing them back makes room. Where it does
    /// not, the others are not held up: what was lost before counts against nobody. Last what is out of reach.
    fn next_slice(&self, batch: u32) -> Vec<Effect> {
        let open = |host: &&String| self.is_not_back(host) && !self.state.rolled.contains(*host);
        let left: Vec<String> = self.state.touched.iter().filter(open).cloned().collect();
        if left.is_empty() {
            return self.gone_back();
        }
        let (serving, idle): (Vec<String>, Vec<String>) = left.into_iter().partition(|host| self.state.serves(host));
        let (away, idle): (Vec<String>, Vec<String>) =
            idle.into_iter().partition(|host| self.state.mark(host) == Mark::Unreachable);
        let (dead, drained): (Vec<String>, Vec<String>) = idle.into_iter().partition(|host| self.state.is_down(host));
        // What was added for the time of the release holds the others' place: it goes last.
        let (own, added): (Vec<String>, Vec<String>) = serving.into_iter().partition(|host| !self.is_surge(host));
        let serving = if own.is_empty() { added } else { own };
        let take = |most: usize| serving.iter().take(most).cloned().collect::<Vec<_>>();
        let (room, most) = match self.is_blue_green() {
            true => (serving.len(), serving.len()),
            false => (self.may_take(), self.may_take_back()),
        };
        match [drained, take(room), dead, take(most), away].into_iter().find(|hosts| !hosts.is_empty()) {
            Some(hosts) => vec![record(Event::BatchIntent { batch, hosts, rollback: true })],
            // What has no share any more may be all that is left alive.
            None if self.is_shared() && !self.has_even_shares() => {
                self.moved(self.state.round_op, Op::Weight { hosts: Vec::new(), percent: 0 }).unwrap_or_default()
            }
            None => self.helpless(&format!(
                "{} cannot be taken out of service to be brought back: too few others serve",
                serving.first().map_or("", String::as_str)
            )),
        }
    }

    /// Hosts that could not be taken out of service: nothing was done to them.
    fn untaken(&self, slice: &Slice, why: &str) -> Vec<Effect> {
        let was = |host: &String| Some((host.clone(), self.state.hosts.get(host)?.was));
        let mut effects = vec![record(Event::Hosts { marks: slice.hosts.iter().filter_map(was).collect(), by: None })];
        effects.extend(self.helpless(why));
        effects
    }

    fn end_slice(&self, batch: u32, slice: &Slice) -> Vec<Effect> {
        let good = slice.hosts.iter().filter(|host| self.state.mark(host) == Mark::Old);
        let good: Vec<String> = good.cloned().collect();
        if self.moves_hosts() && !good.is_empty() {
            // What was dead is told to serve as soon as it is alive; whether it is, the others do not wait for.
            let dead = good.iter().all(|host| self.state.is_down(host));
            match self.traffic_step(slice.first_op, Op::In { hosts: good.clone() }) {
                Moved::Done => {}
                Moved::Effects(effects) if dead && only_waits(&effects) => {}
                Moved::Effects(effects) => return effects,
                Moved::Failed(why) => {
                    return self.stuck(good).unwrap_or_else(|| self.helpless(&why));
                }
            }
        }
        vec![enter(At::RollingBack { batch: batch + 1 }, format!("slice {} is done", batch + 1))]
    }

    /// Those of these hosts that a balancer does not find well, though they were brought back: they are not. `None`: it is
    /// not they.
    fn stuck(&self, hosts: Vec<String>) -> Option<Vec<Effect>> {
        let stuck: Vec<String> = hosts.into_iter().filter(|host| !self.state.takes_traffic(host)).collect();
        let marks = || stuck.iter().map(|host| (host.clone(), Mark::Failed)).collect();
        (!stuck.is_empty() && !self.state.is_blind()).then(|| vec![record(Event::Hosts { marks: marks(), by: None })])
    }

    /// Every touched host was worked on.
    fn gone_back(&self) -> Vec<Effect> {
        let (left, back): (Vec<&String>, Vec<&String>) =
            self.state.touched.iter().partition(|host| self.is_not_back(host));
        let left: Vec<String> = left.into_iter().cloned().collect();
        let idle = |host: &&&String| self.state.is_out(host) || self.state.was_taken_out(host);
        let idle: Vec<String> = back.iter().filter(idle).map(|host| (*host).clone()).collect();
        if self.moves_hosts() && !idle.is_empty() {
            match self.traffic_step(self.state.round_op, Op::In { hosts: idle.clone() }) {
                Moved::Done => {}
                Moved::Effects(effects) => return effects,
                Moved::Failed(why) => {
                    let rolled: Vec<String> = idle.into_iter().filter(|h| self.state.rolled.contains(h)).collect();
                    if let Some(effects) = self.stuck(rolled) {
                        return effects;
                    }
                    // Of what was not worked on no more can be asked: it serves again as soon as it is alive.
                    if self.state.is_blind() {
                        return self.helpless(&why);
                    }
                }
            }
        }
        // Shares that were given end with the release; only what is not back gets nothing.
        if self.is_shared()
            && let Some(effects) = self.moved(self.state.round_op, Op::Weight { hosts: left.clone(), percent: 0 })
        {
            return effects;
        }
        if let Some(first) = left.first() {
            let hosts = human::of(left.len() as u64, "host");
            let run = self.state.steps.iter().rev().find(|run| run.hosts.contains(first));
            let why = match run.map_or("", |run| &run.why) {
                "" if self.state.is_down(first) => "it is down",
                "" => "it is not known what it runs",
                why => why,
            };
            return self.helpless(&format!("{hosts} could not be brought back; {first}: {why}"));
        }
        let to = self.plan.rollback.to.as_deref().unwrap_or("the old version");
        let dead: Vec<&str> = back.iter().filter(|host| self.state.is_down(host)).map(|host| host.as_str()).collect();
        let dead = if dead.is_empty() { String::new() } else { format!("; down: {}", dead.join(", ")) };
        let why = match self.state.touched.is_empty() {
            true => format!("no host was touched{dead}"),
            false => format!("every touched host has {to} again{dead}"),
        };
        vec![enter(At::RolledBack, why)]
    }

    /// Something was done to it, and it is not as it was.
    fn is_not_back(&self, host: &str) -> bool {
        !matches!(self.state.mark(host), Mark::Old | Mark::Untouched)
    }

    fn helpless(&self, why: &str) -> Vec<Effect> {
        let mut effects = self.page(why).to_vec();
        effects.push(enter(At::NeedsOperator, why));
        effects
    }
}
