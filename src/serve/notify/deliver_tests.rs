//! A receiver that takes nothing, and what it hears first when it does again.

use super::*;
use crate::project::config::notify::Severity;
use crate::state::outbox::Put;

#[test]
fn waits_grow_to_five_minutes_and_no_further() {
    for (attempts, longest) in [(0, 2_000), (1, 4_000), (5, 64_000), (8, 300_000), (4_000_000, 300_000)] {
        let wait = wait(attempts);
        assert!((longest / 2..=longest).contains(&wait), "{wait} after {attempts}");
    }
}

#[test]
fn the_gravest_and_newest_goes_first_and_a_receiver_that_takes_nothing_is_asked_once() {
    let dir = tempfile::tempdir().unwrap();
    let (state, told) = (StateDir::at(dir.path().join("s")), dir.path().join("told"));
    let script = format!("cat >> {0}; echo >> {0}; test -e {0}.go", told.display());
    let receiver = Receiver {
        name: "ann".into(),
        via: Via::Command(vec!["sh".into(), "-c".into(), script]),
        kinds: Vec::new(),
        severity: Severity::Info,
        environments: Vec::new(),
    };
    let one = Deliverer { state: state.clone(), root: dir.path().to_owned(), scope: "s".into(), receiver };
    let control = Control::open(&state).unwrap();
    let put = |host: &str, severity: Severity| {
        let message = Message { severity, ..Message::of_check("prod", Some(host), "web", "refused", 1) };
        let body = serde_json::to_string(&message).unwrap();
        let put = Put { receiver: "ann", key: host, about: &message.about, body: &body, state: Standing::Pending };
        control.put_notice("s", &put, 1).unwrap();
    };
    let heard = || -> Vec<String> {
        let text = std::fs::read_to_string(&told).unwrap_or_default();
        let host = |line: &str| serde_json::from_str::<Message>(line).unwrap().host.unwrap();
        text.lines().map(host).collect()
    };
    for (host, severity) in [("old", Severity::Critical), ("info", Severity::Info), ("warning", Severity::Warning)] {
        put(host, severity);
    }
    let (_stop, stopped) = mpsc::channel();
    let mut rest = Rest::default();
    one.round(&control, &mut rest, &stopped).unwrap();
    assert_eq!(heard(), ["old"], "the gravest, and then it is left alone");
    put("new", Severity::Critical);
    one.round(&control, &mut rest, &stopped).unwrap();
    assert_eq!(heard(), ["old"], "it is left alone");
    assert!(rest.holds() && rest.until.unwrap() <= Instant::now() + LONGEST);
    std::fs::write(told.with_extension("go"), "").unwrap();
    // Its time is over, and that of the first try.
    (rest.until, rest.failures) = (None, 0);
    for row in control.notices(true, 9).unwrap() {
        control.notice_tried(row.id, Standing::Pending, None, 1).unwrap();
    }
    one.round(&control, &mut rest, &stopped).unwrap();
    while !control.notices(true, 9).unwrap().is_empty() {
        one.round(&control, &mut rest, &stopped).unwrap();
    }
    assert_eq!(heard(), ["old", "new", "old", "warning", "info"]);
    let mut rest = Rest::default();
    (0..40).for_each(|_| rest.went(false));
    assert!(rest.until.unwrap() <= Instant::now() + LONGEST);
    rest.went(true);
    assert!(!rest.holds());
}
