//! The incident's machine, walked: it acts only when it was allowed to, and only a person leads out of an escalation.

use super::*;
use crate::project::config::recovery::Rung;
use proptest::prelude::*;

fn policy(mode: Mode) -> Policy {
    let ladder = vec![Rung { runbook: "restart".into(), timeout: 10 }];
    let receivers = vec!["ann".to_owned(), "bob".to_owned()];
    Policy { name: "web".into(), service: "web".into(), mode, ladder, receivers, ..Policy::default() }
}

fn walk(mode: Mode, inputs: Vec<(i64, Input)>) -> (Incident, Vec<Effect>) {
    let policy = policy(mode);
    let mut incident = Incident::new("prod", "web", "h1", 0);
    let mut effects = Vec::new();
    for (now, input) in inputs {
        let (next, effect) = incident.next(&policy, input, now, Uuid::now_v7());
        incident = next;
        effects.extend(effect);
    }
    (incident, effects)
}

fn seen(look: Look) -> Input {
    Input::Seen(look, "refused".into())
}

fn kinds(incident: &Incident) -> Vec<Kind> {
    incident.notices.iter().map(|n| n.kind).collect()
}

#[test]
fn a_failure_that_counts_and_is_allowed_is_acted_on_and_told() {
    let (incident, effects) = walk(
        Mode::Act,
        vec![
            (1_000, seen(Look::Failing)),
            (2_000, seen(Look::Bad)),
            (2_000, Input::Tick),
            (2_000, Input::Decided(Verdict::Allow)),
            (3_000, Input::Run(At::Acting, "restart".into())),
            (4_000, Input::Run(At::Verifying, "ended".into())),
            (5_000, Input::Run(At::Probation, "passes".into())),
            (9_000, Input::Run(At::Healthy, "stayed well".into())),
        ],
    );
    assert_eq!(effects, [Effect::Decide, Effect::Launch]);
    assert_eq!((incident.state, kinds(&incident)), (State::Healthy, vec![Kind::Acting, Kind::Recovered]));
}

#[test]
fn observing_says_once_what_it_would_have_done() {
    let mut inputs = vec![(1, seen(Look::Bad))];
    for n in 0..5 {
        inputs.extend([(10 * n, Input::Tick), (10 * n, Input::Decided(Verdict::Allow))]);
    }
    let (incident, effects) = walk(Mode::Observe, inputs);
    assert!(!effects.contains(&Effect::Launch));
    assert_eq!(incident.why, "observed: would have run \"restart\"");
    assert_eq!((incident.state, kinds(&incident)), (State::Inhibited, vec![Kind::WouldHave]));
}

#[test]
fn nobody_answers_so_the_next_one_is_called_until_a_person_takes_it() {
    let escalated = Input::Decided(Verdict::Escalate("common cause".into()));
    let inputs = vec![
        (0, seen(Look::Bad)),
        (0, Input::Tick),
        (0, escalated),
        (599_999, Input::Tick),
        (600_000, Input::Tick),
        (1_300_000, Input::Tick),
    ];
    let (incident, _) = walk(Mode::Act, inputs.clone());
    let called: Vec<_> = incident.notices.iter().map(|n| n.receiver.as_deref().unwrap()).collect();
    assert_eq!((incident.state, called), (State::Escalated, vec!["ann", "bob"]));
    let take = Input::Take { by: "bob".into(), reason: Some("on it".into()) };
    let hour = 3_600_000;
    let more = |more: Vec<(i64, Input)>| walk(Mode::Act, inputs.iter().cloned().chain(more).collect()).0.state;
    assert_eq!(more(vec![(hour, seen(Look::Good))]), State::Escalated, "only a person");
    assert_eq!(more(vec![(hour, take.clone()), (hour, seen(Look::Bad)), (hour, Input::Tick)]), State::Taken);
    assert_eq!(
        more(vec![(hour, take.clone()), (hour, seen(Look::Good)), (hour + 599_999, seen(Look::Good))]),
        State::Taken
    );
    assert_eq!(more(vec![(hour, take), (hour, seen(Look::Good)), (hour + 600_000, seen(Look::Good))]), State::Healthy);
}

#[test]
fn what_may_not_be_done_for_too_long_is_for_a_person() {
    let inhibited = |n: i64| [(n, Input::Tick), (n, Input::Decided(Verdict::Inhibited("a release".into())))];
    let inputs: Vec<_> = [(0, seen(Look::Bad))].into_iter().chain(inhibited(0)).chain(inhibited(1_799_999)).collect();
    assert_eq!(walk(Mode::Act, inputs.clone()).0.state, State::Inhibited);
    let late = inputs.iter().cloned().chain([(1_800_000, Input::Tick)]).collect();
    let (incident, _) = walk(Mode::Act, late);
    assert_eq!(incident.state, State::Escalated);
    assert!(incident.why.contains("a release"), "{}", incident.why);
}

