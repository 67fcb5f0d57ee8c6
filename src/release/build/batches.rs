//! Slices hosts into batches and sets the limits: a first batch of one unless told otherwise, no batch above what may be
//! out of service at once.

use super::fill::Fill;
use super::hosts::Hosts;
use super::{Refused, Wish};
use crate::project::config::release::{self as written, ReleaseConfig, Size};
use crate::release::plan::{Batch, Limits, Strategy, Traffic};
use std::collections::{BTreeMap, HashSet};

pub struct Sliced {
    pub strategy: Strategy,
    pub batches: Vec<Batch>,
    pub limits: Limits,
}

/// Hosts of the release, sliced.
///
/// # Errors
/// A pattern without hosts, pools that share one, a canary group too large, or a pool in traffic that nobody can tell.
pub fn slice(
    wish: &Wish<'_>,
    release: &ReleaseConfig,
    hosts: &Hosts<'_>,
    fill: &Fill<'_>,
    traffic: Option<&Traffic>,
    warnings: &mut Vec<String>,
) -> Result<Sliced, Refused> {
    match &release.how.strategy {
        written::Strategy::BlueGreen { pools } => blue_green(wish, release, pools, hosts, fill, traffic),
        written::Strategy::Rolling { surge } => {
            let surge = surge.as_ref().map(|surge| hosts.select(surge, fill)).transpose()?.unwrap_or_default();
            let own = own_hosts(release, hosts, fill)?.into_iter().filter(|host| !surge.contains(host)).collect();
            Ok(in_place(release, own, surge, warnings))
        }
        written::Strategy::Canary { weights, hosts: group } => {
            let own = own_hosts(release, hosts, fill)?;
            match group {
                Some(group) => weighted(release, weights, hosts.select(group, fill)?, own),
                None => Ok(Sliced { strategy: Strategy::Canary, ..in_place(release, own, Vec::new(), warnings) }),
            }
        }
    }
}

fn own_hosts(release: &ReleaseConfig, hosts: &Hosts<'_>, fill: &Fill<'_>) -> Result<Vec<String>, Refused> {
    match &release.hosts {
        Some(pattern) => hosts.select(pattern, fill),
        None => Err(Refused(format!("{} has no hosts: expected hosts: PATTERN", release.name))),
    }
}

/// Percentages are rounded down, but never to nothing unless nothing was asked for.
fn count(size: Size, of: usize) -> u32 {
    let of = u32::try_from(of).unwrap_or(u32::MAX);
    match size {
        Size::Hosts(n) => n,
        Size::Percent(0) => 0,
        Size::Percent(percent) => u32::try_from(u64::from(of) * u64::from(percent) / 100).unwrap_or(of).max(1),
    }
}

fn limits(release: &ReleaseConfig, all: usize, max_unavailable: u32) -> Limits {
    let total = u32::try_from(all).unwrap_or(u32::MAX);
    Limits {
        max_unavailable,
        min_in_service: total.saturating_sub(max_unavailable),
        budget: count(release.how.pace.budget, all),
        progress_deadline: release.how.pace.progress_deadline,
        soak: release.how.pace.soak,
    }
}

/// Hosts that may be out at once: as told, else as many as the largest batch that was told, else a quarter.
fn max_unavailable(release: &ReleaseConfig, all: usize) -> u32 {
    let largest = || release.how.pace.batches.iter().map(|size| count(*size, all)).max();
    let told = release.how.pace.max_unavailable.map(|size| count(size, all)).or_else(largest);
    told.unwrap_or_else(|| count(Size::Percent(25), all)).min(u32::try_from(all).unwrap_or(u32::MAX))
}

