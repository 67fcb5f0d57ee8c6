//! What the daemon answers, to whom, and what a real Prometheus makes of it.

use super::Lab;
use super::daemon::Daemon;
use crate::support::prometheus::Prometheus;
use crate::support::wait::wait_true;
use opsdeck::health::probe::Http;
use opsdeck::health::probe::request::send;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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

/// What comes back for these bytes; the connection is left to the other side to end.
fn raw(daemon: &Daemon, said: &str) -> String {
    let mut stream = TcpStream::connect(daemon.url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(said.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn without_a_token_only_names_of_loopback_are_answered() {
    let lab = Lab::start(0);
    let daemon = Daemon::start(&lab, &[]);
    let get = |path: &str, host: &str| {
        raw(&daemon, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
    };
    for path in ["/healthz", "/readyz", "/metrics", "/nothing"] {
        let answer = get(path, "evil.example:9590");
        assert!(answer.starts_with("HTTP/1.1 421 ") && answer.contains("localhost"), "{path}: {answer}");
    }
    let port = daemon.url.rsplit(':').next().unwrap();
    for own in ["localhost".to_owned(), format!("127.0.0.1:{port}"), format!("[::1]:{port}"), "127.1.2.3".to_owned()] {
        assert!(get("/healthz", &own).starts_with("HTTP/1.1 200 "), "{own}");
    }
    let alert = "{\"version\":\"4\",\"alerts\":[]}";
    let post = |host: &str| {
        let kind = "Content-Type: application/json";
        let length = alert.len();
        raw(
            &daemon,
            &format!(
                "POST /alerts HTTP/1.1\r\nHost: {host}\r\n{kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{alert}"
            ),
        )
    };
    assert!(post("evil.example").starts_with("HTTP/1.1 421 ") && post("localhost").starts_with("HTTP/1.1 200 "));
    // A check of HAProxy has no Host.
    assert!(raw(&daemon, "GET /healthz HTTP/1.0\r\n\r\n").contains(" 200 "));
    // Whoever has the token is no page in a browser.
    let token = lab.folder().join("token");
    std::fs::write(&token, "a-token-of-the-lab\n").unwrap();
    std::fs::set_permissions(&token, PermissionsExt::from_mode(0o600)).unwrap();
    let daemon = Daemon::start(&lab, &["--token-file", token.to_str().unwrap()]);
    let asked = "GET /readyz HTTP/1.1\r\nHost: opsdeck.example\r\nConnection: close\r\n";
    assert!(raw(&daemon, &format!("{asked}\r\n")).starts_with("HTTP/1.1 401 "));
    let known = raw(&daemon, &format!("{asked}Authorization: Bearer a-token-of-the-lab\r\n\r\n"));
    assert!(!known.starts_with("HTTP/1.1 4"), "{known}");
}

#[test]
fn whoever_says_nothing_whole_gives_way() {
    let lab = Lab::start(0);
    let daemon = Daemon::start(&lab, &[]);
    let address = daemon.url.trim_start_matches("http://");
    // Silent, in the middle of a head, before a body, and after an answer.
    let post =
        "POST /alerts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n";
    let saids = ["", "GET /hea", post, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"];
    let half: Vec<TcpStream> = (0..190)
        .map(|n| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(saids[n % saids.len()].as_bytes()).unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    assert_eq!(daemon.get("/healthz").unwrap().status, 200);
    let late = begun.elapsed();
    assert!(late < Duration::from_secs(8), "{late:?} with {} half-open connections", half.len());
}
