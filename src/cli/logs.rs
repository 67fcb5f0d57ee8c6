//! `opsdeck logs`: what a run printed, safe to look at, or byte by byte.

use super::alive::Alive;
use super::paint::shown;
use super::{Global, known, whole};
use crate::run::Follower;
use crate::run::log::{Filter, LogStore, View};
use crate::text::{self, human};
use crate::tui::term::{Caps, Depth};
use anyhow::{Result, bail};
use serde_json::json;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

/// How often a followed run is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// Bytes indexed at once before lines are printed.
const BUDGET: usize = 8 << 20;
/// Bytes of one line that are printed raw at most: it is held in memory.
const RAW: usize = 64 << 20;

/// Options of the verb; its words are in `cli`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  opsdeck logs -f last
  opsdeck logs last --failed
  opsdeck logs 0199 --host web03.eu
  opsdeck logs 0199 --raw > out.log 2> err.log

Control sequences of hosts never reach the terminal: colours stay, anything else is shown as ␛. With --host and --failed \
the header of each task stays. Host and class of a line are read from Ansible's words; for decisions use `show --json`.

Exit codes: 0 printed (with -f: until the run ended), 1 no such run, or no such host in it. The state of the run does not change them.")]
pub struct Args {
    /// The run: its number, its id, the beginning of it, or `last`
    pub run: String,
    /// Go on until the run has ended
    #[arg(short, long)]
    pub follow: bool,
    /// Only lines of this host; outputs that are too long for the log come whole
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// Only failed and unreachable results
    #[arg(long)]
    pub failed: bool,
    /// One JSON object a line: n, time, step, stream, host, class, text
    #[arg(long, conflicts_with = "raw")]
    pub json: bool,
    /// The exact bytes: what Ansible printed on stdout to stdout, what on stderr to stderr
    #[arg(long)]
    pub raw: bool,
}

/// Prints them.
///
/// # Errors
/// No such run; its files cannot be read; nobody takes the output (a closed pipe is no error).
pub fn run(global: &Global, args: &Args) -> Result<ExitCode> {
    let desk = global.desk();
    let id = desk.find(&args.run)?;
    let (mut run, mut log) = (desk.follow(id)?, desk.log(id));
    let mut view = View::new(Filter { host: args.host.clone(), failed: args.failed, ..Filter::default() });
    let mut out = Printer::new(args);
    let (mut alive, mut goes_on) = (Alive::default(), true);
    if let Some(why) = known::read_only(desk.state(), &run.spec) {
        eprintln!("opsdeck: {}", text::plain(&why));
    }
    if let Some(host) = args.host.as_ref().filter(|_| !(args.follow || args.json || args.failed)) {
        let long = desk.whole(&run, host)?;
        for whole in &long {
            match whole::print(whole, out.safe()) {
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
                done => done?,
            }
        }
        if !long.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
    }
    loop {
        // Whoever notices first that a run has lost its supervisor starts the next.
        if args.follow && goes_on && !run.state.state.is_terminal() && run.damage.is_none() {
            goes_on = alive.look(&desk, id)?;
        }
        // The state first: what was printed before the run ended is in the files by then.
        run.poll();
        let ended = run.state.state.is_terminal() || run.damage.is_some() || !goes_on;
        let more = log.refresh(&run.state.output, BUDGET)?.more;
        while !view.extend(&log, usize::MAX)? {}
        // Lines beyond the last mark may still change places: a follower waits for the mark.
        let until = if more || (args.follow && !ended) { log.settled() } else { log.len() };
        match out.print(&log, &view, until) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
            done => done?,
        }
        if !more && (ended || !args.follow) {
            break;
        }
        if !more {
            std::thread::sleep(LOOK);
        }
    }
    if let Some(host) = args.host.as_ref().filter(|host| !of_run(&run, host)) {
        let known: Vec<&str> = run.state.hosts.keys().take(8).map(String::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        bail!("run {id} has no host {host:?}; its hosts: {known}");
    }
    if let Some(damage) = &run.damage {
        eprintln!("opsdeck: {}", text::plain(damage));
    }
    Ok(ExitCode::SUCCESS)
}

/// It was among the run's hosts, or was to be.
fn of_run(run: &Follower, host: &str) -> bool {
    run.state.hosts.contains_key(host) || run.spec.hosts.iter().flatten().any(|known| known == host)
}

enum How {
    Raw,
    Json,
    Text { colour: bool, ascii: bool },
}

struct Printer {
    how: How,
    /// Rows printed, and the first line of the store that was not.
    row: usize,
    line: usize,
}

impl Printer {
    fn new(args: &Args) -> Self {
        let caps = Caps::detect();
        let terminal = io::stdout().is_terminal();
        let how = match (args.raw, args.json) {
            (true, _) => How::Raw,
            (_, true) => How::Json,
            _ => How::Text { colour: terminal && caps.depth > Depth::None, ascii: terminal && !caps.utf8 },
        };
        Self { how, row: 0, line: 0 }
    }

    /// How lines are made safe; `None`: they are not, byte by byte.
    fn safe(&self) -> Option<(bool, bool)> {
        match self.how {
            How::Text { colour, ascii } => Some((colour, ascii)),
            How::Raw | How::Json => None,
        }
    }

    fn print(&mut self, log: &LogStore, view: &View, until: usize) -> io::Result<()> {
        let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
        let mut err = io::stderr().lock();
        self.row = self.row.min(view.row(self.line));
        while let Some(line) = view.line(self.row).filter(|l| *l < until) {
            self.row += 1;
            if line < self.line {
                continue;
            }
            self.line = line + 1;
            let Some(info) = log.info(line) else { break };
            match self.how {
                How::Raw => {
                    let mut bytes = log.raw(line, RAW)?;
                    if info.ended {
                        bytes.push(b'\n');
                    }
                    if info.len > RAW as u64 {
                        let (stream, most) = (if info.stderr { "stderr" } else { "stdout" }, RAW >> 20);
                        let file = format!("steps/{}/{stream}.log of the run's folder", info.step);
                        let (n, len) = (line + 1, info.len);
                        writeln!(
                            err,
                            "opsdeck: line {n} holds {len} bytes or more: {most} MiB of it follow; it lies in {file}"
                        )?;
                    }
                    if info.stderr {
                        out.flush()?;
                        err.write_all(&bytes)?;
                    } else {
                        out.write_all(&bytes)?;
                    }
                }
                How::Json => {
                    let value = json!({
                        "n": line + 1,
                        "time": info.time.map(human::rfc3339),
                        "step": info.step,
                        "stream": if info.stderr { "stderr" } else { "stdout" },
                        "host": info.host,
                        "class": info.class.name(),
                        "text": log.line(line, text::LINE_CAP, false)?.text(),
                    });
                    writeln!(out, "{value}")?;
                }
                How::Text { colour, ascii } => {
                    let safe = log.line(line, text::LINE_CAP, ascii)?;
                    writeln!(out, "{}", shown(&safe, colour, ascii))?;
                }
            }
        }
        out.flush()
    }
}
