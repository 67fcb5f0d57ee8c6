//! Brings one notice to a receiver: posts it, or hands it to a program. Blocking, never longer than its limit; headers are read
//! from their file each time, so that a new token needs no restart.

use crate::health::probe::Http;
use crate::health::probe::{program, request};
use crate::project::config::notify::Target;
use crate::state::file;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A request may take so long.
const REQUEST: Duration = Duration::from_secs(10);
/// A program may take so long.
const PROGRAM: Duration = Duration::from_secs(30);

/// Posts JSON; an answer of 2xx means that it was taken. `root`: where the headers' file is looked for.
///
/// # Errors
/// Why it was not taken, in words that hold no secret.
pub fn post(root: &Path, target: &Target, url: &str, key: Option<&str>, body: String) -> Result<(), String> {
    let own = match &target.headers_file {
        Some(path) => headers(&root.join(path))?,
        None => BTreeMap::new(),
    };
    let mut headers = own.clone();
    headers.insert("Content-Type".into(), "application/json".into());
    headers.extend(key.map(|key| ("Idempotency-Key".to_owned(), key.to_owned())));
    let request = Http { method: "POST".into(), url: url.to_owned(), headers, body: Some(body), ..Http::default() };
    let answer = request::send(&request, REQUEST).map_err(|failed| failed.why)?;
    match answer.status {
        200..=299 => Ok(()),
        _ => {
            let said = without(crate::text::plain(answer.body.trim()).into_owned(), own.values());
            Err(format!("{}: {}", answer.status_line(), crate::text::cut(&said, 160))
                .trim_end_matches([':', ' '])
                .to_owned())
        }
    }
}

/// What is shorter keeps nothing secret, and stands in many words.
const SECRET: usize = 4;

/// What a server said, without the headers that it was sent: some repeat them in their refusals.
fn without<'a>(mut said: String, secrets: impl Iterator<Item = &'a String>) -> String {
    for secret in secrets {
        // The token alone, too: a server knows what stands before it.
        for part in [Some(secret.as_str()), secret.split_whitespace().next_back()].into_iter().flatten() {
            if part.len() >= SECRET {
                said = said.replace(part, "[hidden]");
            }
        }
    }
    said
}

fn headers(path: &Path) -> Result<BTreeMap<String, String>, String> {
    let text = file::read_private(path).map_err(|e| e.to_string())?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pair = |line: &str| line.split_once(':').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    let pairs: Option<BTreeMap<String, String>> = lines.map(pair).collect();
    pairs.ok_or_else(|| format!("{}: a line is no header; expected NAME: VALUE", path.display()))
}

/// Hands JSON to a program on its stdin; exit 0 means that it was taken.
///
/// # Errors
/// Why it was not.
pub fn program(root: &Path, argv: &[String], body: &str) -> Result<(), String> {
    let [name, args @ ..] = argv else { return Err("no program is named".to_owned()) };
    let mut command = Command::new(name);
    command.args(args).current_dir(root);
    let ended = program::feed(command, PROGRAM, body).map_err(|e| format!("{name}: {e}"))?;
    match ended.status {
        Some(status) if status.success() => Ok(()),
        Some(status) => {
            let said = ended.last_line().map(|line| format!(": {line}")).unwrap_or_default();
            Err(format!("{name}: {status}{said}"))
        }
        None => Err(format!("{name} did not end within {} s and was killed", PROGRAM.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn a_refusal_that_repeats_a_token_is_kept_without_it() {
        let secrets = ["Bearer hunter2".to_owned(), "ops".to_owned(), String::new()];
        for (said, kept) in [
            ("no luck with Bearer hunter2", "no luck with [hidden]"),
            ("token 'hunter2' has expired", "token '[hidden]' has expired"),
            ("it stops here", "it stops here"),
        ] {
            assert_eq!(without(said.to_owned(), secrets.iter()), kept);
        }
    }
}
