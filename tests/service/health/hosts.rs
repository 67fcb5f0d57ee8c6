//! What is shown of hosts: real ones, silent ones, hostile ones, full ones, and those that only Ansible reaches.

use super::{Lab, Odd, check, more, once, store};
use crate::support::prometheus::Prometheus;
use crate::support::server::Server;
use crate::support::wait::wait_true;
use opsdeck::health::record::OUTPUT;
use std::process::Command;

/// A first answer decides, so that one look is enough.
const AT_ONCE: &str = "checks:\n  base: {sample: yes, fall: 1, timeout: 2s}\n";

#[test]
fn without_configuration_hosts_are_sampled_in_one_round_trip_and_each_answer_is_kept() {
    let lab = Lab::start(2);
    let (board, code) = once(&lab, &[]);
    for host in ["h1", "h2"] {
        assert_eq!(check(&board, host, "ssh")["status"], "ok", "{board:#}");
        for metric in ["memory", "load", "uptime"] {
            assert!(check(&board, host, metric)["value"].as_f64().is_some(), "{board:#}");
        }
    }
    assert!(code.is_some_and(|code| code != 1), "{code:?}");
    let raw = lab.ok(["health", "--raw", "h1", "memory"]);
    assert!(
        raw.contains("ssh ") && raw.contains("$ opsdeck health --script | ssh ") && raw.contains("meminfo:MemTotal:"),
        "{raw}"
    );
    let raw: serde_json::Value = serde_json::from_str(&lab.ok(["health", "--raw", "h2", "sample", "--json"])).unwrap();
    assert_eq!((raw[0]["ended"].as_str(), raw.as_array().unwrap().len()), (Some("exit 0"), 1));
    // What is asked nowhere is a mistake.
    for (host, named, words) in [("h1", "nope", "there are "), ("h9", "sample", "no host \"h9\"")] {
        let out = lab.run(["health", "--raw", host, named]);
        let told = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(1), "{told}");
        assert!(told.contains(words) && (host == "h9" || told.contains("memory")), "{told}");
    }
    // One check of one host is silenced, and lifted by the name that it is listed with.
    let one = "check:memory on h1";
    lab.ok(["silence", one, "--for", "2h", "--reason", "a cache"]);
    let listed = lab.ok(["silences"]);
    assert!(listed.contains(one) && listed.contains(", 2h left"), "{listed}");
    let out = lab.run(["silence", "check:memory on h9", "--for", "2h", "--reason", "a cache"]);
    assert!(!out.status.success() && String::from_utf8_lossy(&out.stderr).contains("no host \"h9\""), "{out:?}");
    // How well this machine is now is no matter: only what is printed.
    let printed =
        |args: &[&str]| String::from_utf8_lossy(&lab.run(["health", "--once"].iter().chain(args)).stdout).into_owned();
    let silent = printed(&["--all"]);
    let of = |host: &str| silent.lines().find(|line| line.contains(host) && line.contains(" memory ")).unwrap();
    assert!(of(" h1 ").starts_with("◇ ") && !of(" h2 ").starts_with("◇ "), "{silent}");
    lab.ok(["unsilence", one, "--reason", "it is over"]);
    // Only with --all what is well is printed, and a breaker that a person forced always.
    lab.ok(["breaker", "open", "transport:lab/h1", "--reason", "switch q"]);
    let brief = printed(&[]);
    assert!(brief.contains("⊘ breaker transport:lab/h1 is forced open by ") && brief.contains(": switch q"), "{brief}");
    assert!(!brief.contains(" uptime ") && printed(&["--all"]).contains(" uptime "), "{brief}");
}

