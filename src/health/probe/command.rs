//! A program on the control host: exit code 0 passes, 75 (EX_TEMPFAIL) says that it does not know, any other fails.

use super::target::Target;
use super::{Seen, Verdict, each, program};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const TRY_LATER: i32 = 75;

/// Runs it for each host that it names, without a shell.
pub fn read(argv: &[String], hosts: &[Target], cwd: &Path, deadline: Instant) -> Vec<Seen> {
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    let cwd = cwd.to_path_buf();
    each(&words, hosts, deadline, move |argv, limit| {
        let (verdict, got) = run(argv, &cwd, limit);
        (verdict, got, None)
    })
}

fn run(argv: &[String], cwd: &Path, limit: Duration) -> (Verdict, String) {
    let [name, args @ ..] = argv else { return (Verdict::Inconclusive, "no program is named".into()) };
    let mut command = Command::new(name);
    command.args(args).current_dir(cwd);
    let ended = match program::run(command, limit) {
        Ok(ended) => ended,
        Err(e) => return (Verdict::Inconclusive, format!("{name} cannot be started in {}: {e}", cwd.display())),
    };
    let with = |what: String| match ended.last_line() {
        Some(line) => format!("{what}: {line}"),
        None => what,
    };
    match ended.status.map(|status| (status, status.code())) {
        None => (Verdict::Inconclusive, format!("no end within {:.1} s, killed", limit.as_secs_f32())),
        Some((_, Some(0))) => (Verdict::Pass, with("exit 0".into())),
        Some((_, Some(TRY_LATER))) => (Verdict::Inconclusive, with(format!("exit {TRY_LATER}"))),
        Some((_, Some(code))) => (Verdict::Fail, with(format!("exit {code}"))),
        // It died before it could say anything.
        Some((status, None)) => (Verdict::Inconclusive, with(status.to_string())),
    }
}
