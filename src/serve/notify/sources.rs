//! What is worth telling, found anew in each round and put into the outbox: what auto-recovery says, what the audit ledger
//! has since the last look (breakers, releases), checks that became bad or well. Only what lies in the outbox is forgotten
//! where it came from.

use super::checks::Checks;
use super::fold::{Fresh, fold};
use super::message::{Message, Phase, recovery};
use super::{Place, route};
use crate::audit::{self, Ledger};
use crate::health::breaker::{Keeper, Position};
use crate::project::config::notify::Kind;
use crate::recovery::incident::State;
use crate::recovery::notice::{Kind as Told, Notice};
use crate::run::list;
use crate::state::Control;
use std::collections::BTreeMap;

/// Rows of the ledger that are read in a round.
const PAGE: u32 = 1_000;

impl Place<'_> {
    /// A person silenced what it is about. Releases and pages are work that people began, and wait for them.
    fn is_silent(&self, message: &Message) -> bool {
        message.is_of_health() && self.silences.of(message.what()).is_some()
    }
}

/// Puts all news into the outbox. Gives the keys of those `notices` that are in safe hands then; the others wait until it is
/// known on how many hosts it is so.
///
/// # Errors
/// The state directory or the ledger cannot be used; then nothing of it counts as told.
pub fn tell(place: Place<'_>, notices: &[Notice]) -> Result<Vec<String>, anyhow::Error> {
    let control = Control::open(place.state)?;
    let said: BTreeMap<String, String> = control.said(place.scope)?.into_iter().collect();
    let said = said.into_iter().filter_map(|(about, body)| Some((about, serde_json::from_str(&body).ok()?)));
    let said: BTreeMap<String, Message> = said.collect();
    let needed = place.notify.checks || !notices.is_empty() || said.values().any(|m| m.kind == Kind::Check);
    let checks = if needed { Checks::read(place)? } else { Checks::default() };
    let mut messages: Vec<Message> = Vec::new();
    let read = ledger(place, &control, &mut messages)?;
    let taken = measured(place, &checks, &said, notices, &mut messages);
    over(place, &control, &checks, &said, &mut messages)?;
    // What differs from what was said when the silence ends is told then.
    messages.retain(|message| !place.is_silent(message));
    let cursor = control.cursor(place.scope)?;
    if messages.is_empty() && cursor == Some(read) {
        return Ok(taken);
    }
    control.alone(|| {
        for message in &messages {
            route::put(&control, place.scope, place.notify, message, place.now)?;
            let holds = match message.phase {
                Phase::Firing => serde_json::to_string(message).ok(),
                Phase::Resolved | Phase::Happened => None,
            };
            control.set_said(place.scope, &message.about, holds.as_deref())?;
        }
        control.set_cursor(place.scope, read)?;
        Ok::<(), anyhow::Error>(())
    })?;
    // Also where nobody is to be told.
    messages.iter().for_each(|message| tracing::info!("{}: {}: {}", place.environment, message.event, message.text));
    Ok(taken)
}

/// What auto-recovery says and what checks say, folded where it has one cause. Gives the keys of those notices that are among
/// it; the others come again.
fn measured(
    place: Place<'_>,
    checks: &Checks,
    said: &BTreeMap<String, Message>,
    notices: &[Notice],
    messages: &mut Vec<Message>,
) -> Vec<String> {
    let (mut fresh, mut taken) = (Vec::new(), Vec::new());
    for notice in notices {
        let message = Message::of_recovery(notice);
        let alone = matches!(notice.kind, Told::Acting | Told::Waits | Told::Recovered);
        if place.is_silent(&message) || !(alone || checks.is_known(&notice.host, &notice.check, notice.at)) {
            continue;
        }
        match alone {
            true => messages.push(message),
            false => fresh.push(Fresh { family: notice.check.clone(), why: notice.text.clone(), message }),
        }
        taken.push(notice.key.clone());
    }
    if place.notify.checks {
        fresh.extend(checks.fresh(said).into_iter().filter(|one| !place.is_silent(&one.message)));
    }
    messages.extend(fold(fresh, |family| checks.hosts(family), said.values()));
    messages.extend(checks.well(said));
    taken
}

