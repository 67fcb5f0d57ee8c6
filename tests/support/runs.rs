//! Runs of a lab: launch detached, look at them with `show --json`, wait for a state, read their files.

use super::Lab;
use super::wait::wait_until;
use opsdeck::state::StateDir;
use serde_json::Value;
use std::path::PathBuf;
use uuid::Uuid;

/// One run.
pub struct Run<'a> {
    lab: &'a Lab,
    /// Its id, as printed.
    pub id: Uuid,
}

impl<'a> Run<'a> {
    /// Launches it without `--wait`; the id must come alone on its line.
    #[track_caller]
    pub fn launch(lab: &'a Lab, args: &[&str]) -> Run<'a> {
        let out = lab.ok(args);
        let line = out.strip_suffix('\n').unwrap_or_else(|| panic!("not one whole line: {out:?}"));
        let id = Uuid::parse_str(line).unwrap_or_else(|e| panic!("not an id alone on its line ({e}): {out:?}"));
        assert_eq!(id.get_version_num(), 7, "{id} is no UUIDv7");
        Run { lab, id }
    }

    /// The newest run of the lab.
    #[track_caller]
    pub fn last(lab: &'a Lab) -> Run<'a> {
        let runs: Value = serde_json::from_str(&lab.ok(["runs", "--json"])).unwrap();
        Run { lab, id: runs[0]["id"].as_str().expect("at least one run").parse().unwrap() }
    }

    /// What `show --json` says now.
    #[track_caller]
    pub fn show(&self) -> Value {
        serde_json::from_str(&self.lab.ok(["show", &self.id.to_string(), "--json"])).unwrap()
    }

    /// Waits until it is in one of these states.
    #[track_caller]
    pub fn wait_state(&self, seconds: u64, states: &[&str]) -> Value {
        wait_until(seconds, &format!("run {} is {states:?}", self.id), || {
            Some(self.show()).filter(|s| states.contains(&s["state"].as_str().unwrap()))
        })
    }

    /// Waits until it has ended, whatever how.
    #[track_caller]
    pub fn wait_end(&self, seconds: u64) -> Value {
        self.wait_state(seconds, &["succeeded", "failed", "nothing_ran", "cancelled", "unknown"])
    }

    /// Its folder.
    pub fn folder(&self) -> PathBuf {
        StateDir::at(self.lab.state()).run(self.id).path().to_owned()
    }

    /// What Ansible printed so far.
    pub fn stdout(&self) -> String {
        let path = StateDir::at(self.lab.state()).run(self.id).step(1).stdout();
        String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
    }

    /// Every entry of its journal, which must be numbered from 1 without a gap.
    #[track_caller]
    pub fn journal(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder().join("journal.jsonl")).unwrap();
        let entries: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let numbers: Vec<u64> = entries.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (1..=entries.len() as u64).collect::<Vec<_>>(), "the journal has gaps");
        entries
    }

    /// Ids of its processes whose command line contains `what` (`supervise`, ` step `, `ansible-playbook`).
    pub fn pids(&self, what: &str) -> Vec<u32> {
        let id = self.id.to_string();
        let belongs = |pid: u32, command: &str| {
            let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            command.contains(&id) || environ.windows(id.len()).any(|w| w == id.as_bytes())
        };
        let all = self.lab.alive().into_iter().filter(|(_, command)| command.contains(what));
        all.filter(|(p, command)| belongs(p.pid, command)).map(|(p, _)| p.pid).collect()
    }
}
