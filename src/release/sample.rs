//! Plans for tests: one of each strategy, of any size.

use super::plan::{
    Approval, Balancer, Batch, Driver, Gate, Http, Join, Limits, OnFailure, Plan, Probe, Rollback, Stage, Step,
    StepKind, Strategy, Traffic, VersionProbe, When,
};
use std::collections::BTreeMap;

/// In place: first one host, then batches of `size`; out of service through a balancer, gates between.
pub fn rolling(hosts: usize, size: usize) -> Plan {
    let names = names("web", hosts);
    let (first, rest) = names.split_at(1.min(hosts));
    let batches = [first].into_iter().chain(rest.chunks(size));
    let batches = batches.map(|hosts| Batch { hosts: hosts.to_vec(), weight: None }).collect();
    let mut plan = base(Strategy::Rolling { surge: Vec::new() }, batches);
    plan.limits.max_unavailable = size as u32;
    plan.limits.min_in_service = (hosts - size) as u32;
    plan
}

/// Two pools of `hosts` each and a switch; blue has the traffic.
pub fn blue_green(hosts: usize) -> Plan {
    let (blue, green) = (names("blue", hosts), names("green", hosts));
    let batches = vec![Batch { hosts: green.clone(), weight: None }];
    let pools = BTreeMap::from([("blue".to_owned(), blue), ("green".to_owned(), green)]);
    let mut plan = base(Strategy::BlueGreen { active: "blue".into(), idle: "green".into(), pools }, batches);
    plan.limits.max_unavailable = hosts as u32;
    plan.rollback.steps.clear();
    plan
}

/// A first group, then a growing share of traffic.
pub fn canary(hosts: usize) -> Plan {
    let weights = [5, 25, 50, 100];
    let mut batches: Vec<Batch> =
        weights.into_iter().map(|weight| Batch { hosts: Vec::new(), weight: Some(weight) }).collect();
    batches[0].hosts = names("canary", hosts);
    let mut plan = base(Strategy::Canary, batches);
    plan.limits.max_unavailable = hosts as u32;
    plan
}

/// A step that runs a playbook.
pub fn playbook(id: &str, name: &str) -> Step {
    step(id, name, serde_json::from_str(r#"{"kind": "playbook", "playbook": "deploy.yml"}"#).unwrap())
}

/// A step of any kind.
pub fn step(id: &str, name: &str, kind: StepKind) -> Step {
    let (id, name) = (id.to_owned(), name.to_owned());
    Step { id, name, kind, timeout: Some(600), retries: 1, idempotent: true, irreversible: false }
}

fn base(strategy: Strategy, batches: Vec<Batch>) -> Plan {
    let request = Http { method: "GET".into(), url: "http://{host}:8080/health".into(), ..Http::default() };
    let build = StepKind::Command { argv: vec!["make".into(), "build".into()] };
    let smoke = StepKind::Http { request: Http { url: "http://www.example.com/".into(), ..request.clone() } };
    let stage = |name: &str, when, steps: Vec<Step>| Stage {
        name: name.into(),
        when,
        groups: steps.into_iter().map(|step| vec![step]).collect(),
        join: Join::All,
    };
    let balancer = |name: &str| Balancer {
        name: name.into(),
        driver: Driver::Command {
            status: vec!["lb".into(), "status".into()],
            check: None,
            switch: vec!["lb".into(), "switch".into()],
            drain: None,
            instant: true,
            weights: true,
        },
    };
    Plan {
        format: super::plan::FORMAT,
        release: "web".into(),
        service: "web".into(),
        environment: "production".into(),
        version: "1.1.0".into(),
        current: Some("1.0.0".into()),
        again: false,
        cwd: "project".into(),
        inventory: vec!["hosts.ini".into()],
        stages: vec![
            stage("build", When::Before, vec![step("build/1", "make build", build)]),
            stage(
                "deploy",
                When::Deploy,
                vec![playbook("deploy/1", "deploy.yml"), playbook("deploy/2", "restart.yml")],
            ),
            stage("verify", When::After, vec![step("verify/1", "the front page", smoke)]),
        ],
        strategy,
        batches,
        limits: Limits { max_unavailable: 1, min_in_service: 0, budget: 0, progress_deadline: 600, soak: 10 },
        gates: vec![Gate {
            name: "up".into(),
            probe: Probe::Http { request },
            interval: 5,
            timeout: 3,
            passes: 3,
            fails: 2,
            inconclusive: 3,
            window: 20,
        }],
        traffic: Some(Traffic {
            balancers: vec![balancer("lb1"), balancer("lb2")],
            prove: None,
            drain: 300,
            keep_warm: 1800,
        }),
        rollback: Rollback {
            to: Some("1.0.0".into()),
            steps: vec![playbook("rollback/1", "deploy.yml")],
            automatic: true,
            vars: BTreeMap::new(),
        },
        approval: Approval { needed: 1, expires: 3600 },
        on_detach: Default::default(),
        on_failure: OnFailure::Rollback,
        bake: 60,
        version_probe: Some(VersionProbe::File { path: "/srv/web/VERSION".into() }),
        vars: BTreeMap::new(),
        vars_from: BTreeMap::new(),
        sources: super::plan::Sources::default(),
        warnings: Vec::new(),
    }
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("{prefix}{n:04}")).collect()
}
