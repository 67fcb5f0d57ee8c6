//! Reads `traffic:`: one balancer in short (`haproxy: {...}`), or several under `balancers:`; proof, drain, warmth.

use super::steps::address;
use super::{Driver, Prove, Traffic};
use crate::project::config::reader::{Entry, Reader, describe};
use crate::project::config::text::Text;
use crate::yaml::{Kind, Node};

/// Drivers of balancers.
pub const DRIVERS: [&str; 3] = ["haproxy", "kubernetes", "command"];
/// Keys beside a driver or `balancers`.
pub const SHARED: [&str; 3] = ["prove", "drain", "keep_warm"];
/// Keys of proof.
pub const PROVE: [&str; 3] = ["url", "header", "requests"];

/// Keys of a driver.
pub fn keys_of(driver: &str) -> &'static [&'static str] {
    match driver {
        "haproxy" => &["socket", "ssh", "map", "backends", "backend", "servers"],
        "kubernetes" => &["context", "namespace", "service", "label", "deployments"],
        _ => &["status", "check", "switch", "drain", "instant", "weights"],
    }
}

/// The section.
pub fn traffic(node: &Node, reader: &mut Reader) -> Option<Traffic> {
    let allowed: Vec<&str> = DRIVERS.iter().chain(&["balancers"]).chain(&SHARED).copied().collect();
    let fields = reader.mapping(node, "traffic", Some(&allowed));
    let mut traffic = Traffic { mark: node.mark, ..Traffic::default() };
    for Entry { key, value, .. } in &fields {
        match *key {
            "balancers" => {
                for item in reader.list(value, "balancers") {
                    traffic.balancers.extend(balancer(item, reader).unwrap_or_default());
                }
            }
            "prove" => traffic.prove = prove(value, reader),
            "drain" => traffic.drain = reader.seconds(value, "drain"),
            "keep_warm" => traffic.keep_warm = reader.seconds(value, "keep_warm"),
            driver => traffic.balancers.extend(drivers(driver, None, value, reader).unwrap_or_default()),
        }
    }
    let ways = fields.iter().filter(|field| !SHARED.contains(&field.key)).count();
    if ways != 1 {
        let expected = format!("one of {}, or balancers: a list of them", DRIVERS.join(", "));
        reader.mistake(node.mark, "traffic is moved in one way", format!("{ways} of them"), expected);
    }
    Some(traffic)
}

type Balancers = Vec<(Option<String>, Driver)>;

fn balancer(node: &Node, reader: &mut Reader) -> Option<Balancers> {
    let allowed: Vec<&str> = DRIVERS.iter().chain(&["name"]).copied().collect();
    let fields = reader.mapping(node, "a balancer", Some(&allowed));
    let name = fields.iter().find(|field| field.key == "name").and_then(|field| reader.text(field.value, "name"));
    let mut named = fields.iter().filter(|field| field.key != "name");
    match (named.next(), named.next()) {
        (Some(field), None) => drivers(field.key, name, field.value, reader),
        _ => {
            let expected = format!("one of {}", DRIVERS.join(", "));
            reader.mistake(node.mark, "a balancer is driven in one way", describe(node), expected);
            None
        }
    }
}

