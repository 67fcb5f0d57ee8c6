//! Releases for the tests of the live view: one in each state that a person can meet.

use crate::ansible::ask::Play;
use crate::release::event::{Person, StepKey, StepOutcome};
use crate::release::plan::*;
use crate::release::state::{At, GateState, HostState, Mark, Pause, Release, StepRun, Verdict};
use crate::release::traffic::{Op, Report};
use crate::tui::widgets::fixtures::NOW;
use std::collections::BTreeMap;

/// A person by name.
pub fn person(name: &str) -> Person {
    Person { uid: name.bytes().map(u32::from).sum(), name: name.into() }
}

fn step(id: &str, name: &str, kind: StepKind) -> Step {
    let (id, name) = (id.into(), name.into());
    Step { id, name, kind, timeout: Some(600), retries: 2, idempotent: true, irreversible: false }
}

fn playbook(id: &str, playbook: &str) -> Step {
    let play = Play { playbook: playbook.into(), ..Play::default() };
    step(id, playbook, StepKind::Playbook { play })
}

fn stage(name: &str, when: When, groups: Vec<Vec<Step>>) -> Stage {
    Stage { name: name.into(), when, groups, join: Join::All }
}

fn gate(name: &str, passes: u32) -> Gate {
    let probe = Probe::Tcp { address: "{host}:8080".into() };
    Gate { name: name.into(), probe, interval: 10, timeout: 3, passes, fails: 3, inconclusive: 5, window: 60 }
}

/// A rolling release of 17 hosts in 5 batches.
pub fn rolling() -> Plan {
    let command = StepKind::Command { argv: vec!["make".into(), "package".into()] };
    let mut migrate = playbook("prepare/2", "migrate.yml");
    migrate.irreversible = true;
    let hosts =
        |from: usize, to: usize| Batch { hosts: (from..=to).map(|n| format!("web{n:02}.eu")).collect(), weight: None };
    Plan {
        format: FORMAT,
        release: "web".into(),
        service: "web".into(),
        environment: "production".into(),
        version: "4.12.1".into(),
        current: Some("4.12.0".into()),
        cwd: "/srv/shop".into(),
        inventory: vec!["inventories/production".into()],
        stages: vec![
            stage("prepare", When::Before, vec![vec![step("prepare/1", "build the package", command), migrate]]),
            stage(
                "deploy",
                When::Deploy,
                vec![
                    vec![playbook("deploy/1", "drain.yml")],
                    vec![playbook("deploy/2", "deploy.yml"), playbook("deploy/3", "warm-up.yml")],
                ],
            ),
            stage("verify", When::After, vec![vec![playbook("verify/1", "smoke.yml")]]),
        ],
        strategy: Strategy::Rolling { surge: vec![] },
        batches: vec![hosts(1, 1), hosts(2, 5), hosts(6, 9), hosts(10, 13), hosts(14, 17)],
        limits: Limits { max_unavailable: 4, min_in_service: 12, budget: 2, progress_deadline: 600, soak: 30 },
        gates: vec![gate("p99", 3), gate("5xx", 3)],
        traffic: None,
        rollback: Rollback {
            to: Some("4.12.0".into()),
            steps: vec![playbook("rollback/1", "deploy.yml")],
            automatic: true,
            vars: BTreeMap::new(),
        },
        approval: Approval { needed: 2, expires: 7_200 },
        on_failure: OnFailure::Rollback,
        bake: 300,
        version_probe: None,
        vars: BTreeMap::new(),
        vars_from: BTreeMap::new(),
        sources: Sources::default(),
        warnings: vec!["deploy.yml:3: the play sets `serial`, which is left to opsdeck".into()],
    }
}

/// The same service from blue to green, behind two load balancers.
pub fn blue_green() -> Plan {
    let balancer = |name: &str| Balancer {
        name: name.into(),
        driver: Driver::Command {
            status: vec!["lb".into()],
            check: None,
            switch: vec!["lb".into()],
            drain: None,
            instant: true,
            weights: false,
        },
    };
    let pool = |colour: &str| (colour.to_owned(), (1..=4).map(|n| format!("{colour}{n:02}")).collect::<Vec<_>>());
    Plan {
        strategy: Strategy::BlueGreen {
            active: "blue".into(),
            idle: "green".into(),
            pools: [pool("blue"), pool("green")].into(),
        },
        batches: vec![Batch { hosts: pool("green").1, weight: None }],
        traffic: Some(Traffic {
            balancers: vec![balancer("lb1"), balancer("lb2")],
            prove: None,
            drain: 300,
            keep_warm: 1_800,
        }),
        ..rolling()
    }
}

/// Began so many seconds ago in each of these states.
fn history(release: &mut Release, states: &[(At, i64, &str)]) {
    release.history = states.iter().map(|(at, ago, why)| (*at, NOW - ago * 1_000, (*why).to_owned())).collect();
    release.at = states.last().map(|s| s.0).unwrap_or_default();
}

