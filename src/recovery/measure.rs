//! One reading of the check, for a recovery that waits to see whether it helped.

use super::launch::Body;
use super::machine::Outcome;
use super::polled as written;
use crate::health::judge::{Status, is_ahead};
use crate::health::probe::survey::Place;
use crate::health::probe::target::targets;
use crate::health::probe::{self, Restarts};
use crate::state::{StateDir, clock};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// How long `ansible-inventory` may take for the variables of the host.
const INVENTORY: Duration = Duration::from_secs(60);

/// Asks the host or the service itself.
pub fn ask(
    store: &StateDir,
    run: Uuid,
    body: &Body,
    probe: &probe::Probe,
    timeout: u32,
    restarts: &Restarts,
) -> Outcome {
    let began = clock::steady();
    let host = targets(&body.cwd, &body.inventory, std::slice::from_ref(&body.host), INVENTORY);
    let place = Place {
        cwd: body.cwd.clone(),
        inventory: body.inventory.clone(),
        plugins: store.plugins(),
        scratch: store.run(run).path().to_owned(),
        secrets: Default::default(),
    };
    let seen = probe.ask(&host, &place, restarts, Duration::from_secs(timeout.max(1).into()));
    let worst = |verdict| seen.iter().find(|s| s.verdict == verdict);
    let found = worst(probe::Verdict::Fail).or_else(|| worst(probe::Verdict::Inconclusive)).or(seen.first());
    let ok = found.and_then(|s| match s.verdict {
        probe::Verdict::Pass => Some(true),
        probe::Verdict::Fail => Some(false),
        probe::Verdict::Inconclusive => None,
    });
    let got = found.map_or("no answer", |s| s.got.as_str());
    Outcome::Measured { began, ok, got: safe(got) }
}

/// What the poller wrote down last; `None`: nothing new.
pub fn read(store: &StateDir, body: &Body, polled: &Mutex<i64>) -> Option<Outcome> {
    let reports = written::reports(store, &body.cwd, &body.inventory).inspect_err(|e| tracing::warn!("{e}")).ok()?;
    let (_, record) = written::of_check(&reports, &body.policy.check).find(|(host, _)| *host == body.host)?;
    let last = record.state.last.as_ref()?;
    let mut polled = polled.lock().unwrap_or_else(PoisonError::into_inner);
    // Of a clock that was set since: nothing is known by it, and the next one is not older for it.
    if is_ahead(last.at, now()) || last.at == *polled {
        return None;
    }
    *polled = last.at;
    let ok = match record.state.tends {
        _ if record.state.missing > 0 => None,
        Status::Ok | Status::Warn => Some(true),
        Status::Bad => Some(false),
        Status::Unknown | Status::Stale => None,
    };
    Some(Outcome::Measured { began: clock::off_the_wall(last.began), ok, got: safe(&last.text) })
}

fn safe(text: &str) -> String {
    crate::text::cut(&crate::text::plain(text), 240).to_owned()
}

/// The wall clock, by which the poller and control.db go (Unix milliseconds).
pub fn now() -> i64 {
    clock::wall()
}
