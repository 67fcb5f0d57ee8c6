//! The demo's releases as a newcomer meets them, on the screen: through its real HAProxy, with somebody who asks all the
//! while; a version that its gate stops; two pools, switched and switched back.

use super::demo::Demo;
use super::releases::submit;
use crate::support::{Lab, OPSDECK, Pty};
use opsdeck::health::probe::{Http, request};
use rustix::process::Signal;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The console of a demo, on production.
fn console(lab: &Lab, demo: &Demo) -> Pty {
    let state = demo.folder.join(".demo/state");
    let env = [("HOME", lab.folder().join("home")), ("OPSDECK_STATE", state)];
    let pty = Pty::start(&[OPSDECK], demo.folder.clone(), &env, (120, 40));
    pty.wait_for(30, "its hosts", |s| s.contains("PRODUCTION") && s.contains("green02"));
    pty
}

/// Where HAProxy takes this front's requests.
fn address(demo: &Demo, front: &str) -> String {
    let config = std::fs::read_to_string(demo.folder.join(".demo/haproxy/haproxy.cfg")).unwrap();
    let (_, rest) = config.split_once(&format!("frontend {front}\n  bind ")).unwrap();
    format!("http://{}/orders", rest.lines().next().unwrap())
}

/// The version that answers, or how it fails.
fn ask(url: &str) -> Result<String, String> {
    let page = Http { method: "GET".into(), url: url.into(), ..Http::default() };
    let answer = request::send(&page, Duration::from_secs(10)).map_err(|e| e.why)?;
    let version = answer.header("X-Version").unwrap_or_default().to_owned();
    if answer.status == 200 { Ok(version) } else { Err(format!("{} from {version}", answer.status)) }
}

/// Somebody who asks all the while, as fast as it is answered.
struct Customer {
    leaves: Arc<AtomicBool>,
    got: JoinHandle<Vec<Result<String, String>>>,
    /// Where HAProxy says what it found.
    log: PathBuf,
}

impl Customer {
    fn comes(demo: &Demo, url: &str) -> Customer {
        let log = demo.folder.join(".demo/haproxy/haproxy.log");
        let leaves = Arc::new(AtomicBool::new(false));
        let (until, url, came) = (Arc::clone(&leaves), url.to_owned(), Instant::now());
        let got = std::thread::spawn(move || {
            let mut got = Vec::new();
            while !until.load(Ordering::Relaxed) {
                got.push(ask(&url).map_err(|why| format!("{why} {:?} after it came", came.elapsed())));
            }
            got
        });
        Customer { leaves, got, log }
    }

    /// All that was answered; fails where a request did.
    fn leaves(self) -> Vec<String> {
        self.leaves.store(true, Ordering::Relaxed);
        let got = self.got.join().unwrap();
        let failed: Vec<_> = got.iter().filter_map(|answer| answer.as_ref().err()).collect();
        let log = std::fs::read_to_string(&self.log).unwrap();
        let (first, last) = (failed.first(), failed.last());
        assert!(failed.is_empty(), "{} of {} failed: {first:?} to {last:?}\n{log}", failed.len(), got.len());
        got.into_iter().flatten().collect()
    }
}

#[test]
fn a_version_rolls_out_and_the_broken_one_is_stopped_by_its_gate_and_taken_back() {
    let lab = Lab::start(0);
    let mut demo = Demo::start(&lab, &[]);
    let shop = address(&demo, "shop_production");
    let mut pty = console(&lab, &demo);
    let customer = Customer::comes(&demo, &shop);
    submit(&mut pty, "production", ("shop", 0), "4.12.1");
    pty.wait_for(60, "the first host leaves the balancer", |s| s.contains("2/3 up  out: web01.eu"));
    pty.wait_text(240, "SUCCEEDED");
    let answers = customer.leaves();
    assert_eq!((answers[0].as_str(), answers[answers.len() - 1].as_str()), ("4.12.0", "4.12.1"));

    pty.send("1");
    pty.wait_text(10, "ad-hoc");
    submit(&mut pty, "production", ("shop", 0), "4.13-broken");
    pty.wait_text(120, "gate orders failed");
    let screen = pty.wait_text(120, "ROLLED BACK");
    assert!(screen.contains("1 old") && screen.contains("2 untouched"), "only the first host was touched:\n{screen}");
    assert!((0..9).all(|_| ask(&shop).as_deref() == Ok("4.12.1")));
    pty.send("2");
    let screen = pty.wait_for(10, "both in the list", |s| s.contains("rolled back") && s.contains("succeeded"));
    assert!(!screen.contains("unknown"), "{screen}");
    pty.send("q");
    assert!(pty.wait_exit(10).success());
    demo.end(Signal::INT);
}

