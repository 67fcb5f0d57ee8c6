//! Load balancers of the plan, their templates filled in.

use super::Refused;
use super::fill::Fill;
use crate::project::config::release as written;
use crate::project::config::text::Text;
use crate::release::plan::{Balancer, Driver, HaproxyMap, Prove, Traffic};

/// The balancers.
///
/// # Errors
/// A name that is no variable.
pub fn traffic(traffic: &written::Traffic, fill: &Fill<'_>) -> Result<Traffic, Refused> {
    let mut balancers = Vec::new();
    for (name, driver) in &traffic.balancers {
        let (kind, driver) = self::driver(driver, fill)?;
        let name = match name {
            Some(name) => fill.text(&Text::new(name.clone(), traffic.mark))?,
            None => kind.to_owned(),
        };
        balancers.push(Balancer { name, driver });
    }
    let prove = |prove: &written::Prove| {
        let urls = fill.all(&prove.urls)?;
        Ok(Prove { urls, header: prove.header.clone(), requests: prove.requests })
    };
    Ok(Traffic {
        balancers,
        prove: traffic.prove.as_ref().map(prove).transpose()?,
        drain: traffic.drain,
        keep_warm: traffic.keep_warm,
    })
}

fn driver(driver: &written::Driver, fill: &Fill<'_>) -> Result<(&'static str, Driver), Refused> {
    Ok(match driver {
        written::Driver::Haproxy { socket, ssh, map, backends, servers } => {
            let map = map.as_ref().map(|(file, key)| Ok(HaproxyMap { file: fill.text(file)?, key: fill.text(key)? }));
            let haproxy = Driver::Haproxy {
                socket: fill.text(socket)?,
                ssh: fill.maybe(ssh.as_ref())?,
                map: map.transpose()?,
                backends: fill.named(backends)?,
                servers: fill.named(servers)?,
            };
            ("haproxy", haproxy)
        }
        written::Driver::Kubernetes { context, namespace, service, label, deployments } => {
            let kubernetes = Driver::Kubernetes {
                context: fill.maybe(context.as_ref())?,
                namespace: fill.text(namespace)?,
                service: fill.text(service)?,
                label: fill.text(label)?,
                deployments: fill.named(deployments)?,
            };
            ("kubernetes", kubernetes)
        }
        written::Driver::Command { status, check, switch, drain, instant, weights } => {
            let maybe = |argv: &Option<Vec<Text>>| argv.as_ref().map(|argv| fill.all(argv)).transpose();
            let command = Driver::Command {
                status: fill.all(status)?,
                check: maybe(check)?,
                switch: fill.all(switch)?,
                drain: maybe(drain)?,
                instant: *instant,
                weights: *weights,
            };
            ("command", command)
        }
    })
}
