//! `traffic:` of a release: one balancer in short (`haproxy: {...}`), or several under `balancers:`; proof, drain, warmth.

use crate::project::config::keys::{Keys, Shape, keys, of};
use crate::project::config::reader::{Reader, describe};
use crate::project::config::shapes::{address, argv, defined, flag, named, number, one_or_list, seconds, template};
use crate::project::config::shapes::{templates, text};
use crate::project::config::text::Text;
use crate::yaml::{Kind, Mark, Node};
use serde_json::{Value, json};

keys! {
    /// Load balancers.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Traffic {
        {
            /// Where it stands.
            mark: Mark,
        }
        ..one: Drivers;
        /// Several balancers, standby first.
        balancers: Balancers => several(), kind();
        /// Proof by requests through the balancers.
        prove: Option<Prove> => prove();
        /// Time for the old pool's sessions.
        drain: u32 = 300 => seconds();
        /// The old pool is kept running.
        keep_warm: u32 = 1_800 => seconds();
    }
}

keys! {
    /// A balancer, by how it is driven.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Drivers {
        /// HAProxy by its stats socket.
        haproxy: Balancers => of(haproxy, Haproxy::schema), kind();
        /// A Service of Kubernetes.
        kubernetes: Balancers => of(kubernetes, Kubernetes::schema), kind();
        /// Programs on the control host.
        command: Balancers => of(command, Command::schema), kind();
    }
}

keys! {
    /// A balancer of several.
    struct Balancer {
        ..driver: Drivers;
        /// Name on the screen.
        name: Option<String> => text();
    }
}

keys! {
    /// HAProxy, as it is written.
    struct Haproxy {
        /// Stats socket. Default: /run/haproxy/admin.sock.
        socket: Option<Text> => template();
        /// [user@]host; several: one balancer each. Default: this machine.
        ssh: Vec<Text> => templates();
        /// The map that holds the active backend.
        map: Option<(Text, Text)> => map();
        /// The backend (rolling, canary).
        backend: Option<Text> => template();
        /// Backend of each pool (blue_green).
        backends: Option<Vec<(String, Text)>> => named();
        /// Server in the backend by host, where they are called otherwise.
        servers: Vec<(String, Text)> => named();
    }
}

keys! {
    /// A map of HAProxy.
    struct Map {
        /// As HAProxy names it.
        file: Option<Text> => template();
        /// Key of the active backend.
        key: Option<Text> => template();
    }
}

keys! {
    /// A Service, as it is written.
    struct Kubernetes {
        /// --context.
        context: Option<Text> => template();
        /// --namespace. Default: default.
        namespace: Option<Text> => template();
        /// Service.
        service: Option<Text> => template(), required("this balancer has no service", "service: ...");
        /// Label of its selector that is switched.
        label: Option<Text> => template(), required("this balancer has no label", "label: ...");
        /// Deployment of each pool.
        deployments: Vec<(String, Text)> => named();
    }
}

keys! {
    /// Programs, as they are written.
    struct Command {
        /// Prints {"active": POOL, "pools": {...}}.
        status: Option<Vec<Text>> => argv(), required("this balancer has no status", "status: ...");
        /// check POOL: may it be switched to?
        check: Option<Vec<Text>> => argv();
        /// switch POOL.
        switch: Option<Vec<Text>> => argv(), required("this balancer has no switch", "switch: ...");
        /// drain POOL.
        drain: Option<Vec<Text>> => argv();
        /// The switch is done when the program returns.
        instant: bool => flag();
        /// switch POOL PERCENT is understood.
        weights: bool => flag();
    }
}

keys! {
    /// Proof by real requests.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Prove {
        /// Through each balancer, or one for all.
        urls as "url": Vec<Text> => one_or_list(|| address("the address"));
        /// Header that carries the version; else the body must hold it.
        header: Option<String> => text();
        /// So many in a row.
        requests: u32 = 5 => number(1, 10_000);
    }
}

type Balancers = Vec<(Option<String>, Driver)>;

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

/// The section.
pub fn traffic() -> impl Shape<Value = Traffic> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let mut traffic = Traffic { mark: node.mark, ..Traffic::default() };
        traffic.fill(node, node.mark, what, reader);
        let ways = Traffic::kinds_in(node).len();
        if ways != 1 {
            let expected = format!("one of {}, or balancers: a list of them", Drivers::kinds().join(", "));
            reader.mistake(node.mark, "traffic is moved in one way", format!("{ways} of them"), expected);
        }
        let one = std::mem::take(&mut traffic.one).all();
        traffic.balancers.extend(one);
        Some(traffic)
    };
    of(read, Traffic::schema)
}

