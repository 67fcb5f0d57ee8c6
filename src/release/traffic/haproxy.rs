//! HAProxy. Blue-green: the value of a key of a map names the backend; the map's file is written before the map in
//! memory, since a reload reads the file. Single hosts: the state and weight of their servers.

use super::Report;
use super::driver::{Drive, Sides, Wait};
use super::runtime::Runtime;
use super::stat::{Server, servers};
use crate::release::plan::{Driver, HaproxyMap};
use crate::text::plain;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The greatest weight of a server.
const HEAVIEST: u64 = 256;

pub struct Haproxy<'a> {
    runtime: Runtime,
    map: Option<&'a HaproxyMap>,
    backends: &'a BTreeMap<String, String>,
    names: &'a BTreeMap<String, String>,
}

impl<'a> Haproxy<'a> {
    pub fn open(driver: &'a Driver) -> Result<Self, String> {
        let Driver::Haproxy { socket, ssh, map, backends, servers } = driver else {
            return Err("no HAProxy".into());
        };
        let runtime = Runtime::open(socket, ssh.as_deref())?;
        Ok(Haproxy { runtime, map: map.as_ref(), backends, names: servers })
    }

    /// Servers of the backends that the plan names.
    fn servers(&self) -> Result<Vec<Server>, String> {
        let all = servers(&self.runtime.ask("show stat")?)?;
        Ok(all.into_iter().filter(|server| self.backends.values().any(|b| *b == server.backend)).collect())
    }

    fn host(&self, server: &str) -> String {
        let named = self.names.iter().find(|(_, name)| name.as_str() == server);
        plain(named.map_or(server, |(host, _)| host.as_str())).into_owned()
    }

