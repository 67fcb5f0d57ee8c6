//! Watching a run on many hosts and printing what they said, folded; while it runs, on a terminal, one line of who is
//! awaited. Only watches: whatever happens to it, the run goes on.

use super::alive::Alive;
use super::{record, wait};
use crate::api::Desk;
use crate::run::outputs::{self, End, Group, Mark};
use crate::run::{Follower, State};
use anyhow::Result;
use serde_json::json;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How often the run is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// How often the line of who is awaited is drawn anew.
const DRAW: Duration = Duration::from_millis(200);
/// Names in a group's head before only their number is told.
const NAMES: usize = 8;

/// Waits for the end, prints the groups, gives the exit code. After Ctrl-C: what has come so far.
///
/// # Errors
/// The run's files cannot be read.
pub fn watch(desk: &Desk, id: Uuid, json: bool) -> Result<u8> {
    let mut run = desk.follow(id)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        tokio::select! {
            end = until_end(desk, &mut run) => end.map(|()| true),
            _ = tokio::signal::ctrl_c() => Ok(false),
        }
    })?;
    clear();
    run.poll();
    let groups = outputs::fold(&outputs::read(&run));
    let text = if json {
        let mut record = record::json(&run.spec, &run.state);
        record["groups"] = json!(groups);
        format!("{record:#}\n")
    } else {
        text(&groups)
    };
    match io::stdout().write_all(text.as_bytes()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(141),
        other => other?,
    }
    if !ended {
        eprintln!("opsdeck: no longer watching; run {id} goes on.");
        eprintln!("opsdeck: watch it with `opsdeck logs -f {id}`, stop it with `opsdeck stop {id}`");
        return Ok(130);
    }
    if let (false, Some(why)) = (run.state.state == State::Succeeded, &run.state.why) {
        eprintln!("opsdeck: {}: {}", run.state.state.name().replace('_', " "), crate::text::plain(why));
        if !json && groups.is_empty() {
            eprintln!("opsdeck: see `opsdeck logs {id}`");
        }
    }
    Ok(wait::code(&run.state))
}

async fn until_end(desk: &Desk, run: &mut Follower) -> Result<()> {
    let (mut alive, mut drawn) = (Alive::default(), Instant::now());
    loop {
        run.poll();
        if run.state.state.is_terminal() {
            return Ok(());
        }
        if drawn.elapsed() > DRAW {
            drawn = Instant::now();
            draw(run);
        }
        alive.look(desk, run.spec.id)?;
        tokio::time::sleep(LOOK).await;
    }
}

/// Who is awaited, on a line that is overwritten.
fn draw(run: &Follower) {
    if !io::stderr().is_terminal() {
        return;
    }
    let running = run.state.hosts_running();
    let done = run.state.hosts.values().filter(|h| h.tally != Default::default()).count();
    let mut line = format!("{done} of {} hosts", run.state.hosts.len());
    if !running.is_empty() && running.len() <= NAMES {
        let _ = write!(line, "; awaited: {}", running.join(" "));
    }
    eprint!("\r\x1b[K{}", crate::text::plain(&line).chars().take(78).collect::<String>());
}

fn clear() {
    if io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
}

/// The groups as text.
fn text(groups: &[Group]) -> String {
    let mut out = String::new();
    for group in groups {
        let _ = writeln!(out, "== {}", head(group));
        for line in &group.lines {
            let mark = match line.mark {
                _ if group.majority || groups.iter().all(|g| !g.majority) => "",
                Mark::Same => "  ",
                Mark::Added => "+ ",
                Mark::Missing => "- ",
            };
            let _ = writeln!(out, "{mark}{}", line.text);
        }
    }
    out
}

fn head(group: &Group) -> String {
    let end = match group.end {
        End::Code(0) => String::new(),
        End::Code(code) => format!(" | exit code {code}"),
        End::Failed => " | FAILED".to_owned(),
        End::Unreachable => " | UNREACHABLE".to_owned(),
        End::Unknown => " | OUTCOME UNKNOWN".to_owned(),
        End::Running => " | still running".to_owned(),
    };
    let n = group.hosts.len();
    let shown: Vec<String> = group.hosts.iter().take(NAMES).map(|h| crate::text::plain(h).into_owned()).collect();
    let more = if n > NAMES { format!(" and {} more", n - NAMES) } else { String::new() };
    format!("{n} host{}{end} | {}{more}", if n == 1 { "" } else { "s" }, shown.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::outputs::{Output, fold};

    #[test]
    fn the_majority_comes_first_and_what_needs_a_person_last() {
        let output = |host: &str, end: End, text: &str| Output {
            host: host.into(),
            end,
            lines: text.lines().map(str::to_owned).collect(),
            digest: String::new(),
        };
        let mut all: Vec<Output> = (1..=10).map(|i| output(&format!("h{i}"), End::Code(0), "v1\nup")).collect();
        all.push(output("odd", End::Code(0), "v2\nup"));
        all.push(output("bad", End::Code(3), "v1\nup"));
        all.push(output("dark", End::Unreachable, "Connection refused"));
        let expected = "== 10 hosts | h1 h2 h3 h4 h5 h6 h7 h8 and 2 more\nv1\nup\n== 1 host | odd\n- v1\n+ v2\n  up\n\
                        == 1 host | exit code 3 | bad\n  v1\n  up\n== 1 host | UNREACHABLE | dark\n  Connection refused\n";
        assert_eq!(text(&fold(&all)), expected);
    }
}