#[test]
fn flapping_is_told_once_and_nothing_is_done() {
    let flapping = (0..9).flat_map(|n| [(n, seen(Look::Flapping)), (n, Input::Tick)]).collect();
    let (incident, effects) = walk(Mode::Act, flapping);
    assert_eq!((incident.state, kinds(&incident), effects), (State::Flapping, vec![Kind::Flapping], vec![]));
}

fn input() -> impl Strategy<Value = Input> {
    let look = prop::sample::select(vec![Look::Good, Look::Failing, Look::Bad, Look::Unknown, Look::Flapping]);
    let at = prop::sample::select(At::ALL.to_vec());
    let verdict = prop::sample::select(vec![
        Verdict::Allow,
        Verdict::Inhibited("busy".into()),
        Verdict::Escalate("common cause".into()),
    ]);
    prop_oneof![
        4 => look.prop_map(|look| Input::Seen(look, "x".into())),
        4 => Just(Input::Tick),
        3 => verdict.prop_map(Input::Decided),
        3 => at.prop_map(|at| Input::Run(at, "x".into())),
        2 => (0_i64..400_000).prop_map(|until| Input::Silenced { until, why: "x".into() }),
        1 => Just(Input::NotBegun("disk".into())),
        1 => Just(Input::Take { by: "ann".into(), reason: None }),
    ]
}

proptest! {
    #![proptest_config(crate::cases::cases(1_500))]

    #[test]
    fn it_acts_only_when_allowed_and_only_a_person_ends_an_escalation(
        walk in prop::collection::vec((0_i64..400_000, input()), 1..80), act in any::<bool>(),
    ) {
        let policy = policy(if act { Mode::Act } else { Mode::Observe });
        let (mut incident, mut now) = (Incident::new("prod", "web", "h1", 0), 0);
        for (later, input) in walk {
            now += later;
            let fresh = Uuid::now_v7();
            let (next, effect) = incident.next(&policy, input.clone(), now, fresh);
            if effect == Some(Effect::Launch) {
                prop_assert!(act && incident.state == State::Deciding && input == Input::Decided(Verdict::Allow));
                prop_assert_eq!(next.run, Some(fresh), "the run is named before it is begun");
                prop_assert!(next.notices.len() > incident.notices.len(), "every action is told");
            }
            if effect == Some(Effect::Decide) {
                prop_assert!(!matches!(incident.state, State::Escalated | State::Taken | State::Flapping | State::Healthy));
            }
            if incident.state == State::Escalated && next.state != State::Escalated {
                prop_assert!(matches!(input, Input::Take { .. }), "{input:?}");
            }
            if incident.state != State::Escalated && next.state == State::Escalated {
                prop_assert!(act && next.notices.iter().any(|n| n.kind == Kind::Escalated && n.at == now));
            }
            if incident.follows() && !matches!(input, Input::Run(..) | Input::NotBegun(_) | Input::Take { .. }) {
                prop_assert_eq!(&next, &incident, "while it is under way its run decides");
            }
            incident = next;
        }
    }
}

#[test]
fn what_could_not_be_begun_is_told_nobody_round_after_round() {
    let begun = vec![(0, seen(Look::Bad)), (0, Input::Tick), (0, Input::Decided(Verdict::Allow))];
    assert_eq!(kinds(&walk(Mode::Act, begun.clone()).0), [Kind::Acting]);
    let not = [(0, Input::NotBegun("ansible was not found".into()))];
    let (incident, _) = walk(Mode::Act, begun.into_iter().chain(not).collect());
    assert_eq!((incident.state, kinds(&incident)), (State::Confirmed, vec![]));
}

#[test]
fn a_silence_holds_it_and_its_time_begins_when_that_is_over() {
    let hush = |until| Input::Silenced { until, why: "silenced by ann: known".into() };
    let deadline = i64::from(policy(Mode::Act).deadline) * 1000;
    let during = vec![(0, seen(Look::Bad)), (0, hush(9 * deadline)), (5 * deadline, hush(9 * deadline))];
    let (incident, effects) = walk(Mode::Act, during.clone());
    assert_eq!(
        (incident.state, incident.since, incident.why.as_str()),
        (State::Inhibited, 0, "silenced by ann: known")
    );
    assert!(effects.is_empty() && incident.notices.is_empty());
    // Lifted long before its end.
    let after = |more| during.iter().cloned().chain([(5 * deadline, Input::Tick)]).chain(more).collect();
    let (incident, effects) = walk(Mode::Act, after(vec![]));
    assert_eq!((incident.state, effects), (State::Deciding, vec![Effect::Decide]));
    let (incident, _) = walk(Mode::Act, after(vec![(6 * deadline, Input::Tick)]));
    assert_eq!(incident.state, State::Escalated);
    // Nobody else is called meanwhile.
    let called = vec![
        (0, seen(Look::Bad)),
        (0, Input::Tick),
        (0, Input::Decided(Verdict::Escalate("blast radius".into()))),
        (9 * deadline, hush(10 * deadline)),
    ];
    assert_eq!(kinds(&walk(Mode::Act, called).0), [Kind::Escalated]);
}

