//! Undo, remaining time, time line, outcome and JUnit of one release that is told event by event.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::alerts::{Beside, Link};
use super::event::{Event, Person, StepKey, StepOutcome};
use super::junit::junit;
use super::outcome::{exit_code, json};
use super::plan::{Plan, Strategy};
use super::state::{At, Mark, Pause, Release, Verdict};
use super::timeline::timeline;
use super::traffic::{Op, Report};
use super::undo::undo;
use super::{progress, sample};
use crate::state::alerts::AlertRow;
use std::collections::BTreeMap;

const SECOND: i64 = 1000;

fn who(name: &str, uid: u32) -> Person {
    Person { uid, name: name.into(), row: None }
}

/// A release that is told: events, each so many seconds after the one before.
struct Told(Release, i64);

impl Told {
    /// Approved, prepared, and in its first batch since 100 s.
    fn begun(plan: &Plan) -> Told {
        let mut told = Told(Release::default(), 0);
        told.then(0, Event::Submitted { by: who("alice", 1), digest: "d1".into() });
        told.enter(0, At::AwaitingApproval, "1 must approve");
        told.then(60, Event::Approved { by: who("bob", 2), digest: "d1".into(), step: None });
        told.enter(0, At::Queued, "approved by bob").enter(0, At::Preparing, "the environment is ours");
        told.batch(plan, 40, 0)
    }

    fn then(&mut self, after: i64, event: Event) -> &mut Told {
        self.1 += after * SECOND;
        self.0.apply(self.1, &event);
        self
    }

    fn enter(&mut self, after: i64, at: At, why: &str) -> &mut Told {
        self.then(after, Event::Entered { at, why: why.into() })
    }

    fn batch(mut self, plan: &Plan, after: i64, batch: u32) -> Told {
        self.enter(after, At::Deploying { batch }, "go on");
        let hosts = plan.batches[batch as usize].hosts.clone();
        self.then(0, Event::BatchIntent { batch, hosts, rollback: false });
        self.then(0, Event::StepIntent { step: key(batch), child: Some(batch + 1), hosts: Vec::new() });
        self
    }

    /// Its hosts are new, its gates are read.
    fn batch_done(mut self, plan: &Plan, took: i64, batch: u32) -> Told {
        self.then(
            took,
            Event::StepEnded {
                step: key(batch),
                outcome: StepOutcome::Ok,
                why: String::new(),
                retry_at: None,
                left: Vec::new(),
            },
        );
        let marks = plan.batches[batch as usize].hosts.iter().map(|host| (host.clone(), Mark::New)).collect();
        self.then(0, Event::Hosts { marks, by: None });
        self.enter(0, At::Gating { batch }, "it is good");
        self
    }

    fn read(&mut self, after: i64, batch: Option<u32>, verdict: Verdict, got: &str) -> &mut Told {
        let (gate, got, need) = ("up".to_owned(), got.to_owned(), "200".to_owned());
        self.then(after, Event::Measured { gate, batch, verdict, got, need })
    }

    fn seen(&mut self, active: &str, up: u32, problem: Option<&str>) -> &mut Told {
        let report = |name: &str| Report {
            balancer: name.into(),
            active: Some(active.into()),
            up: BTreeMap::from([("blue".to_owned(), (up, 3)), ("green".to_owned(), (3, 3))]),
            problem: problem.map(str::to_owned),
            ..Report::default()
        };
        let after = vec![report("lb1"), report("lb2")];
        self.then(0, Event::TrafficIntent { op: Op::Status, before: after.clone() });
        self.then(0, Event::TrafficSeen { op: Op::Status, after, ok: true })
    }
}

fn key(batch: u32) -> StepKey {
    StepKey { step: "deploy/1".into(), batch: Some(batch), attempt: 1 }
}

