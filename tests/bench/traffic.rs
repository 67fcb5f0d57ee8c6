//! A real HAProxy switched forth and back while clients ask 500 times a second: decision to read-back, with the file
//! written and synced in between. `cargo bench --bench traffic`, with haproxy installed. Fails at 20 ms or at one failed request.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops")]
#![allow(dead_code, reason = "what it shares with the tests it uses in part")]

#[path = "../releases/traffic/balancer.rs"]
mod balancer;
#[path = "../releases/traffic/clients.rs"]
mod clients;
#[path = "../releases/traffic/service.rs"]
mod service;
#[path = "../support/mod.rs"]
mod support;

use opsdeck::release::traffic::{Op, Scene, perform};
use service::service;
use std::time::Instant;

fn main() {
    let (blue, green) = (service("1.0"), service("2.0"));
    let haproxy = balancer::Haproxy::start(&[("blue", &[("b1", blue)]), ("green", &[("g1", green)])]);
    let traffic = haproxy.traffic(&["blue", "green"]);
    let scene = Scene::at(std::path::Path::new("/"));
    let clients = clients::Clients::start(haproxy.address, 500);
    let (began, mut memory, mut whole) = (Instant::now(), Vec::new(), Vec::new());
    for turn in 0..50_u64 {
        support::wait::wait_true(60, "clients ask on", || clients.done() >= (turn + 1) * 100);
        let (to, version) = if turn % 2 == 0 { ("green", "2.0") } else { ("blue", "1.0") };
        let start = Instant::now();
        let (reports, ok) = perform(&traffic, &Op::Switch { to: to.into(), version: Some(version.into()) }, &scene);
        whole.push(start.elapsed());
        assert!(ok, "{reports:?}");
        memory.push(reports[0].took_us.unwrap());
    }
    let seconds = began.elapsed().as_secs_f64();
    let asked = clients.end();
    let failed: Vec<_> = asked.iter().filter_map(|a| a.got.as_ref().err()).collect();
    memory.sort_unstable();
    whole.sort_unstable();
    println!("{} requests, {:.0} a second, {} failed", asked.len(), asked.len() as f64 / seconds, failed.len());
    println!(
        "file written, memory set and read back: median {} us, worst {} us (below 20,000)",
        memory[25], memory[49]
    );
    println!("with look, check, file and five proofs: median {:?}, worst {:?}", whole[25], whole[49]);
    assert!(failed.is_empty() && memory[49] < 20_000, "{:?}", failed.first());
}
