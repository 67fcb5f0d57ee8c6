//! Incidents as people meet them on the command line: what they are told of each, and how they take many in hand at once.

use crate::support::bare::World;
use opsdeck::project::Project;
use opsdeck::recovery::incident::{Incident, State};
use opsdeck::recovery::launch;
use opsdeck::state::recovery::IncidentRow;
use opsdeck::state::{Control, Lock, StateDir};
use uuid::Uuid;

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// One that waits for a person and is well again.
fn escalated(environment: &str, host: &str) -> Incident {
    let since = now() - 900_000;
    let incident = Incident::new(environment, "web", host, since);
    let why = "common cause: 3 of 4 hosts".to_owned();
    Incident { id: Uuid::now_v7(), state: State::Escalated, why, well: Some(now() - 840_000), ..incident }
}

fn put(world: &World, incidents: &[Incident]) {
    let control = Control::open(&StateDir::at(world.state())).unwrap();
    for incident in incidents {
        let Incident { environment, policy, host, .. } = incident.clone();
        let body = serde_json::to_string(incident).unwrap();
        control.put_incident(&IncidentRow { environment, policy, host, body }).unwrap();
    }
}

fn states(world: &World) -> Vec<String> {
    let all: Vec<serde_json::Value> = serde_json::from_str(&world.opsdeck("recovery --json").1).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    all.iter().map(|i| format!("{} {} {}", text(&i["environment"]), text(&i["host"]), text(&i["state"]))).collect()
}

#[test]
fn an_escalated_one_says_since_when_it_is_well_and_what_ends_it() {
    let world = World::new();
    put(&world, &[escalated("production", "w1")]);
    let (_, said) = world.opsdeck("recovery");
    let expected = "; well for 14m; nothing is done here until somebody takes it over: \
                    opsdeck recovery take-over -E production w1 --policy web";
    assert!(said.contains(expected), "{said}");
    let json: serde_json::Value = serde_json::from_str(&world.opsdeck("recovery --json").1).unwrap();
    assert!(json[0]["well"].is_string(), "{json}");
}

#[test]
fn where_nobody_acts_nothing_is_well() {
    let world = World::new();
    let (_, said) = world.opsdeck("recovery -E production");
    assert!(said.starts_with("no incident is known, and that may not be all:\n"), "{said}");
    assert!(said.contains("✖ nobody acts on production  (opsdeck serve)"), "{said}");
    assert!(said.contains("✖ nobody polls production  (opsdeck serve)") && !said.contains("staging"), "{said}");
    put(&world, &[escalated("production", "w1")]);
    let (code, said) = world.opsdeck("health -E production --once w1");
    assert!(code == 4 || said.contains("✖ 1 bad") && code == 3, "{code}: {said}");
    assert!(said.contains("✖ incident escalated on production: web on w1  (opsdeck recovery)"), "{said}");
    assert!(said.contains("✖ nobody acts on production  (opsdeck serve)") && !said.contains("nobody polls"), "{said}");
    // A round by hand, or by a timer, is somebody who acts; that of one environment says nothing of the other.
    world.opsdeck("recovery once production");
    let (_, said) = world.opsdeck("recovery");
    assert!(said.contains("✖ nobody acts on staging  (opsdeck serve)"), "{said}");
}

#[test]
fn many_are_taken_over_at_once() {
    let world = World::new();
    let all = [escalated("production", "w1"), escalated("production", "w2"), escalated("staging", "w1")];
    put(&world, &all);
    for (args, expected) in [
        ("take-over -E prodution all", "did you mean \"production\"?"),
        ("take-over -E production all --policy wbe", "did you mean \"web\"?"),
        ("take-over -E production w9*", "nothing of \"w9*\" is open in production"),
        ("take-over -E production w1 w9", "nothing of \"w9\" is open in production"),
        ("take-over --policy web", "--environment"),
    ] {
        let (code, said) = world.opsdeck(&format!("recovery {args}"));
        assert!(code != 0 && said.contains(expected), "{args}: {code} {said}");
    }
    let (code, said) = world.opsdeck("recovery take-over -E production eu --reason INC-1");
    assert!(code == 0 && said.contains("took it over: INC-1"), "{said}");
    assert_eq!(states(&world), ["production w1 taken", "production w2 escalated", "staging w1 escalated"]);
    let (code, said) = world.opsdeck("recovery take-over -E production --policy web");
    assert!(code == 0 && said.lines().count() == 1 && said.contains("web on w2"), "one is in hand already: {said}");
    let (code, said) = world.opsdeck(&format!("recovery take-over {} --json", all[2].id));
    assert!(code == 0 && said.starts_with('{'), "{said}");
    assert_eq!(states(&world), ["production w1 taken", "production w2 taken", "staging w1 taken"]);
}

#[test]
fn its_story_ends_with_what_a_person_can_do() {
    let world = World::new();
    let incident = Incident { got: "web: refused".into(), ..escalated("production", "w1") };
    put(&world, std::slice::from_ref(&incident));
    let (code, said) = world.opsdeck(&format!("recovery show {}", incident.id));
    assert_eq!(code, 0, "{said}");
    let places: Vec<_> = ["it went bad: web: refused", "escalated: common cause", "it is well again", "Next:"]
        .map(|words| said.rfind(words).unwrap_or_else(|| panic!("{words}: {said}")))
        .to_vec();
    assert!(places.is_sorted(), "{said}");
    let next = &said[places[3]..];
    assert!(next.contains("recovery take-over -E production w1 --policy web  #"), "{said}");
}

#[test]
fn a_run_says_that_it_is_a_recovery_and_of_what() {
    let world = World::new();
    let (store, id) = (StateDir::at(world.state()), Uuid::now_v7());
    let project = Project::at(&world.root()).unwrap();
    let about = (Uuid::now_v7(), "recovery begins with \"restart\": web: refused");
    let (body, _) =
        launch::body(&project, "production", &project.recovery[0], "w1", about, launch::Watch::Polled).unwrap();
    // As a launch does: first what tells who holds what.
    drop(Control::open(&store).unwrap());
    std::fs::create_dir_all(store.run(id).path()).unwrap();
    let mut spec = launch::freeze(id, &body, [].iter()).unwrap();
    let home = opsdeck::run::belongs::may_begin(&store).unwrap();
    spec.home = Some(opsdeck::run::belongs::freeze(home, &store.run(id)).unwrap());
    std::fs::write(store.run(id).spec(), serde_yaml::to_string(&spec).unwrap()).unwrap();
    // Nobody gives it a supervisor: it has one, as far as they can tell.
    let _held = Lock::try_take(&store.run(id).lock()).unwrap();
    for args in [format!("recovery show {id}"), format!("show {id}")] {
        let (code, said) = world.opsdeck(&args);
        assert!(code == 0 && said.contains("web on w1"), "{args}: {said}");
    }
    let (_, said) = world.opsdeck(&format!("show {id}"));
    assert!(said.contains("rung 1 of 1: restart") && said.contains("ansible w1 -i hosts.ini -m shell"), "{said}");
}

#[test]
fn the_ledger_says_in_the_row_what_was_switched() {
    let world = World::new();
    world.opsdeck("recovery off production --policy web --reason moving");
    world.opsdeck("breaker open fleet:production --reason moving");
    world.opsdeck("breaker auto fleet:production --reason done");
    let (_, said) = world.opsdeck("audit");
    for row in
        ["recovery web: off (moving)", "breaker fleet:production: open (moving)", "breaker fleet:production: auto"]
    {
        assert!(said.contains(row), "{row}:\n{said}");
    }
}
