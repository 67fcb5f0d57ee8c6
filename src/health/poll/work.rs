//! One asking, done: over SSH, from here, or through Ansible. Whatever a host does (hang, refuse, talk without end), it
//! costs its own job no more than its time, and nobody else anything.

use super::keep::{Brought, Found};
use super::pasted;
use crate::health::plan::{Ask, Job};
use crate::health::probe::survey::{self, Answer, Place};
use crate::health::probe::target::Target as Vars;
use crate::health::probe::{Probe, Restarts, Verdict, systemd};
use crate::health::record::{OUTPUT, Raw};
use crate::health::sample::{self, Sample};
use crate::ssh::{Chunk, Command, Exit, Failure, Pool, Target};
use crate::text::{cut, plain};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Columns of a reason.
const WORDS: usize = 160;
/// EX_TEMPFAIL of sysexits.h: the command does not know.
const TRY_LATER: i32 = 75;
/// Stands before the exit code of a command that Ansible ran.
const RC: &str = "opsdeck rc ";

#[derive(Clone)]
pub struct World {
    pub pool: Pool,
    /// Where Ansible is asked from, and programs are started.
    pub place: Arc<Place>,
    /// How often units had been restarted.
    pub restarts: Restarts,
}

/// The clock, in Unix milliseconds.
pub fn now() -> i64 {
    crate::state::clock::wall()
}

/// Does what a job asks of a host that is reached over SSH.
pub async fn over_ssh(job: &Job, vars: &Vars, target: &Target, world: &World) -> Brought {
    let script = match &job.watch.ask {
        Ask::Sample(_) => sample::SCRIPT.to_owned(),
        Ask::Shell(command) => vars.fill(command),
        Ask::Probe(Probe::Systemd { unit }) => systemd::script(&vars.fill(unit)),
        Ask::Probe(_) => return from_here(job.clone(), vec![vars.clone()], world.clone()).await,
    };
    let (at, began) = (now(), Instant::now());
    let timeout = Duration::from_secs(job.watch.timeout.max(1).into());
    let shown = pasted::over_ssh(target, &script);
    let command = Command { script, stdin: Vec::new(), timeout, limit: sample::LIMIT, alone: false, password: None };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let run = world.pool.run(target, &command, |chunk| match chunk {
        Chunk::Out(bytes) => out.extend_from_slice(bytes),
        Chunk::Err(bytes) => keep(&mut err, bytes),
    });
    // Beside its own time a command may need a login.
    let limit = timeout + Duration::from_secs(target.patience.into());
    let ended = tokio::time::timeout(limit, run).await;
    let took = began.elapsed().as_millis() as i64;
    let (found, how) = match ended {
        Err(_) => {
            let why = format!("no answer within {} s", limit.as_secs());
            (Found::Unreachable(why.clone()), why)
        }
        Ok(Err(failure)) => (failed(&failure), failure.to_string()),
        Ok(Ok(exit)) => (answered(job, &out, &err, exit, world, vars), code(exit)),
    };
    out.truncate(OUTPUT);
    out.extend_from_slice(&err[..err.len().min(OUTPUT.saturating_sub(out.len()))]);
    let raw = Raw { at, took: took as u32, command: shown, ended: safe(&how), output: out };
    Brought { at, took, found, raw }
}

fn keep(err: &mut Vec<u8>, bytes: &[u8]) {
    let room = OUTPUT.saturating_sub(err.len()).min(bytes.len());
    err.extend_from_slice(&bytes[..room]);
}

fn code(exit: Exit) -> String {
    exit.code.map_or("ended by a signal".to_owned(), |code| format!("exit {code}"))
}

fn failed(failure: &Failure) -> Found {
    let why = safe(&failure.to_string());
    match failure {
        Failure::Unreachable { .. } | Failure::Lost(_) | Failure::TimedOut(_) => Found::Unreachable(why),
        // Whoever works there holds the only session: that is no fault of the host.
        Failure::Busy(_) => Found::Skipped(format!("{why}: somebody works there")),
        Failure::Become(_) | Failure::Local(_) => Found::Unknown(why),
    }
}

fn answered(job: &Job, out: &[u8], err: &[u8], exit: Exit, world: &World, vars: &Vars) -> Found {
    match &job.watch.ask {
        Ask::Sample(_) => match Sample::parse(out) {
            Some(sample) => Found::Sample(Box::new(sample)),
            None => Found::Odd(format!("no sample in the answer ({}): {}", code(exit), last_line(out, err))),
        },
        Ask::Probe(Probe::Systemd { unit }) => {
            let shown = String::from_utf8_lossy(out);
            let (verdict, got) = systemd::shown(&shown, &vars.name, &vars.fill(unit), &world.restarts);
            Found::Seen(verdict, safe(&got), None)
        }
        _ => shell(exit.code, &last_line(out, err)),
    }
}

/// What a command says by its exit code.
fn shell(code: Option<i32>, line: &str) -> Found {
    let with = |what: String| if line.is_empty() { what } else { format!("{what}: {line}") };
    match code {
        Some(0) => Found::Seen(Verdict::Pass, with("exit 0".into()), None),
        Some(TRY_LATER) => Found::Seen(Verdict::Inconclusive, with(format!("exit {TRY_LATER}")), None),
        Some(code) => Found::Seen(Verdict::Fail, with(format!("exit {code}")), None),
        None => Found::Seen(Verdict::Inconclusive, with("ended by a signal".into()), None),
    }
}

