//! A real Alertmanager. Holds no test.

use crate::support::wait::wait_true;
use opsdeck::health::probe::Http;
use opsdeck::health::probe::request::send;
use serde_json::Value;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A port that nothing listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// One that listens on a port of its own, and tells `webhook` of every alert.
pub struct Alertmanager {
    child: Child,
    pub url: String,
    _dir: tempfile::TempDir,
}

impl Alertmanager {
    /// Starts one and waits until it is ready.
    pub fn start(port: u16, webhook: Option<&str>) -> Alertmanager {
        let dir = tempfile::tempdir().unwrap();
        let hook = webhook.map(|url| format!(", webhook_configs: [{{url: '{url}', send_resolved: true}}]"));
        let config = format!(
            "route: {{receiver: all, group_wait: 0s, group_interval: 1s, repeat_interval: 1h, group_by: ['...']}}\n\
             receivers: [{{name: all{}}}]\n",
            hook.unwrap_or_default()
        );
        std::fs::write(dir.path().join("alertmanager.yml"), config).unwrap();
        let child = Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", dir.path().join("alertmanager.yml").display()))
            .arg(format!("--storage.path={}", dir.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(["--cluster.listen-address=", "--log.level=error"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus-alertmanager is not on PATH: start the tests with tests/run");
        let am = Alertmanager { child, url: format!("http://127.0.0.1:{port}"), _dir: dir };
        let ready = Http { url: format!("{}/-/ready", am.url), ..Http::default() };
        wait_true(60, "Alertmanager", || send(&ready, Duration::from_secs(5)).is_ok_and(|a| a.status == 200));
        am
    }

    /// Adds alerts, as Prometheus does.
    pub fn post(&self, alerts: &Value) {
        let url = format!("{}/api/v2/alerts", self.url);
        let headers = [("Content-Type".to_owned(), "application/json".to_owned())].into();
        let body = Some(alerts.to_string());
        let request = Http { method: "POST".into(), url, headers, body, ..Http::default() };
        let answer = send(&request, Duration::from_secs(20)).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// Alerts that are active, by their labels.
    pub fn alerts(&self) -> Vec<Value> {
        let url = format!("{}/api/v2/alerts", self.url);
        let answer = send(&Http { url, ..Http::default() }, Duration::from_secs(20)).unwrap();
        serde_json::from_str(&answer.body).unwrap()
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
