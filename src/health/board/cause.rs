//! What fails the same way at the same time has one cause: many hosts in one line.

use super::Row;
use crate::health::judge::Status;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Milliseconds between the first and the last that count as the same moment.
pub const MOMENT: i64 = 60_000;
/// So many hosts are a common cause, however many there are.
const MANY: usize = 3;
/// Or more than this share of those that are checked (percent), at least two.
const SHARE: usize = 20;

/// Hosts that fail the same way since the same moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What they have in common (`disk`, `web`).
    pub family: String,
    /// In which way, in words, without any host's name: `connection refused`. Empty for numbers.
    pub way: String,
    pub status: Status,
    /// Since when (Unix milliseconds): the first of them.
    pub since: i64,
    /// The hosts, in their order.
    pub hosts: Vec<String>,
    /// How many hosts have such a check.
    pub of: usize,
}

impl Cause {
    /// `7 of 9: web connection refused`.
    pub fn text(&self) -> String {
        let way = if self.way.is_empty() { self.status.name() } else { &self.way };
        format!("{} of {}: {} {way}", self.hosts.len(), self.of, self.family)
    }
}

/// Finds them among what is not silenced, most hosts first, and notes in each row which one it belongs to.
pub fn find(rows: &mut [Row]) -> Vec<Cause> {
    let mut of: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
    let mut alike: BTreeMap<(String, Status, String), Vec<usize>> = BTreeMap::new();
    for (n, row) in rows.iter().enumerate() {
        let Some(host) = row.host.as_ref().filter(|_| row.silenced.is_none()) else { continue };
        of.entry(&row.family).or_default().insert(host);
        // That nobody asked has its cause here, not there.
        if matches!(row.status, Status::Bad | Status::Warn | Status::Stale) && !row.unasked {
            let measured = row.limit.is_some() || row.status == Status::Stale;
            let way = if measured { String::new() } else { way(&row.text, host) };
            alike.entry((row.family.clone(), row.status, way)).or_default().push(n);
        }
    }
    let of: BTreeMap<String, usize> = of.into_iter().map(|(family, hosts)| (family.to_owned(), hosts.len())).collect();
    let mut found: Vec<(Cause, Vec<usize>)> = Vec::new();
    for ((family, status, way), mut members) in alike {
        members.sort_by_key(|n| rows[*n].since);
        let all = of.get(&family).copied().unwrap_or_default();
        for moment in members.chunk_by(|a, b| rows[*b].since - rows[*a].since <= MOMENT) {
            let mut moment = moment.to_vec();
            let since = rows[moment[0]].since;
            moment.sort_unstable();
            // A host counts once, however many of its disks are full.
            let hosts: Vec<String> = moment.iter().filter_map(|n| rows[*n].host.clone()).collect();
            let hosts: Vec<String> = unique(hosts);
            if is_common(hosts.len(), all) {
                let (family, way) = (family.clone(), way.clone());
                found.push((Cause { family, way, status, since, hosts, of: all }, moment));
            }
        }
    }
    found.sort_by_key(|(cause, _)| (Reverse(cause.hosts.len()), Reverse(cause.status), cause.since));
    for (n, (_, members)) in found.iter().enumerate() {
        members.iter().for_each(|at| rows[*at].cause = Some(n));
    }
    found.into_iter().map(|(cause, _)| cause).collect()
}

/// So many of all hosts that have a check are no coincidence.
pub fn is_common(hosts: usize, of: usize) -> bool {
    hosts >= MANY || (hosts >= 2 && hosts * 100 > of * SHARE)
}

fn unique(hosts: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    hosts.into_iter().filter(|host| seen.insert(host.clone())).collect()
}

/// How it fails, without what differs from host to host: its name and addresses.
pub fn way(text: &str, host: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let address = bare.split(':').next().is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_ok());
        let named = bare == host || bare.split_once(':').is_some_and(|(name, _)| name == host);
        match (address || named, bare.rsplit_once(':')) {
            // The port is what they have in common.
            (true, Some((_, port))) if port.parse::<u16>().is_ok() => words.push(format!(":{port}")),
            (true, _) => {}
            (false, _) => words.push(word.to_owned()),
        }
    }
    words.join(" ")
}