#[test]
fn what_does_not_answer_is_bad_and_holds_nobody_up() {
    let lab = Lab::start(2);
    let (hangs, refuses, drops) = (Odd::hangs(), Odd::refuses(), Odd::drops());
    more(&lab, &[("hangs", &hangs), ("refuses", &refuses), ("drops", &drops)]);
    lab.write("opsdeck.yaml", AT_ONCE);
    let (board, code) = once(&lab, &[]);
    for host in ["hangs", "refuses", "drops"] {
        assert_eq!(check(&board, host, "ssh")["status"], "bad", "{board:#}");
    }
    assert!(check(&board, "refuses", "ssh")["text"].as_str().unwrap().contains("refused"), "{board:#}");
    assert_eq!((check(&board, "h1", "ssh")["status"].as_str(), code), (Some("ok"), Some(3)));
    assert_eq!(board["counts"]["bad"], 3);
    let text = lab.run(["health", "--once", "refuses"]);
    let text = String::from_utf8_lossy(&text.stdout);
    assert!(text.contains("✖ bad") && text.contains("refuses") && !text.contains("hangs"), "{text}");
}

#[test]
fn whoever_holds_the_only_session_of_a_host_makes_it_no_worse() {
    let mut lab = Lab::start(1);
    lab.configure("h1", "MaxSessions 64", "MaxSessions 1");
    lab.write("opsdeck.yaml", AT_ONCE);
    let (begun, over) = (lab.folder().join("begun"), lab.folder().join("over"));
    let holds = format!("touch {}; while [ ! -e {} ]; do sleep 0.05; done", begun.display(), over.display());
    let mut holder = lab.opsdeck(["sh", "h1", "--wait", "--", &holds]).spawn().unwrap();
    wait_true(30, "the session to be held", || begun.exists());
    let (board, _) = once(&lab, &[]);
    let ssh = check(&board, "h1", "ssh");
    assert!(ssh["status"] == "unknown" && ssh["text"].as_str().unwrap().contains("somebody works there"), "{board:#}");
    std::fs::write(&over, "").unwrap();
    assert!(holder.wait().unwrap().success());
}

#[test]
fn what_a_host_prints_costs_no_memory_and_reaches_no_terminal() {
    let lab = Lab::start(1);
    lab.write(
        "opsdeck.yaml",
        "checks:\n  flood: {shell: 'yes | head -c 104857600', on: h1, timeout: 60s, interval: 60s}\n  \
         evil: {shell: \"printf 'a\\\\033]0;x\\\\007\\\\377b\\\\n'; exit 1\", on: h1, fall: 1, interval: 60s, timeout: 20s}\n  \
         asked: {shell: 'test {ansible_host} = 127.0.0.1', interval: 60s, timeout: 20s}\n",
    );
    let (board, _) = once(&lab, &[]);
    assert_eq!(check(&board, "h1", "flood")["status"], "ok", "{board:#}");
    assert_eq!(check(&board, "h1", "asked")["status"], "ok", "{board:#}");
    let evil = check(&board, "h1", "evil");
    let text = evil["text"].as_str().unwrap();
    assert!(evil["status"] == "bad" && text.starts_with("exit 1: a") && !text.contains(char::is_control), "{text:?}");
    let raw = store(&lab).raw(Some("h1"), "flood").unwrap();
    assert_eq!((raw[0].output.len(), raw[0].ended.as_str()), (OUTPUT, "exit 0"));
    let shown = lab.ok(["health", "--raw", "h1", "evil"]);
    assert!(!shown.contains(['\u{1b}', '\u{7}']), "{shown:?}");
}

/// A small file system that is full; gone with the test.
struct Full(std::path::PathBuf);

impl Full {
    fn mount(lab: &Lab) -> Full {
        let path = lab.folder().join("full disk");
        std::fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "full"]).arg(&path).status().unwrap();
        assert!(mounted.success());
        let full = Full(path);
        std::fs::write(full.0.join("log"), vec![0; 1020 << 10]).unwrap();
        full
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_disk_that_is_full_is_bad() {
    // Who may not mount has the parser's tests.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let lab = Lab::start(1);
    let full = Full::mount(&lab);
    let (board, code) = once(&lab, &[]);
    let row = check(&board, "h1", &format!("disk {}", full.0.display()));
    assert_eq!((row["status"].as_str(), row["limit"].as_f64(), code), (Some("bad"), Some(95.0), Some(3)), "{row:#}");
}

