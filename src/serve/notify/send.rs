//! Brings one notice to a receiver: posts it, or hands it to a program. Blocking, never longer than its limit; headers and
//! addresses are read from their files each time, so that a new token needs no restart.

use crate::health::probe::Http;
use crate::health::probe::{program, request};
use crate::project::config::notify::{Address, Target};
use crate::state::file;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A request may take so long.
const REQUEST: Duration = Duration::from_secs(10);
/// A program may take so long.
const PROGRAM: Duration = Duration::from_secs(30);

/// Posts JSON; an answer of 2xx means that it was taken. `root`: where files are looked for; `below`: a path that the address
/// is continued by.
///
/// # Errors
/// Why it was not taken, in words that hold no secret.
pub fn post(root: &Path, target: &Target, below: &str, key: Option<&str>, body: String) -> Result<(), String> {
    let own = match &target.headers_file {
        Some(path) => headers(&root.join(path))?,
        None => BTreeMap::new(),
    };
    let (url, hidden) = address(root, &target.address)?;
    let secrets: Vec<&str> = own.values().chain(&hidden).map(String::as_str).collect();
    let url = if below.is_empty() { url } else { format!("{}{below}", url.trim_end_matches('/')) };
    let mut headers = own.clone();
    headers.insert("Content-Type".into(), "application/json".into());
    headers.extend(key.map(|key| ("Idempotency-Key".to_owned(), key.to_owned())));
    let request = Http { method: "POST".into(), url, headers, body: Some(body), ..Http::default() };
    let answer = request::send(&request, REQUEST).map_err(|failed| without(failed.why, &secrets))?;
    match answer.status {
        200..=299 => Ok(()),
        _ => {
            let said = without(crate::text::plain(answer.body.trim()).into_owned(), &secrets);
            Err(format!("{}: {}", answer.status_line(), crate::text::cut(&said, 160))
                .trim_end_matches([':', ' '])
                .to_owned())
        }
    }
}

/// What is shorter keeps nothing secret, and stands in many words.
const SECRET: usize = 4;
/// Parts of an address that are shorter are words.
const TOKEN: usize = 12;

/// What a server said, without the headers and the address that it was sent: some repeat them in their refusals.
fn without(mut said: String, secrets: &[&str]) -> String {
    for secret in secrets {
        // The token alone, too: a server knows what stands before it.
        for part in [Some(*secret), secret.split_whitespace().next_back()].into_iter().flatten() {
            if part.len() >= SECRET {
                said = said.replace(part, "[hidden]");
            }
        }
    }
    said
}

/// The address, and what of it must not be repeated: all that stands behind the host.
pub(super) fn address(root: &Path, address: &Address) -> Result<(String, Vec<String>), String> {
    let path = match address {
        Address::Url(url) => return Ok((url.clone(), Vec::new())),
        Address::File(path) => root.join(path),
    };
    let text = file::read_private(&path).map_err(|e| e.to_string())?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (Some(url), None) = (lines.next(), lines.next()) else {
        return Err(format!("{}: expected one line, https://host/path", path.display()));
    };
    let secret = url.split_once("://").and_then(|(_, rest)| rest.find(['/', '?']).map(|at| &rest[at..]));
    let secret = secret.unwrap_or(url);
    let parts = secret.split(['/', '?', '&', '=']).filter(|part| part.len() >= TOKEN);
    Ok((url.to_owned(), [url, secret].into_iter().chain(parts).map(str::to_owned).collect()))
}

pub(super) fn headers(path: &Path) -> Result<BTreeMap<String, String>, String> {
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
    use super::{Address, address, without};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_refusal_that_repeats_a_token_is_kept_without_it() {
        let secrets = ["Bearer hunter2", "ops", ""];
        for (said, kept) in [
            ("no luck with Bearer hunter2", "no luck with [hidden]"),
            ("token 'hunter2' has expired", "token '[hidden]' has expired"),
            ("it stops here", "it stops here"),
        ] {
            assert_eq!(without(said.to_owned(), &secrets), kept);
        }
    }

    #[test]
    fn an_address_that_is_a_secret_is_read_from_a_file_of_its_owner_and_repeated_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let (file, read) = (folder.path().join("place"), || address(folder.path(), &Address::File("place".into())));
        let write = |text: &str, mode: u32| {
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        assert!(read().unwrap_err().contains("place"), "there is none");
        let url = "https://chat.example/services/T1/xoxb-0123456789";
        write(&format!("# ours\n{url}\n"), 0o644);
        assert!(read().unwrap_err().contains("chmod 600"), "others may read it");
        write("https://a\nhttps://b\n", 0o600);
        assert!(read().unwrap_err().contains("expected one line"));
        write(&format!("# ours\n{url}\n"), 0o600);
        let (found, hidden) = read().unwrap();
        let secrets: Vec<&str> = hidden.iter().map(String::as_str).collect();
        assert_eq!(found, url);
        for (said, kept) in [
            ("404 at /services/T1/xoxb-0123456789", "404 at [hidden]"),
            ("no xoxb-0123456789 here", "no [hidden] here"),
            ("chat.example: Connection refused", "chat.example: Connection refused"),
        ] {
            assert_eq!(without(said.to_owned(), &secrets), kept);
        }
    }
}