fn last_line(out: &[u8], err: &[u8]) -> String {
    let last = |bytes: &[u8]| {
        let end = &bytes[bytes.len().saturating_sub(OUTPUT)..];
        String::from_utf8_lossy(end).lines().map(safe).rfind(|line| !line.trim().is_empty())
    };
    last(err).or_else(|| last(out)).unwrap_or_default()
}

/// One line that a terminal can be given.
pub fn safe(text: &str) -> String {
    cut(&plain(text.trim()), WORDS).to_owned()
}

/// Does what a job asks from here: requests, connections, programs, queries.
pub async fn from_here(job: Job, hosts: Vec<Vars>, world: World) -> Brought {
    let (at, began) = (now(), Instant::now());
    let limit = Duration::from_secs(job.watch.timeout.max(1).into());
    let asked = tokio::task::spawn_blocking(move || {
        let Ask::Probe(probe) = &job.watch.ask else { return (String::new(), None) };
        let command = pasted::from_here(probe, hosts.first());
        let seen = probe.ask(&hosts, &world.place, &world.restarts, limit);
        (command, seen.into_iter().next())
    });
    let (command, seen) = asked.await.unwrap_or_default();
    let took = began.elapsed().as_millis() as i64;
    let found = match seen {
        Some(seen) => Found::Seen(seen.verdict, safe(&seen.got), seen.value),
        None => Found::Unknown("it could not be asked".into()),
    };
    let (ended, output) = match &found {
        Found::Seen(verdict, got, _) => (verdict.name().to_owned(), got.clone().into_bytes()),
        _ => ("not asked".to_owned(), Vec::new()),
    };
    Brought { at, took, found, raw: Raw { at, took: took as u32, command, ended, output } }
}

/// Does what one watch asks of hosts that only Ansible reaches: all of them in one call of it. In the order of `hosts`.
pub fn through_ansible(watch: &Ask, hosts: &[(Vars, String)], world: &World, limit: Duration) -> Vec<Brought> {
    let (at, began) = (now(), Instant::now());
    let mut same: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let script = |host: &Vars| match watch {
        Ask::Sample(_) => sample::SCRIPT.to_owned(),
        Ask::Shell(command) => host.fill(command),
        Ask::Probe(Probe::Systemd { unit }) => systemd::script(&host.fill(unit)),
        Ask::Probe(_) => String::new(),
    };
    for (host, _) in hosts {
        let script = match (watch, script(host)) {
            (Ask::Shell(_), script) => format!("(\n{script}\n)\necho \"{RC}$?\""),
            (_, script) => script,
        };
        same.entry(script).or_default().push(&host.name);
    }
    let mut answers: BTreeMap<String, Result<Answer, String>> = BTreeMap::new();
    for (script, names) in &same {
        match survey::ask(&world.place, names, "ansible.builtin.shell", &json!({ "cmd": script }), limit) {
            Ok(some) => answers.extend(some.into_iter().map(|(host, answer)| (host, Ok(answer)))),
            Err(why) => answers.extend(names.iter().map(|name| ((*name).to_owned(), Err(why.clone())))),
        }
    }
    let took = began.elapsed().as_millis() as i64;
    let one = |(host, why): &(Vars, String)| {
        let (found, output) = match answers.get(&host.name) {
            Some(Ok(Answer::Said(result))) => {
                let out = result["stdout"].as_str().unwrap_or_default();
                (told(watch, out, host, world), out.to_owned())
            }
            Some(Ok(Answer::Unreachable(why))) => (Found::Unreachable(why.clone()), String::new()),
            Some(Ok(Answer::Failed(why))) => {
                (Found::Unknown(safe(&format!("asked through Ansible: {why}"))), String::new())
            }
            Some(Err(why)) => (Found::Unknown(safe(&format!("asked through Ansible ({why})"))), String::new()),
            None => (Found::Unknown("Ansible gave no answer in time".into()), String::new()),
        };
        let command = pasted::through_ansible(&world.place, &host.name, &script(host), why);
        let mut output = output.into_bytes();
        output.truncate(OUTPUT);
        Brought { at, took, found, raw: Raw { at, took: took as u32, command, ended: "ansible".into(), output } }
    };
    hosts.iter().map(one).collect()
}

fn told(watch: &Ask, out: &str, host: &Vars, world: &World) -> Found {
    match watch {
        // Ansible takes the last line's end away.
        Ask::Sample(_) => match Sample::parse(format!("{out}\n").as_bytes()) {
            Some(sample) => Found::Sample(Box::new(sample)),
            None => Found::Odd("no sample in the answer".into()),
        },
        Ask::Probe(Probe::Systemd { unit }) => {
            let (verdict, got) = systemd::shown(out, &host.name, &host.fill(unit), &world.restarts);
            Found::Seen(verdict, safe(&got), None)
        }
        _ => {
            let (said, rc) = out.trim_end().rsplit_once(RC).unwrap_or((out, ""));
            shell(rc.trim().parse().ok(), &last_line(said.as_bytes(), b""))
        }
    }
}
