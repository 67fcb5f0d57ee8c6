//! Which version runs on a host, asked and never assumed; and steps that are one request.

use super::event::StepOutcome;
use super::plan::{Http, VersionProbe};
use crate::health::probe::request::{self, Failed};
use crate::health::probe::survey::{self, Answer, Place};
use crate::health::probe::target::Target;
use crate::health::probe::{fan, mismatch};
use crate::text::{cut, plain};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Longest version that is kept (columns).
const LONGEST: usize = 80;

/// Asks every host, all within `limit`; `None`: it could not be told. In the order of `hosts`; blocking, for a thread.
pub fn versions(
    probe: &VersionProbe,
    hosts: &[Target],
    place: &Place,
    limit: Duration,
) -> Vec<(String, Option<String>)> {
    let mut told = match probe {
        VersionProbe::Command { command } => through_ansible(&json!({ "cmd": command }), hosts, place, limit),
        // The first word is in the first bytes, however large the file is.
        VersionProbe::File { path } => {
            through_ansible(&json!({ "argv": ["head", "-c", "4096", "--", path] }), hosts, place, limit)
        }
        VersionProbe::Http { url, header, key } => {
            over_http(url, header.as_deref(), key.as_deref(), hosts, Instant::now() + limit)
        }
    };
    hosts.iter().map(|host| (host.name.clone(), told.remove(&host.name))).collect()
}

fn through_ansible(args: &Value, hosts: &[Target], place: &Place, limit: Duration) -> BTreeMap<String, String> {
    let names: Vec<&str> = hosts.iter().map(|h| h.name.as_str()).collect();
    if names.is_empty() {
        return BTreeMap::new();
    }
    let answers = survey::ask(place, &names, "ansible.builtin.command", args, limit).unwrap_or_else(|why| {
        tracing::warn!("hosts could not be asked for their version: {why}");
        BTreeMap::new()
    });
    let version = |answer| match answer {
        Answer::Said(result) => word(result["stdout"].as_str()?),
        Answer::Failed(_) | Answer::Unreachable(_) => None,
    };
    answers.into_iter().filter_map(|(host, answer)| Some((host, version(answer)?))).collect()
}

fn over_http(
    url: &str,
    header: Option<&str>,
    key: Option<&str>,
    hosts: &[Target],
    deadline: Instant,
) -> BTreeMap<String, String> {
    let (header, key) = (header.map(str::to_owned), key.map(str::to_owned));
    let answers = fan::out(&[url], hosts, deadline, move |texts, left| {
        let request = Http { method: "GET".into(), url: texts[0].clone(), ..Http::default() };
        let answer = request::send(&request, left).ok().filter(|a| (200..300).contains(&a.status))?;
        match &header {
            Some(name) => answer.header(name).and_then(word),
            None => in_body(&answer.body, key.as_deref()),
        }
    });
    // An address without a host's name in it tells nothing of any one host.
    answers.into_iter().filter_map(|(host, version)| Some((host?, version??))).collect()
}

/// The version in a body: its first word, or that of a key (`build.version`: a key within a key) where it is JSON.
fn in_body(body: &str, key: Option<&str>) -> Option<String> {
    let Some(key) = key else { return word(body) };
    let json: Value = serde_json::from_str(body).ok()?;
    let found = json.get(key).or_else(|| key.split('.').try_fold(&json, |at, part| at.get(part)))?;
    match found {
        Value::String(text) => word(text),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// The first word, safe to store and to show.
fn word(text: &str) -> Option<String> {
    let safe = plain(text.split_whitespace().next()?).into_owned();
    Some(cut(&safe, LONGEST).to_owned()).filter(|word| !word.is_empty())
}

/// Sends the request of a step: how it ended, why, and whether it may go well another time.
pub fn send(request: &Http, limit: Duration) -> (StepOutcome, String, bool) {
    match request::send(request, limit) {
        Ok(answer) => match mismatch(request, &answer) {
            None => (StepOutcome::Ok, format!("answered {}", answer.status), false),
            Some(why) => (StepOutcome::Failed, why, answer.status == 429 || answer.status >= 500),
        },
        Err(Failed { why, transient, .. }) => (StepOutcome::Failed, why, transient),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_one_safe_word() {
        assert_eq!(word("  1.2.3 (stable)\n").as_deref(), Some("1.2.3"));
        assert_eq!(word("\u{1b}[31m1.2\u{202e}.3").as_deref(), Some("1.2.3"));
        assert_eq!(word(" \n"), None);
        assert_eq!(word("\u{1b}[31m"), None);
        assert_eq!(word(&"9".repeat(1000)).unwrap().len(), LONGEST);
        let json = r#"{"version": "2.0 x", "build": {"number": 17}, "a.b": "3"}"#;
        for (key, expected) in
            [("version", Some("2.0")), ("build.number", Some("17")), ("a.b", Some("3")), ("build", None), ("no", None)]
        {
            assert_eq!(in_body(json, Some(key)).as_deref(), expected, "{key}");
        }
        assert_eq!(in_body("2.1\n", None).as_deref(), Some("2.1"));
        assert_eq!(in_body("2.1\n", Some("version")), None);
    }
}
