//! The hosts that only Ansible reaches: the real `ansible -m shell` on them, and its events among ours.

use super::engines::Engines;
use super::report::title;
use super::{EVENTS, Job, STOP_FILE, Shared, lock};
use crate::ansible::ask::{Adhoc, Ask};
use crate::ansible::command;
use crate::run::journal::LINE;
use crate::run::targets;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// How often its events are looked at.
const LOOK: Duration = Duration::from_millis(50);

pub(super) struct Through {
    child: Child,
    events: PathBuf,
    offset: u64,
    /// Numbers of its tasks in this run.
    tasks: HashMap<u64, u32>,
    hosts: Vec<String>,
    /// It tells the hosts of the play itself.
    whole: Option<String>,
    name: String,
    report: Shared,
}

/// Starts it on the hosts that are left to it; with `whole`, on all that the pattern selects, for this reason.
pub(super) fn start(job: &Job, engines: &Engines, whole: Option<&str>, report: Shared) -> io::Result<Through> {
    let hosts: Vec<String> = engines.ansible.iter().map(|(name, _)| name.clone()).collect();
    let shell = &job.shell;
    let mut common = shell.common.clone();
    if whole.is_none() && !engines.ssh.is_empty() {
        common.limit = Some(targets::limit(&hosts, &job.dir.path().join("through.txt"))?);
    }
    let args = Some(module_args(&shell.command)?);
    let ask = Ask::Adhoc(Adhoc { pattern: shell.pattern.clone(), module: "shell".into(), args, common });
    let argv = command::child(&ask, &job.tool, None);
    let events = job.dir.path().join("through.jsonl");
    let mut command = Command::new(&argv[0]);
    command.args(&argv[1..]).args(&job.passwords).stdin(Stdio::null());
    command.env(EVENTS, &events).env(STOP_FILE, job.dir.stop()).kill_on_drop(true);
    let why = whole.map_or_else(|| engines.words(), str::to_owned);
    let name = format!("shell through Ansible: {} [{}]", title(shell), crate::run::supervise::one_line(&why));
    let child = command.spawn()?;
    let whole = whole.map(str::to_owned);
    Ok(Through { child, events, offset: 0, tasks: HashMap::new(), hosts, whole, name, report })
}

/// Waits for its end; never, where there is none.
pub(super) async fn end(through: &mut Option<Through>) -> io::Result<()> {
    match through {
        Some(through) => through.wait().await,
        None => std::future::pending().await,
    }
}

impl Through {
    /// Waits until it has ended, and tells what it tells meanwhile. May be dropped and called again.
    pub async fn wait(&mut self) -> io::Result<()> {
        let status = loop {
            tokio::select! {
                status = self.child.wait() => break status?,
                () = tokio::time::sleep(LOOK) => self.pump()?,
            }
        };
        self.pump()?;
        let why = format!("Ansible gave up ({status}); what it said is in the log");
        let mut report = lock(&self.report);
        let missing: Vec<&String> = self.hosts.iter().filter(|h| !report.knows(h)).collect();
        if !missing.is_empty() {
            let task = match self.tasks.values().next() {
                Some(task) => *task,
                None => report.task(&self.name, "shell"),
            };
            missing.into_iter().for_each(|host| report.silent(task, host, &why));
        }
        Ok(())
    }

    /// Asks it to end, as a person's Ctrl-C would.
    pub fn interrupt(&mut self) {
        let pid = self.child.id().and_then(|pid| rustix::process::Pid::from_raw(pid as i32));
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        }
    }

    fn pump(&mut self) -> io::Result<()> {
        let Ok(file) = crate::open::own(&self.events) else { return Ok(()) };
        let size = file.metadata()?.len().saturating_sub(self.offset).min(LINE);
        let mut bytes = vec![0; size as usize];
        file.read_exact_at(&mut bytes, self.offset)?;
        let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
        // A longer line is none that our callback wrote.
        self.offset += if whole == 0 && size == LINE { size } else { whole as u64 };
        for line in bytes[..whole].split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
            if let Ok(event) = serde_json::from_slice::<Map<String, Value>>(line) {
                self.event(event);
            }
        }
        Ok(())
    }

    fn event(&mut self, mut event: Map<String, Value>) {
        let kind = event.get("e").and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = event.get("k").and_then(Value::as_u64);
        let mut report = lock(&self.report);
        match kind.as_str() {
            // This run has its own.
            "hello" | "plan" | "stats" | "stopped" | "interrupted" => {}
            "play" if self.whole.is_none() => {}
            "play" => {
                let names = event.get("hosts").and_then(Value::as_array);
                self.hosts = names.into_iter().flatten().filter_map(|h| h.as_str().map(str::to_owned)).collect();
                report.merge(None, event);
            }
            "task" => {
                let task = report.task(&self.name, "ansible.builtin.shell");
                self.tasks.extend(number.map(|n| (n, task)));
            }
            _ => {
                let task = number.and_then(|n| self.tasks.get(&n).copied());
                event.entry("e").or_insert(json!(kind));
                report.merge(task, event);
            }
        }
    }
}

/// The command as an argument of the module: exactly this text, whatever it holds. Plain words stay as people write them.
fn module_args(command: &str) -> io::Result<String> {
    let plain = |c: char| c.is_alphanumeric() || " -_./,:@%+".contains(c);
    if command.chars().all(plain) && !command.starts_with(' ') && !command.ends_with(' ') {
        return Ok(command.to_owned());
    }
    let templates = ["{{", "{%", "{#"].iter().any(|open| command.contains(open));
    if templates && command.contains("endraw") {
        return Err(io::Error::other("Ansible would take a part of this command for the end of a raw block"));
    }
    let text = if templates { format!("{{% raw %}}{command}{{% endraw %}}") } else { command.to_owned() };
    Ok(json!({ "cmd": text }).to_string())
}

#[cfg(test)]
mod tests {
    use super::module_args;

    #[test]
    fn a_command_reaches_the_module_as_it_is() {
        assert_eq!(module_args("df -h /").unwrap(), "df -h /");
        assert_eq!(module_args("a=1 sh -c 'x y'").unwrap(), r#"{"cmd":"a=1 sh -c 'x y'"}"#);
        assert_eq!(module_args("echo {{ x }}").unwrap(), r#"{"cmd":"{% raw %}echo {{ x }}{% endraw %}"}"#);
        assert!(module_args("{% endraw %}").is_err());
    }
}
