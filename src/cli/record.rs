//! A run as JSON and as text: what `show` prints, and `--wait --json` at the end.

use crate::ansible::shell;
use crate::run::state::{Counts, HostState};
use crate::run::{Ask, RunSpec, RunState};
use crate::text::human::rfc3339;
use serde_json::{Map, Value, json};

/// The record of a run. Times are RFC 3339; what is not known is `null`.
pub fn json(spec: &RunSpec, state: &RunState) -> Value {
    let ask = spec.work.ask().map(Ask::common);
    let mut hosts: Map<String, Value> =
        state.hosts.iter().map(|(name, host)| (name.clone(), of_host(host, state))).collect();
    for name in spec.hosts.iter().flatten() {
        hosts.entry(name.clone()).or_insert(Value::Null);
    }
    let tasks: Vec<Value> = state
        .tasks
        .iter()
        .map(|t| {
            json!({
                "name": t.name, "action": t.action, "path": t.path, "handler": t.handler,
                "started_at": rfc3339(t.started_at), "ended_at": t.ended_at.map(rfc3339), "counts": counts(t.counts),
            })
        })
        .collect();
    let progress = state.progress(spec.hosts.as_ref().map(Vec::len));
    json!({
        "id": spec.id,
        "number": spec.number,
        "kind": spec.work.kind(),
        "title": spec.work.title(),
        "state": state.state_name(),
        "failure": state.failure.map(crate::run::event::Failure::name),
        "why": state.why,
        "rc": state.rc,
        "signal": state.signal,
        "operator": spec.operator.name,
        "from": spec.operator.from,
        "control_host": spec.operator.host,
        "environment": spec.environment,
        "inventory": spec.work.inventory(),
        "limit": ask.and_then(|common| common.limit.as_deref()),
        "check": spec.work.check(),
        "diff": ask.is_some_and(|common| common.diff),
        "cwd": spec.cwd,
        "argv": spec.argv,
        "command": shell(&spec.argv),
        "env": spec.env,
        "secrets": spec.secrets,
        "timeout": spec.timeout,
        "break_glass": spec.break_glass,
        "created_at": rfc3339(spec.created_at),
        "started_at": state.started_at().map(rfc3339),
        "ended_at": state.ended_at().map(rfc3339),
        "rerun_of": spec.rerun_of,
        "core": state.core,
        "stop": state.stop,
        "maybe_running_on": state.maybe_running_on,
        "queued_by": state.queued_by,
        "recap": state.recap,
        "dropped": state.dropped,
        "resumed": state.resumed,
        "progress": { "done": progress.done, "total": progress.total },
        "history": state.history.iter().map(|(s, at)| json!({ "state": s.name(), "at": rfc3339(*at) })).collect::<Vec<_>>(),
        "phases": state.phases.iter().map(|(name, at)| json!({ "state": name, "at": rfc3339(*at) })).collect::<Vec<_>>(),
        "hosts": hosts,
        "tasks": tasks,
    })
}

fn of_host(host: &HostState, state: &RunState) -> Value {
    let task = |t: u32| state.tasks.get(t as usize).map(|t| t.name.clone());
    let mut value = serde_json::to_value(host.tally).unwrap_or_default();
    if let Some(map) = value.as_object_mut() {
        map.insert("running".into(), json!(host.running.filter(|_| !state.state.is_terminal()).and_then(task)));
        map.insert("failed_task".into(), json!(host.failed.as_ref().and_then(|(t, _)| task(*t))));
        map.insert("message".into(), json!(host.failed.as_ref().map(|(_, m)| m)));
    }
    value
}

fn counts(c: Counts) -> Value {
    json!({
        "running": c.running, "ok": c.ok, "changed": c.changed, "failed": c.failed,
        "unreachable": c.unreachable, "skipped": c.skipped, "ignored": c.ignored,
    })
}