fn in_place(release: &ReleaseConfig, own: Vec<String>, surge: Vec<String>, warnings: &mut Vec<String>) -> Sliced {
    let out = max_unavailable(release, own.len());
    let cap = out as usize + surge.len();
    let default = [Size::Hosts(1), Size::Percent(25)];
    let sizes: &[Size] = if release.how.pace.batches.is_empty() { &default } else { &release.how.pace.batches };
    let wanted: Vec<usize> = sizes.iter().map(|size| count(*size, own.len()) as usize).collect();
    if !release.how.pace.batches.is_empty() && wanted.iter().any(|size| *size > cap) {
        warnings.push(format!("batches are cut to {cap} hosts: more may not be out of service at once"));
    }
    let mut batches: Vec<Batch> = Vec::new();
    if !surge.is_empty() {
        batches.push(Batch { hosts: surge.clone(), weight: None });
    }
    let mut rest = own.as_slice();
    let mut sizes = wanted.iter().chain(std::iter::repeat(wanted.last().unwrap_or(&1)));
    while !rest.is_empty() {
        let size = sizes.next().copied().unwrap_or(1).clamp(1, cap.max(1)).min(rest.len());
        let (now, later) = rest.split_at(size);
        batches.push(Batch { hosts: now.to_vec(), weight: None });
        rest = later;
    }
    Sliced { strategy: Strategy::Rolling { surge }, batches, limits: limits(release, own.len(), out) }
}

/// The group with a growing share of traffic, then all others, each with as much as any other.
fn weighted(release: &ReleaseConfig, weights: &[u8], group: Vec<String>, own: Vec<String>) -> Result<Sliced, Refused> {
    let rest: Vec<String> = own.into_iter().filter(|host| !group.contains(host)).collect();
    let all = group.len() + rest.len();
    let out = match release.how.pace.max_unavailable {
        Some(size) => count(size, all),
        None => max_unavailable(release, all).max(u32::try_from(group.len()).unwrap_or(u32::MAX)),
    };
    if group.len() > out as usize {
        let size = group.len();
        return Err(Refused(format!(
            "the canary group has {size} hosts, but only {out} may be out of service at once"
        )));
    }
    // All of the traffic is for all hosts: the group alone never has it. From then on each host has its own share.
    let own_share = |new: usize| Some(u8::try_from(new * 100 / all.max(1)).unwrap_or(100));
    let mut new = group.len();
    let mut shares = weights.iter().copied().filter(|weight| *weight < 100);
    let mut batches = vec![Batch { hosts: group, weight: shares.next().or_else(|| own_share(new)) }];
    batches.extend(shares.map(|weight| Batch { hosts: Vec::new(), weight: Some(weight) }));
    for hosts in rest.chunks(out.max(1) as usize) {
        new += hosts.len();
        batches.push(Batch { hosts: hosts.to_vec(), weight: own_share(new) });
    }
    Ok(Sliced { strategy: Strategy::Canary, batches, limits: limits(release, all, out) })
}

fn blue_green(
    wish: &Wish<'_>,
    release: &ReleaseConfig,
    pools: &[(String, crate::project::config::text::Text)],
    hosts: &Hosts<'_>,
    fill: &Fill<'_>,
    traffic: Option<&Traffic>,
) -> Result<Sliced, Refused> {
    let mut of = BTreeMap::new();
    let mut seen = HashSet::new();
    for (name, pattern) in pools {
        let selected = hosts.select(pattern, fill)?;
        if let Some(host) = selected.iter().find(|host| !seen.insert((*host).clone())) {
            return Err(Refused(format!(
                "{host} is in both pools of {}: expected pools that share no host",
                release.name
            )));
        }
        of.insert(name.clone(), selected);
    }
    let traffic = traffic.ok_or_else(|| Refused(format!("{} moves no traffic: expected traffic:", release.name)))?;
    let active = (wish.active)(traffic).map_err(|why| Refused(format!("which pool takes traffic? {why}")))?;
    let names: Vec<&str> = of.keys().map(String::as_str).collect();
    let Some(idle) = of.keys().find(|name| **name != active).filter(|_| of.contains_key(&active)).cloned() else {
        return Err(Refused(format!("the balancers send traffic to {active:?}; expected one of {}", names.join(", "))));
    };
    let deployed = of[&idle].clone();
    let limits = limits(release, of.values().map(Vec::len).sum(), u32::try_from(deployed.len()).unwrap_or(u32::MAX));
    let batches = vec![Batch { hosts: deployed, weight: None }];
    Ok(Sliced { strategy: Strategy::BlueGreen { active, idle, pools: of }, batches, limits })
}
