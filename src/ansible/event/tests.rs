//! Tests of decoding: what the plugin writes, what it might, and what nobody should.

use super::*;
use proptest::prelude::*;

fn what(line: &str) -> What<'_> {
    decode(line.as_bytes()).unwrap().what
}

#[test]
fn a_result_is_borrowed_from_its_line() {
    let line = r#"{"n":7,"t":1,"m":2,"e":"ok","k":3,"h":"web1","changed":true,"to":"db1","r":{"rc":0,"msg":"done"}}"#;
    let What::Result(Outcome::Changed, result) = what(line) else { panic!("not a change") };
    assert_eq!((result.task, &*result.host, result.delegated_to.as_deref()), (Some(3), "web1", Some("db1")));
    assert!(matches!(result.host, Cow::Borrowed(_)));
    assert_eq!(result.body.unwrap().get(), r#"{"rc":0,"msg":"done"}"#);
    assert_eq!(result.message().as_deref(), Some("done"));
}

#[test]
fn unknown_events_and_fields_are_tolerated() {
    let What::Unknown(name) = what(r#"{"n":1,"t":1,"m":2,"e":"telepathy","zz":[1,{}]}"#) else { panic!("known?") };
    assert_eq!(name, "telepathy");
    assert!(matches!(
        what(r#"{"n":1,"t":1,"m":2,"e":"start","k":null,"h":"a","zz":1}"#),
        What::Start { task: None, .. }
    ));
}

#[test]
fn a_known_event_without_its_host_says_so() {
    let error = decode(br#"{"n":1,"t":1,"m":2,"e":"failed","k":0}"#).unwrap_err();
    assert_eq!(error.to_string(), "a `failed` event without `h`");
}

#[test]
fn recap_counts_come_in_ansibles_order() {
    let What::Stats(hosts) = what(r#"{"n":9,"t":1,"m":2,"e":"stats","hosts":{"a\"b":[1,2,3,4,5,6,7]}}"#) else {
        panic!("no recap")
    };
    let expected = Tally { ok: 1, changed: 2, failed: 3, unreachable: 4, skipped: 5, rescued: 6, ignored: 7 };
    assert_eq!(hosts["a\"b"], expected);
}

/// Lines as the plugin writes them, to be mutated.
const LINES: [&str; 8] = [
    r#"{"n":1,"t":1795418091243,"m":1651131,"e":"hello","core":"2.19.14","pid":15446,"python":"3.11.7","config":null,"check":false,"diff":false,"forks":5}"#,
    r#"{"n":2,"t":1,"m":1,"e":"plan","plays":[{"name":"One","hosts":"all","tasks":11},{"name":"x","hosts":"n","tasks":null}]}"#,
    r#"{"n":3,"t":1,"m":1,"e":"play","name":"One","id":"02fc","hosts":["h1","h\u00e92"],"strategy":"linear"}"#,
    r#"{"n":4,"t":1,"m":1,"e":"task","k":0,"name":"say h1","action":"command","handler":true,"path":"/p.yml:5"}"#,
    r#"{"n":5,"t":1,"m":1,"e":"failed","k":0,"h":"h1","ignored":true,"diff":true,"r":{"msg":"\ud83d\ude00","rc":1}}"#,
    r#"{"n":6,"t":1,"m":1,"e":"item_failed","k":0,"h":"h1","item":"a","r":{"stderr":"x"}}"#,
    r#"{"n":7,"t":1,"m":1,"e":"stats","hosts":{"h1":[1,2,3,4,5,6,7]}}"#,
    r#"{"n":8,"t":1,"m":1,"e":"dropped","count":2,"why":"disk"}"#,
];

fn poke(line: &[u8]) {
    if let Ok(event) = decode(line)
        && let What::Result(_, r) | What::Item(_, r) | What::Retry(r) | What::Async(_, r) = &event.what
    {
        let _ = r.message();
    }
}

proptest! {
    #![proptest_config(crate::cases::cases(256))]

    #[test]
    fn arbitrary_bytes_never_panic(line in proptest::collection::vec(any::<u8>(), 0..300)) {
        poke(&line);
    }

    #[test]
    fn mutated_lines_never_panic(
        pick in 0..LINES.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..6),
    ) {
        let mut line = LINES[pick].as_bytes().to_vec();
        for (at, byte, how) in edits {
            if line.is_empty() { break; }
            let at = at.index(line.len());
            match how {
                0 => line[at] = byte,
                1 => line.insert(at, byte),
                _ => line.truncate(at),
            }
        }
        poke(&line);
    }

    #[test]
    fn any_host_and_message_come_back(host in "\\PC{1,20}", msg in any::<String>()) {
        let line = serde_json::json!({"n": 1, "t": 2, "m": 3, "e": "failed", "k": 4, "h": host, "r": {"msg": msg}});
        let line = line.to_string();
        let What::Result(Outcome::Failed, result) = what(&line) else { panic!("not a failure") };
        prop_assert_eq!(&*result.host, &*host);
        prop_assert_eq!(result.message(), (!msg.trim().is_empty()).then_some(msg));
    }
}
