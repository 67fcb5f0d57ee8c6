//! Performs the effects of Runs and Away: the list of runs, read again when it may have changed; when the operator
//! looked last.

use super::Context;
use crate::run;
use crate::state::{Filter, Lock, RunRow, seen};
use crate::tui::msg::{Data, Msg};
use crate::tui::screens::runs::Item;
use crate::tui::screens::{away, runs};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Runs in the list at most, newest first.
const MOST: u32 = 2_000;
/// How often the list is read again.
const EVERY: Duration = Duration::from_secs(1);
/// How often it is noted that the operator still looks, in readings of the list.
const NOTE: u32 = 20;

pub(super) fn perform(context: &Context, effect: runs::Effect) {
    match effect {
        runs::Effect::Load => {
            load(context, &mut None, true);
        }
    }
}

/// The runs. `thorough`: each live one is looked at in its journal, and given a supervisor where it has none; else that
/// is done only if the index speaks of a live one that nobody watches.
fn items(context: &Context, thorough: bool) -> Result<Vec<Item>, String> {
    let filter = Filter { limit: Some(MOST), ..Filter::default() };
    let index = run::open_index(&context.state).map_err(|e| e.to_string())?;
    let watched = |row: &RunRow| row.ended_at.is_some() || Lock::is_held(&context.state.run(row.id).lock());
    let mut rows = index.list(&filter).map_err(|e| e.to_string())?;
    if !context.read_only && (thorough || !rows.iter().all(watched)) {
        rows = run::list(&context.state, &index, &filter).map_err(|e| e.to_string())?;
    }
    Ok(rows.into_iter().map(|row| Item { watched: watched(&row), row }).collect())
}

/// Reads the list; says so only if it differs from `last`. False: nobody listens.
fn load(context: &Context, last: &mut Option<Result<Vec<Item>, String>>, thorough: bool) -> bool {
    let now = items(context, thorough);
    if last.as_ref() == Some(&now) {
        return true;
    }
    *last = Some(now.clone());
    let data = match now {
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
        let mut last = None;
        if let Some(since) = seen::last(&context.state, &context.operator.name) {
            let happened = |i: &Item| i.row.created_at > since || i.row.ended_at.is_none_or(|at| at > since);
            match items(&context, true) {
                Ok(items) => {
                    let items = items.into_iter().filter(happened).collect();
                    context.answer(Msg::Data(Data::Away(away::Data::Since { since, items })));
                }
                Err(why) => {
                    tracing::warn!("what happened while {} was away is not known: {why}", context.operator.name)
                }
            }
        }
        for turn in 0u32.. {
            if turn % NOTE == 0
                && let Err(e) = seen::mark(&context.state, &context.operator.name, crate::tui::app::now().ms)
            {
                tracing::warn!("it can't be noted that {} looks: {e}", context.operator.name);
            }
            if !load(&context, &mut last, false) {
                return;
            }
            std::thread::sleep(EVERY);
        }
    });
    if let Err(e) = started {
        tracing::error!("no thread to read the list of runs: {e}");
    }
}