fn ran(release: &mut Release, id: &str, batch: Option<u32>, from: i64, to: Option<i64>, how: StepOutcome) {
    let key = StepKey { step: id.into(), batch, attempt: 1 };
    let ended = to.map(|t| (how, NOW - t * 1_000));
    let child = u32::try_from(release.steps.len() + 1).ok();
    release.steps.push(StepRun {
        key,
        child,
        began: NOW - from * 1_000,
        ended,
        why: String::new(),
        retry_at: None,
        rungs: vec![],
    });
}

fn marks(release: &mut Release, hosts: impl IntoIterator<Item = (usize, Mark)>) {
    for (n, mark) in hosts {
        let host = format!("web{n:02}.eu");
        release.touched.push(host.clone());
        release.hosts.insert(host, HostState { mark, version: None, since: NOW - 5_000 });
    }
}

fn read(name: &str, batch: u32, verdicts: &[Verdict], got: &str, need: &str) -> GateState {
    let at = |i: usize| NOW - 1_000 - 10_000 * i64::try_from(verdicts.len() - 1 - i).unwrap();
    let last = verdicts.last().copied();
    let streak = verdicts.iter().rev().take_while(|v| Some(**v) == last).count();
    GateState {
        name: name.into(),
        batch: Some(batch),
        readings: verdicts.iter().enumerate().map(|(i, v)| (at(i), *v, got.to_owned())).collect(),
        need: need.into(),
        streak: u32::try_from(streak).unwrap(),
        since: at(0),
        skipped_by: None,
    }
}

fn submitted() -> Release {
    Release {
        submitted_by: Some(person("bob")),
        digest: "3fa9c1d27be0a4425d1f9c1d27be0a44".into(),
        ..Release::default()
    }
}

/// One of two people approved.
pub fn awaiting() -> Release {
    let mut r = submitted();
    history(&mut r, &[(At::Planned, 305, "submitted by bob"), (At::AwaitingApproval, 300, "2 people must approve")]);
    r.approvals = vec![(person("carol"), NOW - 60_000, None)];
    r
}

fn began() -> Release {
    let mut r = awaiting();
    r.approvals.push((person("dave"), NOW - 240_000, None));
    ran(&mut r, "prepare/1", None, 235, Some(190), StepOutcome::Ok);
    ran(&mut r, "prepare/2", None, 235, Some(186), StepOutcome::Ok);
    ran(&mut r, "deploy/1", Some(0), 185, Some(181), StepOutcome::Ok);
    ran(&mut r, "deploy/2", Some(0), 181, Some(140), StepOutcome::Ok);
    ran(&mut r, "deploy/3", Some(0), 181, Some(150), StepOutcome::Ok);
    marks(&mut r, [(1, Mark::New)]);
    r.no_return = Some("migrate.yml".into());
    r
}

const WAY: [(At, i64, &str); 6] = [
    (At::Planned, 305, "submitted by bob"),
    (At::AwaitingApproval, 300, "2 people must approve"),
    (At::Queued, 240, "approved"),
    (At::Preparing, 236, "the lease was got"),
    (At::Deploying { batch: 0 }, 185, "prepared"),
    (At::Gating { batch: 0 }, 140, "1 host new"),
];

/// In the second batch, with a failed and an unreachable host.
pub fn deploying() -> Release {
    let mut r = began();
    history(&mut r, &[&WAY[..], &[(At::Deploying { batch: 1 }, 60, "gates passed")]].concat());
    ran(&mut r, "deploy/1", Some(1), 60, Some(56), StepOutcome::Ok);
    ran(&mut r, "deploy/2", Some(1), 56, None, StepOutcome::Ok);
    ran(&mut r, "deploy/3", Some(1), 56, Some(20), StepOutcome::Failed);
    if let Some(s) = r.steps.last_mut() {
        (s.why, s.retry_at, s.key.attempt) = ("web03.eu could not be reached".into(), Some(NOW + 4_000), 2);
    }
    marks(&mut r, [(2, Mark::New), (3, Mark::Unreachable), (4, Mark::Failed), (5, Mark::Running)]);
    r.gates = vec![
        read("p99", 0, &[Verdict::Pass; 3], "182 ms", "at most 250 ms"),
        read("5xx", 0, &[Verdict::Fail, Verdict::Pass, Verdict::Pass, Verdict::Pass], "0.02 %", "at most 0.1 %"),
    ];
    r.waits = Some("4 hosts, 1 left".into());
    r
}

/// Between the first and the second batch: one gate passes, the other has no data.
pub fn gating() -> Release {
    let mut r = began();
    history(&mut r, &WAY);
    r.gates = vec![
        read("p99", 0, &[Verdict::Pass, Verdict::Pass], "182 ms", "at most 250 ms"),
        read("5xx", 0, &[Verdict::Pass, Verdict::Inconclusive], "no data", "at most 0.1 %"),
    ];
    r.waits = Some("gates p99 and 5xx".into());
    r
}

