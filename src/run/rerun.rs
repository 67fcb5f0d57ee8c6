//! Doing a run again: all of it, or only the hosts that it did not bring to an end. Ansible's own retry files leave out
//! hosts that never began; these do not.

use super::launch::Request;
use super::state::CellStatus;
use super::{RunSpec, RunState, targets};
use crate::ansible::secrets::Secrets;
use crate::state::{StateDir, file};
use std::io;

/// Hosts that a run did not bring to an end: failed, unreachable, begun without a result, never begun. Without a recap
/// nobody can say that any host had come to its end, so then it is all of them.
pub fn unfinished(spec: &RunSpec, state: &RunState) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for (index, (name, host)) in state.hosts.iter().enumerate() {
        let t = host.tally;
        let seen = t.ok + t.changed + t.skipped + t.rescued + t.ignored > 0;
        let open =
            state.tasks.iter().any(|task| matches!(task.cell(index).status, CellStatus::Running | CellStatus::Unknown));
        if t.failed + t.unreachable > 0 || open || !seen || !state.recap {
            hosts.push(name.clone());
        }
    }
    let never = spec.hosts.iter().flatten().filter(|h| !state.hosts.contains_key(*h));
    hosts.extend(never.cloned());
    hosts
}

/// The request that repeats a run, on `hosts` only if given. Secrets were never kept: they are given anew.
///
/// # Errors
/// It was no single command, or the list of hosts could not be written.
pub fn again(store: &StateDir, spec: &RunSpec, hosts: Option<&[String]>, secrets: Secrets) -> io::Result<Request> {
    let Some(mut ask) = spec.work.ask().cloned() else {
        return Err(io::Error::other(format!("a {} is not repeated: launch a new one", spec.work.kind())));
    };
    if let Some(hosts) = hosts {
        let folder = store.root().join("limits");
        file::private_dir(&folder)?;
        let path = folder.join(format!("{}.txt", uuid::Uuid::now_v7()));
        ask.common_mut().limit = Some(targets::limit(hosts, &path)?);
    }
    Ok(Request {
        ask,
        environment: spec.environment.clone(),
        cwd: spec.cwd.clone(),
        only: hosts.map(<[String]>::to_vec),
        shown: None,
        secrets,
        on_conflict: spec.on_conflict,
        timeout: spec.timeout,
        rerun_of: Some(spec.id),
        pauses_are_known: false,
        break_glass: None,
        vars: Default::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::event::Tally;
    use crate::run::state::{Cell, HostState, TaskState};

    fn spec(hosts: &[&str]) -> RunSpec {
        let text = "{version: 1, id: 0199a000-0000-7000-8000-000000000000, ask: {kind: playbook, playbook: x.yml}, cwd: /p, \
                    argv: [], env: {}, secrets: [], on_conflict: refuse, created_at: 0, environment: null, rerun_of: null, \
                    operator: {name: a, effective: a, host: h, from: null, tty: null, session: null}}";
        let spec: RunSpec = serde_yaml::from_str(text).unwrap();
        RunSpec { hosts: Some(hosts.iter().map(|&h| h.to_owned()).collect()), ..spec }
    }

    fn state(recap: bool) -> RunState {
        let ok = Tally { ok: 1, ..Tally::default() };
        let tallies = [
            ("done", ok),
            ("failed", Tally { failed: 1, ..ok }),
            ("dark", Tally { unreachable: 1, ..Tally::default() }),
            ("open", ok),
            ("idle", Tally::default()),
        ];
        let hosts = tallies.into_iter().map(|(n, tally)| (n.to_owned(), HostState { tally, ..HostState::default() }));
        let mut task = TaskState::default();
        task.set_cell(3, Cell { status: CellStatus::Unknown, ..Cell::default() });
        RunState { hosts: hosts.collect(), tasks: vec![task], recap, ..RunState::default() }
    }

    #[test]
    fn unfinished_hosts_are_all_that_did_not_end_well() {
        assert_eq!(unfinished(&spec(&["done", "absent"]), &state(true)), ["failed", "dark", "open", "idle", "absent"]);
        assert_eq!(unfinished(&spec(&[]), &state(false)).len(), 5, "without a recap nobody knows");
    }

    #[test]
    fn many_hosts_go_into_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let store = StateDir::at(dir.path());
        let names: Vec<String> = (0..60).map(|i| format!("w{i}")).collect();
        let limit = |n: usize| {
            let request = again(&store, &spec(&[]), Some(&names[..n]), Secrets::default()).unwrap();
            request.ask.common().limit.clone().unwrap()
        };
        assert_eq!(limit(2), "w0,w1");
        let path = limit(60);
        let text = std::fs::read_to_string(path.strip_prefix('@').unwrap()).unwrap();
        assert_eq!(text.lines().count(), 60);
    }
}
