//! A clock that is set is one that was written down otherwise at the last look.

use super::*;
use crate::state::StateDir;
use crate::state::breakers::BreakerRow;
use crate::state::outbox::{Put, Standing};
use crate::state::recovery::{IncidentRow, Token};
use uuid::Uuid;

const HOUR: i64 = 3_600_000;
const BODY: &str = r#"{"since":7000000,"well":null,"called_at":0,"state":{"state":"open","until":9000000},"results":[{"began":1000000,"ended":2000000,"ok":true}],"forced":{"until":9000000,"at":5000000},"notices":[{"key":"k","at":6000000}],"attempt":3}"#;

/// A control.db with a token, a notice, a breaker and an incident of these moments, looked at once.
fn control(at: i64, body: &str) -> (tempfile::TempDir, Control) {
    let dir = tempfile::tempdir().unwrap();
    let control = Control::open(&StateDir::at(dir.path())).unwrap();
    let token = Token {
        run: Uuid::now_v7(),
        number: 0,
        environment: "prod".into(),
        service: "web".into(),
        host: "w1".into(),
        action: "restart".into(),
        at,
        helped: None,
    };
    control.take_token(&token).unwrap();
    let put = Put { receiver: "ann", key: "k", about: "a", body: "{}", state: Standing::Pending };
    control.put_notice("s", &put, at).unwrap();
    let (key, environment) = ("fleet:prod".to_owned(), "prod".to_owned());
    control.put_breakers(&[BreakerRow { key, environment: None, body: body.to_owned() }]).unwrap();
    let (policy, host) = ("web".to_owned(), "w1".to_owned());
    control.put_incident(&IncidentRow { environment, policy, host, body: body.to_owned() }).unwrap();
    control.in_step().unwrap();
    (dir, control)
}

/// The wall clock is set by so much since the last look.
fn set(control: &Control, by: i64) {
    control.db.execute("UPDATE clock SET ahead = ahead - ?1", [by]).unwrap();
    control.in_step().unwrap();
}

fn bodies(control: &Control) -> [String; 2] {
    [control.breaker("fleet:prod").unwrap().unwrap(), control.incidents(None).unwrap()[0].body.clone()]
}

#[test]
fn moments_go_with_the_clock_and_those_of_the_calendar_stay() {
    for by in [-HOUR, 24 * HOUR] {
        let (_dir, control) = control(HOUR, BODY);
        set(&control, by);
        // Between the two looks a moment went by.
        let at = |control: &Control| control.tokens(i64::MIN).unwrap()[0].at;
        let (asked, by) = (by, at(&control) - HOUR);
        assert!((by - asked).abs() < STEP);
        let notice = control.notices(false, 1).unwrap().remove(0);
        assert_eq!((notice.created_at, notice.next_at), (HOUR + by, HOUR + by));
        let moved = |at: i64| (at + by).to_string();
        let expected = [9_000_000, 7_000_000, 6_000_000, 2_000_000, 1_000_000]
            .iter()
            .fold(BODY.to_owned(), |body, at| body.replace(&at.to_string(), &moved(*at)))
            .replace(&format!(r#""forced":{{"until":{}"#, moved(9_000_000)), r#""forced":{"until":9000000"#);
        assert_eq!(bodies(&control), [expected.clone(), expected]);
        set(&control, -by);
        assert!((at(&control) - HOUR).abs() < STEP, "and back");
    }
}

#[test]
fn a_moment_is_no_step_and_many_of_them_are_one() {
    let (_dir, control) = control(HOUR, BODY);
    control.db.execute("UPDATE clock SET ahead = ahead + 1200", []).unwrap();
    control.in_step().unwrap();
    assert_eq!(control.tokens(0).unwrap()[0].at, HOUR);
    control.db.execute("UPDATE clock SET ahead = ahead + 1200", []).unwrap();
    control.in_step().unwrap();
    assert!((HOUR - 2_500..HOUR - 2_000).contains(&control.tokens(0).unwrap()[0].at), "as far as it was set in all");
}

#[test]
fn after_a_boot_nothing_lies_in_the_future_and_what_is_past_stays() {
    let later = wall() + HOUR;
    let body = BODY.replace("7000000", &later.to_string()).replace("9000000", &(later + 60_000).to_string());
    let (_dir, control) = control(later, &body);
    let now = wall();
    for other in ["UPDATE clock SET boot = 'x'", "DROP TABLE clock"] {
        control.db.execute(other, []).unwrap();
        control.in_step().unwrap();
        let at = control.tokens(0).unwrap()[0].at;
        assert!((now - 60_000..=wall()).contains(&at), "{other}: {at}");
        for body in bodies(&control) {
            let body: Value = serde_json::from_str(&body).unwrap();
            let (since, until) = (body["since"].as_i64().unwrap(), body["state"]["until"].as_i64().unwrap());
            assert!(since <= wall() && since > now - 60_000, "{other}: {body}");
            assert_eq!(until - since, 60_000, "it is open as long as it was");
        }
    }
    let (_dir, past) = super::tests::control(HOUR, BODY);
    past.db.execute("UPDATE clock SET boot = 'x'", []).unwrap();
    past.in_step().unwrap();
    assert_eq!((past.tokens(0).unwrap()[0].at, bodies(&past)), (HOUR, [BODY.to_owned(), BODY.to_owned()]));
}
