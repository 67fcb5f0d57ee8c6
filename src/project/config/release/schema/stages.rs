//! Schema of strategies, stages and steps, gates and requests.

use super::words::*;
use serde_json::{Value, json};

/// The schema of a strategy.
pub fn strategy() -> Value {
    let pace = |own: Value| {
        let mut all = json!({
            "max_unavailable": size(1, "Hosts out of service at once. Default: 25%."),
            "budget": size(0, "Failed, unreachable and unknown hosts before it stops. Default: 0."),
            "soak": seconds("Between a batch and its gates. Default: 10s."),
            "progress_deadline": seconds("In this time a host must come further. Default: 10m."),
        });
        if let (Some(all), Value::Object(own)) = (all.as_object_mut(), own) {
            all.extend(own);
        }
        object(all)
    };
    let batches = || one_or_many(size(1, "Hosts."), "Sizes of batches; the last repeats. Default: [1, 25%].");
    let options = object(json!({
        "rolling": pace(json!({ "batches": batches(), "surge": text("Pattern of hosts that are added meanwhile.") })),
        "blue_green": pace(json!({ "pools": by_name("Host pattern of each of the two pools.") })),
        "canary": pace(json!({
            "batches": batches(),
            "weights": list(json!({ "type": ["integer", "string"] }), "Shares of traffic in percent: [5, 25, 50, 100]."),
            "hosts": text("Pattern of the hosts that take the shares."),
        })),
    }));
    json!({ "oneOf": [{ "enum": ["rolling", "canary"] }, options] })
}

/// The schema of a stage.
pub fn stage() -> Value {
    let steps = list(named("Step"), "Steps one after another.");
    let long = object(json!({
        "steps": steps,
        "needs": one_or_many(json!({ "type": "string" }), "Stages that come before."),
        "join": { "enum": ["all", "fail_fast"], "description": "fail_fast: the first failure stops the steps beside it." },
    }));
    json!({ "type": "object", "minProperties": 1, "maxProperties": 1,
            "additionalProperties": { "oneOf": [steps, long, { "type": "null" }] } })
}

/// The schema of a step.
pub fn step() -> Value {
    let mut step = object(json!({
        "command": argv("Program on the control host, started without a shell."),
        "playbook": text("Playbook; in deploy limited to the batch."),
        "adhoc": text("Module and its arguments: service name=web state=restarted."),
        "http": { "oneOf": [text("Address."), named("Http")] },
        "approval": number(1, 20, "Waits until so many people agreed."),
        "pause": text("Waits for a person; what they should look at."),
        "gate": text("Measures a gate until it passes or fails."),
        "switch": { "description": "Moves all traffic to the pool that was deployed." },
        "parallel": list(named("Step"), "Steps that run at once."),
        "name": text("What people read."),
        "timeout": seconds("After this it is stopped."),
        "retries": number(0, 20, "Tries after the first, for transient errors."),
        "idempotent": flag("It may be done twice."),
        "irreversible": flag("Nothing brings back what it does."),
        "tags": one_or_many(json!({ "type": "string" }), "--tags."),
        "skip_tags": one_or_many(json!({ "type": "string" }), "--skip-tags."),
        "hosts": text("Host pattern, outside of deploy."),
        "become": flag("--become."),
        "become_user": text("--become-user."),
        "forks": number(1, 10_000, "--forks."),
        "for": seconds("A pause goes on by itself after this."),
    }));
    if let (Some(own), Value::Object(http)) = (step["properties"].as_object_mut(), http()["properties"].take()) {
        own.extend(http.into_iter().filter(|(key, _)| key != "url"));
    }
    json!({ "oneOf": [{ "const": "switch" }, step] })
}

/// The schema of a http.
pub fn http() -> Value {
    object(json!({
        "url": text("Address."),
        "method": text("Default: GET."),
        "headers": by_name("Headers."),
        "body": text("Body."),
        "status": one_or_many(number(100, 599, "A status."), "Good statuses. Default: 200 to 299."),
        "contains": text("Text that the answer must hold."),
    }))
}

/// The schema of a gate.
pub fn gate() -> Value {
    let mut gate = object(json!({
        "http": { "oneOf": [text("Address; {host} stands for each host of the batch."), named("Http")] },
        "tcp": text("host:port."),
        "command": argv("Program on the control host: 0 passes, 75 is inconclusive."),
        "systemd": text("Unit on the batch's hosts."),
        "prometheus": text("Instant query; every sample must be within bounds."),
        "url": text("Prometheus server."),
        "min": { "type": "number", "description": "Lower bound." },
        "max": { "type": "number", "description": "Upper bound." },
        "interval": seconds("Between readings. Default: 10s."),
        "timeout": seconds("Of a reading. Default: 3s."),
        "passes": number(1, 1_000, "Passes in a row that are needed. Default: 3."),
        "fails": number(1, 1_000, "Fails in a row that decide. Default: 3."),
        "inconclusive": number(1, 1_000, "Readings without data in a row before a person is asked. Default: 3."),
        "window": seconds("All of it takes at least this. Default: 60s."),
    }));
    if let (Some(own), Value::Object(http)) = (gate["properties"].as_object_mut(), http()["properties"].take()) {
        own.extend(http.into_iter().filter(|(key, _)| key != "url"));
    }
    gate
}
