//! The one thread that keeps the lease, folds what askings brought, and writes it: a few times a second, many at once.

use super::keep::{Brought, Keep};
use super::work::now;
use crate::health::plan::Job;
use crate::health::store::{LEASE, Store};
use crate::state::{DbError, clock};
use std::collections::HashSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use tokio::sync::watch::Sender;

/// What was brought is written at least so often.
const WRITE: Duration = Duration::from_millis(300);
/// The lease is renewed so often: a third of it.
const RENEW: Duration = Duration::from_millis(LEASE as u64 / 3);
/// What nobody measures any more is forgotten so often.
const TIDY: Duration = Duration::from_secs(3_600);

/// A rate over a longer time (milliseconds) tells nothing of now.
const RATE: i64 = 300_000;

/// What the poller must know of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It is the poller, and these hosts are wanted; `None`: all.
    Polls(Option<HashSet<String>>),
    /// It is the poller no more.
    Lost,
}

/// Works until `orders` ends or the lease is lost.
///
/// # Errors
/// The index cannot be used.
pub fn publish(
    store: &Store,
    (holder, who): (&str, &str),
    orders: &Receiver<(Job, Brought)>,
    news: &Sender<News>,
) -> Result<(), DbError> {
    let mut keep = kept(store)?;
    let (mut renewed, mut tidied) = (Instant::now(), Instant::now());
    let mut batch = Vec::new();
    store.forget(now())?;
    loop {
        let deadline = Instant::now() + WRITE;
        let ended = loop {
            match orders.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok((job, brought)) => batch.extend(keep.fold(&job, brought)),
                Err(RecvTimeoutError::Timeout) => break false,
                Err(RecvTimeoutError::Disconnected) => break true,
            }
        };
        if !batch.is_empty() && !store.publish(holder, &batch, now())? {
            break;
        }
        batch.clear();
        if ended {
            return store.free(holder);
        }
        if renewed.elapsed() >= RENEW {
            renewed = Instant::now();
            if store.take(holder, who, clock::booted())?.is_some() {
                break;
            }
            let wanted = News::Polls(wanted(store)?);
            news.send_if_modified(|news| std::mem::replace(news, wanted.clone()) != wanted);
        }
        if tidied.elapsed() >= TIDY {
            tidied = Instant::now();
            store.forget(now())?;
        }
    }
    news.send_replace(News::Lost);
    Ok(())
}

/// What the poller before knew.
fn kept(store: &Store) -> Result<Keep, DbError> {
    let reports = store.reports(0)?;
    let hosts: Vec<(String, String)> =
        reports.iter().filter_map(|r| Some((r.host.clone()?, r.probe.clone()))).collect();
    let mut keep = Keep::new(reports);
    for (host, probe) in hosts {
        if let Some(raw) = store.newest(Some(&host), &probe)?.filter(|raw| now() - raw.at < RATE) {
            keep.remember(&host, &probe, &raw);
        }
    }
    Ok(keep)
}

/// The hosts that anybody wants; `None`: all.
///
/// # Errors
/// The index cannot be used.
pub fn wanted(store: &Store) -> Result<Option<HashSet<String>>, DbError> {
    let all: Option<Vec<Vec<String>>> = store.wanted(clock::booted())?.into_iter().collect();
    Ok(all.map(|hosts| hosts.into_iter().flatten().collect()))
}
