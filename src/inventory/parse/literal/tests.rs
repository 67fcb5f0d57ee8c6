//! The typing table of INI values. `tests/engine/inventory.rs` compares many more with Python itself.

use super::eval;
use crate::inventory::dump::Dump;

fn json(source: &str) -> String {
    match eval(source) {
        Ok(value) => {
            let mut dump = Dump::default();
            dump.value(&value);
            dump.out.split_whitespace().collect::<Vec<_>>().join("")
        }
        Err(why) => format!("declined: {why}"),
    }
}

#[test]
fn literals() {
    for (source, want) in [
        ("80", "80"),
        ("80 # c", "80"),
        ("1_000", "1000"),
        ("0x1F", "31"),
        ("0xFFFFFFFFFFFFFFFFFF", "4722366482869645213695"),
        ("1e3", "1000.0"),
        (".5", "0.5"),
        ("-5", "-5"),
        ("+ 5", "5"),
        ("-(5)", "-5"),
        ("True", "true"),
        ("None", "null"),
        ("'a' 'b'", "\"ab\""),
        ("(1, 'x')", "[1,\"x\"]"),
        ("1, 2", "[1,2]"),
        ("1,", "[1]"),
        ("(1)", "1"),
        ("()", "[]"),
        ("[1, [2,], {'a': None}]", "[1,[2],{\"a\":null}]"),
        ("b'x'", "{\"__ansible_unsafe\":\"x\"}"),
        ("{'x'}", "[\"x\"]"),
        ("...", "\"...\""),
        ("\"\\x41\\u00e9\\q\"", "\"Aé\\\\q\""),
        ("r'\\n'", "\"\\\\n\""),
        ("set()", "[]"),
        ("1j", "\"1j\""),
        ("2.50J", "\"2.5j\""),
    ] {
        assert_eq!(json(source), want, "{source}");
    }
}

#[test]
fn text_where_python_refuses() {
    for source in [
        "true",
        "yes",
        "0777",
        "1__0",
        "_1",
        "1a",
        "--5",
        "-True",
        "a,b",
        "1 2",
        "[1",
        "1 +1",
        "f'x'",
        "'a' b'c'",
        "",
        "foo # c",
        "{{ foo }}",
        "{'a': b}",
        "08",
        "0x",
        "1.2.3.4",
        "[a]",
        "5 if 1 else 2",
        "u",
        "'open",
        "(,)",
        "[,]",
    ] {
        let mut want = String::new();
        crate::inventory::dump::text(&mut want, source);
        assert_eq!(json(source), want.split_whitespace().collect::<Vec<_>>().join(""), "{source}");
    }
}

#[test]
fn declines_what_python_does_in_its_own_way() {
    for source in ["{1, 2}", "{{ 5 }}", "{{}}", "1+2j", "-2j", "{1: 2}", "'\\N{DASH}'", "{[1]}"] {
        assert!(json(source).starts_with("declined"), "{source}: {}", json(source));
    }
}