#[test]
fn services_and_queries_are_asked_from_here() {
    let (lab, server) = (Lab::start(0), Server::start());
    server.says("/health", 200, "", "ok\n");
    server.says("/broken", 503, "", "");
    // Of a hundred requests 90 took at most 0.1 s, 99 at most 1 s: the 95th took 0.1 + 0.9 * 5 / 9.
    let took =
        "# TYPE took histogram\ntook_bucket{le=\"0.1\"} 90\ntook_bucket{le=\"1\"} 99\ntook_bucket{le=\"+Inf\"} 100\n";
    server.says("/metrics", 200, "", &format!("lag 42\n{took}took_sum 20\ntook_count 100\n"));
    let prometheus = Prometheus::start(&server.address);
    let port = server.address.rsplit(':').next().unwrap();
    lab.write(
        "opsdeck.yaml",
        &format!(
            "checks:\n  web: {{http: '{}', contains: ok}}\n  broken: {{http: '{}', fall: 1}}\n  port: {{tcp: 'localhost:{port}'}}\n  \
             lag: {{prometheus: 'lag', url: '{}', warn: {{enter: 40, leave: 30}}, fall: 1, timeout: 5s}}\n  \
             p95: {{prometheus: 'histogram_quantile(0.95, took_bucket)', url: '{}', warn: 0.5, bad: 2, fall: 1, timeout: 5s}}\n  \
             nothing: {{prometheus: 'no_such_metric', url: '{}', warn: 1}}\n  tool: {{command: [sh, -c, 'exit 75']}}\n",
            server.url("/health"),
            server.url("/broken"),
            prometheus.url,
            prometheus.url,
            prometheus.url,
        ),
    );
    lab.write("inventories/lab/hosts.ini", "h1 ansible_port=1 ansible_host=127.0.0.1\n");
    let (board, code) = once(&lab, &[]);
    let of = |name: &str| {
        let all = board["checks"].as_array().unwrap();
        let row = all.iter().find(|row| row["check"] == name).unwrap_or_else(|| panic!("{name}: {board:#}"));
        (row["status"].as_str().unwrap().to_owned(), row["text"].as_str().unwrap().to_owned(), row["value"].as_f64())
    };
    assert_eq!((of("web").0.as_str(), of("port").0.as_str()), ("ok", "ok"));
    assert!(of("web").2.is_some(), "how long it took is a number");
    assert_eq!((of("broken").0.as_str(), of("broken").1.contains("503")), ("bad", true));
    assert_eq!((of("lag").0.as_str(), of("lag").2), ("warn", Some(42.0)));
    assert_eq!((of("p95").0.as_str(), of("p95").2.map(|n| (n * 10.0).round())), ("warn", Some(6.0)));
    assert_eq!((of("nothing").0.as_str(), of("nothing").1.as_str()), ("unknown", "no data"));
    assert_eq!(of("tool").0, "unknown");
    assert_eq!(code, Some(3));
}

#[test]
fn hosts_that_only_ansible_reaches_are_asked_through_it() {
    let lab = Lab::start(0);
    lab.write(
        "inventories/lab/hosts.ini",
        "here ansible_connection=local\nnowhere ansible_connection=no_such_plugin\n[all:vars]\nansible_python_interpreter=/usr/bin/python3\n",
    );
    lab.write("opsdeck.yaml", "checks:\n  queue: {shell: 'echo hello; exit 3', on: here, fall: 1}\n");
    let (board, _) = once(&lab, &[]);
    assert!(check(&board, "here", "memory")["value"].as_f64().is_some(), "{board:#}");
    let queue = check(&board, "here", "queue");
    assert_eq!((queue["status"].as_str(), queue["text"].as_str()), (Some("bad"), Some("exit 3: hello")));
    let never = check(&board, "nowhere", "ssh");
    assert!(never["status"] == "unknown" && !never["text"].as_str().unwrap().is_empty(), "{never:#}");
    let left: Vec<_> = std::fs::read_dir(lab.state().join("health")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