/// The schema of a balancer of several.
pub fn schema() -> Value {
    Balancer::schema()
}

impl Drivers {
    fn all(self) -> Balancers {
        [self.haproxy, self.kubernetes, self.command].concat()
    }
}

fn several() -> impl Shape<Value = Balancers> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        Some(reader.list(node, what).iter().flat_map(|item| balancer(item, reader)).collect())
    };
    of(read, || json!({ "type": "array", "items": defined(text(), "Driver").schema() }))
}

fn balancer(node: &Node, reader: &mut Reader) -> Balancers {
    let mut balancer = Balancer::default();
    balancer.fill(node, node.mark, "a balancer", reader);
    if Balancer::kinds_in(node).len() != 1 {
        let expected = format!("one of {}", Balancer::kinds().join(", "));
        reader.mistake(node.mark, "a balancer is driven in one way", describe(node), expected);
        return Vec::new();
    }
    let name = balancer.name;
    let mut all = balancer.driver.all();
    if let [(machine, _)] = all.as_mut_slice() {
        *machine = name.or(machine.take());
    }
    all
}

/// One for each machine that it is on, with its name.
fn haproxy(node: &Node, what: &str, reader: &mut Reader) -> Option<Balancers> {
    let (mut written, before) = (Haproxy::default(), reader.problems.len());
    written.fill(node, node.mark, what, reader);
    let Haproxy { socket, ssh, map, backend, backends, servers } = written;
    let backends = match (backend, backends) {
        (Some(one), None) => vec![(String::new(), one)],
        (None, Some(many)) => many,
        (None, None) if reader.problems.len() > before => return None,
        _ => {
            let expected = "backend: NAME, or backends: {POOL: NAME, ...}";
            reader.mistake(node.mark, "which backend?", describe(node), expected);
            return None;
        }
    };
    let socket = socket.unwrap_or_else(|| Text::new("/run/haproxy/admin.sock", node.mark));
    let on = |ssh: Option<Text>| {
        let (socket, map, backends, servers) = (socket.clone(), map.clone(), backends.clone(), servers.clone());
        Driver::Haproxy { socket, ssh, map, backends, servers }
    };
    if ssh.is_empty() {
        return Some(vec![(None, on(None))]);
    }
    Some(ssh.into_iter().map(|one| (Some(one.text.clone()), on(Some(one)))).collect())
}

fn kubernetes(node: &Node, what: &str, reader: &mut Reader) -> Option<Balancers> {
    let mut written = Kubernetes::default();
    written.fill(node, node.mark, what, reader);
    let Kubernetes { context, namespace, service, label, deployments } = written;
    let namespace = namespace.unwrap_or_else(|| Text::new("default", node.mark));
    let driver = Driver::Kubernetes { context, namespace, service: service?, label: label?, deployments };
    Some(vec![(None, driver)])
}

fn command(node: &Node, what: &str, reader: &mut Reader) -> Option<Balancers> {
    let mut written = Command::default();
    written.fill(node, node.mark, what, reader);
    let Command { status, check, switch, drain, instant, weights } = written;
    let driver = Driver::Command { status: status?, check, switch: switch?, drain, instant, weights };
    Some(vec![(None, driver)])
}

fn map() -> impl Shape<Value = (Text, Text)> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let mut map = Map::default();
        map.fill(node, node.mark, what, reader);
        let both = map.file.zip(map.key);
        if both.is_none() {
            let expected =
                "{file: PATH, key: KEY}: the map's file as HAProxy names it, and the key of the active backend";
            reader.mistake(node.mark, "a map needs a file and a key", describe(node), expected);
        }
        both
    };
    of(read, Map::schema)
}

fn prove() -> impl Shape<Value = Prove> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let mut prove = Prove::default();
        if !matches!(node.kind, Kind::Mapping(_)) {
            prove.urls = one_or_list(|| address("the address")).read(node, what, reader)?;
            return Some(prove);
        }
        prove.fill(node, node.mark, what, reader);
        if prove.urls.is_empty() {
            let expected = "url: http://... through the balancer";
            reader.mistake(node.mark, "proof needs an address", describe(node), expected);
        }
        Some(prove)
    };
    let addresses = || one_or_list(|| address("the address")).schema();
    of(read, move || json!({ "oneOf": [addresses(), Prove::schema()] }))
}
