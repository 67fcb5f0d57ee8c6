//! Which hosts take traffic, and which version answers: by what balancers and hosts were last seen to say, never by what a
//! release only meant to bring about. What cannot be told is not known, which is an answer of its own.

use super::plan::Plan;
use super::state::{Mark, Release};
use super::traffic::{Op, Report};

/// Which version a host answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that is brought out.
    New,
    Old,
    /// Nobody has seen it since something was done to it.
    Unknown,
}

/// Which version a host answers with, as far as is known.
pub fn side(plan: &Plan, release: &Release, host: &str) -> Side {
    let by_mark = |mark: Mark| match mark {
        Mark::New => Side::New,
        Mark::Old => Side::Old,
        // Nobody can be asked: it is as it was.
        Mark::Untouched if plan.version_probe.is_none() => Side::Old,
        _ => Side::Unknown,
    };
    let Some(state) = release.hosts.get(host) else { return by_mark(Mark::Untouched) };
    match &state.version {
        Some(version) if !state.worked => {
            if *version == plan.version {
                Side::New
            } else {
                Side::Old
            }
        }
        _ if state.mark == Mark::Running && !state.worked => by_mark(state.was),
        _ => by_mark(state.mark),
    }
}

/// Hosts of the plan that answer with the new version, and those of which it is not known.
pub fn sides(plan: &Plan, release: &Release) -> (Vec<String>, Vec<String>) {
    let (mut new, mut unknown) = (Vec::new(), Vec::new());
    for host in plan.batches.iter().flat_map(|batch| &batch.hosts) {
        match side(plan, release, host) {
            Side::New => new.push(host.clone()),
            Side::Unknown => unknown.push(host.clone()),
            Side::Old => {}
        }
    }
    (new, unknown)
}

impl Release {
    /// A balancer sends it no new traffic, as it was seen last; where none could be read, by what was done to it.
    pub fn is_out(&self, host: &str) -> bool {
        let taken = matches!(&self.traffic_open, Some(Op::Out { hosts }) if hosts.iter().any(|h| h == host));
        taken || self.traffic.iter().any(|r| holds(&r.out, host)) || (self.is_blind() && self.was_taken_out(host))
    }

    /// A balancer finds it dead: it serves nobody, and nothing is lost by working on it.
    pub fn is_down(&self, host: &str) -> bool {
        self.traffic.iter().any(|report| holds(&report.down, host))
    }

    /// No balancer says that it sends it nothing.
    pub fn takes_traffic(&self, host: &str) -> bool {
        !self.is_out(host) && !self.is_down(host)
    }

    /// It takes traffic, as far as is known, and nothing is amiss with it.
    pub fn serves(&self, host: &str) -> bool {
        matches!(self.mark(host), Mark::Untouched | Mark::New | Mark::Old) && self.takes_traffic(host)
    }

    /// It was taken out of service, and nobody is known to have put it back.
    pub fn was_taken_out(&self, host: &str) -> bool {
        let last = self.ops.iter().rev().find_map(|done| match &done.op {
            Op::Out { hosts } if holds(hosts, host) => Some(true),
            Op::In { hosts } if holds(hosts, host) && done.ok => Some(false),
            _ => None,
        });
        last.unwrap_or(false)
    }

    /// Some balancer could not be read.
    pub fn is_blind(&self) -> bool {
        self.traffic.is_empty() || self.traffic.iter().any(Report::is_blind)
    }
}

impl Report {
    /// It tells nothing of any host: the balancer could not be read.
    pub fn is_blind(&self) -> bool {
        self.problem.is_some() && self.up.is_empty() && self.out.is_empty() && self.down.is_empty()
    }
}

fn holds(hosts: &[String], host: &str) -> bool {
    hosts.iter().any(|of| of == host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::event::{Event, StepKey};
    use crate::release::plan::VersionProbe;
    use crate::release::sample;

    fn seen(release: &mut Release, host: &str, version: Option<&str>) {
        let hosts = vec![(host.to_owned(), version.map(str::to_owned))];
        release.apply(1, &Event::Observed { hosts });
    }

    #[test]
    fn the_version_that_answers_is_the_one_that_was_seen_since_something_was_done() {
        let mut plan = sample::rolling(2, 1);
        plan.version_probe = Some(VersionProbe::File { path: "/v".into() });
        let host = plan.batches[0].hosts[0].clone();
        let (mut release, new) = (Release::default(), plan.version.clone());
        assert_eq!(side(&plan, &release, &host), Side::Unknown, "nobody was asked yet");
        seen(&mut release, &host, Some("other"));
        assert_eq!(side(&plan, &release, &host), Side::Old);
        let intent = |rollback| Event::BatchIntent { batch: 0, hosts: vec![host.clone()], rollback };
        release.apply(2, &intent(false));
        assert_eq!(side(&plan, &release, &host), Side::Old, "nothing was done to it yet");
        let step = StepKey { step: "deploy/1".into(), batch: Some(0), attempt: 1 };
        release.apply(3, &Event::StepIntent { step: step.clone(), child: Some(1), hosts: vec![host.clone()] });
        assert_eq!(side(&plan, &release, &host), Side::Unknown, "it may be either by now");
        seen(&mut release, &host, Some(&new));
        release.apply(4, &Event::Hosts { marks: vec![(host.clone(), Mark::New)], by: None });
        assert_eq!(side(&plan, &release, &host), Side::New);
        release.apply(5, &intent(true));
        assert_eq!(side(&plan, &release, &host), Side::New, "that it is about to go back moves no traffic");
        release.apply(6, &Event::StepIntent { step, child: Some(2), hosts: vec![host.clone()] });
        seen(&mut release, &host, None);
        assert_eq!(side(&plan, &release, &host), Side::Unknown, "it does not tell");
        plan.version_probe = None;
        assert_eq!(side(&plan, &release, "untouched"), Side::Old, "as it was");
    }
}
