//! Schema of load balancers.

use super::words::*;
use serde_json::{Value, json};

/// The schema of a driver.
pub fn drivers() -> Value {
    object(json!({
        "name": text("Name on the screen."),
        "haproxy": object(json!({
            "socket": text("Stats socket. Default: /run/haproxy/admin.sock."),
            "ssh": one_or_many(json!({ "type": "string" }), "[user@]host; several: one balancer each. Default: this machine."),
            "map": object(json!({ "file": text("As HAProxy names it."), "key": text("Key of the active backend.") })),
            "backend": text("The backend (rolling, canary)."),
            "backends": by_name("Backend of each pool (blue_green)."),
            "servers": by_name("Server in the backend by host, where they are called otherwise."),
        })),
        "kubernetes": object(json!({
            "context": text("--context."),
            "namespace": text("--namespace. Default: default."),
            "service": text("Service."),
            "label": text("Label of its selector that is switched."),
            "deployments": by_name("Deployment of each pool."),
        })),
        "command": object(json!({
            "status": argv("Prints {\"active\": POOL, \"pools\": {...}}."),
            "check": argv("check POOL: may it be switched to?"),
            "switch": argv("switch POOL."),
            "drain": argv("drain POOL."),
            "instant": flag("The switch is done when the program returns."),
            "weights": flag("switch POOL PERCENT is understood."),
        })),
    }))
}

/// The schema of a traffic section.
pub fn traffic() -> Value {
    let mut traffic = drivers();
    let prove = object(json!({
        "url": one_or_many(json!({ "type": "string" }), "Through each balancer, or one for all."),
        "header": text("Header that carries the version; else the body must hold it."),
        "requests": number(1, 10_000, "So many in a row. Default: 5."),
    }));
    let shared = json!({
        "balancers": list(named("Driver"), "Several balancers, standby first."),
        "prove": { "oneOf": [one_or_many(json!({ "type": "string" }), "Addresses."), prove] },
        "drain": seconds("Time for the old pool's sessions. Default: 5m."),
        "keep_warm": seconds("The old pool is kept running. Default: 30m."),
    });
    if let (Some(own), Value::Object(shared)) = (traffic["properties"].as_object_mut(), shared) {
        own.remove("name");
        own.extend(shared);
    }
    traffic
}
