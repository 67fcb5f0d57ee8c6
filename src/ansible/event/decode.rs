//! From a line to a [`CallbackEvent`]: one flat record, then sorted by its name. Borrows from the line wherever the
//! text has no escapes.

use super::{CallbackEvent, DecodeError, Hello, HostResult, Outcome, PlanPlay, Tally, Task, What};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Text that is borrowed where it can be, also inside an `Option`, a list or a map.
#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// `hosts` is a list of names, or the recap's map.
#[derive(Deserialize)]
struct Wire<'a> {
    n: u64,
    t: i64,
    m: u64,
    #[serde(borrow)]
    e: Cow<'a, str>,
    #[serde(default)]
    k: Option<u32>,
    #[serde(default)]
    of: Option<u32>,
    #[serde(default, borrow)]
    h: Option<Text<'a>>,
    #[serde(default)]
    changed: bool,
    #[serde(default)]
    ignored: bool,
    #[serde(default)]
    diff: bool,
    #[serde(default)]
    handler: bool,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    check: bool,
    #[serde(default, borrow)]
    to: Option<Text<'a>>,
    #[serde(default, borrow)]
    item: Option<Text<'a>>,
    #[serde(default, borrow)]
    r: Option<&'a RawValue>,
    #[serde(default, borrow)]
    name: Option<Text<'a>>,
    #[serde(default, borrow)]
    task: Option<Text<'a>>,
    #[serde(default, borrow)]
    action: Option<Text<'a>>,
    #[serde(default, borrow)]
    path: Option<Text<'a>>,
    #[serde(default, borrow)]
    id: Option<Text<'a>>,
    #[serde(default, borrow)]
    strategy: Option<Text<'a>>,
    #[serde(default, borrow)]
    hosts: Option<&'a RawValue>,
    #[serde(default, borrow)]
    plays: Option<&'a RawValue>,
    #[serde(default, borrow)]
    file: Option<Text<'a>>,
    #[serde(default, borrow)]
    prompt: Option<Text<'a>>,
    #[serde(default, borrow)]
    why: Option<Text<'a>>,
    #[serde(default, borrow)]
    core: Option<Text<'a>>,
    #[serde(default, borrow)]
    python: Option<Text<'a>>,
    #[serde(default, borrow)]
    config: Option<Text<'a>>,
    #[serde(default)]
    pid: Option<u32>,
    #[serde(default)]
    forks: Option<u32>,
    #[serde(default)]
    signal: Option<i32>,
    #[serde(default)]
    count: Option<u64>,
}

/// Decodes one line; its newline may be there or not.
///
/// # Errors
/// When the line is no event: torn by a full disk, or not written by our plugin.
pub fn decode(line: &[u8]) -> Result<CallbackEvent<'_>, DecodeError> {
    // Checked once as a whole: serde_json then borrows text without checking piece by piece.
    let text = std::str::from_utf8(line).map_err(|e| DecodeError::Malformed(e.to_string()))?;
    let wire: Wire = parse(text)?;
    let (n, t, m) = (wire.n, wire.t, wire.m);
    Ok(CallbackEvent { n, t, m, what: sort(wire)? })
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, DecodeError> {
    serde_json::from_str(text).map_err(|e| DecodeError::Malformed(e.to_string()))
}

