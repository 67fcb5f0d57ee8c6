//! Load balancers of a plan, and how each is driven.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Load balancers and what is switched on them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// The balancers, standby first: in this order they are written.
    pub balancers: Vec<Balancer>,
    /// Proved through the balancers after a switch: a request that must be answered by the new version.
    pub prove: Option<Prove>,
    /// Seconds that the old pool may take to finish its sessions.
    pub drain: u32,
    /// Seconds for which the old pool is kept running, for an instant way back.
    pub keep_warm: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Balancer {
    /// Its name on the screen.
    pub name: String,
    pub driver: Driver,
}

/// How a balancer is driven.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "driver", rename_all = "snake_case")]
pub enum Driver {
    Haproxy {
        /// Path of the stats socket, on the balancer.
        socket: String,
        /// `[user@]host` to reach it over OpenSSH; `None`: on this machine.
        ssh: Option<String>,
        /// Map that names the active backend, and its key (blue-green).
        map: Option<HaproxyMap>,
        /// Backend of each pool (blue-green) by the pool's name; else the one backend under the name `""`.
        backends: BTreeMap<String, String>,
        /// Server name in the backend by inventory host; those that are not named are called as the host.
        servers: BTreeMap<String, String>,
    },
    /// A Service's selector, by `kubectl patch`.
    Kubernetes {
        /// `--context`.
        context: Option<String>,
        /// `--namespace`.
        namespace: String,
        service: String,
        /// Label of the selector that is switched.
        label: String,
        /// Deployment of each pool, by the pool's name (which is the label's value).
        deployments: BTreeMap<String, String>,
    },
    /// Programs of the operator's own, which answer in JSON.
    Command {
        /// `status`: prints `{"active": "blue", "pools": {"blue": {"up": 3, "total": 3}}}`.
        status: Vec<String>,
        /// `check POOL`: may it be switched to?
        check: Option<Vec<String>>,
        /// `switch POOL`.
        switch: Vec<String>,
        /// `drain POOL`.
        drain: Option<Vec<String>>,
        /// The switch is done when `switch` returns.
        instant: bool,
        /// `switch POOL PERCENT` is understood.
        weights: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HaproxyMap {
    /// Its file on the balancer, as HAProxy's configuration names it.
    pub file: String,
    /// The key whose value is the active backend.
    pub key: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prove {
    /// Requests through each balancer, one address a balancer (in their order) or one for all.
    pub urls: Vec<String>,
    /// Header that carries the version; else the body must hold it.
    pub header: Option<String>,
    /// How many in a row must be answered by the new version.
    pub requests: u32,
}
