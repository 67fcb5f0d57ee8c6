//! What a poller does: every job with the way to its host, worked out once from the inventory.

use super::keep::{Brought, Found};
use super::schedule;
use super::work::{self, World};
use crate::health::plan::{Ask, Job, Watch, jobs, watches};
use crate::health::probe::Probe;
use crate::health::probe::target::Target as Vars;
use crate::health::record::{Raw, Report};
use crate::inventory::ask::{self, Cancel, Resolved, Wanted};
use crate::inventory::{self, HostId, Inventory};
use crate::project::cfg::{AnsibleCfg, Env};
use crate::project::{Environment, Project};
use crate::ssh::{self, Route, Target};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// How long `ansible-inventory` may take.
const INVENTORY: Duration = Duration::from_secs(60);
/// Ansible is asked no more often than this (seconds): a call of it costs a second of this machine.
const ANSIBLE: u32 = 60;

/// One thing that is done again and again.
#[derive(Debug, Clone)]
pub struct Work {
    /// What for: one job, or all hosts of a watch that go through Ansible.
    pub jobs: Vec<Job>,
    pub way: Way,
    /// Milliseconds between two times.
    pub interval: u64,
    pub phase: u64,
}

/// The hosts of one watch that go through Ansible, and why each.
type Group = (Vec<Job>, Vec<(Vars, String)>);

/// How a host is reached.
#[derive(Debug, Clone)]
pub enum Way {
    Ssh(Arc<Vars>, Arc<Target>),
    /// From this machine; the host, where the probe names it.
    Here(Vec<Vars>),
    /// Through Ansible, and why each.
    Ansible(Vec<(Vars, String)>),
    /// Not at all.
    Never(String),
}

impl Work {
    fn new(jobs: Vec<Job>, way: Way) -> Work {
        let job = &jobs[0];
        let interval = u64::from(job.watch.rule.interval.max(1)) * 1000;
        let phase = schedule::phase(&(&job.host, &job.watch.name), interval);
        Work { jobs, way, interval, phase }
    }

    /// True if any of it is wanted; `None`: everything is. What is asked once for all always is.
    pub fn is_wanted(&self, hosts: Option<&HashSet<String>>) -> bool {
        hosts.is_none_or(|hosts| self.jobs.iter().any(|job| job.host.as_ref().is_none_or(|host| hosts.contains(host))))
    }

    /// True if all of it was measured within its interval.
    pub fn is_fresh(&self, measured: &Measured, now: i64) -> bool {
        self.jobs.iter().all(|job| is_within(job, measured, now, self.interval))
    }

    /// Of the hosts of a watch that go through Ansible those that are wanted and were not asked for half its interval: one
    /// that came into sight late is asked at once, and with the others from then on.
    pub fn due(&self, hosts: Option<&HashSet<String>>, measured: &Measured, now: i64) -> HashSet<String> {
        let Way::Ansible(_) = self.way else { return HashSet::new() };
        let due = self.jobs.iter().filter(|job| !is_within(job, measured, now, self.interval / 2));
        let due = due.filter_map(|job| job.host.as_ref());
        due.filter(|host| hosts.is_none_or(|hosts| hosts.contains(*host))).cloned().collect()
    }

    /// Does it; of several hosts only for these.
    pub async fn act(&self, world: World, hosts: HashSet<String>) -> Vec<(Job, Brought)> {
        let job = &self.jobs[0];
        match &self.way {
            Way::Ssh(vars, target) => vec![(job.clone(), work::over_ssh(job, vars, target, &world).await)],
            Way::Here(vars) => vec![(job.clone(), work::from_here(job.clone(), vars.clone(), world).await)],
            Way::Never(why) => vec![(job.clone(), never(why))],
            Way::Ansible(all) => {
                let asked = self.jobs.iter().zip(all).filter(|(_, (vars, _))| hosts.contains(&vars.name));
                let (jobs, all): (Vec<Job>, Vec<(Vars, String)>) =
                    asked.map(|(job, host)| (job.clone(), host.clone())).unzip();
                let (watch, limit) = (Arc::clone(&job.watch), Duration::from_millis(self.interval * 9 / 10));
                let ask = move || work::through_ansible(&watch.ask, &all, &world, limit);
                let brought = tokio::task::spawn_blocking(ask).await.unwrap_or_default();
                jobs.into_iter().zip(brought).collect()
            }
        }
    }
}

fn never(why: &str) -> Brought {
    let (at, why) = (work::now(), work::safe(why));
    let raw = Raw { at, took: 0, command: String::new(), ended: why.clone(), output: Vec::new() };
    Brought { at, took: 0, found: Found::Unknown(why), raw }
}

/// When what was last measured (Unix milliseconds), by host and probe.
pub type Measured = HashMap<(Option<String>, String), i64>;

fn is_within(job: &Job, measured: &Measured, now: i64, ms: u64) -> bool {
    let at = measured.get(&(job.host.clone(), job.watch.name.clone()));
    at.is_some_and(|at| (0..ms as i64).contains(&(now - at)))
}