fn sort(mut wire: Wire<'_>) -> Result<What<'_>, DecodeError> {
    Ok(match &*wire.e {
        "start" => What::Start { task: wire.k, host: need("start", "h", wire.h)? },
        "ok" if wire.changed => What::Result(Outcome::Changed, host_result("ok", wire)?),
        "ok" => What::Result(Outcome::Ok, host_result("ok", wire)?),
        "failed" => What::Result(Outcome::Failed, host_result("failed", wire)?),
        "unreachable" => What::Result(Outcome::Unreachable, host_result("unreachable", wire)?),
        "skipped" => What::Result(Outcome::Skipped, host_result("skipped", wire)?),
        "item_ok" if wire.changed => What::Item(Outcome::Changed, host_result("item_ok", wire)?),
        "item_ok" => What::Item(Outcome::Ok, host_result("item_ok", wire)?),
        "item_failed" => What::Item(Outcome::Failed, host_result("item_failed", wire)?),
        "item_skipped" => What::Item(Outcome::Skipped, host_result("item_skipped", wire)?),
        "lost" => What::Lost(host_result("lost", wire)?),
        "retry" => What::Retry(host_result("retry", wire)?),
        "async_poll" | "async_ok" | "async_failed" => {
            let kind = std::mem::take(&mut wire.e);
            What::Async(kind, host_result("async", wire)?)
        }
        "task" => What::Task(Task {
            number: wire.k.ok_or(DecodeError::Missing { event: "task", field: "k" })?,
            name: need("task", "name", wire.name)?,
            action: text(wire.action),
            handler: wire.handler,
            path: wire.path.map(|t| t.0),
        }),
        "play" => What::Play {
            name: need("play", "name", wire.name)?,
            id: text(wire.id),
            hosts: names(wire.hosts)?,
            of: wire.of,
            strategy: text(wire.strategy),
        },
        "hello" => What::Hello(Hello {
            core: need("hello", "core", wire.core)?,
            pid: wire.pid.unwrap_or(0),
            python: text(wire.python),
            config: wire.config.map(|t| t.0),
            check: wire.check,
            diff: wire.diff,
            forks: wire.forks,
        }),
        "plan" => {
            let plays = wire.plays.ok_or(DecodeError::Missing { event: "plan", field: "plays" })?;
            What::Plan(parse::<Vec<PlanPlay>>(plays.get())?)
        }
        "include" => What::Include { file: need("include", "file", wire.file)?, hosts: names(wire.hosts)? },
        "notify" => What::Notify { handler: need("notify", "name", wire.name)?, host: need("notify", "h", wire.h)? },
        "no_hosts_matched" => What::NoHostsMatched,
        "no_hosts_remaining" => What::NoHostsRemaining,
        "vars_prompt" => What::VarsPrompt {
            name: need("vars_prompt", "name", wire.name)?,
            private: wire.private,
            prompt: text(wire.prompt),
        },
        "stats" => {
            let hosts = wire.hosts.ok_or(DecodeError::Missing { event: "stats", field: "hosts" })?;
            let hosts: BTreeMap<Text, [u32; 7]> = parse(hosts.get())?;
            What::Stats(hosts.into_iter().map(|(host, counts)| (host.0, Tally::from(counts))).collect())
        }
        "stopped" => What::Stopped,
        "interrupted" => What::Interrupted { signal: wire.signal.unwrap_or(0) },
        "dropped" => What::Dropped { count: wire.count.unwrap_or(1), why: text(wire.why) },
        _ => What::Unknown(wire.e),
    })
}

fn host_result<'a>(event: &'static str, wire: Wire<'a>) -> Result<HostResult<'a>, DecodeError> {
    Ok(HostResult {
        task: wire.k,
        host: need(event, "h", wire.h)?,
        name: wire.task.map(|t| t.0),
        changed: wire.changed,
        ignored: wire.ignored,
        diff: wire.diff,
        delegated_to: wire.to.map(|t| t.0),
        item: wire.item.map(|t| t.0),
        body: wire.r,
    })
}

fn names(list: Option<&RawValue>) -> Result<Vec<Cow<'_, str>>, DecodeError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    Ok(parse::<Vec<Text>>(list.get())?.into_iter().map(|t| t.0).collect())
}

fn need<'a>(event: &'static str, field: &'static str, value: Option<Text<'a>>) -> Result<Cow<'a, str>, DecodeError> {
    value.map(|t| t.0).ok_or(DecodeError::Missing { event, field })
}

fn text(value: Option<Text<'_>>) -> Cow<'_, str> {
    value.map(|t| t.0).unwrap_or_default()
}
