//! One operation on all balancers of a plan: look first, act on each, read back, prove. What reached only some of them is
//! put back, and what could not be put back is called SPLIT. Blocking, for a thread; every part has its limit.

use super::driver::{Drive, open};
use super::{Op, Report};
use crate::health::probe::request;
use crate::release::plan::{Http, Prove, Traffic};
use std::time::{Duration, Instant};

/// How long a host may take to be found well after it was put back.
const WELL: Duration = Duration::from_secs(60);
/// How long one request of a proof may take.
const REQUEST: Duration = Duration::from_secs(5);
/// How often a proof is begun again: a balancer's workers need not change at the same moment.
const TRIES: u32 = 5;

/// Carries an operation out: each balancer as it is afterwards, and whether all are as wanted.
pub fn perform(traffic: &Traffic, op: &Op) -> (Vec<Report>, bool) {
    let mut all: Vec<One<'_>> = traffic.balancers.iter().map(One::of).collect();
    match op {
        Op::Status => {}
        Op::Check { to } => all.iter_mut().for_each(|one| one.does(|d| d.check(to))),
        Op::Switch { to, version } => switch(traffic, &mut all, to, version.as_deref()),
        Op::Weight { hosts, percent } => all.iter_mut().for_each(|one| one.does(|d| d.weight(hosts, *percent))),
        Op::Out { hosts } => all.iter_mut().for_each(|one| one.does(|d| d.out(hosts, seconds(traffic.drain)))),
        Op::In { hosts } => all.iter_mut().for_each(|one| one.does(|d| d.put_in(hosts, WELL))),
        Op::Drain { pool } => all.iter_mut().for_each(|one| one.does(|d| d.drain(pool, seconds(traffic.drain)))),
    }
    let reports: Vec<Report> = all.into_iter().map(One::report).collect();
    let ok = reports.iter().all(|report| report.problem.is_none());
    (reports, ok)
}

fn seconds(n: u32) -> Duration {
    Duration::from_secs(n.into())
}

/// One balancer in the middle of an operation.
struct One<'a> {
    name: &'a str,
    driver: Option<Box<dyn Drive + 'a>>,
    problem: Option<String>,
    took: Option<Duration>,
    /// Pool that it had before.
    before: Option<String>,
}

impl<'a> One<'a> {
    fn of(balancer: &'a crate::release::plan::Balancer) -> Self {
        let (driver, problem) = match open(balancer) {
            Ok(driver) => (Some(driver), None),
            Err(why) => (None, Some(why)),
        };
        One { name: &balancer.name, driver, problem, took: None, before: None }
    }

    /// Does something, unless something went wrong already.
    fn does(&mut self, what: impl FnOnce(&mut (dyn Drive + 'a)) -> Result<(), String>) {
        if let (Some(driver), None) = (&mut self.driver, &self.problem) {
            self.problem = what(driver.as_mut()).err();
        }
    }

    fn look(&mut self) -> Result<Report, String> {
        match &mut self.driver {
            Some(driver) => driver.look(),
            None => Err(self.problem.clone().unwrap_or_default()),
        }
    }

    fn report(mut self) -> Report {
        let seen = self.look();
        let (report, unseen) = match seen {
            Ok(report) => (report, None),
            Err(why) => (Report::default(), Some(why)),
        };
        let problem = self.problem.or(unseen).or(report.problem.clone());
        let took_us = self.took.map(|took| took.as_micros() as u64);
        Report { balancer: self.name.to_owned(), problem, took_us, ..report }
    }
}

/// Nothing is touched unless all balancers can be switched.
fn switch(traffic: &Traffic, all: &mut [One<'_>], to: &str, version: Option<&str>) {
    for one in all.iter_mut() {
        match one.look() {
            Ok(report) => one.before = report.active,
            Err(why) => one.problem = Some(why),
        }
        // The way back is not held up by a pool that is only partly up, or by a file that was left behind.
        if version.is_some() {
            one.does(|driver| driver.check(to));
        }
    }
    if all.iter().any(|one| one.problem.is_some()) && version.is_some() {
        return;
    }
    all.iter_mut().for_each(|one| one.does(|driver| driver.persist(to)));
    if all.iter().all(|one| one.problem.is_none()) || version.is_none() {
        for one in all.iter_mut() {
            let decided = Instant::now();
            one.does(|driver| driver.switch(to));
            one.took = Some(decided.elapsed());
        }
        if let (Some(prove), Some(version)) = (&traffic.prove, version) {
            for (n, one) in all.iter_mut().enumerate() {
                one.does(|_| proof(prove, n, version));
            }
        }
    }
    if all.iter().any(|one| one.problem.is_some()) && version.is_some() {
        put_back(all);
    }
}

/// Every balancer to where it was.
fn put_back(all: &mut [One<'_>]) {
    for one in all {
        let Some(before) = one.before.clone() else { continue };
        let Some(driver) = &mut one.driver else { continue };
        let back = driver.persist(&before).and_then(|()| driver.switch(&before));
        one.problem = Some(match (one.problem.take(), back) {
            (Some(why), Ok(())) => format!("{why}; it was put back to {before}"),
            (None, Ok(())) => format!("put back to {before}, since another balancer could not be switched"),
            (why, Err(e)) => {
                format!("SPLIT: {}it could not be put back to {before}: {e}", why.map(|w| w + "; ").unwrap_or_default())
            }
        });
    }
}

/// So many requests one after another, through this balancer, answered by the new version.
fn proof(prove: &Prove, balancer: usize, version: &str) -> Result<(), String> {
    let Some(url) = prove.urls.get(balancer).or(prove.urls.first()) else { return Ok(()) };
    let request = Http { method: "GET".into(), url: url.clone(), ..Http::default() };
    let mut last = String::new();
    for _ in 0..TRIES {
        match (0..prove.requests.max(1)).try_for_each(|_| answered(prove, &request, version)) {
            Ok(()) => return Ok(()),
            Err(why) => last = why,
        }
    }
    Err(format!("requests are not answered by {version}: {last}"))
}

fn answered(prove: &Prove, request: &Http, version: &str) -> Result<(), String> {
    let answer = request::send(request, REQUEST).map_err(|e| e.to_string())?;
    if !(200..300).contains(&answer.status) {
        return Err(answer.status_line());
    }
    let told = match &prove.header {
        Some(header) => answer.header(header).map(|value| value.trim() == version).unwrap_or(false),
        None => answer.body.contains(version),
    };
    told.then_some(()).ok_or_else(|| "another version answered".to_owned())
}