#[test]
fn undo_says_whether_it_is_instant_and_why() {
    let plan = sample::blue_green(3);
    let mut told = Told::begun(&plan).batch_done(&plan, 30, 0);
    assert_eq!(undo(&plan, &told.0, told.1).why, "the load balancers were not read yet");
    told.seen("blue", 3, None);
    assert_eq!(undo(&plan, &told.0, told.1).why, "blue has the traffic");
    told.seen("green", 3, None);
    let u = undo(&plan, &told.0, told.1 + 4 * SECOND);
    assert_eq!((u.possible, u.instant, u.hosts), (true, true, 0));
    assert_eq!(u.why, "blue is warm, 3 of 3 up (seen 4s ago), kept for 30m");
    told.seen("green", 0, None);
    let u = undo(&plan, &told.0, told.1);
    assert_eq!((u.possible, u.instant, u.why.as_str()), (true, false, "blue is not warm: 0 of 3 servers up on lb1"));
    told.seen("green", 3, Some("SPLIT"));
    assert_eq!(undo(&plan, &told.0, told.1).why, "lb1: SPLIT");
    let weighted = sample::canary(2);
    let told = Told::begun(&weighted).batch_done(&weighted, 30, 0);
    let u = undo(&weighted, &told.0, told.1);
    assert!(u.instant && u.hosts == 2, "{u:?}");
    assert!(u.why.starts_with("all traffic goes back to the old version by weight, then rollback steps"), "{u:?}");
}

#[test]
fn undo_of_a_rolling_release_counts_hosts_and_time() {
    let plan = sample::rolling(10, 3);
    let told = Told::begun(&plan);
    let u = undo(&plan, &told.0, told.1);
    assert_eq!((u.possible, u.instant, u.hosts), (true, false, 1));
    assert_eq!(u.why, "no second pool, rollback steps run", "no batch was done: no time is known");
    let told = told.batch_done(&plan, 50, 0).batch(&plan, 30, 1).batch_done(&plan, 50, 1).batch(&plan, 30, 2);
    let mut told = told;
    let u = undo(&plan, &told.0, told.1);
    // One slice for the hosts at work, two for the four that serve.
    assert_eq!((u.hosts, u.why.as_str()), (7, "no second pool, rollback steps run, about 3 min"));
    told.then(0, Event::PointOfNoReturn { step: "migrate.yml".into() });
    let u = undo(&plan, &told.0, told.1);
    assert!(u.possible && u.why.ends_with("past the point of no return: what migrate.yml did stays"), "{u:?}");
}

#[test]
fn undo_that_cannot_be_done_says_why() {
    let good = sample::rolling(4, 2);
    let told = Told::begun(&good);
    let why = |change: fn(&mut Plan), release: &Release| {
        let mut plan = good.clone();
        change(&mut plan);
        let u = undo(&plan, release, 0);
        assert!(!u.possible && !u.instant);
        u.why
    };
    assert!(why(|p| p.rollback.to = None, &told.0).starts_with("no earlier stable release is known"));
    let same = why(|p| p.rollback.to = Some("1.1.0".into()), &told.0);
    assert_eq!(same, "the version to go back to is 1.1.0, the one that is brought out");
    assert_eq!(why(|p| p.rollback.steps.clear(), &told.0), "the plan has no steps to roll back with");
    assert_eq!(why(|_| {}, &Release::default()), "nothing was changed yet: stop it instead");
    let mut ended = Told::begun(&good);
    ended.enter(0, At::RollingBack { batch: 0 }, "asked");
    assert_eq!(why(|_| {}, &ended.0), "undo is under way");
    ended.enter(0, At::RolledBack, "back");
    assert_eq!(why(|_| {}, &ended.0), "it has ended (rolled back); release 1.0.0 again");
}

