//! Performs the Run screen's effects: follows one run on a thread of its own, reads results, stops, launches again.

use super::Context;
use crate::api::Votes;
use crate::project::Project;
use crate::run::{self, Revival, RunSpec};
use crate::tui::model::secrets::Sealed;
use crate::tui::msg::{Data, Level, Msg};
use crate::tui::screens::release;
use crate::tui::screens::run::{self as screen, Effect};
use crate::tui::theme::Role;
use crate::tui::widgets::result::{self, Line};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Counts the runs that were opened: the thread that follows an older one sees it, and ends.
pub type Generation = Arc<AtomicU64>;

/// How often a run that moves is looked at, and one that does not.
const QUICK: Duration = Duration::from_millis(50);
const SLOW: Duration = Duration::from_millis(500);
/// A run that gave no news for so long does not move.
const STILL: Duration = Duration::from_secs(5);
/// Bytes of journal in one message: what the screen folds between two keys.
const PIECE: usize = 256 * 1024;

pub(super) fn perform(context: &Context, effect: Effect) {
    match effect {
        Effect::Open(id) => {
            let mine = context.following.fetch_add(1, Ordering::SeqCst) + 1;
            let context = context.clone();
            let thread = std::thread::Builder::new().name("follow".into());
            if let Err(e) = thread.spawn(move || follow(&context, id, mine)) {
                tracing::error!("no thread to follow run {id}: {e}");
            }
        }
        Effect::More(id) => {
            answer(context, screen::Data::More(id));
        }
        Effect::Result { id, task, host, cell } => {
            let lines = match context.desk.result(id, cell) {
                Ok(Some(value)) if value.get("r").is_some() => Ok(result::lines(&value["r"])),
                // Where a host only began, what lies there is its beginning.
                Ok(_) => {
                    Ok(vec![Line { role: Role::Unknown, text: "No result came from this host for this task.".into() }])
                }
                Err(e) => Err(e.to_string()),
            };
            answer(context, screen::Data::Result { id, task, host, lines });
        }
        Effect::Groups { id, cells } => {
            answer(context, screen::Data::Groups(id, context.desk.outputs(id, &cells)));
        }
        Effect::Stop { id, level } => match context.act(|acting| acting.stop(id, level)) {
            Ok(stopping) => match stopping.words() {
                None => say(context, Level::Info, "asked to stop; it is recorded".into()),
                Some(words) => say(context, Level::Warning, words),
            },
            Err(e) => say(context, Level::Error, format!("not stopped: {e}")),
        },
        Effect::Again { id, failed_hosts } => match context.desk.again(id, failed_hosts) {
            Ok((request, secrets)) => {
                answer(context, screen::Data::Again { id, request: Sealed(Box::new(request)), secrets });
            }
            Err(why) => say(context, Level::Error, format!("it can't be done again: {why}")),
        },
    }
}

fn answer(context: &Context, data: screen::Data) -> bool {
    context.answer(Msg::Data(Data::Run(data)))
}

fn say(context: &Context, level: Level, text: String) {
    context.answer(Msg::Toast(level, text));
}

/// Reads a run and goes on reading until another one is opened or nobody listens any more.
fn follow(context: &Context, id: Uuid, mine: u64) {
    let desk = &context.desk;
    let follower = match desk.follow(id) {
        Ok(follower) => follower,
        Err(e) => {
            answer(context, screen::Data::Failed(id, e.to_string()));
            return;
        }
    };
    let (spec, state, damage, mut tail) = follower.split();
    let damage = damage.or_else(|| desk.is_read_only(&spec));
    let mut ended = state.state.is_terminal();
    tracing::info!("run {id} is followed: {}, {}", spec.work.title(), state.state.name());
    let past = desk.past(&spec.work.title(), spec.environment.as_deref()).unwrap_or_else(|e| {
        tracing::warn!("how long such runs take is not known: {e}");
        Vec::new()
    });
    let log = desk.log(id);
    let env = environment(&context.project, &spec);
    let mut votes = Votes::of(&state);
    let mut alerts = super::release::Alerts::of(desk, &spec, &state);
    // Who may only read watches, too, but nobody learns of it.
    let _watching = desk.watch(id);
    let opened = screen::Opened::new(env, spec, state, damage, log);
    if !answer(context, screen::Data::Opened(id, Box::new(opened))) || !answer(context, screen::Data::Past(id, past)) {
        return;
    }
    let mut watched = None;
    let mut looked: Option<Instant> = None;
    let mut news = Instant::now();
    while context.following.load(Ordering::SeqCst) == mine {
        let grown = tail.poll();
        if grown != run::Grown::default() {
            news = Instant::now();
            // What others had added was taken away by its supervisor: it is read anew.
            if grown.lost && !grown.doubted && desk.follow(id).is_ok_and(|run| !run.is_lost()) {
                return follow(context, id, mine);
            }
            ended |= grown.has_end() || grown.lost;
            votes.grown(&grown.lines);
            if !grown.pieces(PIECE).into_iter().all(|piece| answer(context, screen::Data::Grown(id, piece))) {
                return;
            }
        }
        let due = looked.is_none_or(|at| at.elapsed() > Duration::from_secs(1));
        if due {
            looked = Some(Instant::now());
        }
        let unfounded = if due && alerts.is_some() { votes.news(desk, id) } else { None };
        if unfounded.is_some_and(|found| !context.answer(Msg::Data(Data::Release(release::Data::Unfounded(id, found)))))
        {
            return;
        }
        if let Some(alerts) = alerts.as_mut().filter(|_| due) {
            let now = jiff::Timestamp::now().as_millisecond();
            if ended {
                alerts.end(now);
            }
            let news = alerts.news(now);
            if news.is_some_and(|found| !context.answer(Msg::Data(Data::Release(release::Data::Alerts(id, found))))) {
                return;
            }
        }
        if !ended && due {
            let mut held = desk.is_watched(id);
            if !held {
                // Whoever notices first that its supervisor is gone gives it a new one.
                match desk.revive(id) {
                    Ok(Some(Revival::Refused(why) | Revival::Unknown(why))) if watched != Some(false) => {
                        tracing::warn!("run {id} is not given a supervisor: {why}");
                    }
                    Ok(_) => held = desk.is_watched(id),
                    Err(e) => tracing::warn!("run {id} has no supervisor, and none could be started: {e}"),
                }
            }
            if watched != Some(held) {
                watched = Some(held);
                if !answer(context, screen::Data::Watched(id, held)) {
                    return;
                }
            }
        }
        std::thread::sleep(if news.elapsed() < STILL { QUICK } else { SLOW });
    }
}

/// The environment that a run acts on: the one it was launched for, else the one that its inventory belongs to.
fn environment(project: &Project, spec: &RunSpec) -> Option<usize> {
    let named = spec.environment.as_deref().and_then(|name| project.environment(name));
    let of = || project.environment_of(spec.work.inventory()).filter(|_| spec.cwd == project.root);
    let found = named.or_else(of)?;
    project.environments.iter().position(|env| env.name == found.name)
}
