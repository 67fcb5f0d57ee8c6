//! The JSON Schema of `releases:`, for editors. Written by hand, since short and long forms are many; a test holds its keys
//! against those of the reader.

mod balancers;
mod stages;
pub(in crate::project::config) mod words;

use balancers::{drivers, traffic};
use serde_json::{Value, json};
pub(in crate::project::config) use stages::gate;
use stages::{http, stage, step, strategy};
use words::*;

/// The section, by name of release.
pub fn releases() -> Value {
    json!({ "type": ["object", "null"], "additionalProperties": release() })
}

/// What stands in several places of it.
pub fn definitions() -> Value {
    json!({ "Step": step(), "Gate": gate(), "Http": http(), "Driver": drivers() })
}

fn release() -> Value {
    object(json!({
        "help": text("What it is for."),
        "service": text("What is deployed, in words. Default: the release's name."),
        "environments": one_or_many(json!({ "type": "string" }), "Environments it may go to. Default: all."),
        "after": one_or_many(json!({ "type": "string" }), "Releases that should be out before this one."),
        "hosts": text("Host pattern: rolling and canary."),
        "vars": { "type": "object", "description": "Variables; over those of the file and of the environment." },
        "version": object(json!({
            "pattern": text("Regular expression that a version must match."),
            "artifact": text("File of the artifact, such as dist/web-{{ version }}.tar.gz."),
        })),
        "strategy": strategy(),
        "stages": list(stage(), "Stages in order. The stage deploy runs once for each batch."),
        "playbook": text("Short form of stages: this playbook deploys."),
        "gates": { "type": "object", "additionalProperties": named("Gate"),
                   "description": "What is measured between batches and after a switch." },
        "traffic": traffic(),
        "rollback": { "oneOf": [list(named("Step"), "Steps that bring the old version back; they may be done twice."),
                                { "const": "none" }] },
        "on_detach": { "enum": ["continue", "pause_at_gate"], "description": "What comes of it when nobody watches it any more, in a console or with --wait. Default: continue; pause_at_gate: it stands before the next batch or switch until somebody does." },
        "on_failure": { "enum": ["rollback", "pause"], "description": "What a failure leads to. Default: rollback; with an irreversible step or without rollback: pause." },
        "approvals": number(0, 20, "How many people must agree, never the one who submitted it."),
        "approval_expires": seconds("How long approvals are waited for. Default: 24h."),
        "bake": seconds("How long it is watched at the end. Default: 60s."),
        "version_probe": object(json!({
            "command": text("Command on the host; the first word it prints is the version."),
            "file": text("File on the host; its first word is the version."),
            "http": text("Address; {host} stands for the host."),
            "header": text("Header with the version (http)."),
            "key": text("Key of a JSON body (http)."),
        })),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::{balancers, pace, probes, read, stages as stage_keys, steps};
    use super::*;
    use crate::project::config::tests::agree;

    #[test]
    fn its_keys_are_those_of_the_reader() {
        let release = release();
        agree(&release, &read::KEYS);
        agree(&release["properties"]["version"], &read::VERSION);
        agree(&release["properties"]["version_probe"], &probes::VERSION);
        agree(&step()["oneOf"][1], &steps::keys());
        agree(&http(), &steps::HTTP);
        agree(&gate(), &probes::keys());
        let strategies = &release["properties"]["strategy"]["oneOf"][1];
        agree(strategies, &pace::STRATEGIES);
        for name in pace::STRATEGIES {
            agree(&strategies["properties"][name], &pace::keys_of(name));
        }
        let traffic = traffic();
        let shared: Vec<&str> =
            balancers::DRIVERS.iter().chain(&["balancers"]).chain(&balancers::SHARED).copied().collect();
        agree(&traffic, &shared);
        for name in balancers::DRIVERS {
            agree(&traffic["properties"][name], balancers::keys_of(name));
        }
        agree(&traffic["properties"]["prove"]["oneOf"][1], &balancers::PROVE);
        agree(&stage()["additionalProperties"]["oneOf"][1], &stage_keys::STAGE);
    }
}