/// A driver, once for each machine that it is on.
fn drivers(driver: &str, name: Option<String>, node: &Node, reader: &mut Reader) -> Option<Balancers> {
    let fields = reader.mapping(node, driver, Some(keys_of(driver)));
    let field = |key: &str| fields.iter().find(|field| field.key == key).map(|field| field.value);
    match driver {
        "haproxy" => {
            let machines = field("ssh").map(|node| reader.templates(node, "ssh")).unwrap_or_default();
            let map = field("map").and_then(|node| map(node, reader));
            let backends = match (field("backend"), field("backends")) {
                (Some(one), None) => vec![(String::new(), reader.template(one, "backend")?)],
                (None, Some(many)) => reader.named(many, "backends"),
                _ => {
                    let expected = "backend: NAME, or backends: {POOL: NAME, ...}";
                    reader.mistake(node.mark, "which backend?", describe(node), expected);
                    return None;
                }
            };
            let socket = match field("socket") {
                Some(socket) => reader.template(socket, "socket")?,
                None => Text::new("/run/haproxy/admin.sock", node.mark),
            };
            let servers = field("servers").map(|node| reader.named(node, "servers")).unwrap_or_default();
            let on = |ssh: Option<Text>| Driver::Haproxy {
                socket: socket.clone(),
                ssh,
                map: map.clone(),
                backends: backends.clone(),
                servers: servers.clone(),
            };
            Some(match machines.as_slice() {
                [] => vec![(name, on(None))],
                [one] => vec![(name.or_else(|| Some(one.text.clone())), on(Some(one.clone())))],
                many => many.iter().map(|one| (Some(one.text.clone()), on(Some(one.clone())))).collect(),
            })
        }
        "kubernetes" => {
            let needed = |key: &str, reader: &mut Reader| match field(key) {
                Some(value) => reader.template(value, key),
                None => missing(node, key, reader),
            };
            let driver = Driver::Kubernetes {
                context: field("context").and_then(|node| reader.template(node, "context")),
                namespace: match field("namespace") {
                    Some(value) => reader.template(value, "namespace")?,
                    None => Text::new("default", node.mark),
                },
                service: needed("service", reader)?,
                label: needed("label", reader)?,
                deployments: field("deployments").map(|node| reader.named(node, "deployments")).unwrap_or_default(),
            };
            Some(vec![(name, driver)])
        }
        _ => {
            let argv = |key: &str, reader: &mut Reader| field(key).and_then(|node| reader.argv(node, key));
            let needed = |key: &str, reader: &mut Reader| match field(key) {
                Some(value) => reader.argv(value, key),
                None => missing(node, key, reader),
            };
            let flag = |key: &str, reader: &mut Reader| field(key).and_then(|node| reader.boolean(node, key));
            let driver = Driver::Command {
                status: needed("status", reader)?,
                switch: needed("switch", reader)?,
                check: argv("check", reader),
                drain: argv("drain", reader),
                instant: flag("instant", reader).unwrap_or_default(),
                weights: flag("weights", reader).unwrap_or_default(),
            };
            Some(vec![(name, driver)])
        }
    }
}

fn missing<T>(node: &Node, key: &str, reader: &mut Reader) -> Option<T> {
    reader.mistake(node.mark, format!("this balancer has no {key}"), format!("no {key:?}"), format!("{key}: ..."));
    None
}

fn map(node: &Node, reader: &mut Reader) -> Option<(Text, Text)> {
    let fields = reader.mapping(node, "map", Some(&["file", "key"]));
    let value = |key: &str, reader: &mut Reader| {
        let field = fields.iter().find(|field| field.key == key)?;
        reader.template(field.value, key)
    };
    match (value("file", reader), value("key", reader)) {
        (Some(file), Some(key)) => Some((file, key)),
        _ => {
            let expected =
                "{file: PATH, key: KEY}: the map's file as HAProxy names it, and the key of the active backend";
            reader.mistake(node.mark, "a map needs a file and a key", describe(node), expected);
            None
        }
    }
}

fn prove(node: &Node, reader: &mut Reader) -> Option<Prove> {
    let urls = |node: &Node, reader: &mut Reader| -> Vec<Text> {
        match node.kind {
            Kind::Sequence(_) => node.items().iter().filter_map(|item| address(item, "an address", reader)).collect(),
            _ => address(node, "the address", reader).into_iter().collect(),
        }
    };
    if !matches!(node.kind, Kind::Mapping(_)) {
        return Some(Prove { urls: urls(node, reader), ..Prove::default() });
    }
    let mut prove = Prove::default();
    for Entry { key, value, .. } in reader.mapping(node, "prove", Some(&PROVE)) {
        match key {
            "url" => prove.urls = urls(value, reader),
            "header" => prove.header = reader.text(value, "header"),
            _ => prove.requests = reader.number(value, "requests", 1, 10_000),
        }
    }
    if prove.urls.is_empty() {
        reader.mistake(node.mark, "proof needs an address", describe(node), "url: http://... through the balancer");
    }
    Some(prove)
}
