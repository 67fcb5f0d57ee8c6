//! A balancer driven by programs of the operator's own: nginx, keepalived, a cloud's API, DNS. They answer in JSON, and
//! are asked again after each act.

use super::Report;
use super::driver::{Drive, LIMIT, Sides};
use crate::health::probe::program;
use crate::release::plan::Driver;
use crate::text::plain;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// What `status` prints.
#[derive(Debug, Deserialize)]
struct Status {
    active: Option<String>,
    #[serde(default)]
    pools: BTreeMap<String, Pool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pool {
    up: u32,
    total: u32,
    share: Option<u8>,
    sessions: Option<u64>,
}

pub struct Programs<'a> {
    driver: &'a Driver,
    cwd: &'a Path,
}

impl<'a> Programs<'a> {
    /// Those of a driver; they run in the project's root, as the operator's own do.
    pub fn new(driver: &'a Driver, cwd: &'a Path) -> Self {
        Programs { driver, cwd }
    }

    fn run(&self, argv: &[String], args: &[&str], limit: Duration) -> Result<String, String> {
        let Some((name, rest)) = argv.split_first() else { return Err("no program is named for this".into()) };
        let mut command = Command::new(name);
        command.args(rest).args(args).current_dir(self.cwd);
        let ended = program::run(command, limit)
            .map_err(|e| format!("{name} cannot be started in {}: {e}", self.cwd.display()))?;
        match ended.status {
            Some(status) if status.success() => Ok(ended.stdout),
            Some(status) => {
                Err(format!("{name} {}: {}", args.join(" "), ended.last_line().unwrap_or(status.to_string())))
            }
            None => Err(format!("{name} did not end within {} s", limit.as_secs())),
        }
    }

    fn status(&self) -> Result<Status, String> {
        let Driver::Command { status, .. } = self.driver else { return Err("no programs".into()) };
        let text = self.run(status, &[], LIMIT)?;
        let expected = "expected {\"active\": \"blue\", \"pools\": {\"blue\": {\"up\": 3, \"total\": 3}}}";
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}; {expected}", status.join(" ")))
    }
}

impl Drive for Programs<'_> {
    fn look(&mut self, _: Sides<'_>) -> Result<Report, String> {
        let status = self.status()?;
        let mut report = Report { active: status.active.map(|a| plain(&a).into_owned()), ..Report::default() };
        for (name, pool) in status.pools {
            let name = plain(&name).into_owned();
            let all = if report.active.as_deref() == Some(&name) { 100 } else { 0 };
            report.shares.insert(name.clone(), pool.share.unwrap_or(all));
            report.up.insert(name.clone(), (pool.up, pool.total));
            if let Some(sessions) = pool.sessions {
                report.sessions.insert(name, sessions);
            }
        }
        Ok(report)
    }

    fn check(&mut self, to: &str, _: bool) -> Result<(), String> {
        let Driver::Command { check: Some(check), .. } = self.driver else { return self.status().map(drop) };
        self.run(check, &[to], LIMIT).map(drop)
    }

    fn switch(&mut self, to: &str) -> Result<(), String> {
        let Driver::Command { switch, instant, .. } = self.driver else { return Err("no programs".into()) };
        self.run(switch, &[to], LIMIT * 3)?;
        let deadline = Instant::now() + if *instant { Duration::ZERO } else { LIMIT * 3 };
        loop {
            match self.status()?.active {
                Some(active) if active == to => return Ok(()),
                active if Instant::now() >= deadline => {
                    let active = active.unwrap_or_else(|| "nothing".into());
                    return Err(format!("it was switched to {to} and says {}", plain(&active)));
                }
                _ => std::thread::sleep(Duration::from_millis(200)),
            }
        }
    }

    fn weight(&mut self, _: &[String], percent: u8) -> Result<(), String> {
        let Driver::Command { switch, weights: true, .. } = self.driver else {
            return Err("its programs know no weights (`weights: true` says that they do)".into());
        };
        self.run(switch, &["new", &percent.to_string()], LIMIT * 3).map(drop)
    }

    fn drain(&mut self, pool: &str, limit: Duration) -> Result<(), String> {
        let Driver::Command { drain: Some(drain), .. } = self.driver else { return Ok(()) };
        self.run(drain, &[pool], limit.max(LIMIT)).map(drop)
    }
}
