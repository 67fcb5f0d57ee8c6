//! A request that must be answered as expected. A service that refuses or does not answer fails; one that could not even be
//! asked (a name without address, a certificate that nobody trusts) was not measured.

use super::request::{self, Answer, Failed, Http};
use super::target::Target;
use super::{One, Seen, Verdict, each};
use crate::text::human;
use std::time::{Duration, Instant};

/// What is needed, in words.
pub fn need(request: &Http) -> String {
    let mut need = match request.status.as_slice() {
        [] => "200 to 299".to_owned(),
        some => some.iter().map(u16::to_string).collect::<Vec<_>>().join(" or "),
    };
    if let Some(text) = &request.contains {
        need.push_str(&format!(" with {text:?}"));
    }
    need
}

/// Everything in which a host can be named, in one row: address, body, then the values of the headers.
pub fn texts(request: &Http) -> Vec<&str> {
    let first = [request.url.as_str(), request.body.as_deref().unwrap_or_default()];
    first.into_iter().chain(request.headers.values().map(String::as_str)).collect()
}

/// Sends it for each host that it names.
pub fn read(request: &Http, hosts: &[Target], deadline: Instant) -> Vec<Seen> {
    let plan = request.clone();
    each(&texts(request), hosts, deadline, move |texts, limit| {
        let mut one = plan.clone();
        one.url.clone_from(&texts[0]);
        one.body = plan.body.as_ref().map(|_| texts[1].clone());
        for (value, filled) in one.headers.values_mut().zip(&texts[2..]) {
            value.clone_from(filled);
        }
        send(&one, limit)
    })
}

fn send(request: &Http, limit: Duration) -> One {
    match request::send(request, limit) {
        Ok(answer) => match mismatch(request, &answer) {
            Some(why) => (Verdict::Fail, why, None),
            None => (
                Verdict::Pass,
                format!("{} in {}", answer.status_line(), human::duration(answer.took.as_millis() as i64)),
                Some(answer.took.as_secs_f64() * 1000.0),
            ),
        },
        // Refused, reset, silent.
        Err(Failed { transient: true, unasked: false, why }) => (Verdict::Fail, why, None),
        Err(Failed { why, .. }) => (Verdict::Inconclusive, why, None),
    }
}

/// What is not as expected in an answer; `None`: nothing.
pub fn mismatch(request: &Http, answer: &Answer) -> Option<String> {
    let good = match request.status.as_slice() {
        [] => (200..300).contains(&answer.status),
        some => some.contains(&answer.status),
    };
    if !good {
        return Some(answer.status_line());
    }
    let text = request.contains.as_deref().filter(|text| !answer.body.contains(text))?;
    Some(format!("{} without {text:?}", answer.status_line()))
}
