//! A webhook on a real HTTP server: what it is sent and in which order, what happens while it refuses, and where the secrets of
//! `headers_file` and `url_file` must not stand.

use super::Lab;
use super::alertmanager::free_port;
use super::daemon::Daemon;
use crate::support::wait::{wait_true, wait_until};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const SECRET: &str = "hunter2-and-then-some";

/// The server; it ends with the test.
pub struct Chat {
    child: Child,
    folder: tempfile::TempDir,
    /// Where it listens.
    pub url: String,
}

impl Chat {
    /// One that refuses.
    pub fn start() -> Chat {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("webhook.py");
        std::fs::write(&script, include_str!("webhook.py")).unwrap();
        let mut child = Command::new("/usr/bin/python3")
            .args([&script, &folder.path().to_owned()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Chat { child, folder, url: format!("http://127.0.0.1:{}/hook", port.trim()) }
    }

    /// From now on it takes what it is sent.
    pub fn takes(&self) {
        std::fs::write(self.folder.path().join("go"), "").unwrap();
    }

    fn requests(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("requests")).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn taken(&self) -> Vec<Value> {
        self.requests().into_iter().filter(|request| request["taken"] == true).collect()
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes a file of the project that its owner alone may read.
fn private(lab: &Lab, name: &str, text: &str) {
    let mut open = std::fs::OpenOptions::new();
    let mut file = open.write(true).create_new(true).mode(0o600).open(lab.project().join(name)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Files below that hold the secret.
fn leaks(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => found.extend(leaks(&entry.path())),
            kind if kind.is_file() => {
                let bytes = std::fs::read(entry.path()).unwrap_or_default();
                let holds = bytes.windows(SECRET.len()).any(|bytes| bytes == SECRET.as_bytes());
                found.extend(holds.then(|| entry.path()));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn what_a_webhook_refused_comes_again_in_order_and_its_secret_stands_nowhere() {
    let lab = Lab::start(0);
    let (chat, port) = (Chat::start(), free_port());
    lab.write(
        "opsdeck.yaml",
        &format!(
            "checks: {{web: {{tcp: '127.0.0.1:{port}', interval: 1s, timeout: 1s, fall: 2, rise: 1}}}}\n\
             notify:\n  checks: bad\n  receivers:\n    chat: {{webhook: {{url_file: place, headers_file: chat}}}}\n"
        ),
    );
    private(&lab, "chat", &format!("# of the ops channel\nAuthorization: Bearer {SECRET}\nX-Team: ops\n"));
    private(&lab, "place", &format!("{}/{SECRET}\n", chat.url));
    let daemon = Daemon::start(&lab, &[]);
    wait_true(60, "a try that it refuses", || !chat.requests().is_empty());
    // Its end is known before anybody took its beginning.
    let _service = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let notices = || -> Vec<Value> { serde_json::from_slice(&lab.run(["notices", "--json"]).stdout).unwrap() };
    let open = wait_until(60, "both in the outbox", || Some(notices()).filter(|notices| notices.len() == 2));
    let why = open[1]["why"].as_str().unwrap();
    assert!(why.contains("500 Internal Server Error: no luck with"), "{open:#?}");
    wait_true(60, "another try", || chat.requests().len() > 1);
    let argv = std::fs::read_to_string(format!("/proc/{}/cmdline", daemon.pid())).unwrap();
    assert!(!argv.contains(SECRET) && !daemon.log().contains(SECRET), "{}", daemon.log());
    assert!(daemon.log().contains("was not taken, and is tried again"), "{}", daemon.log());
    assert_eq!(leaks(&lab.state()), Vec::<PathBuf>::new());

    chat.takes();
    wait_true(60, "both to be taken", || chat.taken().len() == 2);
    let phase = |request: &Value| request["body"]["phase"].as_str().unwrap().to_owned();
    let taken = chat.taken();
    assert_eq!((phase(&taken[0]), phase(&taken[1])), ("firing".into(), "resolved".into()));
    let path = format!("/hook/{SECRET}");
    for request in chat.requests() {
        let header = |name: &str| request["headers"][name].as_str().unwrap_or_default().to_owned();
        assert_eq!((request["path"].as_str(), header("x-team").as_str()), (Some(path.as_str()), "ops"), "{request:#}");
        assert_eq!(header("authorization"), format!("Bearer {SECRET}"));
        assert_eq!(header("content-type"), "application/json");
        assert_eq!(header("idempotency-key"), request["body"]["key"].as_str().unwrap());
        if request["taken"] == false {
            assert_eq!(request["body"], taken[0]["body"], "each try says the same, and nothing comes before it");
        }
    }
    let body = &taken[0]["body"];
    assert_eq!(
        (&body["kind"], &body["severity"], &body["environment"], &body["check"]),
        (&"check".into(), &"critical".into(), &"lab".into(), &"web".into())
    );
    assert!(body["text"].as_str().unwrap().contains("refused"), "{body:#}");
    wait_true(30, "both to be noted", || lab.ok(["notices", "--open"]) == "every notice was taken\n");
    assert_eq!((chat.taken().len(), leaks(&lab.state())), (2, vec![]), "each once");
}