fn escalated_at(now: i64) -> Vec<(i64, Input)> {
    let escalate = Input::Decided(Verdict::Escalate("common cause".into()));
    vec![(now, seen(Look::Bad)), (now, Input::Tick), (now, escalate)]
}

#[test]
fn an_escalated_one_knows_since_when_it_is_well_and_calls_again_when_it_was_well_for_long() {
    let minute = 60_000;
    let walk = |more: Vec<(i64, Input)>| walk(Mode::Act, escalated_at(0).into_iter().chain(more).collect()).0;
    let well =
        walk(vec![(minute, seen(Look::Good)), (3 * minute, seen(Look::Good)), (4 * minute, seen(Look::Failing))]);
    assert_eq!((well.state, well.well, kinds(&well).len()), (State::Escalated, Some(minute), 1), "one slip is none");
    let slip = walk(vec![(minute, seen(Look::Good)), (10 * minute, seen(Look::Bad)), (30 * minute, seen(Look::Bad))]);
    assert_eq!((slip.well, kinds(&slip).len()), (None, 1), "it was not well for as long as its probation");
    let again = vec![(minute, seen(Look::Good)), (11 * minute, seen(Look::Bad)), (11 * minute, Input::Tick)];
    let told = walk(again.clone());
    assert_eq!((told.state, told.well, kinds(&told)), (State::Escalated, None, vec![Kind::Escalated; 2]));
    let last = told.notices.last().unwrap();
    assert!(
        last.text.starts_with("bad again after it was well for 10m: refused; nothing is done here"),
        "{}",
        last.text
    );
    assert_eq!(last.receiver.as_deref(), Some("ann"), "whoever is called first");
    // Then the others, as the first time.
    let late = again.into_iter().chain([(21 * minute, Input::Tick), (40 * minute, Input::Tick)]).collect();
    let called: Vec<_> = walk(late).notices.iter().map(|n| n.receiver.clone().unwrap()).collect();
    assert_eq!(called, ["ann", "ann", "bob"]);
}

#[test]
fn one_that_is_well_for_long_is_over_as_soon_as_a_person_has_it_in_hand() {
    let take = Input::Take { by: "ann".into(), reason: None };
    let hour = 3_600_000;
    let more = [(60_000, seen(Look::Good)), (hour, take), (hour, seen(Look::Good))];
    assert_eq!(walk(Mode::Act, escalated_at(0).into_iter().chain(more).collect()).0.state, State::Healthy);
}

#[test]
fn what_went_bad_again_in_a_silence_and_is_well_at_its_end_is_told_nobody() {
    let (minute, hush) = (60_000, Input::Silenced { until: 90 * 60_000, why: "silenced by ann: known".into() });
    let again = vec![(minute, seen(Look::Good)), (20 * minute, seen(Look::Bad)), (20 * minute, hush.clone())];
    let walk = |more: Vec<(i64, Input)>| walk(Mode::Act, escalated_at(0).into_iter().chain(more).collect()).0;
    assert_eq!(kinds(&walk(again.clone())).len(), 2, "kept until the silence is over");
    let well = again.iter().cloned().chain([(30 * minute, seen(Look::Good)), (30 * minute, hush)]).collect();
    assert_eq!(kinds(&walk(well)), [Kind::Escalated]);
    // The next one is called only when the first had all the time there is.
    let over = |at| again.iter().cloned().chain([(90 * minute, Input::Tick), (at, Input::Tick)]).collect();
    assert_eq!(kinds(&walk(over(95 * minute))).len(), 2);
    assert_eq!(kinds(&walk(over(100 * minute))).len(), 3);
}

#[test]
fn a_rung_that_waits_is_shown_so_and_told_once() {
    let begun = vec![(0, seen(Look::Bad)), (0, Input::Tick), (0, Input::Decided(Verdict::Allow))];
    let waits = |at| (at, Input::Run(At::Inhibited, "the next is possible at 11:50".into()));
    let more =
        vec![(1, Input::Run(At::Acting, "a".into())), waits(2), (3, Input::Run(At::Deciding, "now".into())), waits(4)];
    let (incident, effects) = walk(Mode::Act, begun.into_iter().chain(more).collect());
    assert_eq!((incident.state, effects.len()), (State::Inhibited, 2));
    assert!(incident.follows(), "its run decides, and no other is begun");
    assert_eq!(kinds(&incident), [Kind::Acting, Kind::Waits]);
    assert_eq!(incident.notices[1].text, "its next action waits: the next is possible at 11:50");
}

#[test]
fn what_was_observed_is_no_reason_when_it_may_act() {
    let seen = [(0, seen(Look::Bad)), (0, Input::Tick), (0, Input::Decided(Verdict::Allow))];
    let (observed, _) = walk(Mode::Observe, seen.to_vec());
    let policy = policy(Mode::Act);
    let (deciding, _) = observed.next(&policy, Input::Tick, 9, Uuid::now_v7());
    let (acts, _) = deciding.next(&policy, Input::Decided(Verdict::Allow), 9, Uuid::now_v7());
    assert_eq!(acts.notices.last().unwrap().text, "recovery begins with \"restart\": refused");
}