#[test]
fn times_come_from_what_went_before() {
    let plan = sample::rolling(7, 3);
    let told = Told::begun(&plan);
    assert_eq!(progress::state(&plan, &told.0, told.1), None, "nothing is known in the first batch");
    let mut told = told.batch_done(&plan, 50, 0);
    // 10 s of soak, then 20 s of readings.
    assert_eq!(progress::state(&plan, &told.0, told.1), Some(30 * SECOND));
    assert_eq!(progress::all_batches(&plan, &told.0, told.1), Some((30 + 2 * 80) * SECOND));
    told.read(10, Some(0), Verdict::Pass, "200");
    assert_eq!(progress::state(&plan, &told.0, told.1), Some(20 * SECOND));
    let mut told = told.batch(&plan, 20, 1);
    assert_eq!(progress::state(&plan, &told.0, told.1 + 20 * SECOND), Some(30 * SECOND));
    let run = told.0.steps.last().unwrap();
    assert_eq!(progress::step(&told.0, run, told.1 + 20 * SECOND), Some(30 * SECOND));
    assert_eq!(progress::step(&told.0, run, told.1 + 51 * SECOND), None, "it takes longer than the one before");
    assert_eq!(progress::state(&plan, &told.0, told.1 + 51 * SECOND), None);
    // A pause counts for nothing.
    let pause = Pause { reason: "look".into(), by: None, resume_to: At::Deploying { batch: 1 }, until: None };
    told.then(20, Event::Paused { pause }).enter(0, At::Paused, "look");
    assert_eq!(progress::state(&plan, &told.0, told.1), None);
    told.enter(500, At::Deploying { batch: 1 }, "resumed");
    let told = told.batch_done(&plan, 20, 1);
    assert_eq!(progress::batches(&told.0), [50 * SECOND, 40 * SECOND]);
}

#[test]
fn the_bake_is_over_when_its_time_and_its_gates_are() {
    let plan = sample::rolling(1, 1);
    let mut told = Told::begun(&plan).batch_done(&plan, 5, 0);
    told.enter(30, At::Verifying, "batch 1 is good");
    assert_eq!(progress::state(&plan, &told.0, told.1), None, "a step of unknown length is to come");
    let step = StepKey { step: "verify/1".into(), batch: None, attempt: 1 };
    told.then(0, Event::StepIntent { step: step.clone(), child: None, hosts: Vec::new() });
    told.then(
        2,
        Event::StepEnded { step, outcome: StepOutcome::Ok, why: "200".into(), retry_at: None, left: Vec::new() },
    );
    assert_eq!(progress::state(&plan, &told.0, told.1), Some(60 * SECOND));
    told.read(55, None, Verdict::Pass, "200");
    assert_eq!(progress::state(&plan, &told.0, told.1), Some(20 * SECOND), "the gate takes longer than the bake");
}

#[test]
fn a_gate_tells_what_becomes_of_it() {
    let plan = sample::rolling(1, 1);
    let gate = &plan.gates[0];
    let mut told = Told::begun(&plan).batch_done(&plan, 5, 0);
    let words = |told: &Told, after: i64| {
        progress::gate_words(gate, told.0.gates.first(), told.0.promoted, told.1 + after * SECOND)
    };
    assert_eq!(words(&told, 0), "passes in 0:20 if steady");
    told.read(0, Some(0), Verdict::Pass, "200");
    assert_eq!(words(&told, 2), "passes in 0:18 if steady");
    told.read(5, Some(0), Verdict::Fail, "503");
    assert_eq!(words(&told, 0), "fails after 1 more like this");
    told.read(5, Some(0), Verdict::Inconclusive, "no data");
    assert_eq!(words(&told, 0), "asks a person after 2 more like this");
    told.read(10, Some(0), Verdict::Pass, "200");
    assert_eq!(words(&told, 0), "passes in 0:20 if steady", "the window begins anew with each row of readings");
    told.read(10, Some(0), Verdict::Pass, "200").read(10, Some(0), Verdict::Pass, "200");
    assert_eq!(words(&told, 0), "passed");
    told.read(5, Some(0), Verdict::Fail, "503").read(5, Some(0), Verdict::Fail, "503");
    assert_eq!(words(&told, 0), "failed");
    told.then(0, Event::Skipped { what: "up".into(), gate: true, by: who("bob", 2), reason: "known".into() });
    assert_eq!(words(&told, 0), "skipped by bob");
}

