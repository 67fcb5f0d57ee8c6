//! One operation on all balancers of a plan: look first, act on each, read back, prove. What reached only some of them is
//! put back, and what could not be put back is called SPLIT. Blocking, for a thread; every part has its limit.

use super::command::Programs;
use super::driver::{Drive, Sides, Wait};
use super::haproxy::Haproxy;
use super::kubernetes::Kubernetes;
use super::{Op, Report};
use crate::health::probe::request;
use crate::release::plan::{Balancer, Driver, Http, Prove, Traffic};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// How long a host may take to be found well after it was put back.
const WELL: Duration = Duration::from_secs(60);
/// How long one request of a proof may take.
const REQUEST: Duration = Duration::from_secs(5);
/// How often a proof is begun again: a balancer's workers need not change at the same moment.
const TRIES: u32 = 5;

/// What an operation must know beside the balancers and itself.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The project's root: programs of the operator's own run there.
    pub cwd: &'a Path,
    /// Balancers as they were before the release touched them. Empty: as they are.
    pub before: &'a [Report],
    /// The same was begun before, and a death came in its middle: file and memory may differ, so they are not compared,
    /// and what cannot be switched goes back to where it was before the release, wherever it is now.
    pub again: bool,
    /// Hosts that have the new version: whose share of traffic is told apart.
    pub new: &'a [String],
    /// Hosts of which it is not known which version they have.
    pub unknown: &'a [String],
    /// Set once something else is to be done: what only waits gives way to it.
    pub gives_way: Option<&'a AtomicBool>,
}

impl<'a> Scene<'a> {
    /// Of balancers that nobody has touched.
    pub fn at(cwd: &'a Path) -> Self {
        Scene { cwd, before: &[], again: false, new: &[], unknown: &[], gives_way: None }
    }
}

