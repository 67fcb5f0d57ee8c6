//! Performs the effects of Runs and Away: the list of runs, read again when it may have changed; when the operator
//! looked last.

use super::Context;
use crate::api::Desk;
use crate::state::{DbError, Filter};
use crate::tui::msg::{Data, Msg};
use crate::tui::screens::runs::Item;
use crate::tui::screens::{away, runs};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Runs in the list at most.
const NEWEST: u32 = runs::NEWEST as u32;
/// How often the list is read again.
const EVERY: Duration = Duration::from_secs(1);
/// How often it is noted that the operator still looks, in readings of the list.
const NOTE: u32 = 20;
/// What is told to whoever looks for the first time (milliseconds): a day.
const FIRST: i64 = 86_400_000;

pub(super) fn perform(context: &Context, effect: runs::Effect) {
    match effect {
        runs::Effect::Load => {
            tell(context, context.desk.list(NEWEST).read(true));
        }
        runs::Effect::Search(words) => {
            let found = search(&context.desk, &words).unwrap_or_else(|e| {
                tracing::warn!("older runs could not be searched: {e}");
                vec![]
            });
            context.answer(Msg::Data(Data::Runs(runs::Data::Older(words, found))));
        }
    }
}

/// Runs whose line holds these words, of all that there are.
fn search(desk: &Desk, words: &str) -> Result<Vec<Item>, DbError> {
    let words = words.split_whitespace().map(str::to_owned).collect();
    let filter = Filter { words, limit: Some(NEWEST), ..Filter::default() };
    let rows = desk.listed(&filter)?;
    Ok(rows.into_iter().map(|row| Item { watched: row.ended_at.is_some(), row }).collect())
}

/// False: nobody listens.
fn tell(context: &Context, list: Result<Vec<Item>, String>) -> bool {
    let data = match list {
        Ok(items) => runs::Data::Rows(items),
        Err(why) => runs::Data::Failed(why),
    };
    context.answer(Msg::Data(Data::Runs(data)))
}

/// What happened since the operator looked last; from then on the list is kept fresh, and that they look is noted.
pub(super) fn look(context: &Context, effect: &away::Effect) {
    let away::Effect::Look = effect;
    if context.looking.swap(true, Ordering::SeqCst) {
        return;
    }
    let context = context.clone();
    let thread = std::thread::Builder::new().name("runs".into());
    let started = thread.spawn(move || {
        let mut reader = context.desk.list(NEWEST);
        let last = context.desk.last_looked();
        let since = last.unwrap_or_else(|| crate::tui::edge::now().ms - FIRST);
        let happened = |i: &Item| i.row.created_at > since || i.row.ended_at.is_none_or(|at| at > since);
        match reader.read(true) {
            Ok(items) => {
                let items = items.into_iter().filter(happened).collect();
                context.answer(Msg::Data(Data::Away(away::Data::Since { since, first: last.is_none(), items })));
            }
            Err(why) => tracing::warn!("what happened while {} was away is not known: {why}", context.desk.who().name),
        }
        let mut stopped = Ok(vec![]);
        for turn in 0u32.. {
            if turn % NOTE == 0
                && let Err(e) = context.desk.looks()
            {
                tracing::warn!("it can't be noted that {} looks: {e}", context.desk.who().name);
            }
            if reader.news().is_some_and(|list| !tell(&context, list)) {
                return;
            }
            if stopped != *reader.stopped() {
                stopped.clone_from(reader.stopped());
                if !context.answer(Msg::Data(Data::Runs(runs::Data::Stopped(stopped.clone())))) {
                    return;
                }
            }
            std::thread::sleep(EVERY);
        }
    });
    if let Err(e) = started {
        tracing::error!("no thread to read the list of runs: {e}");
    }
}
