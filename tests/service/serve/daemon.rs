//! The daemon as tests start it. Holds no test.

use super::Lab;
use crate::support::wait::wait_true;
use opsdeck::health::probe::Http;
use opsdeck::health::probe::request::{Answer, Failed, send};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

/// `opsdeck serve` in a lab, on a port of its own; killed with the test.
pub struct Daemon {
    child: Child,
    /// Where it listens.
    pub url: String,
    log: PathBuf,
}

impl Daemon {
    /// Starts one and waits until it listens.
    pub fn start(lab: &Lab, args: &[&str]) -> Daemon {
        Self::on(lab, 0, args)
    }

    /// On a port that outlives a reload.
    pub fn on(lab: &Lab, port: u16, args: &[&str]) -> Daemon {
        let log = lab.folder().join(format!("serve-{}.log", uuid::Uuid::now_v7()));
        let mut child = lab
            .opsdeck(["serve", "--json", "--listen", &format!("127.0.0.1:{port}")].iter().chain(args))
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value =
            serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?} {:?}", std::fs::read_to_string(&log)));
        Daemon { child, url: told["url"].as_str().unwrap().to_owned(), log }
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Asks it for a path.
    pub fn get(&self, path: &str) -> Result<Answer, Failed> {
        let url = format!("{}{path}", self.url);
        send(&Http { url, ..Http::default() }, Duration::from_secs(20))
    }

    /// Waits until it is ready.
    pub fn ready(&self) {
        let mut last = None;
        let ready = || {
            last = Some(self.get("/readyz"));
            matches!(&last, Some(Ok(answer)) if answer.status == 200)
        };
        wait_true(60, "the daemon to be ready", ready);
    }

    /// The value of a series in `/metrics`, by its name with labels.
    pub fn metric(&self, series: &str) -> Option<f64> {
        let text = self.get("/metrics").unwrap().body;
        text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as systemd does.
    pub fn end(mut self) -> ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }

    /// Asks it to begin anew with what the project says now.
    pub fn reload(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
