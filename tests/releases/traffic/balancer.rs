//! A real HAProxy under its master process, with a map of the active backend and three backends. No test.

use crate::support::wait::{wait_true, wait_until};
use opsdeck::release::plan::{Balancer, Driver, HaproxyMap, Prove, Traffic};
use opsdeck::release::traffic::{Op, Scene, perform};
use std::fmt::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Haproxy {
    dir: tempfile::TempDir,
    master: Child,
    pub address: SocketAddr,
}

impl Haproxy {
    /// Starts it in front of these backends, each with its servers, and waits until all servers are up. Traffic goes to
    /// `blue`; what the map names in error goes to the backend `lost`, which has no server.
    pub fn start(backends: &[(&str, &[(&str, SocketAddr)])]) -> Haproxy {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        // Nobody else is given this port again so soon; HAProxy can only bind what it is told.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut config = format!(
            "global\n  stats socket {} mode 600 level admin expose-fd listeners\n  hard-stop-after 1s\ndefaults\n  mode http\n  \
             timeout connect 5s\n  timeout client 30s\n  timeout server 30s\nfrontend f\n  bind {address}\n  \
             use_backend %[str(active),map({},blue)]\n  default_backend lost\nbackend lost\n",
            at("admin"),
            at("active.map"),
        );
        for (backend, servers) in backends {
            writeln!(config, "backend {backend}").unwrap();
            for (name, server) in *servers {
                writeln!(config, "  server {name} {server} check inter 100ms").unwrap();
            }
        }
        std::fs::write(at("haproxy.cfg"), config).unwrap();
        std::fs::write(at("active.map"), "# who is active\nactive blue\n").unwrap();
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
        let mut command = Command::new("haproxy");
        command.env("PATH", path).args(["-W", "-q", "-f", &at("haproxy.cfg")]);
        let log = std::fs::File::create(at("log")).unwrap();
        let master = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let haproxy = Haproxy { dir, master, address };
        let dir = &haproxy.dir;
        let wanted: u32 = backends.iter().map(|(_, servers)| servers.len() as u32).sum();
        let names: Vec<&str> = backends.iter().map(|(name, _)| *name).collect();
        let all = haproxy.traffic(&names);
        wait_true(30, "all servers are up", || {
            let (reports, _) = perform(&all, &Op::Status, &Scene::at(dir.path()));
            reports[0].up.values().map(|(up, _)| up).sum::<u32>() == wanted
        });
        haproxy
    }

    pub fn map_file(&self) -> PathBuf {
        self.dir.path().join("active.map")
    }

    /// As a plan names it, with these backends as its pools.
    pub fn balancer(&self, pools: &[&str]) -> Balancer {
        let driver = Driver::Haproxy {
            socket: self.dir.path().join("admin").display().to_string(),
            ssh: None,
            map: Some(HaproxyMap { file: self.map_file().display().to_string(), key: "active".into() }),
            backends: pools.iter().map(|pool| ((*pool).to_owned(), (*pool).to_owned())).collect(),
            servers: [("web1".to_owned(), "b1".to_owned())].into(),
        };
        Balancer { name: format!("lb {}", self.address.port()), driver }
    }

    /// A plan's traffic with this one balancer, proved through it.
    pub fn traffic(&self, pools: &[&str]) -> Traffic {
        let urls = vec![format!("http://{}/", self.address)];
        let prove = Some(Prove { urls, header: Some("X-Version".into()), requests: 5 });
        Traffic { balancers: vec![self.balancer(pools)], prove, drain: 5, keep_warm: 0 }
    }

    /// The version that a new client gets.
    pub fn version(&self) -> String {
        let url = format!("http://{}/", self.address);
        let request = opsdeck::health::probe::Http { url, ..Default::default() };
        opsdeck::health::probe::request::send(&request, Duration::from_secs(10)).map_or_else(|e| e.why, |a| a.body)
    }

    /// Reloads its configuration as systemd does, and waits until another worker answers.
    pub fn reload(&self) {
        let before = self.workers();
        let mut asked: Option<Instant> = None;
        wait_true(30, "the old worker is gone and a new one is there", || {
            // A worker that has only just begun may miss the word to end, and stay: then once more.
            if asked.is_none_or(|at| at.elapsed() > Duration::from_secs(3)) {
                signal(&self.master, "USR2");
                asked = Some(Instant::now());
            }
            let now = self.workers();
            !now.is_empty() && now.iter().all(|pid| !before.contains(pid))
        });
    }

    fn workers(&self) -> Vec<String> {
        let id = self.master.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        children.split_whitespace().map(str::to_owned).collect()
    }

    /// Ends it.
    pub fn stop(&mut self) {
        signal(&self.master, "TERM");
        wait_until(20, "HAProxy ends", || self.master.try_wait().unwrap());
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        if matches!(self.master.try_wait(), Ok(None)) {
            self.stop();
        }
    }
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap();
    assert!(status.success());
}
