//! Each reason in its words, and their order.

use super::*;
use crate::state::outbox::Standing;

fn waits(number: u64, needs: Needs) -> Waits {
    Waits { run: Uuid::nil(), number: Some(number), environment: Some("production".into()), needs }
}

fn escalated(host: &str) -> Escalated {
    Escalated { environment: "lab".into(), policy: "web".into(), host: host.into() }
}

fn post(environment: &str, policy: bool, receiver: bool, polls: Hands, acts: Hands) -> Post {
    Post { environment: environment.into(), policy, receiver, polls, acts }
}

fn by(who: &str) -> Hands {
    Hands::Of(who.into())
}

fn nobody() -> Hands {
    Hands::Nobody(Some(("serve of ann (pid 7)".into(), 5)))
}

fn said(facts: &Facts, stale: Option<&str>) -> Vec<(Grade, String)> {
    let all = reasons(facts, Sight { stale }, &|at| format!("14:0{at}"));
    all.into_iter().map(|reason| (reason.grade, reason.long)).collect()
}

fn of_posts(posts: Vec<Post>, stale: Option<&str>) -> Vec<(Grade, String)> {
    said(&Facts { posts, ..Facts::default() }, stale)
}

#[test]
fn a_ledger_that_takes_nothing_stands_first() {
    let facts = Facts { closed: Some("the disk is full".into()), escalated: vec![escalated("h1")], ..Facts::default() };
    let words = said(&facts, None).remove(0);
    assert_eq!(words.0, Grade::Bad);
    assert!(words.1.starts_with("nothing can be recorded") && words.1.ends_with("the disk is full"), "{}", words.1);
}

#[test]
fn nothing_waits_where_somebody_polls_and_acts() {
    assert!(said(&Facts::default(), None).is_empty());
    assert!(of_posts(vec![post("lab", true, true, by("serve"), by("serve"))], Some("lab")).is_empty());
}

#[test]
fn nobody_acts_counts_only_where_somebody_should() {
    let of = |policy, receiver| of_posts(vec![post("lab", policy, receiver, by("a screen"), nobody())], None);
    let words = "nobody acts on lab since 14:05, last serve of ann (pid 7)".to_owned();
    assert_eq!(of(false, false), []);
    assert_eq!(of(true, false), [(Grade::Bad, words.clone())]);
    assert_eq!(of(false, true), [(Grade::Warning, words)]);
    let never = post("lab", true, false, by("a screen"), Hands::Nobody(None));
    let twin = post("twin", true, false, by("a screen"), nobody());
    assert_eq!(of_posts(vec![never.clone()], None), [(Grade::Bad, "nobody acts on lab".into())]);
    assert_eq!(of_posts(vec![never, twin], None), [(Grade::Bad, "nobody acts on lab, twin".into())]);
}

#[test]
fn nobody_polls_counts_only_where_somebody_should_or_looks_at_what_is_old() {
    let of = |policy, receiver, stale| of_posts(vec![post("lab", policy, receiver, nobody(), by("serve"))], stale);
    let words = "nobody polls lab since 14:05, last serve of ann (pid 7)".to_owned();
    assert_eq!(of(false, true, None), []);
    assert_eq!(of(false, false, Some("other")), []);
    assert_eq!(of(false, false, Some("lab")), [(Grade::Warning, words.clone())]);
    assert_eq!(of(true, false, None), [(Grade::Bad, words)]);
}

#[test]
fn what_cannot_be_told_is_said() {
    let unknown = || Hands::Unknown("the index cannot be read".into());
    let all = of_posts(vec![post("lab", true, false, unknown(), by("serve"))], None);
    assert_eq!(all, [(Grade::Unknown, "whether anybody polls lab is not known: the index cannot be read".into())]);
    assert!(of_posts(vec![post("lab", false, false, unknown(), unknown())], None).is_empty(), "nobody asked");
    let facts = Facts { unknown: vec!["control.db is gone".into()], ..Facts::default() };
    let words = "what waits for a person is not known: control.db is gone".to_owned();
    assert_eq!(said(&facts, None), [(Grade::Unknown, words)]);
}

#[test]
fn the_gravest_comes_first_and_each_is_counted() {
    let fires = |name: &str, critical| Fires {
        name: name.into(),
        environment: None,
        critical,
        since: 1,
        summary: String::new(),
    };
    let notice =
        |receiver: &str, count| Backlog { receiver: receiver.into(), state: Standing::Pending, count, oldest: 3 };
    let mut facts = Facts {
        releases: vec![waits(411, Needs::Resume), waits(412, Needs::Operator), waits(413, Needs::Approval)],
        escalated: vec![escalated("h1"), escalated("h2"), escalated("h3")],
        alerts: vec![fires("Slow", false)],
        undelivered: vec![notice("chat", 2), notice("pager", 1)],
        posts: vec![post("lab", true, true, nobody(), nobody())],
        ..Facts::default()
    };
    let words = |facts: &Facts| said(facts, None).into_iter().map(|(_, words)| words).collect::<Vec<_>>();
    assert_eq!(
        words(&facts),
        [
            "release #412 needs an operator on production",
            "3 incidents escalated on lab: web on h1 and 2 more",
            "nobody acts on lab since 14:05, last serve of ann (pid 7)",
            "nobody polls lab since 14:05, last serve of ann (pid 7)",
            "alert Slow fires",
            "release #413 waits for approval on production",
            "release #411 is paused on production",
            "3 notices undelivered to chat, pager since 14:03",
        ]
    );
    facts.alerts.push(fires("Down", true));
    facts.releases.push(waits(414, Needs::Operator));
    facts.escalated.truncate(1);
    let words = words(&facts);
    assert_eq!(words[0], "2 releases need an operator on production");
    assert_eq!(words[1], "incident escalated on lab: web on h1");
    assert_eq!(words[4], "2 alerts fire: Down and 1 more", "a critical one is no smaller than the rest: {words:#?}");
}

#[test]
fn a_reason_without_an_environment_may_be_about_any() {
    let fires = |environment: Option<&str>| Facts {
        alerts: vec![Fires {
            name: "Down".into(),
            environment: environment.map(str::to_owned),
            critical: false,
            since: 1,
            summary: String::new(),
        }],
        ..Facts::default()
    };
    let about = |environment, of| reasons(&fires(environment), Sight::default(), &|_| String::new())[0].is_about(of);
    assert!(about(None, "lab") && about(Some("lab"), "lab") && !about(Some("lab"), "prod"));
}
