//! What is worth telling, found anew in each round and put into the outbox: what auto-recovery says, what the audit ledger
//! has since the last look (breakers, releases), checks that became bad or well. Only what lies in the outbox is forgotten
//! where it came from.

use super::message::{Message, Phase, recovery};
use super::route;
use crate::audit::{self, Ledger};
use crate::health::judge::Status;
use crate::health::store::Store;
use crate::project::config::notify::{Kind, Notify};
use crate::recovery::notice::Notice;
use crate::state::{Index, IndexError, StateDir};
use std::collections::BTreeMap;

/// Rows of the ledger that are read in a round.
const PAGE: u32 = 1_000;

/// Where a round looks.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The state directory.
    pub state: &'a StateDir,
    /// The environment.
    pub environment: &'a str,
    /// Where its health is stored.
    pub scope: &'a str,
    /// Whom to tell what.
    pub notify: &'a Notify,
    /// The clock (Unix milliseconds).
    pub now: i64,
}

/// Puts all news into the outbox. When it returns, `notices` are in safe hands.
///
/// # Errors
/// The state directory or the ledger cannot be used; then nothing of it counts as told.
pub fn tell(place: Place<'_>, notices: &[Notice]) -> Result<(), anyhow::Error> {
    let index = Index::open(place.state)?;
    let mut messages: Vec<Message> = notices.iter().map(Message::of_recovery).collect();
    let read = ledger(place, &index, &mut messages)?;
    let said: BTreeMap<String, String> = index.said(place.scope)?.into_iter().collect();
    let said = said.into_iter().filter_map(|(about, body)| Some((about, serde_json::from_str(&body).ok()?))).collect();
    incidents(place, &index, &said, notices, &mut messages)?;
    checks(place, &said, &mut messages)?;
    let cursor = index.cursor(place.scope)?;
    if messages.is_empty() && cursor == Some(read) {
        return Ok(());
    }
    index.alone(|| {
        for message in &messages {
            route::put(&index, place.scope, place.notify, message, place.now)?;
            let holds = match (message.kind, message.phase) {
                (Kind::Recovery | Kind::Check, Phase::Firing) => serde_json::to_string(message).ok(),
                _ => None,
            };
            index.set_said(place.scope, &message.about, holds.as_deref())?;
        }
        index.set_cursor(place.scope, read)
    })?;
    Ok::<(), anyhow::Error>(())
}

/// What the ledger has since the last look, oldest first; gives up to where it was read. The first look tells nothing: what
/// was before is no news.
fn ledger(place: Place<'_>, index: &Index, messages: &mut Vec<Message>) -> Result<i64, anyhow::Error> {
    let ledger = match Ledger::open_to_read(&place.state.audit()) {
        Err(audit::Error::Absent { .. }) => return Ok(index.cursor(place.scope)?.unwrap_or_default()),
        other => other?,
    };
    let Some(after) = index.cursor(place.scope)? else {
        let newest = ledger.query(&audit::Filter::default(), 1)?.rows;
        return Ok(newest.first().map_or(0, |row| row.entry.seq));
    };
    // What is more comes in the next round.
    let rows = ledger.after(after, PAGE)?;
    let here = rows.iter().filter(|row| row.entry.env.as_deref().is_none_or(|env| env == place.environment));
    messages.extend(here.filter_map(|row| Message::of_row(&row.entry)));
    Ok(rows.last().map_or(after, |row| row.entry.seq))
}

/// An incident that is gone, whoever ended it, is over for everybody who heard of it.
fn incidents(
    place: Place<'_>,
    index: &Index,
    said: &BTreeMap<String, Message>,
    notices: &[Notice],
    messages: &mut Vec<Message>,
) -> Result<(), IndexError> {
    let open: Vec<String> = crate::recovery::incidents(index, Some(place.environment))?
        .iter()
        .filter(|incident| incident.state != crate::recovery::incident::State::Healthy)
        .map(|incident| recovery(incident.id))
        .chain(notices.iter().map(|notice| recovery(notice.incident)))
        .collect();
    let gone = said.values().filter(|m| m.kind == Kind::Recovery && !open.contains(&m.about));
    messages.extend(gone.map(|m| m.over("over", &format!("{} (it is well again)", m.text), place.now)));
    Ok(())
}

/// Checks that became bad since the last round, and those that are well again. What is stale or unknown stays as it was told.
fn checks(place: Place<'_>, said: &BTreeMap<String, Message>, messages: &mut Vec<Message>) -> Result<(), IndexError> {
    let known = said.values().filter(|message| message.kind == Kind::Check).count();
    if !place.notify.checks && known == 0 {
        return Ok(());
    }
    let store = Store::open(place.state, place.scope)?;
    let reports = store.reports(0)?;
    let records =
        reports.iter().flat_map(|report| report.records.iter().map(|record| (report.host.as_deref(), record)));
    for (host, record) in records {
        let text = record.state.last.as_ref().map_or("", |last| last.text.as_str());
        let message = Message::of_check(place.environment, host, &record.check, text, record.state.since);
        match (record.state.seen(&record.rule, place.now), said.get(&message.about)) {
            (Status::Bad, None) if place.notify.checks => messages.push(message),
            (Status::Ok | Status::Warn, Some(before)) => messages.push(before.over("ok", &message.text, place.now)),
            _ => {}
        }
    }
    Ok(())
}
