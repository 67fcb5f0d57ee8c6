//! A board as lines and as JSON. Everything that hosts said is safe by the time it is here, or made so.

use crate::alarm::Reason;
use crate::cli::alarm;
use crate::health::board::{Board, Counts, Row};
use crate::health::breaker::{Breaker, Key};
use crate::health::judge::Status;
use crate::health::record::{Raw, Unit};
use crate::text::{human, pad, plain, plain_lines};
use serde_json::{Value, json};

/// What a person silenced has a mark of its own; how it is stands beside it all the same.
const SILENCED: &str = "◇";

fn sign(status: Status) -> &'static str {
    match status {
        Status::Ok => "●",
        Status::Unknown => "?",
        Status::Stale => "◌",
        Status::Warn => "▲",
        Status::Bad => "✖",
    }
}

/// What is known beside the checks: breakers that are not closed, and what waits for a person.
type Beside<'a> = (&'a [(Key, Breaker)], &'a [Reason]);

/// How many are how, what waits for a person, what keeps others off, and what is not well, or `all` of it.
pub fn text(board: &Board, (breakers, waits): Beside<'_>, all: bool, now: i64) -> String {
    let mut out = format!("{}\n", counts(board));
    waits.iter().for_each(|reason| out += &alarm::line(reason));
    for (key, breaker) in breakers {
        out += &format!("⊘ breaker {}\n", plain(&format!("{key} is {}", breaker.words(now))));
    }
    for cause in &board.causes {
        out += &format!("▲ common cause? {} since {}\n", plain(&cause.text()), human::time(cause.since));
    }
    let loud = |row: &&Row| all || row.status != Status::Ok || row.suspect || row.flapping;
    let loud = board.rows.iter().filter(loud);
    loud.for_each(|row| out += &self::row(row, now));
    out
}

fn counts(board: &Board) -> String {
    let counts = &board.hosts;
    let of = |status: Status| (sign(status), status.name());
    let all = [
        (of(Status::Bad), counts.bad),
        (of(Status::Warn), counts.warn),
        (of(Status::Stale), counts.stale),
        (of(Status::Unknown), counts.unknown),
        (of(Status::Ok), counts.ok),
    ];
    let some = all.into_iter().filter(|(shown, n)| *n > 0 || *shown == of(Status::Ok));
    let mut parts: Vec<String> = some.map(|((sign, name), n)| format!("{sign} {n} {name}")).collect();
    let hushed = |n: u32, bad: u32, of: &str| {
        let more = if bad > 0 { format!(", {bad} bad") } else { String::new() };
        (n > 0).then(|| format!("{SILENCED} {n} {of}silenced{more}"))
    };
    parts.extend(hushed(board.hosts.silenced, board.hosts.silenced_bad, ""));
    parts.extend(hushed(board.hushed.checks, board.hushed.bad, "checks "));
    parts.join("   ")
}

/// One line.
pub fn row(row: &Row, now: i64) -> String {
    let host = row.host.as_deref().unwrap_or("-");
    let mut more = Vec::new();
    more.extend(row.soon());
    if row.flapping {
        more.push(format!("flapping {:.0}%", row.flap));
    }
    if let (Some(limit), Status::Warn | Status::Bad) = (row.limit, row.status) {
        more.push(format!("limit {limit}"));
    }
    if row.folded > 1 {
        more.push(format!("{} checks", row.folded));
    }
    let since = if row.since > 0 { format!("for {}", human::short(now - row.since)) } else { String::new() };
    let age = row.age.map_or(String::new(), |age| format!("{} old", human::short(age)));
    let silence = row.silenced.clone().unwrap_or_default();
    let parts = [since, more.join(", "), row.source.clone(), age, silence];
    let (sign, name) = (if row.silenced.is_some() { SILENCED } else { sign(row.status) }, row.status.name());
    let tail: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!(
        "{sign} {}  {}  {}  {}  ({})\n",
        pad(name, 8),
        pad(&plain(host), 16),
        pad(&plain(&row.check), 12),
        plain(&row.text),
        tail.join("; "),
    )
}

/// The whole board.
pub fn json(board: &Board, (breakers, waits): Beside<'_>, now: i64) -> String {
    let counts = |counts: &Counts| {
        json!({ "bad": counts.bad, "warn": counts.warn, "stale": counts.stale, "unknown": counts.unknown,
                "silenced": counts.silenced, "silenced_bad": counts.silenced_bad, "ok": counts.ok, "suspect": counts.suspect })
    };
    let cell = |cell: &crate::health::board::Cell| {
        json!({ "host": cell.host, "status": cell.status, "silenced": cell.silenced, "why": cell.why, "since": since(cell.since),
                "cpu": cell.cpu, "memory": cell.memory, "disk": cell.disk })
    };
    let cause = |cause: &crate::health::board::Cause| {
        json!({ "text": cause.text(), "check": cause.family, "way": cause.way, "status": cause.status,
                "since": since(cause.since), "hosts": cause.hosts, "of": cause.of })
    };
    let breaker = |(key, breaker): &(Key, Breaker)| json!({ "key": key.to_string(), "position": breaker.position(now).name(), "words": breaker.words(now) });
    let all = json!({
        "at": human::rfc3339(now),
        "counts": counts(&board.hosts),
        "services": counts(&board.services),
        "silenced_checks": { "silenced": board.hushed.checks, "bad": board.hushed.bad },
        "waits": waits.iter().map(alarm::shown).collect::<Vec<_>>(),
        "causes": board.causes.iter().map(cause).collect::<Vec<_>>(),
        "breakers": breakers.iter().map(breaker).collect::<Vec<_>>(),
        "hosts": board.cells.iter().map(cell).collect::<Vec<_>>(),
        "checks": board.rows.iter().map(|row| row_json(row, now)).collect::<Vec<_>>(),
    });
    format!("{all:#}\n")
}

fn since(at: i64) -> Option<String> {
    (at > 0).then(|| human::rfc3339(at))
}

/// One row.
pub fn row_json(row: &Row, now: i64) -> Value {
    json!({
        "at": human::rfc3339(now), "host": row.host, "check": row.check, "probe": row.probe, "status": row.status,
        "silenced": row.silenced, "since": since(row.since), "tends": row.tends, "streak": row.streak, "needed": row.needed,
        "suspect": row.suspect, "flapping": row.flapping, "text": row.text, "value": row.value, "unit": row.unit,
        "limit": row.limit, "need": row.need, "per_hour": row.trend.map(|trend| trend.per_hour),
        "full_in": row.full_in.filter(|_| row.unit == Unit::Percent).map(|ms| ms / 1000), "source": row.source,
        "age": row.age.map(|ms| ms / 1000), "checks": row.folded,
    })
}

/// Raw answers, safe for a terminal.
pub fn raw(all: &[Raw]) -> String {
    let mut out = String::new();
    for one in all {
        let took = human::duration(one.took.into());
        out += &format!("{}  {}  {took}\n$ {}\n", human::date_time(one.at), plain(&one.ended), plain(&one.command));
        for line in plain_lines(&String::from_utf8_lossy(&one.output)) {
            out += &format!("  {line}\n");
        }
    }
    if all.is_empty() { "nothing was asked there yet\n".to_owned() } else { out }
}

/// Likewise as JSON.
pub fn raw_json(all: &[Raw]) -> String {
    let one = |one: &Raw| {
        json!({ "at": human::rfc3339(one.at), "took_ms": one.took, "command": one.command, "ended": one.ended,
                "output": String::from_utf8_lossy(&one.output) })
    };
    format!("{:#}\n", Value::Array(all.iter().map(one).collect()))
}
