//! A real Prometheus that scrapes what the test serves. Holds no test.

use super::wait::wait_true;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

pub struct Prometheus {
    child: Child,
    pub url: String,
    _dir: tempfile::TempDir,
}

impl Prometheus {
    /// Starts one that scrapes what answers at `address` each second, and waits until it has scraped it.
    pub fn start(address: &str) -> Prometheus {
        let dir = tempfile::tempdir().unwrap();
        let config = format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs: [{{job_name: app, static_configs: [{{targets: ['{address}']}}]}}]\n"
        );
        std::fs::write(dir.path().join("prometheus.yml"), config).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", dir.path().join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", dir.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--log.level=error")
            .stdin(Stdio::null())
            .spawn()
            .expect("prometheus is not on PATH: start the tests with tests/run");
        let prometheus = Prometheus { child, url: format!("http://127.0.0.1:{port}"), _dir: dir };
        let query = opsdeck::health::probe::Http {
            url: format!("{}/api/v1/query?query=up", prometheus.url),
            contains: None,
            ..Default::default()
        };
        wait_true(60, "Prometheus to have scraped the test's server", || {
            let answer = opsdeck::health::probe::request::send(&query, std::time::Duration::from_secs(5));
            answer.is_ok_and(|a| a.body.contains("\"1\"]"))
        });
        prometheus
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
