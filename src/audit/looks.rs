//! What looks like a secret: by the name of its key, and by its own shape. Nobody else decides it.
//!
//! A name is read word by word (`slackWebhookURL` is slack, webhook, url): one that only tells of a secret (`token_count`,
//! `password_file`, `cookie_name`) is none.

use regex::Regex;
use std::sync::LazyLock;

/// Secret wherever they stand in a word: `PGPASSWORD`, `mysecrets`, `dbcredentials`.
const INSIDE: &[&str] = &["passw", "passphrase", "secret", "apikey", "privatekey", "credential"];
/// Words that only look so.
const HARMLESS: &[&str] = &["passwordless", "secretary", "secretaries", "secretariat"];
/// Secret where a word ends with them, and only another word of the name may follow: `githubtoken`.
const ENDS: &[&str] = &["token", "passcode", "pwd"];
/// Secret as the last word of a name.
const LAST: &[&str] = &[
    "pass",
    "pw",
    "pin",
    "otp",
    "auth",
    "authorization",
    "creds",
    "cookie",
    "signature",
    "webhook",
    "dsn",
    "bearer",
    "jwt",
];
/// Whose `pass` and `pw` it is, written as one word: `pgpass`, `rootpw`; but `bypass` and `compass`.
const WHOSE: &[&str] = &[
    "admin", "db", "ftp", "ldap", "login", "mail", "my", "mysql", "pg", "redis", "root", "smtp", "ssh", "sudo", "user",
    "vault",
];
/// Two words that are a secret, wherever they stand.
const PAIRS: &[(&str, &str)] = &[
    ("api", "key"),
    ("private", "key"),
    ("access", "key"),
    ("signing", "key"),
    ("encryption", "key"),
    ("master", "key"),
    ("shared", "key"),
    ("account", "key"),
    ("connection", "string"),
];
/// A name that ends so tells of a secret and holds none.
const ABOUT: &[&str] = &[
    "age",
    "alg",
    "algorithm",
    "count",
    "days",
    "dir",
    "directory",
    "domain",
    "enabled",
    "endpoint",
    "expires",
    "expiry",
    "field",
    "file",
    "files",
    "format",
    "header",
    "host",
    "hours",
    "issuer",
    "length",
    "lifetime",
    "limit",
    "max",
    "method",
    "min",
    "minute",
    "minutes",
    "mode",
    "name",
    "names",
    "path",
    "paths",
    "policy",
    "port",
    "prompt",
    "required",
    "second",
    "seconds",
    "size",
    "timeout",
    "ttl",
    "type",
    "uri",
    "url",
    "version",
];
/// Nor one that begins so.
const AMOUNT: &[&str] = &["max", "min", "num"];

/// True if a key of this name holds a secret: `become_password`, `apiKey`, `GITHUB_TOKEN`, `slack_webhook_url` ...
pub fn is_name(name: &str) -> bool {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return false };
    // The address itself is the secret.
    if words.len() > 1 && words[words.len() - 2] == "webhook" && singular(last) == "url" {
        return true;
    }
    if ABOUT.contains(last) || AMOUNT.contains(first) {
        return false;
    }
    let whose = |end: &str| last.strip_suffix(end).is_some_and(|whose| WHOSE.contains(&whose));
    LAST.contains(last)
        || LAST.contains(&singular(last)) && !matches!(*last, "passes" | "pins")
        || whose("pass")
        || whose("pw")
        || words.iter().any(|word| {
            INSIDE.iter().any(|part| word.contains(part)) && !HARMLESS.contains(word)
                || ENDS.iter().any(|end| singular(word).ends_with(end))
        })
        || words.windows(2).any(|two| PAIRS.contains(&(two[0], singular(two[1]))))
}

fn singular(word: &str) -> &str {
    word.strip_suffix('s').filter(|one| !one.ends_with('s')).unwrap_or(word)
}

/// Its words, in small letters and without a number behind them.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let letters: Vec<char> = name.chars().collect();
    for (i, c) in letters.iter().enumerate() {
        let next = letters.get(i + 1).is_some_and(|next| next.is_lowercase());
        let hump = i > 0 && c.is_uppercase() && (!letters[i - 1].is_uppercase() || next);
        if !c.is_alphanumeric() || hump {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    let bare = |word: String| word.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    words.into_iter().map(bare).filter(|word| !word.is_empty()).collect()
}

/// Shapes of secrets; what `keep` and `rest` hold of them may stay.
const SHAPES: &[&str] = &[
    // `scheme://user:password@host`, up to the last @ before the path
    r"(?P<keep>\b[a-zA-Z][\w+.-]*://[^\s/:@]*:)[^\s/]+(?P<rest>@)",
    r"(?s)(?P<keep>-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----).*?(?P<rest>-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)",
    r"(?i)(?P<keep>\bhttps://hooks\.slack(?:-gov)?\.com/)(?:services|workflows|triggers)/[^\s\x22']+(?P<rest>)",
    r"(?i)(?P<keep>\bhttps://(?:\w+\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/)[^\s\x22']+(?P<rest>)",
    r"(?i)(?P<keep>\bhttps://(?:[\w-]+\.webhook|outlook)\.office(?:365)?\.com/webhook)[^\s\x22']+(?P<rest>)",
    r"(?i)(?P<keep>\bhttps://[\w.-]+\.logic\.azure\.com[^\s\x22']*?[?&]sig=)[^\s\x22'&]+(?P<rest>)",
    r"(?i)(?P<keep>\bhttps://api\.telegram\.org/bot)[^\s\x22'/]+(?P<rest>)",
    r"(?i)(?P<keep>\bbearer\s+)[\w.~+/=-]*[\d._~+/=-][\w.~+/=-]*(?P<rest>)",
    // Tokens that say by their beginning whose they are.
    r"(?P<keep>)\bgh[pousr]_[A-Za-z0-9]{16,}(?P<rest>)",
    r"(?P<keep>)\bgithub_pat_\w{20,}(?P<rest>)",
    r"(?P<keep>)\bgl(?:pat|dt|rt|ptt|cbt)-[\w-]{16,}(?P<rest>)",
    r"(?P<keep>)\bxox[a-z]-[\w-]{10,}(?P<rest>)",
    r"(?P<keep>)\b(?:AKIA|ASIA)[A-Z0-9]{16}\b(?P<rest>)",
    r"(?P<keep>)\bAIza[\w-]{30,}(?P<rest>)",
    r"(?P<keep>)\b[sr]k_(?:live|test)_[A-Za-z0-9]{10,}(?P<rest>)",
    r"(?P<keep>)\bhv[sbr]\.[\w-]{20,}(?P<rest>)",
    r"(?P<keep>)\bnpm_[A-Za-z0-9]{30,}(?P<rest>)",
    r"(?P<keep>)\beyJ[\w-]{6,}\.[\w-]{6,}\.[\w-]{6,}(?P<rest>)",
];

#[allow(clippy::expect_used, reason = "constant patterns; every test of this file compiles them")]
static PATTERNS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| SHAPES.iter().map(|shape| Regex::new(shape).expect("a constant pattern")).collect());

/// The text with `instead` in the place of every secret that is known by its shape.
pub fn without_shapes(text: &str, instead: &str) -> String {
    let put = format!("${{keep}}{instead}${{rest}}");
    PATTERNS.iter().fold(text.to_owned(), |out, shape| match shape.is_match(&out) {
        true => shape.replace_all(&out, &put).into_owned(),
        false => out,
    })
}

#[cfg(test)]
#[path = "looks_tests.rs"]
mod tests;