#[test]
fn two_pools_are_switched_and_one_key_switches_back_without_a_failed_request() {
    let lab = Lab::start(0);
    let mut demo = Demo::start(&lab, &[]);
    let checkout = address(&demo, "checkout");
    let map = || std::fs::read_to_string(demo.folder.join(".demo/haproxy/active.map")).unwrap();
    let mut pty = console(&lab, &demo);
    let customer = Customer::comes(&demo, &checkout);
    submit(&mut pty, "production", ("checkout", 1), "4.12.1");
    pty.wait_for(180, "it is switched", |s| s.contains("VERIFYING") && s.contains("blue is warm, 2 of 2 up"));
    assert_eq!(ask(&checkout).as_deref(), Ok("4.12.1"));
    assert!(map().contains("checkout checkout_green"), "a reload of HAProxy would switch back: {}", map());
    pty.send("u");
    pty.wait_for(10, "what it does, before it is done", |s| s.contains("Instant: blue is warm"));
    pty.send("y");
    pty.wait_text(30, "ROLLED BACK");
    assert_eq!(ask(&checkout).as_deref(), Ok("4.12.0"));
    assert!(map().contains("checkout checkout_blue"), "{}", map());
    let answers = customer.leaves();
    assert!(answers.iter().any(|version| version == "4.12.1"));
    pty.send("q");
    assert!(pty.wait_exit(10).success());
    demo.end(Signal::KILL);
}

#[test]
fn its_releases_are_valid_with_and_without_a_balancer() {
    let lab = Lab::start(0);
    for balanced in [true, false] {
        // a HAProxy that does not start is as good as none
        let bin = lab.folder().join("bin");
        if !balanced {
            std::fs::create_dir(&bin).unwrap();
            std::fs::write(bin.join("haproxy"), "#!/bin/sh\necho '[ALERT] not today' >&2\nexit 1\n").unwrap();
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(bin.join("haproxy"), mode).unwrap();
        }
        let path = std::env::var("PATH").unwrap();
        let mut demo = Demo::start_on(&lab, &[], &format!("{}:{path}", bin.display()));
        let check = |args: &[&str]| {
            let mut command = lab.opsdeck(args);
            let out = command.current_dir(&demo.folder).output().unwrap();
            (out.status.success(), String::from_utf8_lossy(&out.stdout).into_owned())
        };
        let (valid, said) = check(&["check"]);
        assert!(valid && said.contains("no mistakes"), "{said}");
        for (environment, release, active) in [
            ("production", "shop", ""),
            ("staging", "shop", ""),
            ("production", "ledger", ""),
            ("production", "checkout", "blue"),
        ] {
            let mut args = vec!["plan", release, "-e", environment, "--version", "4.12.1"];
            args.extend((!active.is_empty()).then_some(["--active", active]).iter().flatten());
            let (planned, said) = check(&args);
            assert_eq!(planned, balanced || release != "checkout", "{release} on {environment}: {said}");
            assert_eq!(said.contains("traffic    "), planned && balanced && release != "ledger", "{said}");
            assert!(!said.contains("frozen"), "no freeze holds: {said}");
        }
        let said = demo.end(Signal::TERM);
        assert_eq!(said.contains("HAProxy cannot be used") && said.contains("not today"), !balanced, "{said}");
    }
}