    fn of_hosts<'s>(&self, servers: &'s [Server], hosts: &[String]) -> Result<Vec<&'s Server>, String> {
        let mut found = Vec::new();
        for host in hosts {
            let name = self.names.get(host).unwrap_or(host);
            let before = found.len();
            found.extend(servers.iter().filter(|server| server.name == *name));
            if found.len() == before {
                let backends: Vec<&str> = self.backends.values().map(String::as_str).collect();
                return Err(format!("no server {name} in {}: name it under `servers`", backends.join(", ")));
            }
        }
        Ok(found)
    }

    /// The map's file says something else than this memory, which is gone at the next reload.
    fn drift(&self, memory: &str) -> Option<String> {
        let map = self.map?;
        match self.runtime.read(&map.file) {
            Ok(file) => match value(&file, &map.key) {
                Some(value) if value == memory => None,
                value => Some(format!(
                    "{} says {}, memory {}: a reload would move traffic",
                    map.file,
                    plain(value.unwrap_or("nothing")),
                    plain(memory)
                )),
            },
            Err(why) => Some(format!("what a reload would do cannot be told: {why}")),
        }
    }

    /// Shares (percent) of new and old hosts, and of those of which it is not known, by the weights that count at the
    /// moment: who takes no traffic has none.
    fn shares(&self, servers: &[Server], sides: Sides<'_>) -> BTreeMap<String, u8> {
        let [mut new, mut old, mut unknown] = [0, 0, 0];
        for server in servers.iter().filter(|server| server.is_up()) {
            let host = self.host(&server.name);
            *match (sides.new.contains(&host), sides.unknown.contains(&host)) {
                (true, _) => &mut new,
                (false, true) => &mut unknown,
                (false, false) => &mut old,
            } += server.weight;
        }
        let all: u64 = new + old + unknown;
        let share = |of: u64| (of * 200 + all).checked_div(2 * all).map(|share| share as u8);
        let (Some(new), Some(not_known)) = (share(new), share(unknown)) else { return BTreeMap::new() };
        let not_known = not_known.min(100 - new);
        let mut shares: BTreeMap<_, _> = [("new".to_owned(), new), ("old".to_owned(), 100 - new - not_known)].into();
        if unknown > 0 {
            shares.insert("unknown".to_owned(), not_known);
        }
        shares
    }

    fn map(&self) -> Result<&HaproxyMap, String> {
        self.map.ok_or_else(|| "the plan names no map whose key is switched".to_owned())
    }

    fn backend(&self, pool: &str) -> Result<&str, String> {
        let known = || self.backends.keys().cloned().collect::<Vec<_>>().join(", ");
        self.backends
            .get(pool)
            .map(String::as_str)
            .ok_or_else(|| format!("no backend for {pool}; there are {}", known()))
    }

    /// The backend that the map in memory names.
    fn in_memory(&self) -> Result<String, String> {
        let map = self.map()?;
        let text = self.runtime.ask(&format!("show map {}", map.file))?;
        let value = text.lines().filter_map(|line| line.split_whitespace().nth(1).zip(line.split_whitespace().nth(2)));
        let value = value.filter(|(key, _)| *key == map.key).map(|(_, value)| value.to_owned()).next();
        value
            .ok_or_else(|| format!("{} has no key {}: {}", map.file, map.key, plain(text.lines().next().unwrap_or(""))))
    }

    /// Gives a server a weight, or with `None` the one of the configuration, and reads it back.
    fn weigh(&self, server: &Server, weight: Option<u64>) -> Result<(), String> {
        let name = format!("{}/{}", server.backend, server.name);
        self.runtime.order(&format!("set weight {name} {}", weight.map_or("100%".into(), |w| w.to_string())))?;
        // `12 (initial 1)`
        let told = self.runtime.ask(&format!("get weight {name}"))?;
        let numbers: Vec<u64> = told.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
        match numbers[..] {
            [now, initial] if now == weight.unwrap_or(initial) => Ok(()),
            _ => Err(format!("{name} was given another weight and reads {}", plain(told.trim()))),
        }
    }

    /// Waits until servers are as wanted; what they are where they do not come to it.
    fn until(&self, hosts: &[String], wait: Wait<'_>, wanted: fn(&Server) -> bool) -> Result<(), String> {
        loop {
            let servers = self.servers()?;
            let open: Vec<String> = self
                .of_hosts(&servers, hosts)?
                .into_iter()
                .filter(|server| !wanted(server))
                .map(|s| format!("{} is {} with {} sessions", self.host(&s.name), plain(&s.status), s.sessions))
                .collect();
            if open.is_empty() {
                return Ok(());
            }
            if let Some(over) = wait.over() {
                return Err(format!("{over} {}", open.join(", ")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drive for Haproxy<'_> {
    fn look(&mut self, sides: Sides<'_>) -> Result<Report, String> {
        let servers = self.servers()?;
        let mut report = Report::default();
        let active = self.map.map(|_| self.in_memory()).transpose()?;
        for (pool, backend) in self.backends {
            let own: Vec<&Server> = servers.iter().filter(|server| server.backend == *backend).collect();
            let up = own.iter().filter(|server| server.is_up()).count() as u32;
            report.up.insert(pool.clone(), (up, own.len() as u32));
            report.sessions.insert(pool.clone(), own.iter().map(|server| server.sessions).sum());
            if let Some(active) = &active {
                report.shares.insert(pool.clone(), if active == backend { 100 } else { 0 });
                if active == backend {
                    report.active = Some(pool.clone());
                }
            }
        }
        if let Some(active) = active.as_ref().filter(|_| report.active.is_none()) {
            report.problem = Some(format!("traffic goes to {}, which is no pool of the plan", plain(active)));
        }
        if self.map.is_none() {
            report.shares = self.shares(&servers, sides);
        }
        report.drift = active.as_deref().and_then(|memory| self.drift(memory));
        report.out = servers.iter().filter(|server| server.is_out()).map(|s| self.host(&s.name)).collect();
        report.down = servers.iter().filter(|server| server.is_down()).map(|s| self.host(&s.name)).collect();
        Ok(report)
    }

    fn check(&mut self, to: &str, again: bool) -> Result<(), String> {
        let (map, backend) = (self.map()?, self.backend(to)?);
        // HAProxy takes any word for a backend, and sends traffic to its default backend then.
        let own: Vec<Server> = self.servers()?.into_iter().filter(|server| server.backend == backend).collect();
        if own.is_empty() {
            return Err(format!("HAProxy has no backend {backend} with a server"));
        }
        let down: Vec<&str> = own.iter().filter(|s| !s.is_up()).map(|s| s.name.as_str()).collect();
        if !down.is_empty() {
            return Err(format!(
                "{} of {} servers of {backend} are not up: {}",
                down.len(),
                own.len(),
                down.join(", ")
            ));
        }
        let (memory, file) = (self.in_memory()?, self.runtime.read(&map.file)?);
        match value(&file, &map.key) {
            Some(value) if value == memory => Ok(()),
            // That is how far an earlier try came, there or back.
            Some(_) if again => Ok(()),
            Some(value) => Err(format!("{} says {value}, HAProxy's memory {memory}: make them equal first", map.file)),
            None => Err(format!("{} has no key {}", map.file, map.key)),
        }
    }

    fn persist(&mut self, to: &str) -> Result<(), String> {
        let (map, backend) = (self.map()?, self.backend(to)?);
        let text = self.runtime.read(&map.file)?;
        let line = |line: &str| match line.split_whitespace().next() {
            Some(key) if key == map.key => format!("{key} {backend}\n"),
            _ => format!("{line}\n"),
        };
        self.runtime.write(&map.file, &text.lines().map(line).collect::<String>())
    }

    fn switch(&mut self, to: &str) -> Result<(), String> {
        let (map, backend) = (self.map()?, self.backend(to)?);
        self.runtime.order(&format!("set map {} {} {backend}", map.file, map.key))?;
        match self.in_memory()? {
            value if value == backend => Ok(()),
            value => Err(format!("it was set to {backend} and reads {}", plain(&value))),
        }
    }

    fn weight(&mut self, hosts: &[String], percent: u8) -> Result<(), String> {
        let servers = self.servers()?;
        let new: Vec<&Server> = self.of_hosts(&servers, hosts)?;
        for backend in self.backends.values() {
            let (new, old): (Vec<&Server>, Vec<&Server>) =
                servers.iter().filter(|server| server.backend == *backend).partition(|server| new.contains(server));
            let (light, heavy) = weights(new.len() as u64, old.len() as u64, percent.min(100).into());
            let mut sides = [(new, light), (old, heavy)];
            // What gets traffic comes first: at no moment is everybody at nothing.
            sides.sort_by_key(|(_, weight)| *weight == Some(0));
            for (servers, weight) in sides {
                servers.into_iter().try_for_each(|server| self.weigh(server, weight))?;
            }
        }
        Ok(())
    }

    fn out(&mut self, hosts: &[String], drain: Wait<'_>) -> Result<(), String> {
        let servers = self.servers()?;
        let taken = self.of_hosts(&servers, hosts)?;
        for backend in self.backends.values() {
            let mut rest = servers.iter().filter(|s| s.backend == *backend && s.is_up() && !taken.contains(s));
            if taken.iter().any(|s| s.backend == *backend && s.is_up()) && rest.next().is_none() {
                return Err(format!("no server of {backend} would be left: nothing was taken out"));
            }
        }
        for server in &taken {
            self.runtime.order(&format!("set server {}/{} state drain", server.backend, server.name))?;
        }
        // What is dead serves nobody: its sessions are none to wait for.
        self.until(hosts, drain, |server| server.is_down() || (server.is_out() && server.sessions == 0))
    }

    fn put_in(&mut self, hosts: &[String], limit: Wait<'_>) -> Result<(), String> {
        let servers = self.servers()?;
        for server in self.of_hosts(&servers, hosts)? {
            self.runtime.order(&format!("set server {}/{} state ready", server.backend, server.name))?;
        }
        self.until(hosts, limit, Server::is_up)
    }

    fn drain(&mut self, pool: &str, limit: Duration) -> Result<(), String> {
        let (backend, deadline) = (self.backend(pool)?.to_owned(), Instant::now() + limit);
        loop {
            let open: u64 = self.servers()?.iter().filter(|s| s.backend == backend).map(|s| s.sessions).sum();
            if open == 0 {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(format!("after {} s {open} sessions are still open on {pool}", limit.as_secs()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Weights of a new and of an old server so that the new ones together have `percent` of the traffic. Where there is only
/// one kind, all of them serve as the configuration has it: nobody else could.
fn weights(new: u64, old: u64, percent: u64) -> (Option<u64>, Option<u64>) {
    if new == 0 || old == 0 {
        return (None, None);
    }
    let (light, heavy) = (percent * old, (100 - percent) * new);
    let most = light.max(heavy);
    let scaled = |n: u64| if n == 0 { 0 } else { (n * HEAVIEST / most).max(1) };
    (Some(scaled(light)), Some(scaled(heavy)))
}

/// The value of a key in a map's file.
fn value<'t>(file: &'t str, key: &str) -> Option<&'t str> {
    let mut pairs = file.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        words.next().filter(|k| !k.starts_with('#')).zip(words.next())
    });
    pairs.find(|(k, _)| *k == key).map(|(_, value)| value)
}
