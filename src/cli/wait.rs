//! `--wait`: what Ansible prints, as it comes, and its exit code at the end. A terminal gets each line made safe, a file or a
//! pipe gets it without what is meant for terminals. Only watches: whatever happens to it, the run goes on.

use super::alive::Alive;
use super::paint::shown;
use crate::api::Desk;
use crate::run::event::Failure;
use crate::run::{RunState, State};
use crate::text;
use crate::tui::term::{Caps, Depth};
use anyhow::Result;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::time::Duration;
use uuid::Uuid;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How the exit code of `--wait` is made; printed in the help of the verbs that have it.
pub const CODES: &str = "\
Exit codes with --wait: Ansible's own (0 ok, 1 error, 2 hosts failed, 4 unreachable or unreadable, 5 options, 99 \
interrupted, 250 crash); 3 nothing ran although Ansible said 0; 128+N killed by signal N; 69 Ansible could not be \
started; 70 how it ended is not known; 130 Ctrl-C was pressed here (the run goes on); 141 the reader of stdout is gone \
(the run goes on).
Exit codes without --wait: 0 launched. Both: 2 the command line is wrong, 64 refused: nothing was started.";

/// The exit code for a run that has ended.
pub fn code(state: &RunState) -> u8 {
    let low = |n: i32| u8::try_from(n).unwrap_or(70);
    match (state.state, state.rc, state.signal) {
        (State::NothingRan, Some(0), _) => 3,
        (_, _, Some(signal)) => low(128 + signal),
        (State::Unknown, ..) => 70,
        (_, Some(rc), _) => low(rc),
        (State::Succeeded, ..) => 0,
        (State::Cancelled, ..) => 130,
        (State::Failed, ..) if state.failure == Some(Failure::Launch) => 69,
        _ => 70,
    }
}

/// Copies what the run prints until it has ended; gives its exit code.
///
/// # Errors
/// The run's files cannot be read.
pub fn wait(desk: &Desk, id: Uuid, quiet: bool) -> Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            code = watch(desk, id, quiet) => code,
            _ = tokio::signal::ctrl_c() => {
                eprintln!("\nopsdeck: no longer watching; run {id} goes on.");
                eprintln!("opsdeck: watch it with `opsdeck logs -f {id}`, stop it with `opsdeck stop {id}`");
                Ok(130)
            }
        }
    })
}

async fn watch(desk: &Desk, id: Uuid, quiet: bool) -> Result<u8> {
    let mut run = desk.follow(id)?;
    let step = run.dir().step(1);
    let mut out = Tail::new(step.stdout(), io::stdout().is_terminal());
    let mut err = Tail::new(step.stderr(), io::stderr().is_terminal());
    let mut alive = Alive::default();
    let mut told = None;
    loop {
        // The end is looked for first: then everything that was printed before it is there to be copied.
        run.poll();
        let ended = run.state.state.is_terminal();
        if !quiet {
            let copied =
                out.copy(&mut io::stdout().lock(), ended).and_then(|()| err.copy(&mut io::stderr().lock(), ended));
            match copied {
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(141),
                other => other?,
            }
        }
        if ended {
            let _ = io::stdout().flush();
            if let (false, Some(why)) = (run.state.state == State::Succeeded, &run.state.why) {
                eprintln!("opsdeck: {}: {}", run.state.state.name().replace('_', " "), crate::text::plain(why));
            }
            return Ok(code(&run.state));
        }
        if let (State::Queued, Some(by)) = (run.state.state, &run.state.queued_by)
            && told.as_ref() != Some(by)
        {
            eprintln!("opsdeck: waits: {}", crate::text::plain(run.state.why.as_deref().unwrap_or(by)));
            told = Some(by.clone());
        }
        alive.look(desk, id)?;
        tokio::time::sleep(LOOK).await;
    }
}

/// A file that grows.
struct Tail {
    path: PathBuf,
    file: Option<File>,
    buffer: Vec<u8>,
    /// For a terminal: whether it takes colours and only ASCII.
    safe: Option<(bool, bool)>,
    /// The line that has no end yet.
    begun: Vec<u8>,
}

impl Tail {
    fn new(path: PathBuf, terminal: bool) -> Self {
        let caps = terminal.then(Caps::detect);
        let safe = caps.map(|caps| (caps.depth != Depth::None, !caps.utf8));
        Tail { path, file: None, buffer: vec![0; 64 << 10], safe, begun: Vec::new() }
    }

    /// Copies what is new; with `all` also a last line without an end.
    fn copy(&mut self, to: &mut dyn Write, all: bool) -> io::Result<()> {
        if self.file.is_none() {
            self.file = crate::open::own(&self.path).ok();
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut any = false;
        loop {
            let n = file.read(&mut self.buffer)?;
            if n == 0 {
                break;
            }
            let new = self.begun.len();
            self.begun.extend_from_slice(&self.buffer[..n]);
            let whole = self.begun[new..].iter().rposition(|b| *b == b'\n').map_or(0, |end| new + end + 1);
            for line in self.begun[..whole].split_inclusive(|b| *b == b'\n') {
                put(to, self.safe, &line[..line.len() - 1])?;
                to.write_all(b"\n")?;
            }
            self.begun.drain(..whole);
            any = true;
        }
        if all && !self.begun.is_empty() {
            put(to, self.safe, &self.begun)?;
            self.begun.clear();
            any = true;
        }
        if any { to.flush() } else { Ok(()) }
    }
}

/// A line without its end.
fn put(to: &mut dyn Write, safe: Option<(bool, bool)>, line: &[u8]) -> io::Result<()> {
    match safe {
        Some((colour, ascii)) => to.write_all(shown(&text::line(line, ascii), colour, ascii).as_bytes()),
        None => to.write_all(&text::stripped(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_gets_every_byte_but_those_for_terminals() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        let long = format!("{{\"a\":\t\"{}\u{6f22}\"}}", "x".repeat(200_000));
        let printed = format!("\u{1b}[0;32mok\u{1b}[0m: [w1]\n{long}\n\u{1b}]0;title\u{7}end \u{1b}]52;c;AAAA\u{1b}\\");
        std::fs::write(&path, &printed).unwrap();
        let mut got = Vec::new();
        Tail::new(path, false).copy(&mut got, true).unwrap();
        let got = String::from_utf8(got).unwrap();
        assert!(got.starts_with(&format!("ok: [w1]\n{long}\n")) && got.contains("end "), "{}", &got[got.len() - 40..]);
        assert!(!got.contains(['\u{1b}', '\u{7}']), "{:?}", &got[got.len() - 40..]);
    }
}