/// When what was last measured, by host and probe.
pub fn measured(reports: &[Report]) -> Measured {
    reports.iter().map(|report| ((report.host.clone(), report.probe.clone()), report.at)).collect()
}

/// Everything that is to be done in an environment. Blocking.
///
/// # Errors
/// Its inventory cannot be read, by us or by Ansible.
pub fn works(project: &Project, environment: &Environment) -> Result<Vec<Work>, String> {
    let watched = watches(project, &environment.name);
    let cfg = AnsibleCfg::load(&project.root, &Env::current());
    let options = inventory::Options::current();
    let (mut names, hidden) = ssh::variables();
    names.extend(watched.iter().flat_map(|watch| watch.named()));
    let ask = |hosts: Option<Vec<String>>| {
        let wanted = Wanted { names: names.clone(), hidden: hidden.clone(), hosts };
        let (root, sources) = (&project.root, &environment.inventory);
        ask::resolve(root, sources, &wanted, &options, INVENTORY, &Cancel::default()).map_err(|e| e.to_string())
    };
    // As read here, or where only Ansible can, as it says.
    let (native, all) = match Inventory::load(&project.root, &environment.inventory, &options) {
        Ok(inventory) => (Some(inventory), None),
        Err(declined) if declined.hopeless => return Err(declined.to_string()),
        Err(_) => (None, Some(ask(None)?)),
    };
    let seen = native.as_ref().or(all.as_ref().map(|all| &all.inventory));
    let Some(inventory) = seen else { return Err("there is no inventory".to_owned()) };
    let (jobs, wrong) = jobs(&watched, inventory);
    let ways = (&cfg, &ssh::Options::default());
    let mut hosts: Vec<HostId> = jobs.iter().filter_map(|job| inventory.host(job.host.as_deref()?)).collect();
    hosts.sort_unstable_by_key(|host| host.0);
    hosts.dedup();
    let (routes, some) = match &all {
        Some(all) => {
            let way = |host: &HostId| ssh::resolved_way(all, inventory.host_name(*host), ways);
            (hosts.iter().map(way).collect(), None)
        }
        None => ssh::ways(inventory, &hosts, ways, |hosts| ask(Some(hosts))),
    };
    let routes: HashMap<HostId, Route> = hosts.iter().copied().zip(routes).collect();
    let mut works = Vec::new();
    let mut known: HashMap<String, (Arc<Vars>, Route)> = HashMap::new();
    let mut ansible: BTreeMap<String, Group> = BTreeMap::new();
    for job in jobs {
        let Some(host) = &job.host else {
            works.push(Work::new(vec![job], Way::Here(Vec::new())));
            continue;
        };
        let (vars, route) = known.entry(host.clone()).or_insert_with(|| {
            // What Ansible resolved of a host stands before what is written.
            let of = |resolved: &Resolved| resolved.inventory.host(host).map(|_| Vars::of(&resolved.inventory, host));
            let own = some.as_ref().and_then(of).unwrap_or_default();
            let mut vars = Vars::of(inventory, host);
            vars.vars.extend(own.vars);
            let route = inventory.host(host).and_then(|id| routes.get(&id).cloned());
            (Arc::new(vars), route.unwrap_or_else(|| Route::Ansible { why: "it is this machine itself".into() }))
        });
        let from_here = matches!(&job.watch.ask, Ask::Probe(probe) if !matches!(probe, Probe::Systemd { .. }));
        match route {
            _ if from_here => {
                let vars = vec![(**vars).clone()];
                works.push(Work::new(vec![job], Way::Here(vars)));
            }
            Route::Ssh(target) => {
                let target = Arc::new((**target).clone());
                works.push(Work::new(vec![job], Way::Ssh(Arc::clone(vars), target)));
            }
            Route::Ansible { why } => {
                let slow = Arc::new(rarely(&job.watch, why));
                // Hosts of one watch go together; two samples with other limits do not.
                let group = ansible.entry(format!("{:?}", job.watch)).or_default();
                group.0.push(Job { host: job.host.clone(), watch: slow });
                group.1.push(((**vars).clone(), why.clone()));
            }
        }
    }
    works.extend(ansible.into_values().map(|(jobs, hosts)| Work::new(jobs, Way::Ansible(hosts))));
    for (name, why) in wrong {
        if let Some(watch) = watched.iter().find(|watch| watch.name == name) {
            works.push(Work::new(vec![Job { host: None, watch: Arc::clone(watch) }], Way::Never(why)));
        }
    }
    Ok(works)
}

fn rarely(watch: &Watch, why: &str) -> Watch {
    let mut watch = watch.clone();
    if let Ask::Sample(_) = watch.ask {
        watch.need = format!("an answer through Ansible ({why})");
    }
    watch.rule.interval = watch.rule.interval.max(ANSIBLE);
    watch
}
