//! What can be asked of hosts and services, and one answer from each: for the gates of releases and for health checks.
//! What is not known is [`Verdict::Inconclusive`], never a pass. What a row of answers means is for others to say.

mod command;
pub mod fan;
mod http;
pub mod program;
mod prometheus;
pub mod request;
pub mod survey;
pub mod systemd;
pub mod target;
mod tcp;
mod written;

pub use http::mismatch;
pub use request::Http;
pub use systemd::Restarts;

use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use survey::Place;
use target::Target;

/// What is measured. `{host}` in an address or command: once for each host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Probe {
    Http {
        #[serde(flatten)]
        request: Http,
    },
    /// A connection that can be opened.
    Tcp {
        /// `host:port`.
        address: String,
    },
    /// A program on the control host; exit code 0 passes, 75 (EX_TEMPFAIL) is inconclusive, anything else fails.
    Command { argv: Vec<String> },
    /// A unit that is active and was not restarted meanwhile, on the hosts, asked through Ansible.
    Systemd { unit: String },
    /// An instant query whose every sample must be within bounds; no sample is no data.
    Prometheus {
        /// Server, `http://127.0.0.1:9090`.
        url: String,
        query: String,
        /// Must be above or at this.
        min: Option<f64>,
        /// Must be below or at this.
        max: Option<f64>,
    },
}

impl Probe {
    /// Everything in which a host, or a variable of it, can be named.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Probe::Http { request } => http::texts(request),
            Probe::Tcp { address } => vec![address],
            Probe::Command { argv } => argv.iter().map(String::as_str).collect(),
            Probe::Systemd { unit } => vec![unit],
            Probe::Prometheus { url, query, .. } => vec![url, query],
        }
    }
}

/// What an answer came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Pass,
    Fail,
    /// It could not be measured, or there was no data: never a pass.
    Inconclusive,
}

impl Verdict {
    /// Lower-case name, as in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}

/// What was got says that a server gave no answer at all.
pub fn is_silence(got: &str) -> bool {
    got.contains(prometheus::SILENCE)
}

/// What was got in one place: on one host, or (without a name) once for all.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub host: Option<String>,
    pub verdict: Verdict,
    /// What was got (`503 Service Unavailable`, `182`, `no data`). Hostile.
    pub got: String,
    /// Its number: of a query, or how long an answer that is good took (milliseconds).
    pub value: Option<f64>,
}

/// One answer of a [`Seen`], of whichever host.
type One = (Verdict, String, Option<f64>);

impl Probe {
    /// What is needed, in words (`200 to 299`, `at most 250`).
    pub fn need(&self) -> String {
        match self {
            Probe::Http { request } => http::need(request),
            Probe::Tcp { .. } => "a connection".to_owned(),
            Probe::Command { .. } => "exit code 0".to_owned(),
            Probe::Systemd { unit } => format!("{unit} active, not restarted"),
            Probe::Prometheus { min, max, .. } => prometheus::Bounds { min: *min, max: *max }.need(),
        }
    }

    /// Asks once, for each of `hosts` where it names `{host}` or asks hosts, else once for all. Blocking, for a thread;
    /// never longer than `limit`. `restarts` is kept from answer to answer as long as one thing is watched.
    pub fn ask(&self, hosts: &[Target], place: &Place, restarts: &Restarts, limit: Duration) -> Vec<Seen> {
        let deadline = Instant::now() + limit;
        match self {
            Probe::Http { request } => http::read(request, hosts, deadline),
            Probe::Tcp { address } => tcp::read(address, hosts, deadline),
            Probe::Command { argv } => command::read(argv, hosts, &place.cwd, deadline),
            Probe::Systemd { unit } => systemd::read(unit, hosts, place, restarts, limit * 9 / 10),
            Probe::Prometheus { url, query, min, max } => {
                prometheus::read(url, query, prometheus::Bounds { min: *min, max: *max }, hosts, deadline)
            }
        }
    }
}

/// Measures for each host that `texts` name, or once.
fn each<F>(texts: &[&str], hosts: &[Target], deadline: Instant, measure: F) -> Vec<Seen>
where
    F: Fn(&[String], Duration) -> One + Send + Sync + 'static,
{
    let readings = fan::out(texts, hosts, deadline, measure).into_iter();
    let late = || (Verdict::Inconclusive, "no reading in time".to_owned(), None);
    let seen = readings.map(|(host, reading)| (host, reading.unwrap_or_else(late)));
    seen.map(|(host, (verdict, got, value))| Seen { host, verdict, got, value }).collect()
}
