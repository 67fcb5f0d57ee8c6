//! Secrets out of records, before they are hashed: by the names of keys, by `name=value` inside texts, and by their shape.
//!
//! Too much redacted is a nuisance, too little a leak: names that only look secret lose their values too.

use super::looks::{is_name as is_secret_name, without_shapes};
use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;

/// What stands in place of a secret.
pub const REDACTED: &str = "[redacted]";

/// A key and what parts it from its value, and a flag whose value is the next word.
const KEY: &str = r#"\b(?P<name>\w[\w.-]*)["']?\s*[=:]\s*"#;
const FLAG: &str = r"\B--?(?P<name>\w[\w-]*)\s+";
/// A value; the scheme of an `Authorization` is none of it.
const VALUE: &str = r#"^(?P<scheme>(?i:(?:basic|bearer|digest|negotiate|token)\s+)?)(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s,;&"'}]\S*)"#;

#[allow(clippy::expect_used, reason = "constant patterns; every test of this file compiles them")]
static PATTERNS: LazyLock<[Regex; 3]> =
    LazyLock::new(|| [KEY, FLAG, VALUE].map(|pattern| Regex::new(pattern).expect("a constant pattern")));

/// The text without values of secret names, and without what is a secret by its shape.
pub fn text(text: &str) -> String {
    let [key, flag, _] = &*PATTERNS;
    // Shapes first: what a name hides may be the beginning of one.
    named(&named(&without_shapes(text, REDACTED), key), flag)
}

fn named(text: &str, key: &Regex) -> String {
    let (mut out, mut kept, mut from) = (String::with_capacity(text.len()), 0, 0);
    while let Some(found) = key.captures_at(text, from) {
        // What is no secret is looked through for more: `msg: token=...`.
        from = found.get(0).map_or(text.len(), |whole| whole.end());
        let (Some(rest), true) = (text.get(from..), is_secret_name(&found["name"])) else { continue };
        let Some(value) = PATTERNS[2].captures(rest) else { continue };
        let scheme = from + value["scheme"].len();
        let end = from + value[0].len();
        if text[scheme..end].starts_with(REDACTED) {
            from = scheme + REDACTED.len();
            continue;
        }
        out.push_str(&text[kept..scheme]);
        out.push_str(REDACTED);
        (kept, from) = (end, end);
    }
    out.push_str(&text[kept..]);
    out
}

/// The value without values of secret names, at every depth.
pub fn value(value: Value) -> Value {
    match value {
        Value::String(s) => Value::String(text(&s)),
        Value::Array(items) => Value::Array(items.into_iter().map(self::value).collect()),
        Value::Object(entries) => Value::Object(
            entries
                .into_iter()
                .map(|(key, inner)| {
                    let plain = !is_secret_name(&key) || inner.is_null() || inner.is_boolean();
                    let inner = if plain { self::value(inner) } else { Value::String(REDACTED.into()) };
                    (key, inner)
                })
                .collect(),
        ),
        other => other,
    }
}

/// The arguments without secrets; a flag may name the secret that the next argument is.
pub fn argv(argv: &[String]) -> Vec<String> {
    let mut out = Vec::with_capacity(argv.len());
    let mut secret = false;
    for arg in argv {
        out.push(if secret { REDACTED.to_owned() } else { text(arg) });
        let flag = arg.strip_prefix("--").filter(|name| !name.contains('='));
        secret = flag.is_some_and(is_secret_name);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_secret_names_go_and_the_rest_stays() {
        for (before, after) in [
            ("name=nginx state=restarted", "name=nginx state=restarted"),
            ("url=x url_password=S3 force=yes", "url=x url_password=[redacted] force=yes"),
            ("password: 'a b' x=1", "password: [redacted] x=1"),
            (r#"{"db_pass": "a\"b", "x": 1}"#, r#"{"db_pass": [redacted], "x": 1}"#),
            ("mysql --password S3 -u x", "mysql --password [redacted] -u x"),
            ("curl -H 'Authorization: Bearer abc.def'", "curl -H 'Authorization: Bearer [redacted]'"),
            ("git clone https://me:S3@host/x", "git clone https://me:[redacted]@host/x"),
            ("bypass=true compass=north", "bypass=true compass=north"),
            ("msg: token=S3 x", "msg: token=[redacted] x"),
            ("Authorization: Basic abcdef", "Authorization: Basic [redacted]"),
            ("private_key=-----BEGIN PRIVATE KEY-----\nS3", "private_key=[redacted] PRIVATE KEY-----[redacted]"),
            ("--token-file F --pgpwd S3 --cookie-name c", "--token-file F --pgpwd [redacted] --cookie-name c"),
        ] {
            assert_eq!(text(before), after);
        }
    }

    #[test]
    fn keys_are_judged_at_every_depth() {
        let before = json!({"a": {"api_key": "S3", "n": 1}, "list": [{"token": ["S3"]}], "has_password": true});
        let after = json!({"a": {"api_key": REDACTED, "n": 1}, "list": [{"token": REDACTED}], "has_password": true});
        assert_eq!(value(before), after);
    }

    #[test]
    fn a_flag_that_names_a_secret_hides_the_next_argument() {
        let args = ["x", "--api-token", "S3", "--vault-password-file", "f", "-e", "db_password=S3"].map(String::from);
        let expected = ["x", "--api-token", REDACTED, "--vault-password-file", "f", "-e", "db_password=[redacted]"];
        assert_eq!(argv(&args), expected);
    }
}