/// Carries an operation out: each balancer as it is afterwards, and whether all are as wanted.
pub fn perform(traffic: &Traffic, op: &Op, scene: &Scene<'_>) -> (Vec<Report>, bool) {
    let mut all: Vec<One<'_>> = traffic.balancers.iter().map(|balancer| One::of(balancer, scene)).collect();
    let mut new = scene.new;
    match op {
        Op::Status => {}
        Op::Check { to } => all.iter_mut().for_each(|one| one.does(|d| d.check(to, scene.again))),
        Op::Switch { to, version: Some(version) } => switch(traffic, &mut all, to, version, scene),
        Op::Switch { to, version: None } => all.iter_mut().for_each(|one| one.returns(to)),
        Op::Weight { hosts, percent } => {
            new = hosts;
            all.iter_mut().for_each(|one| one.does(|d| d.weight(hosts, *percent)));
        }
        Op::Out { hosts } => {
            let drain = Wait::of(seconds(traffic.drain), scene.gives_way);
            all.iter_mut().for_each(|one| one.does(|d| d.out(hosts, drain)));
        }
        Op::In { hosts } => {
            let well = Wait::of(WELL, scene.gives_way);
            all.iter_mut().for_each(|one| one.does(|d| d.put_in(hosts, well)));
        }
        Op::Drain { pool } => all.iter_mut().for_each(|one| one.does(|d| d.drain(pool, seconds(traffic.drain)))),
    }
    let sides = Sides { new, unknown: scene.unknown };
    let reports: Vec<Report> = all.into_iter().map(|one| one.report(sides)).collect();
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
    fn of(balancer: &'a crate::release::plan::Balancer, scene: &Scene<'a>) -> Self {
        let (driver, problem) = match open(balancer, scene.cwd) {
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

    /// Part of a switch, whose time is counted.
    fn moves(&mut self, what: impl FnOnce(&mut (dyn Drive + 'a)) -> Result<(), String>) {
        let began = Instant::now();
        self.does(what);
        self.took = Some(self.took.unwrap_or_default() + began.elapsed());
    }

    fn look(&mut self, sides: Sides<'_>) -> Result<Report, String> {
        match &mut self.driver {
            Some(driver) => driver.look(sides),
            None => Err(self.problem.clone().unwrap_or_default()),
        }
    }

    /// As [`One::goes_back`], where anybody would serve there: a pool that is only partly up holds nothing up, one without
    /// a server would end what is left. What cannot be told holds nothing up either.
    fn returns(&mut self, to: &str) {
        if let Ok(Report { active: Some(active), up, .. }) = self.look(Sides::default())
            && active != to
            && up.get(to).is_some_and(|(up, all)| *up == 0 && *all > 0)
            && up.get(&active).is_some_and(|(up, _)| *up > 0)
        {
            self.problem = Some(format!("no server of {to} is up: traffic stays with {active}"));
            return;
        }
        self.goes_back(to);
    }

    /// All traffic to where it was. Nothing holds that up: neither a pool that is only partly up, nor a file that cannot
    /// be written, which is told afterwards.
    fn goes_back(&mut self, to: &str) {
        let Some(driver) = &mut self.driver else { return };
        let began = Instant::now();
        let (file, memory) = (driver.persist(to), driver.switch(to));
        self.took = Some(began.elapsed());
        self.problem = match (memory, file) {
            (Err(why), _) => Some(why),
            (Ok(()), Err(why)) => Some(format!("traffic goes to {to}, and does so only until a reload: {why}")),
            (Ok(()), Ok(())) => None,
        };
    }

    /// As [`One::goes_back`], after a switch that failed, here or elsewhere.
    fn is_put_back(&mut self) {
        let Some(before) = self.before.clone() else { return };
        let why = self.problem.take();
        self.goes_back(&before);
        let gone = match (self.driver.is_some(), self.problem.take()) {
            (true, None) => format!("it was put back to {before}"),
            (true, Some(why)) if why.starts_with("traffic goes to") => format!("it was put back: {why}"),
            (_, left) => {
                format!("SPLIT: it could not be put back to {before}: {}", left.as_deref().unwrap_or("out of reach"))
            }
        };
        let why = why.unwrap_or_else(|| "another balancer could not be switched".to_owned());
        self.problem = Some(format!("{why}; {gone}"));
    }

    fn report(mut self, sides: Sides<'_>) -> Report {
        let seen = self.look(sides);
        let (report, unseen) = match seen {
            Ok(report) => (report, None),
            Err(why) => (Report::default(), Some(why)),
        };
        let problem = self.problem.or(unseen).or(report.problem.clone());
        let took_us = self.took.map(|took| took.as_micros() as u64);
        Report { balancer: self.name.to_owned(), problem, took_us, ..report }
    }
}

/// Nothing is touched unless all balancers can be switched; what an earlier try has touched is put back then.
fn switch(traffic: &Traffic, all: &mut [One<'_>], to: &str, version: &str, scene: &Scene<'_>) {
    for one in all.iter_mut() {
        match one.look(Sides::default()) {
            Ok(report) => one.before = report.active,
            Err(why) => one.problem = Some(why),
        }
        if scene.again {
            one.before = scene.before.iter().find(|r| r.balancer == one.name).and_then(|r| r.active.clone());
        }
        one.does(|driver| driver.check(to, scene.again));
    }
    let fails = |all: &[One<'_>]| all.iter().any(|one| one.problem.is_some());
    let mut touched = scene.again;
    if !fails(all) {
        touched = true;
        all.iter_mut().for_each(|one| one.moves(|driver| driver.persist(to)));
    }
    if !fails(all) {
        all.iter_mut().for_each(|one| one.moves(|driver| driver.switch(to)));
        if let Some(prove) = &traffic.prove {
            all.iter_mut().enumerate().for_each(|(n, one)| one.does(|_| proof(prove, n, version)));
        }
    }
    if touched && fails(all) {
        all.iter_mut().for_each(One::is_put_back);
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
        None => holds(&answer.body, version),
    };
    told.then_some(()).ok_or_else(|| "another version answered".to_owned())
}

/// A text names this version, not one that only begins or ends with it: `2.1` is neither in `12.1` nor in `2.10`.
fn holds(text: &str, version: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+');
    text.match_indices(version).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + version.len()..]);
        let before = before.strip_suffix('v').unwrap_or(before).trim_end_matches('.');
        let after = after.strip_prefix('.').unwrap_or(after);
        !before.ends_with(part) && !after.starts_with(part)
    })
}

/// The driver of a balancer; `cwd`: where programs of the operator's own run.
///
/// # Errors
/// It cannot be reached at all.
fn open<'a>(balancer: &'a Balancer, cwd: &'a Path) -> Result<Box<dyn Drive + 'a>, String> {
    Ok(match &balancer.driver {
        Driver::Haproxy { .. } => Box::new(Haproxy::open(&balancer.driver)?),
        Driver::Kubernetes { .. } => Box::new(Kubernetes::new(&balancer.driver)),
        Driver::Command { .. } => Box::new(Programs::new(&balancer.driver, cwd)),
    })
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn a_version_is_a_word() {
        for text in ["2.1", "web v2.1\n", "{\"version\": \"2.1\"}", "This is 2.1."] {
            assert!(holds(text, "2.1"), "{text}");
        }
        for text in ["", "12.1", "1.2.1", "2.10", "2.1.1", "2.1-rc1", "v1.2"] {
            assert!(!holds(text, "2.1"), "{text}");
        }
    }
}
