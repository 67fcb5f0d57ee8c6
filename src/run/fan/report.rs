//! What a fan-out tells: events, the text in the words of Ansible's ad-hoc output, and the counts at the end.

use super::events::Events;
use super::spool::Spool;
use crate::ansible::ask::Shell;
use crate::ssh::{Exit, Failure};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

const FAILED: u8 = 2;
const UNREACHABLE: u8 = 4;

/// How it stands with a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Count {
    ok: u32,
    failed: u32,
    unreachable: u32,
    lost: u32,
}

/// Where everything is told.
#[derive(Debug)]
pub(super) struct Report {
    events: Events,
    colour: bool,
    tasks: u32,
    counts: BTreeMap<String, Count>,
}

impl Report {
    pub fn new(events: Events, colour: bool) -> Self {
        Self { events, colour, tasks: 0, counts: BTreeMap::new() }
    }

    pub fn hello(&mut self, shell: &Shell) {
        let core = format!("opsdeck {}", env!("CARGO_PKG_VERSION"));
        let fields = json!({"core": core, "pid": std::process::id(), "forks": shell.common.forks});
        self.events.emit("hello", fields);
    }

    pub fn play<'a>(&mut self, shell: &Shell, hosts: impl Iterator<Item = &'a str>) {
        let hosts: Vec<&str> = hosts.collect();
        let fields = json!({"name": title(shell), "id": "fan-out", "hosts": hosts, "strategy": "free"});
        self.events.emit("play", fields);
    }

    /// A task begins; gives its number.
    pub fn task(&mut self, name: &str, action: &str) -> u32 {
        let number = self.tasks;
        self.tasks += 1;
        self.events.emit("task", json!({"k": number, "name": name, "action": action}));
        number
    }

    pub fn start(&mut self, task: u32, host: &str) {
        self.events.emit("start", json!({"k": task, "h": host}));
    }

    /// A command on a host has ended, or will not.
    pub fn end(
        &mut self,
        (task, host, shell): (u32, &str, &Shell),
        end: &Result<Exit, Failure>,
        spool: &Spool,
        took: Duration,
    ) {
        let mut body = Map::new();
        body.insert("cmd".into(), json!(shell.command));
        for (name, output) in [("stdout", &spool.out), ("stderr", &spool.err)] {
            let kept = &output.kept;
            body.insert(name.into(), json!(kept.text().trim_end_matches(['\n', '\r'])));
            if kept.lost() > 0 {
                body.insert(format!("{name}_digest"), json!(kept.digest()));
            }
            if let Some(path) = output.path() {
                body.insert(format!("{name}_file"), json!(path));
            }
            if let Some(why) = &output.cut {
                body.insert(format!("{name}_cut"), json!(why));
            }
        }
        body.insert("delta".into(), json!(format!("{:.3}", took.as_secs_f64())));
        let (event, msg) = match end {
            Ok(Exit { code: Some(0), .. }) => ("ok", None),
            Ok(Exit { code: Some(_), .. }) => ("failed", Some("non-zero return code".to_owned())),
            Ok(Exit { code: None, .. }) => ("failed", Some("a signal ended it there".to_owned())),
            Err(e @ Failure::Unreachable { .. }) => ("unreachable", Some(e.to_string())),
            Err(e) if e.is_unknown() => ("lost", Some(e.to_string())),
            Err(e) => ("failed", Some(e.to_string())),
        };
        if let Ok(exit) = end {
            // The shell's own word for a signal is not known here: ssh does not tell which.
            body.insert("rc".into(), json!(exit.code.unwrap_or(-1)));
            if exit.held {
                body.insert("warnings".into(), json!(["what it left in the background holds its output open"]));
            }
        }
        if let Some(msg) = &msg {
            body.insert("msg".into(), json!(msg));
        }
        let changed = event == "ok";
        body.insert("changed".into(), json!(changed));
        self.print(host, event, &body);
        self.count(event, host);
        self.events.emit(event, json!({"k": task, "h": host, "changed": changed, "r": body}));
    }

    /// An event of the real Ansible, under a number of this run.
    pub fn merge(&mut self, task: Option<u32>, mut event: Map<String, Value>) {
        if let Some(task) = task {
            event.insert("k".into(), json!(task));
        }
        if let (Some(kind), Some(host)) = (text(&event, "e"), text(&event, "h")) {
            self.count(&kind, &host);
        }
        self.events.write(event);
    }

    /// Ansible ended without a word on a host.
    pub fn silent(&mut self, task: u32, host: &str, why: &str) {
        let body = json!({"msg": why, "changed": false});
        self.count("lost", host);
        self.events.emit("lost", json!({"k": task, "h": host, "r": body}));
    }

    /// True if a host has a result.
    pub fn knows(&self, host: &str) -> bool {
        self.counts.get(host).is_some_and(|c| *c != Count::default())
    }

    pub fn stopped(&mut self) {
        self.events.emit("stopped", json!({}));
    }

    pub fn interrupted(&mut self, signal: i32) {
        self.events.emit("interrupted", json!({"signal": signal}));
    }

    /// The recap; gives the exit code.
    pub fn stats(&mut self) -> u8 {
        let tally = |c: &Count| json!([c.ok, c.ok, c.failed, c.unreachable, 0, 0, 0]);
        let hosts: Map<String, Value> = self.counts.iter().map(|(h, c)| (h.clone(), tally(c))).collect();
        self.events.emit("stats", json!({ "hosts": hosts }));
        let any = |f: fn(&Count) -> u32| self.counts.values().any(|c| f(c) > 0);
        match (any(|c| c.unreachable), any(|c| c.failed + c.lost)) {
            (true, _) => UNREACHABLE,
            (false, true) => FAILED,
            (false, false) => 0,
        }
    }

    fn count(&mut self, event: &str, host: &str) {
        let count = self.counts.entry(host.to_owned()).or_default();
        match event {
            "ok" => count.ok += 1,
            "failed" => count.failed += 1,
            "unreachable" => count.unreachable += 1,
            "lost" => count.lost += 1,
            _ => {}
        }
    }

    /// As Ansible's `minimal` output has it.
    fn print(&self, host: &str, event: &str, body: &Map<String, Value>) {
        let (word, colour) = match event {
            "ok" => ("CHANGED", "0;33"),
            "unreachable" => ("UNREACHABLE!", "1;31"),
            _ => ("FAILED", "0;31"),
        };
        let said = match body.get("rc").filter(|_| event != "unreachable") {
            Some(rc) => {
                let field = |name| body.get(name).and_then(Value::as_str).unwrap_or_default();
                let parts = [field("stdout"), field("stderr")].into_iter().filter(|p| !p.is_empty());
                format!("{host} | {word} | rc={rc} >>\n{}", parts.collect::<Vec<_>>().join("\n"))
            }
            None => format!("{host} | {word} => {}", json!({"changed": false, "msg": body.get("msg")})),
        };
        let said = if self.colour { format!("\x1b[{colour}m{said}\x1b[0m\n") } else { format!("{said}\n") };
        // The log's reader may see it in pieces; the events hold the result.
        let _ = std::io::stdout().write_all(said.as_bytes());
    }
}

fn text(event: &Map<String, Value>, key: &str) -> Option<String> {
    event.get(key)?.as_str().map(str::to_owned)
}

/// The command on one line.
pub(super) fn title(shell: &Shell) -> String {
    crate::run::supervise::one_line(&shell.command)
}