/// Names and words that want to be more than words.
fn hostile() -> (Plan, Told) {
    let mut plan = sample::rolling(3, 1);
    plan.batches[0].hosts[0] = "a|b](http://evil)<img src=x>".into();
    let mut told = Told::begun(&plan).batch_done(&plan, 5, 0);
    told.read(10, Some(0), Verdict::Fail, "\u{1b}[31m`x` | \"y\" & <b>\u{0}\n# 503\u{ffff}");
    told.then(0, Event::Asked { by: who("bob", 2), verb: "rollback".into(), reason: Some("*bad* numbers".into()) });
    told.enter(0, At::RollingBack { batch: 0 }, "rolled back by bob: *bad* numbers");
    told.seen("blue", 3, None);
    (plan, told)
}

#[test]
fn the_time_line_tells_who_did_what_and_cannot_be_abused() {
    let (plan, told) = hostile();
    let labels = [("alertname", "Slow|er\u{1b}[2J"), ("severity", "<b>"), ("env", "production")];
    let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let alert = AlertRow { labels, starts_at: 0, ends_at: Some(told.1), ..AlertRow::default() };
    let alerts = [Beside { alert, link: Link::Environment }];
    let md = timeline(&plan, &told.0, &alerts, told.1 + 7 * SECOND);
    let has = |what: &str| assert!(md.contains(what), "{what:?} is missing in\n{md}");
    has("# web 1.1.0 on production: rolling back, slice 1\n");
    has("- **Version**: 1.1.0 instead of 1.0.0\n");
    has("- **Submitted**: alice (uid 1) at ");
    has("- **Approved**: bob (uid 2) at ");
    has("- **Now**: rolling back, slice 1 for 0:07\n");
    has("- **Undo**: not possible: undo is under way\n");
    has("| awaiting approval |  | 1 must approve | 1:00 |");
    has("| rollback | bob (uid 2) | \\*bad\\* numbers |  |");
    has("| new | 1 | a\\|b\\](http:\\//evil)\\<img src=x\\> |");
    has("| up | batch 1 | 200 | \\`x\\` \\| \"y\" \\& \\<b\\> \\# 503");
    has("| Slow\\|er");
    has("| \\<b\\> | production | environment |");
    has("| lb1 | blue | blue 3 of 3, green 3 of 3 |");
    assert!(md.chars().all(|c| c == '\n' || !c.is_control()), "{md:?}");
    // Every row of a table has as many cells as its heading.
    for table in md.split("\n## ").skip(1) {
        let cells = |row: &str| row.replace("\\|", "").matches('|').count();
        let rows: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).collect();
        assert!(rows.len() > 2 && rows.iter().all(|row| cells(row) == cells(rows[0])), "{table}");
    }
    // What a person did stands before the state that it led to.
    assert!(md.find("| rollback | bob").unwrap() < md.find("| rolling back, slice 1 |").unwrap());
}

#[test]
fn exit_codes_tell_the_ends_apart() {
    let all = [
        (At::Succeeded, Some(0)),
        (At::RolledBack, Some(10)),
        (At::Failed, Some(11)),
        (At::AwaitingApproval, Some(12)),
        (At::Paused, Some(12)),
        (At::NeedsOperator, Some(12)),
        (At::Cancelled, Some(13)),
        (At::ClosedMixed, Some(14)),
        (At::Deploying { batch: 1 }, None),
        (At::Stopping, None),
    ];
    for (at, code) in all {
        assert_eq!(exit_code(&Release { at, ..Release::default() }), code, "{at:?}");
    }
    let pause = |until| Some(Pause { reason: "soak".into(), by: None, resume_to: At::Verifying, until });
    let paused = |until| Release { at: At::Paused, pause: pause(until), ..Release::default() };
    assert_eq!(exit_code(&paused(None)), Some(12));
    assert_eq!(exit_code(&paused(Some(1))), None, "it goes on by itself");
}

