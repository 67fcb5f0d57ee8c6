//! A Kubernetes Service: the label in its selector names the pool. Through `kubectl`, with the operator's own
//! configuration. The patch tests what it replaces, so that nobody else's change is overwritten (RFC 6902).

use super::Report;
use super::driver::{Drive, LIMIT, Sides};
use crate::health::probe::program;
use crate::release::plan::Driver;
use crate::text::plain;
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

/// How long a deployment may take to be rolled out before it is not switched to.
const ROLLOUT: Duration = Duration::from_secs(60);

pub struct Kubernetes<'a>(&'a Driver);

impl<'a> Kubernetes<'a> {
    pub fn new(driver: &'a Driver) -> Self {
        Kubernetes(driver)
    }

    fn kubectl(&self, args: &[&str], limit: Duration) -> Result<String, String> {
        let Driver::Kubernetes { context, namespace, .. } = self.0 else { return Err("no Service".into()) };
        let mut command = Command::new("kubectl");
        command.args(context.iter().map(|c| format!("--context={c}")));
        command.arg(format!("--namespace={namespace}"));
        command.arg(format!("--request-timeout={}s", LIMIT.as_secs())).args(args);
        let ended = program::run(command, limit).map_err(|e| format!("kubectl cannot be started: {e}"))?;
        match ended.status {
            Some(status) if status.success() => Ok(ended.stdout),
            Some(status) => {
                Err(format!("kubectl {}: {}", args.join(" "), ended.last_line().unwrap_or(status.to_string())))
            }
            None => Err(format!("kubectl did not end within {} s", limit.as_secs())),
        }
    }

    fn get(&self, what: &str) -> Result<Value, String> {
        let text = self.kubectl(&["get", what, "-o", "json"], LIMIT * 2)?;
        serde_json::from_str(&text).map_err(|e| format!("kubectl get {what}: {e}"))
    }

    fn active(&self) -> Result<Option<String>, String> {
        let Driver::Kubernetes { service, label, .. } = self.0 else { return Err("no Service".into()) };
        let found = self.get(&format!("service/{service}"))?;
        Ok(found["spec"]["selector"][label].as_str().map(|word| plain(word).into_owned()))
    }

    fn deployment(&self, pool: &str) -> Result<&str, String> {
        let Driver::Kubernetes { deployments, .. } = self.0 else { return Err("no Service".into()) };
        deployments.get(pool).map(String::as_str).ok_or_else(|| format!("the plan names no deployment for {pool}"))
    }

    fn is_rolled_out(&self, pool: &str) -> Result<(), String> {
        let deployment = format!("deployment/{}", self.deployment(pool)?);
        let timeout = format!("--timeout={}s", ROLLOUT.as_secs());
        self.kubectl(&["rollout", "status", &deployment, &timeout], ROLLOUT + LIMIT).map(drop)
    }
}

impl Drive for Kubernetes<'_> {
    fn look(&mut self, _: Sides<'_>) -> Result<Report, String> {
        let Driver::Kubernetes { deployments, .. } = self.0 else { return Err("no Service".into()) };
        let mut report = Report { active: self.active()?, ..Report::default() };
        for (pool, deployment) in deployments {
            let found = self.get(&format!("deployment/{deployment}"))?;
            let count = |field: &str, key: &str| found[field][key].as_u64().unwrap_or(0) as u32;
            report.up.insert(pool.clone(), (count("status", "readyReplicas"), count("spec", "replicas")));
            report.shares.insert(pool.clone(), if report.active.as_ref() == Some(pool) { 100 } else { 0 });
        }
        Ok(report)
    }

    fn check(&mut self, to: &str, _: bool) -> Result<(), String> {
        self.is_rolled_out(to)?;
        match self.look(Sides::default())?.up.get(to) {
            Some((up, all)) if up == all && *all > 0 => Ok(()),
            Some((up, all)) => Err(format!("{up} of {all} pods of {to} are ready")),
            None => Err(format!("nothing is known of {to}")),
        }
    }

    fn switch(&mut self, to: &str) -> Result<(), String> {
        let Driver::Kubernetes { service, label, .. } = self.0 else { return Err("no Service".into()) };
        let before = self.active()?.ok_or_else(|| format!("the selector of {service} has no label {label}"))?;
        if before != to {
            // `~` and `/` are written otherwise in a JSON pointer (RFC 6901).
            let path = format!("/spec/selector/{}", label.replace('~', "~0").replace('/', "~1"));
            let patch = json!([
                { "op": "test", "path": path, "value": before },
                { "op": "replace", "path": path, "value": to },
            ]);
            self.kubectl(
                &["patch", &format!("service/{service}"), "--type=json", "-p", &patch.to_string()],
                LIMIT * 2,
            )?;
        }
        match self.active()? {
            // Pods may have gone while it was switched.
            Some(active) if active == to => self.is_rolled_out(to),
            active => Err(format!("it was switched to {to} and selects {}", active.unwrap_or_default())),
        }
    }

    /// Pods finish what they have on their own; the Service sends them nothing new.
    fn drain(&mut self, _: &str, _: Duration) -> Result<(), String> {
        Ok(())
    }
}
