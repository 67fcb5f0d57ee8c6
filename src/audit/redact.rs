//! Secrets out of records, before they are hashed: by the names of keys, and by `name=value` inside texts.
//!
//! Too much redacted is a nuisance, too little a leak: names that only look secret lose their values too.

use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;

/// What stands in place of a secret.
pub const REDACTED: &str = "[redacted]";

const NAMES: &str = r"(?:[\w.-]*(?:passw|passphrase|secret|token|api[_-]?key|private[_-]?key|credential)[\w.-]*|(?:[\w.-]*[_-])?(?:pass|pw|pin|auth))";

#[allow(clippy::expect_used, reason = "constant patterns; every test of this file compiles them")]
static PATTERNS: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    let value = r#"(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s,;&"'}]\S*)"#;
    [
        format!(r#"(?i)(?P<keep>\b{NAMES}["']?\s*[=:]\s*){value}"#),
        format!(r"(?i)(?P<keep>--?{NAMES}\s+){value}"),
        r"(?i)(?P<keep>\bbearer\s+)[\w.~+/=-]+".to_owned(),
        r"(?P<keep>\w://[^\s/:@]*:)[^\s/@]+(?:@)".to_owned(),
    ]
    .map(|pattern| Regex::new(&pattern).expect("a constant pattern"))
});

static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&format!("(?i)^{NAMES}$")).ok());

/// True if a key of this name holds a secret: `become_password`, `api_key`, `GITHUB_TOKEN` ...
pub fn is_secret_name(name: &str) -> bool {
    NAME.as_ref().is_none_or(|pattern| pattern.is_match(name))
}

/// The text without values of secret names.
pub fn text(text: &str) -> String {
    let mut out = text.to_owned();
    for (i, pattern) in PATTERNS.iter().enumerate() {
        let end = if i == 3 { "@" } else { "" };
        out = pattern.replace_all(&out, format!("${{keep}}{REDACTED}{end}")).into_owned();
    }
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
        // `--vault-password-file F` names a file, not a secret
        let flag = arg.strip_prefix("--").filter(|name| !name.ends_with("file") && !name.contains('='));
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
