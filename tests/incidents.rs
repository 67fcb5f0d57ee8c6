//! Incidents as people meet them on the command line: what they are told of each, and how they take many in hand at once.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "support/bare.rs"]
mod bare;

use bare::World;
use opsdeck::recovery::incident::{Incident, State};
use opsdeck::state::recovery::IncidentRow;
use opsdeck::state::{Index, StateDir};
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
    let index = Index::open(&StateDir::at(world.state())).unwrap();
    for incident in incidents {
        let Incident { environment, policy, host, .. } = incident.clone();
        let body = serde_json::to_string(incident).unwrap();
        index.put_incident(&IncidentRow { environment, policy, host, body }).unwrap();
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
fn many_are_taken_over_at_once() {
    let world = World::new();
    let all = [escalated("production", "w1"), escalated("production", "w2"), escalated("staging", "w1")];
    put(&world, &all);
    for (args, expected) in [
        ("take-over -E prodution all", "did you mean \"production\"?"),
        ("take-over -E production all --policy wbe", "did you mean \"web\"?"),
        ("take-over -E production w9*", "nothing of it is open in production"),
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
