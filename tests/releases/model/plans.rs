//! Plans of every strategy, with whatever steps and gates chance puts into them.

use super::Chance;
use opsdeck::ansible::ask::Play;
use opsdeck::release::plan::*;
use std::collections::BTreeMap;

/// A plan.
pub fn plan(chance: &mut Chance) -> Plan {
    let hosts: Vec<String> = (0..3 + chance.below(6)).map(|n| format!("w{n}")).collect();
    let kind = chance.below(5);
    let (strategy, batches, moves) = match kind {
        0 => blue_green(&hosts),
        1 => weighted(&hosts),
        2 => (Strategy::Canary, sliced(&hosts, chance), chance.one_in(2)),
        3 => (Strategy::Rolling { surge: vec![hosts[0].clone()] }, sliced(&hosts, chance), chance.one_in(2)),
        _ => (Strategy::Rolling { surge: Vec::new() }, sliced(&hosts, chance), chance.one_in(2)),
    };
    let own = hosts.len() as u32 - u32::from(kind == 3);
    let out = 1 + chance.below(2) as u32;
    let gates = chance.below(3);
    let rollback = kind != 0 || chance.one_in(2);
    Plan {
        format: FORMAT,
        release: "web".into(),
        service: "web".into(),
        environment: "production".into(),
        version: "2".into(),
        current: Some("1".into()),
        again: false,
        cwd: "/p".into(),
        inventory: Vec::new(),
        stages: stages(chance, gates),
        strategy,
        batches,
        limits: Limits {
            max_unavailable: out,
            min_in_service: own.saturating_sub(out),
            budget: chance.below(3) as u32,
            progress_deadline: 120,
            soak: chance.below(2) as u32 * 3,
        },
        gates: (0..gates).map(gate).collect(),
        traffic: (kind == 0 || moves).then(traffic),
        rollback: Rollback {
            to: (!chance.one_in(8)).then(|| "1".into()),
            steps: if rollback { vec![step("rollback/1", playbook())] } else { Vec::new() },
            automatic: !chance.one_in(4),
            vars: BTreeMap::new(),
        },
        approval: Approval { needed: chance.below(3) as u8, expires: 3_600 },
        on_detach: Default::default(),
        on_failure: if chance.one_in(3) { OnFailure::Pause } else { OnFailure::Rollback },
        bake: 10,
        version_probe: (!chance.one_in(3)).then(|| VersionProbe::File { path: "/v".into() }),
        vars: BTreeMap::new(),
        vars_from: BTreeMap::new(),
        sources: Sources::default(),
        warnings: Vec::new(),
    }
}

/// A rolling release of so many hosts behind a balancer, in batches of one and then a quarter.
pub fn large(hosts: usize) -> Plan {
    let names: Vec<String> = (0..hosts).map(|n| format!("web{n:04}.eu.example.net")).collect();
    let mut plan = plan(&mut Chance::new(7));
    let (first, rest) = names.split_at(1);
    plan.batches = std::iter::once(first).chain(rest.chunks(hosts.div_ceil(4).max(1))).map(batch).collect();
    plan.strategy = Strategy::Rolling { surge: Vec::new() };
    let out = hosts.div_ceil(4) as u32;
    plan.limits =
        Limits { max_unavailable: out, min_in_service: hosts as u32 - out, budget: 0, progress_deadline: 600, soak: 3 };
    plan.stages[1].groups = vec![vec![step("deploy/1", playbook())], vec![step("deploy/2", playbook())]];
    plan.gates = vec![gate(0), gate(1)];
    plan.traffic = Some(traffic());
    plan.approval.needed = 0;
    plan.version_probe = Some(VersionProbe::File { path: "/v".into() });
    plan
}

fn batch(hosts: &[String]) -> Batch {
    Batch { hosts: hosts.to_vec(), weight: None }
}

fn blue_green(hosts: &[String]) -> (Strategy, Vec<Batch>, bool) {
    let pools = [("green".to_owned(), hosts.to_vec())].into();
    let strategy = Strategy::BlueGreen { active: "blue".into(), idle: "green".into(), pools };
    (strategy, vec![Batch { hosts: hosts.to_vec(), weight: None }], true)
}

fn weighted(hosts: &[String]) -> (Strategy, Vec<Batch>, bool) {
    let (first, rest) = hosts.split_at(1);
    let mut batches = vec![Batch { hosts: first.to_vec(), weight: Some(5) }, Batch { hosts: vec![], weight: Some(40) }];
    for (n, host) in rest.iter().enumerate() {
        let share = (n + 2) * 100 / hosts.len();
        batches.push(Batch { hosts: vec![host.clone()], weight: Some(share as u8) });
    }
    (Strategy::Canary, batches, true)
}

fn sliced(hosts: &[String], chance: &mut Chance) -> Vec<Batch> {
    let mut batches = vec![Batch { hosts: hosts[..1].to_vec(), weight: None }];
    let size = 1 + chance.below(2) as usize;
    batches.extend(hosts[1..].chunks(size).map(|hosts| Batch { hosts: hosts.to_vec(), weight: None }));
    batches
}

fn traffic() -> Traffic {
    let driver =
        Driver::Command { status: vec![], check: None, switch: vec![], drain: None, instant: true, weights: true };
    Traffic { balancers: vec![Balancer { name: "lb".into(), driver }], prove: None, drain: 10, keep_warm: 60 }
}

fn gate(n: u64) -> Gate {
    let probe = Probe::Tcp { address: "x:1".into() };
    Gate { name: format!("g{n}"), probe, interval: 5, timeout: 1, passes: 2, fails: 2, inconclusive: 2, window: 5 }
}

fn playbook() -> StepKind {
    StepKind::Playbook { play: Play { playbook: "deploy.yml".into(), ..Play::default() } }
}

fn step(id: &str, kind: StepKind) -> Step {
    let name = id.to_owned();
    Step { id: id.into(), name, kind, timeout: None, retries: 0, idempotent: true, irreversible: false }
}

fn stages(chance: &mut Chance, gates: u64) -> Vec<Stage> {
    let command = StepKind::Command { argv: vec!["true".into()] };
    let get = StepKind::Http { request: Http { method: "GET".into(), url: "http://x".into(), ..Http::default() } };
    let mut before = step("prepare/1", command.clone());
    before.irreversible = chance.one_in(8);
    let mut deploy = vec![vec![Step { retries: chance.below(2) as u32, ..step("deploy/1", playbook()) }]];
    for n in 2..2 + chance.below(3) {
        let id = format!("deploy/{n}");
        let kind = match chance.below(6) {
            0 => StepKind::Approval { needed: 1 },
            1 => StepKind::Pause { message: "look".into(), seconds: chance.one_in(2).then_some(20) },
            2 if gates > 0 => StepKind::Gate { gate: "g0".into() },
            3 => get.clone(),
            4 => command.clone(),
            _ => playbook(),
        };
        let timeout = chance.one_in(4).then_some(60);
        let own = Step { timeout, ..step(&id, kind) };
        if chance.one_in(2) { deploy.push(vec![own]) } else { deploy[0].push(own) }
    }
    let join = if chance.one_in(2) { Join::FailFast } else { Join::All };
    let stage = |name: &str, when, groups, join| Stage { name: name.into(), when, groups, join };
    vec![
        stage("prepare", When::Before, vec![vec![before]], Join::All),
        stage("deploy", When::Deploy, deploy, join),
        stage("verify", When::After, vec![vec![step("verify/1", get)]], Join::All),
    ]
}
