//! What the daemon answers, to whom, and what a real Prometheus makes of it.

use super::Lab;
use super::daemon::Daemon;
use super::prometheus::Prometheus;
use super::wait::wait_true;
use opsdeck::health::probe::Http;
use opsdeck::health::probe::request::send;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn a_real_prometheus_scrapes_it_and_promtool_has_nothing_to_say() {
    let lab = Lab::start(2);
    lab.write("opsdeck.yaml", "checks:\n  base: {sample: yes, interval: 2s}\n");
    let daemon = Daemon::start(&lab, &[]);
    daemon.ready();
    let ok = "opsdeck_checks{environment=\"lab\",status=\"ok\"}";
    wait_true(60, "checks that are well", || daemon.metric(ok).is_some_and(|n| n > 2.0));
    let page = daemon.get("/metrics").unwrap();
    assert_eq!(page.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = promtool.spawn().expect("promtool comes with prometheus: tests/run installs it");
    promtool.stdin.take().unwrap().write_all(page.body.as_bytes()).unwrap();
    let out = promtool.wait_with_output().unwrap();
    assert!(out.status.success() && out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
    let prometheus = Prometheus::start(daemon.url.trim_start_matches("http://"));
    let query = "query=opsdeck_acting%7Benvironment%3D%22lab%22%7D";
    let url = format!("{}/api/v1/query?{query}", prometheus.url);
    let answer = send(&Http { url, ..Http::default() }, Duration::from_secs(20)).unwrap();
    assert!(answer.body.contains("\"1\"]"), "{}", answer.body);
    assert!(daemon.metric("opsdeck_last_round_timestamp_seconds{environment=\"lab\"}").unwrap() > 1e9);
}

#[test]
fn a_token_closes_all_but_the_sign_of_life_and_other_addresses_need_one() {
    let lab = Lab::start(0);
    let token = lab.folder().join("token");
    std::fs::write(&token, "a-token-of-the-lab\n").unwrap();
    std::fs::set_permissions(&token, PermissionsExt::from_mode(0o600)).unwrap();
    let daemon = Daemon::start(&lab, &["--token-file", token.to_str().unwrap()]);
    assert_eq!(daemon.get("/healthz").unwrap().status, 200);
    let closed = daemon.get("/metrics").unwrap();
    assert_eq!((closed.status, closed.header("www-authenticate")), (401, Some("Bearer")));
    let with = |token: &str| {
        let headers = [("Authorization".to_owned(), format!("Bearer {token}"))].into();
        let url = format!("{}/metrics", daemon.url);
        send(&Http { url, headers, ..Http::default() }, Duration::from_secs(20)).unwrap().status
    };
    assert_eq!((with("a-token-of-the-lab"), with("another-token-xx")), (200, 401));
    assert_eq!(daemon.get("/nothing").unwrap().status, 404);
    let open = lab.run(["serve", "--listen", "0.0.0.0:0"]);
    let said = String::from_utf8_lossy(&open.stderr).into_owned();
    assert!(open.status.code() == Some(1) && said.contains("--token-file"), "{said}");
    std::fs::set_permissions(&token, PermissionsExt::from_mode(0o644)).unwrap();
    let open = lab.run(["serve", "--listen", "127.0.0.1:0", "--token-file", token.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&open.stderr).contains("chmod 600"), "{open:?}");
    let unknown = lab.run(["serve", "-e", "nowhere"]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("expected one of lab"), "{unknown:?}");
}
