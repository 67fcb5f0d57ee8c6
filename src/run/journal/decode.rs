//! One line into one [`Entry`], fast. Serde's derived decoder for tagged enums first copies every line into a tree;
//! this one decodes into one flat struct that borrows from the line, then picks by `e`. A test holds both equal.

use crate::run::event::{Entry, Event, Failure, Json, Rung, Source, Status, StopLevel, Tally};
use crate::run::state::State;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A string that borrows where it can, also inside an `Option`.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Flat<'a> {
    seq: u64,
    ts: i64,
    #[serde(borrow)]
    e: Cow<'a, str>,
    // task events
    t: Option<u32>,
    n: Option<u32>,
    #[serde(borrow)]
    h: Option<Text<'a>>,
    s: Option<Status>,
    #[serde(default)]
    ig: bool,
    #[serde(default)]
    diff: bool,
    ms: Option<u64>,
    #[serde(borrow)]
    msg: Option<Text<'a>>,
    step: Option<u32>,
    off: Option<u64>,
    len: Option<u32>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    action: Option<Text<'a>>,
    #[serde(default)]
    handler: bool,
    #[serde(borrow)]
    path: Option<Text<'a>>,
    #[serde(borrow)]
    k: Option<Text<'a>>,
    // `hosts` and `plays` have different shapes in different events: decoded where they are used
    #[serde(borrow)]
    hosts: Option<&'a RawValue>,
    of: Option<u32>,
    #[serde(borrow)]
    plays: Option<&'a RawValue>,
    #[serde(borrow)]
    core: Option<Text<'a>>,
    // the run's own events
    by: Option<String>,
    why: Option<String>,
    token: Option<i64>,
    pid: Option<u32>,
    count: Option<u64>,
    out: Option<u64>,
    err: Option<u64>,
    level: Option<StopLevel>,
    rung: Option<Rung>,
    what: Option<String>,
    rc: Option<i32>,
    signal: Option<i32>,
    seen: Option<bool>,
    state: Option<State>,
    failure: Option<Failure>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(default)]
    maybe_running_on: Vec<String>,
}

fn need<T>(value: Option<T>, field: &str) -> Result<T, String> {
    value.ok_or_else(|| format!("the field `{field}` is missing"))
}

fn list<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>, field: &str) -> Result<T, String> {
    serde_json::from_str(need(raw, field)?.get()).map_err(|e| format!("field `{field}`: {e}"))
}

/// Decodes a line, without its newline. The error says what is wrong with it, in words. Never panics.
pub fn decode(line: &[u8]) -> Result<Entry<'_>, String> {
    let f: Flat<'_> = serde_json::from_slice(line).map_err(|e| format!("not an event: {e}"))?;
    let src = || -> Result<Source, String> {
        Ok(Source { step: need(f.step, "step")?, off: need(f.off, "off")?, len: need(f.len, "len")? })
    };
    let event = match &*f.e {
        "result" => Event::Result {
            src: src()?,
            t: need(f.t, "t")?,
            h: need(f.h, "h")?.0,
            s: need(f.s, "s")?,
            ig: f.ig,
            diff: f.diff,
            ms: f.ms,
            msg: f.msg.map(|m| m.0),
        },
        "start" => Event::Start { src: src()?, t: need(f.t, "t")?, h: need(f.h, "h")?.0 },
        "note" => {
            Event::Note { src: src()?, k: need(f.k, "k")?.0, t: f.t, h: f.h.map(|h| h.0), msg: f.msg.map(|m| m.0) }
        }
        "task" => Event::Task {
            n: f.n,
            src: src()?,
            name: need(f.name, "name")?.0,
            action: need(f.action, "action")?.0,
            handler: f.handler,
            path: f.path.map(|p| p.0),
        },
        "output" => Event::Output { step: need(f.step, "step")?, out: need(f.out, "out")?, err: need(f.err, "err")? },
        "play" => Event::Play { src: src()?, name: need(f.name, "name")?.0, hosts: list(f.hosts, "hosts")?, of: f.of },
        "stats" => Event::Stats { src: src()?, hosts: list::<Vec<(String, Tally)>>(f.hosts, "hosts")? },
        "plan" => Event::Plan { src: src()?, plays: list(f.plays, "plays")? },
        "hello" => Event::Hello { src: src()?, core: need(f.core, "core")?.0 },
        "requested" => Event::Requested,
        "break_glass" => Event::BreakGlass {
            why: need(f.why, "why")?,
            what: f.what,
            action: f.action.map(|action| action.0.into_owned()),
            by: f.by,
        },
        "queued" => Event::Queued { by: need(f.by, "by")?, why: need(f.why, "why")? },
        "leased" => Event::Leased { token: need(f.token, "token")? },
        "step_intent" => Event::StepIntent { step: need(f.step, "step")? },
        "step_started" => Event::StepStarted { step: need(f.step, "step")?, pid: need(f.pid, "pid")? },
        "dropped" => Event::Dropped { count: need(f.count, "count")?, why: need(f.why, "why")?, src: src().ok() },
        "stop_asked" => Event::StopAsked { level: need(f.level, "level")?, by: need(f.by, "by")? },
        "signal" => {
            Event::Signal { step: f.step.unwrap_or(1), rung: need(f.rung, "rung")?, what: need(f.what, "what")? }
        }
        "step_exited" => {
            Event::StepExited { step: need(f.step, "step")?, rc: f.rc, signal: f.signal, seen: need(f.seen, "seen")? }
        }
        "own" => Event::Own { body: Json(need(f.body, "body")?.get().to_owned()) },
        "phase" => Event::Phase {
            name: need(f.name, "name")?.0.into_owned(),
            state: need(f.state, "state")?,
            why: need(f.why, "why")?,
        },
        "resumed" => Event::Resumed { why: need(f.why, "why")? },
        "ended" => Event::Ended {
            state: need(f.state, "state")?,
            why: need(f.why, "why")?,
            failure: f.failure,
            maybe_running_on: f.maybe_running_on,
        },
        _ => Event::Unknown,
    };
    Ok(Entry { seq: f.seq, ts: f.ts, event })
}