#[test]
fn the_object_holds_what_a_program_asks_for() {
    let (plan, told) = hostile();
    let value = json("r1", &plan, &told.0, told.1);
    let at = |pointer: &str| value.pointer(pointer).cloned().unwrap_or_else(|| panic!("{pointer} in {value:#}"));
    assert_eq!(at("/state"), "rolling_back");
    assert_eq!((at("/batch"), at("/batches"), at("/exit_code")), (1.into(), 3.into(), serde_json::Value::Null));
    assert_eq!(at("/hosts/web0002"), serde_json::json!({"state": "untouched", "version": null}));
    assert_eq!(at("/steps/0/outcome"), "ok");
    assert_eq!(at("/gates/0/verdict"), "fail");
    assert_eq!(at("/submitted_by/name"), "alice");
    assert_eq!(at("/undo/possible"), false);
    assert_eq!(at("/ended"), serde_json::Value::Null);
}

#[test]
fn the_report_is_whole_xml_and_green_only_for_success() {
    let (plan, mut told) = hostile();
    let red = junit(&plan, &told.0, told.1);
    let has = |what: &str| assert!(red.contains(what), "{what:?} is missing in\n{red}");
    has("<testsuites name=\"web 1.1.0 on production\" tests=\"");
    has("<testsuite name=\"deploy, batch 1\" tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"10.000\">");
    has("message=\"got `x` | &quot;y&quot; &amp; &lt;b&gt; # 503\u{fffd}, needed 200\"");
    has("<error message=\"it goes on: rolling_back\"/>");
    has("name=\"make build\" time=\"0.000\">\n      <skipped message=\"it was not reached\"/>");
    assert!(red.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{ffff}'), "{red:?}");
    for tag in ["testsuites", "testsuite", "testcase"] {
        let alone = if tag == "testcase" {
            red.lines().filter(|l| l.trim().starts_with("<testcase") && l.ends_with("/>")).count()
        } else {
            0
        };
        assert_eq!(
            red.matches(&format!("<{tag} ")).count(),
            red.matches(&format!("</{tag}>")).count() + alone,
            "{tag}"
        );
    }
    let step = StepKey { step: "rollback/1".into(), batch: Some(0), attempt: 2 };
    told.then(0, Event::StepIntent { step: step.clone(), child: Some(9), hosts: Vec::new() });
    told.then(
        5,
        Event::StepEnded { step, outcome: StepOutcome::Ok, why: String::new(), retry_at: None, left: Vec::new() },
    );
    told.enter(0, At::RolledBack, "every touched host has 1.0.0 again");
    let back = junit(&plan, &told.0, told.1);
    assert!(back.contains("<failure message=\"rolled_back: every touched host has 1.0.0 again\"/>"), "{back}");
    assert!(back.contains("name=\"deploy.yml (try 2)\" time=\"5.000\"/>"), "{back}");
    let mut good = Told::begun(&plan);
    good.enter(0, At::Succeeded, "1.1.0 is out and stable");
    assert!(junit(&plan, &good.0, good.1).contains("name=\"web 1.1.0\" time=\"100.000\"/>"));
}

#[test]
fn a_pool_without_a_balancer_is_never_instant() {
    let mut plan = sample::blue_green(2);
    let told = Told::begun(&plan);
    plan.traffic = None;
    plan.rollback.steps = vec![sample::playbook("rollback/1", "deploy.yml")];
    assert!(matches!(plan.strategy, Strategy::BlueGreen { .. }));
    let u = undo(&plan, &told.0, told.1);
    assert_eq!((u.instant, u.why.as_str()), (false, "the plan names no load balancer, rollback steps run"));
}