/// Paused by a person after the second batch.
pub fn paused() -> Release {
    let mut r = deploying();
    let to = At::Deploying { batch: 2 };
    history(
        &mut r,
        &[&WAY[..], &[(At::Deploying { batch: 1 }, 60, "gates passed"), (At::Paused, 8, "asked by alice")]].concat(),
    );
    r.pause =
        Some(Pause { reason: "look at web03 first".into(), by: Some(person("alice")), resume_to: to, until: None });
    r.waits = None;
    marks(&mut r, [(5, Mark::New)]);
    if let Some(s) = r.steps.iter_mut().find(|s| s.ended.is_none()) {
        s.ended = Some((StepOutcome::Ok, NOW - 9_000));
    }
    r.steps.iter_mut().for_each(|s| s.retry_at = None);
    r
}

/// Hosts remain of which nobody knows what became of them.
pub fn needs_operator() -> Release {
    let mut r = paused();
    r.history.push((At::Reconciling, NOW - 7_000, "the supervisor was gone".into()));
    r.history.push((At::NeedsOperator, NOW - 4_000, "2 hosts did not tell their version".into()));
    (r.at, r.pause) = (At::NeedsOperator, None);
    marks(&mut r, [(4, Mark::Unknown), (5, Mark::Unknown)]);
    r
}

/// Every touched host has the old version again.
pub fn rolled_back() -> Release {
    let mut r = deploying();
    r.history.push((At::RollingBack { batch: 0 }, NOW - 50_000, "3 hosts are bad, the budget is 2".into()));
    r.history.push((At::RolledBack, NOW - 2_000, "5 hosts have 4.12.0 again".into()));
    (r.at, r.waits, r.rollbacks, r.no_return) = (At::RolledBack, None, 1, None);
    for s in r.steps.iter_mut() {
        s.ended = s.ended.or(Some((StepOutcome::Cancelled, NOW - 51_000)));
        s.retry_at = None;
    }
    ran(&mut r, "rollback/1", Some(0), 48, Some(3), StepOutcome::Ok);
    marks(&mut r, (1..=5).map(|n| (n, Mark::Old)));
    r
}

fn report(balancer: &str, green: u8) -> Report {
    Report {
        balancer: balancer.into(),
        active: Some(if green == 100 { "green" } else { "blue" }.into()),
        shares: [("blue".to_owned(), 100 - green), ("green".to_owned(), green)].into(),
        up: [("blue".to_owned(), (4, 4)), ("green".to_owned(), (3, 4))].into(),
        sessions: [("blue".to_owned(), 17)].into(),
        took_us: Some(970),
        ..Report::default()
    }
}

/// Traffic is being switched, and only one balancer went over.
pub fn split() -> Release {
    let mut r = began();
    let way: Vec<_> = WAY.into_iter().chain([(At::Switching, 4, "gates passed")]).collect();
    history(&mut r, &way);
    r.hosts = (1..=4)
        .map(|n| (format!("green{n:02}"), HostState { mark: Mark::New, version: Some("4.12.1".into()), since: NOW }))
        .collect();
    r.touched = r.hosts.keys().cloned().collect();
    r.traffic_before = vec![report("lb1", 0), report("lb2", 0)];
    r.traffic = vec![report("lb1", 100), Report { problem: Some("connection refused".into()), ..report("lb2", 0) }];
    r.traffic_at = Some(NOW - 2_000);
    r.traffic_open = Some(Op::Switch { to: "green".into(), version: Some("4.12.1".into()) });
    r.no_return = None;
    r
}

/// Names that attack the terminal, and wide ones.
pub fn hostile() -> (Plan, Release) {
    let (mut plan, mut release) = (blue_green(), split());
    plan.service = "支付服务\u{1b}[2J\u{202e}evil".into();
    plan.stages[1].name = "部署到生产环境".into();
    plan.stages[1].groups[0][0].name = "再起動して正常になるまで待つ".into();
    plan.gates[0].name = "\u{1b}]0;x\u{7}延迟".into();
    release.waits = Some("数据库主机第五号机房\r\n\u{9b}31m".into());
    release.traffic[1].problem = Some("拒绝连接\u{8}".into());
    release.hosts = ["数据库01", "ウェブ02", "\u{202e}evil\u{1b}[2J"]
        .into_iter()
        .map(|h| (h.to_owned(), HostState { mark: Mark::Unknown, ..HostState::default() }))
        .collect();
    plan.batches[0].hosts = release.hosts.keys().cloned().collect();
    (plan, release)
}

/// All of it as the screen has it.
pub(super) fn shown(plan: Plan, release: Release) -> super::Shown {
    let submitter = release.submitted_by.clone().unwrap_or_default();
    let machine = crate::release::machine::Machine { plan, digest: release.digest.clone(), submitter };
    super::Shown { machine, release, folded: 0, newer: false }
}
