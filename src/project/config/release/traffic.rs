//! Load balancers of a release, as written.

use crate::project::config::text::Text;
use crate::yaml::Mark;

/// Load balancers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Traffic {
    /// Where it stands.
    pub mark: Mark,
    /// They, standby first; each with its name, where one is given.
    pub balancers: Vec<(Option<String>, Driver)>,
    /// Proof by requests.
    pub prove: Option<Prove>,
    /// Seconds.
    pub drain: Option<u32>,
    /// Seconds.
    pub keep_warm: Option<u32>,
}

/// How a balancer is driven.
#[derive(Debug, Clone, PartialEq)]
pub enum Driver {
    /// HAProxy.
    Haproxy {
        /// Stats socket.
        socket: Text,
        /// Where it is.
        ssh: Option<Text>,
        /// File and key of the map.
        map: Option<(Text, Text)>,
        /// Backend by pool; under `""` the only one.
        backends: Vec<(String, Text)>,
        /// Server by host.
        servers: Vec<(String, Text)>,
    },
    /// A Service.
    Kubernetes {
        /// `--context`.
        context: Option<Text>,
        /// `--namespace`.
        namespace: Text,
        /// Service.
        service: Text,
        /// Label.
        label: Text,
        /// Deployment by pool.
        deployments: Vec<(String, Text)>,
    },
    /// Programs.
    Command {
        /// What it shows.
        status: Vec<Text>,
        /// May it?
        check: Option<Vec<Text>>,
        /// Do it.
        switch: Vec<Text>,
        /// Wait for sessions.
        drain: Option<Vec<Text>>,
        /// Done when it returns.
        instant: bool,
        /// Understands shares.
        weights: bool,
    },
}

/// Proof by real requests.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prove {
    /// Addresses.
    pub urls: Vec<Text>,
    /// Header with the version.
    pub header: Option<String>,
    /// How many.
    pub requests: Option<u32>,
}
