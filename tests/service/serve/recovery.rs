//! The whole of it, with no screen: serve polls, a killed service is recovered, a real Alertmanager hears of it; serve is
//! killed in the middle of the action, and nothing is done twice.

use super::Lab;
use super::alertmanager::{Alertmanager, free_port};
use super::daemon::Daemon;
use crate::support::wait::{wait_true, wait_until};
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Stdio};

const PYTHON: [&str; 3] = ["/usr/bin/python3", "/usr/local/bin/python3", "python3"];

/// A web service on this machine; killed with the test.
struct Web(Child);

impl Web {
    fn start(lab: &Lab, port: u16) -> Web {
        let mut command = lab.command(python());
        command.args(["-m", "http.server", &port.to_string(), "--bind", "127.0.0.1"]);
        let web = Web(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        wait_true(20, "the service", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        web
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn python() -> &'static str {
    PYTHON.into_iter().find(|p| Path::new(p).exists()).unwrap_or(PYTHON[2])
}

fn runs(lab: &Lab) -> Vec<Value> {
    serde_json::from_str(&lab.ok(["runs", "--json"])).unwrap()
}

#[test]
fn a_killed_service_is_recovered_and_told_of_though_serve_is_killed_in_the_middle() {
    let lab = Lab::start(2);
    let am = Alertmanager::start(free_port(), None);
    let (port, folder) = (free_port(), lab.folder().display().to_string());
    lab.write("inventories/lab/host_vars/h1.yml", &format!("web_port: {port}\n"));
    let act = format!(
        "echo acted >> {folder}/acted; until test -e {folder}/go; do sleep 0.1; done; \
         setsid {} -m http.server {port} --bind 127.0.0.1 </dev/null >/dev/null 2>&1 &",
        python()
    );
    // In the foreground until it may go on: it is the action that is interrupted.
    let act = act.replace("; setsid", "; (setsid").replace("2>&1 &", "2>&1 &)");
    lab.write(
        "opsdeck.yaml",
        &format!(
            "checks:\n  web: {{tcp: '{{ansible_host}}:{{web_port}}', on: h1, interval: 1s, timeout: 1s, fall: 2, rise: 1}}\n\
             runbooks:\n  - name: restart web\n    module: shell\n    args: |-\n      {act}\n\
             notify: {{receivers: {{am: {{alertmanager: '{}'}}}}}}\n\
             recovery:\n  web:\n    check: web\n    ladder: [restart web]\n    mode: act\n    receivers: [am]\n    \
             diagnostics: none\n    guards: {{host_pause: 0s}}\n    \
             verify: {{passes: 2, window: 1s, deadline: 20s, interval: 1s}}\n    probation: 3s\n",
            am.url
        ),
    );
    let web = Web::start(&lab, port);
    let daemon = Daemon::start(&lab, &[]);
    daemon.ready();
    let ok = "opsdeck_checks{environment=\"lab\",status=\"ok\"}";
    wait_true(60, "checks that are well", || daemon.metric(ok).is_some_and(|n| n > 0.0));
    drop(web);
    let acted = || std::fs::read_to_string(lab.folder().join("acted")).unwrap_or_default();
    wait_true(90, "the action to begin", || !acted().is_empty());
    let alert = wait_until(60, "the alert", || am.alerts().pop());
    assert_eq!((&alert["labels"]["alertname"], &alert["labels"]["host"]), (&"OpsdeckRecovery".into(), &"h1".into()));
    assert_eq!((&alert["labels"]["service"], &alert["annotations"]["event"]), (&"web".into(), &"acting".into()));
    daemon.kill();
    let daemon = Daemon::start(&lab, &[]);
    daemon.ready();
    std::fs::write(lab.folder().join("go"), "").unwrap();
    wait_true(120, "the recovery to end", || runs(&lab)[0]["state"] == "healthy");
    wait_true(60, "the alert to be over", || am.alerts().is_empty());
    assert_eq!(acted(), "acted\n", "once");
    assert_eq!(runs(&lab).len(), 1);
    wait_true(30, "the incident to be over", || {
        daemon.metric(ok).is_some_and(|n| n > 0.0) && lab.ok(["recovery", "--json"]).trim() == "[]"
    });
}