/// What the ledger has since the last look, oldest first; gives up to where it was read. The first look tells nothing: what
/// was before is no news.
fn ledger(place: Place<'_>, control: &Control, messages: &mut Vec<Message>) -> Result<i64, anyhow::Error> {
    let ledger = match Ledger::open_to_read(&place.state.audit()) {
        Err(audit::Error::Absent { .. }) => return Ok(control.cursor(place.scope)?.unwrap_or_default()),
        other => other?,
    };
    let Some(after) = control.cursor(place.scope)? else {
        let newest = ledger.query(&audit::Filter::default(), 1)?.rows;
        return Ok(newest.first().map_or(0, |row| row.entry.seq));
    };
    // What is more comes in the next round.
    let rows = ledger.after(after, PAGE)?;
    let here = rows.iter().filter(|row| row.entry.env.as_deref().is_none_or(|env| env == place.environment));
    messages.extend(here.filter_map(|row| Message::of_row(&row.entry)));
    Ok(rows.last().map_or(after, |row| row.entry.seq))
}

/// What was said and holds no more, whoever ended it, is over for everybody who heard of it.
fn over(
    place: Place<'_>,
    control: &Control,
    checks: &Checks,
    said: &BTreeMap<String, Message>,
    messages: &mut Vec<Message>,
) -> Result<(), anyhow::Error> {
    let news: Vec<String> = messages.iter().map(|message| message.about.clone()).collect();
    let mut incidents = crate::recovery::incidents(control, Some(place.environment))?;
    incidents.retain(|incident| incident.state != State::Healthy);
    let open: Vec<String> = incidents.iter().map(|incident| recovery(incident.id)).collect();
    for message in said.values().filter(|message| !news.contains(&message.about)) {
        let holds = match message.kind {
            // It is over when none of its parts holds.
            Kind::Recovery | Kind::Check if !message.of.is_empty() => {
                message.of.iter().any(|part| open.contains(part) || checks.holds(part))
            }
            Kind::Recovery => open.contains(&message.about),
            Kind::Breaker => is_open(place, &message.about)?,
            Kind::Page => match message.run {
                // What cannot be told holds on.
                Some(run) => list::is_over(place.state, run) != Some(true),
                None => false,
            },
            // A check says so itself.
            Kind::Check | Kind::Release => true,
        };
        if !holds {
            messages.push(message.over("over", &format!("over: {}", message.text), place.now));
        }
    }
    Ok(())
}

/// A person may have closed it.
fn is_open(place: Place<'_>, about: &str) -> Result<bool, anyhow::Error> {
    let Some(key) = about.strip_prefix("breaker/").and_then(|key| key.parse().ok()) else { return Ok(false) };
    let position = Keeper::open(place.state)?.get(&key)?.position(place.now);
    Ok(matches!(position, Position::Open | Position::HalfOpen | Position::ForcedOpen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::breaker::{Forced, Forcing, Input, Key};
    use crate::health::silence::Silences;
    use crate::project::config::notify::Notify;
    use crate::project::config::notify::{Receiver, Severity, Via};
    use crate::state::StateDir;
    use crate::state::silences::SilenceRow;

    #[test]
    fn a_breaker_that_a_person_closed_is_over_and_what_was_before_is_no_news() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path());
        let via = Via::Command(vec!["true".into()]);
        let ann = Receiver { name: "ann".into(), via, kinds: vec![], severity: Severity::Info, environments: vec![] };
        let notify = Notify { receivers: vec![ann], ..Notify::default() };
        let keeper = Keeper::open(&state).unwrap();
        let trip = |host: &str, now| {
            let key = Key::Transport { environment: "prod".into(), host: host.into() };
            keeper.put(&key, &Input::Trip { why: "no route".into() }, now).unwrap();
            key
        };
        let told = |now| {
            let control = Control::open(&state).unwrap();
            let silences = Silences::read(&control, "prod", &[], now).unwrap();
            let place =
                Place { state: &state, environment: "prod", scope: "s", notify: &notify, silences: &silences, now };
            tell(place, &[]).unwrap();
            let rows = control.notices(false, 9).unwrap();
            rows.iter().rev().map(|row| serde_json::from_str::<Message>(&row.body).unwrap().event).collect::<Vec<_>>()
        };
        trip("w0", 5);
        assert!(told(10).is_empty(), "before the first look");
        let key = trip("w1", 20);
        assert_eq!(told(30), ["open"]);
        assert_eq!(told(40), ["open"], "once");
        let by = Forced { to: Forcing::Closed, until: None, by: "ann".into(), reason: "known".into(), at: 50 };
        keeper.put(&key, &Input::Force(by), 50).unwrap();
        let silence = SilenceRow {
            environment: "prod".into(),
            target: "w1".into(),
            until: 60,
            operator: "ann".into(),
            reason: "its switch".into(),
            at: 50,
        };
        Control::open(&state).unwrap().put_silences(&[silence], 50).unwrap();
        assert_eq!(told(59), ["open"], "nobody hears of what is silenced");
        assert_eq!(told(60), ["open", "over"]);
        assert_eq!(told(70), ["open", "over"], "once");
    }
}
