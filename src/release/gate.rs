//! Gates: one reading each, made by touching the world. Whether a row of readings passes is the machine's business.
//! What is not known is [`Verdict::Inconclusive`], never a pass.

use super::plan::Gate;
use super::state::Verdict;
use crate::health::probe::survey::Place;
use crate::health::probe::target::Target;
use crate::health::probe::{Restarts, Seen};
use std::time::Duration;

/// What one reading came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Within bounds, out of bounds, or not known.
    pub verdict: Verdict,
    /// What was got (`503 Service Unavailable`, `182`, `no data`), safe for a terminal, one line.
    pub got: String,
    /// What is needed (`200`, `at most 250`).
    pub need: String,
}

/// Reads a gate once, on these hosts where its probe names `{host}` or asks hosts, else once for all. All hosts must pass:
/// the worst reading is the answer, with its host in `got`. Blocking, for a thread; never longer than the gate's timeout.
///
/// `restarts` is kept from reading to reading as long as the release is supervised.
pub fn measure(gate: &Gate, hosts: &[Target], place: &Place, restarts: &Restarts) -> Reading {
    let limit = Duration::from_secs(gate.timeout.max(1).into());
    let (verdict, got) = worst(&gate.probe.ask(hosts, place, restarts, limit));
    Reading { verdict, got: safe(&got), need: safe(&gate.probe.need()) }
}

/// A fail decides, then what is not known. Names the host, and how many others are as bad.
fn worst(seen: &[Seen]) -> (Verdict, String) {
    for verdict in [Verdict::Fail, Verdict::Inconclusive, Verdict::Pass] {
        let mut such = seen.iter().filter(|s| s.verdict == verdict);
        let Some(first) = such.next() else { continue };
        let more = such.count();
        let got = match (&first.host, more) {
            (None, _) => first.got.clone(),
            (Some(_), 1..) if verdict == Verdict::Pass => format!("{} ({} hosts)", first.got, more + 1),
            (Some(host), 1..) => format!("{host}: {} (and {more} more of {} hosts)", first.got, seen.len()),
            (Some(host), 0) => format!("{host}: {}", first.got),
        };
        return (verdict, got);
    }
    (Verdict::Inconclusive, "no host to measure on".into())
}

fn safe(text: &str) -> String {
    crate::text::cut(&crate::text::plain(text), 240).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(host: Option<&str>, verdict: Verdict, got: &str) -> Seen {
        Seen { host: host.map(str::to_owned), verdict, got: got.into(), value: None }
    }

    #[test]
    fn the_worst_host_is_the_answer() {
        let (pass, fail, unknown) = (Verdict::Pass, Verdict::Fail, Verdict::Inconclusive);
        let (a, b) = (seen(Some("a"), pass, "200 OK"), seen(Some("b"), unknown, "no data"));
        let (c, d) = (seen(Some("c"), fail, "503"), seen(Some("d"), fail, "500"));
        for (all, expected) in [
            (vec![], (unknown, "no host to measure on")),
            (vec![seen(None, pass, "200 OK")], (pass, "200 OK")),
            (vec![a.clone()], (pass, "a: 200 OK")),
            (vec![a.clone(), a.clone()], (pass, "200 OK (2 hosts)")),
            (vec![a.clone(), b.clone()], (unknown, "b: no data")),
            (vec![a, b, c, d], (fail, "c: 503 (and 1 more of 4 hosts)")),
        ] {
            assert_eq!(worst(&all), (expected.0, expected.1.to_owned()));
        }
    }
}
