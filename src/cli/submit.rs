//! `opsdeck release`: brings a version out, from a shell or from a CI job: plan, agreement, submission, and with `--wait`
//! its story line by line and an exit code that tells the ends apart. Only watches: the release depends on nobody here.

use super::alive::Alive;
use super::glass::Glass;
use super::passwords::Passwords;
use super::plan::{Wanted, words};
use super::print::said;
use super::release::held;
use super::{Global, start};
use crate::api::Desk;
use crate::project::Environment;
use crate::release::news::News;
use crate::release::plan::Plan;
use crate::release::watch::Watched;
use crate::release::{junit, outcome};
use crate::run::look;
use crate::state::{Answer, file, presence};
use crate::text::{human, plain, plain_lines};
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How often the journal is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How long the words of a state may come after it; where its supervisor died between them they come when it is back.
const WORDS: Duration = Duration::from_secs(3);

const EXAMPLES: &str = "\
Examples:
  opsdeck release web -E staging --version 4.12.1
  opsdeck release web -E production --version \"$CI_COMMIT_TAG\" --yes --wait --junit release.xml
  opsdeck release web -E production --version 4.12.1 --yes --wait --people 3600 --json";

const CODES: &str = "\
Exit codes with --wait: 0 succeeded, the new version is out and stable; 10 rolled back, the old version is back; 11 failed \
before anything was changed; 12 a person is needed (an approval, a pause, needs_operator) and --people has run out; 13 a \
person cancelled it before anything was changed; 14 a person closed it with hosts of two versions; 130 Ctrl-C was pressed \
here, or 143 the job was ended (the release goes on).
Exit codes without --wait: 0 submitted. Both: 1 no such release or environment, or there can be no plan; 2 the command \
line is wrong; 64 refused: nothing was submitted.";

/// Options of `release`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{CODES}"))]
pub struct Args {
    /// What.
    #[command(flatten)]
    wish: Wanted,
    /// Submit without asking: the plan was looked at before
    #[arg(short, long)]
    yes: bool,
    /// Only if the plan has this digest: the one that `opsdeck plan` printed
    #[arg(long, value_name = "SHA256")]
    digest: Option<String>,
    /// Passwords.
    #[command(flatten)]
    passwords: Passwords,
    /// Break-glass.
    #[command(flatten)]
    pub glass: Glass,
    /// Stay until it has ended; the exit code tells how
    #[arg(short, long)]
    wait: bool,
    /// With --wait: how long to wait where a person is needed
    #[arg(long, value_name = "SECONDS", default_value_t = 0, requires = "wait")]
    people: u32,
    /// With --wait: write a JUnit report here when the wait ends
    #[arg(long, value_name = "FILE", requires = "wait")]
    junit: Option<PathBuf>,
    /// Print JSON: the id and the digest without --wait, all about the release after it
    #[arg(long)]
    json: bool,
}

/// Plans, asks, submits; then prints the id, or stays and tells.
///
/// # Errors
/// No plan, no terminal to ask on; what was submitted cannot be watched. Refusals have their own exit code.
pub fn run(global: &Global, args: &Args) -> Result<ExitCode> {
    let (built, environment) = args.wish.plan(global)?;
    let (plan, digest) = (&built.plan, built.digest.clone());
    if let Some(why) = refusal(args, plan, &digest) {
        return Ok(refused(&why));
    }
    if !args.yes
        && let Some(why) = disagreement(plan, &environment)?
    {
        return Ok(refused(&why));
    }
    let desk = global.desk();
    let launched = match desk.acting()?.submit(built, &args.passwords.ask()?, args.glass.reason()) {
        Ok(launched) => launched,
        Err(e) => return Ok(refused(&e.to_string())),
    };
    for warning in &launched.warnings {
        eprintln!("opsdeck: {}", plain(warning));
    }
    let id = launched.id;
    if !args.wait {
        let line = match args.json {
            true => json!({ "id": id, "digest": digest, "warnings": launched.warnings }).to_string(),
            false => id.to_string(),
        };
        // It is submitted, whether or not anybody takes the line.
        said(&line);
        return Ok(ExitCode::SUCCESS);
    }
    Ok(watched(&desk, id, args)?.into())
}

fn refused(why: &str) -> ExitCode {
    eprintln!("opsdeck: {}", plain_lines(why).join("\n"));
    start::REFUSED.into()
}

/// Why it is not submitted, whatever anybody says.
fn refusal(args: &Args, plan: &Plan, digest: &str) -> Option<String> {
    match &args.digest {
        Some(wanted) if wanted != digest => Some(format!(
            "the plan has changed: its digest is {digest}, not {wanted}. Look at it again with `opsdeck plan`"
        )),
        // Before anybody is asked; the launch and the machine refuse it too.
        _ => plan.is_out().map(|why| format!("{why}; --force brings it out again")),
    }
}

/// Shows the plan and asks; why it is not submitted, if it is not.
fn disagreement(plan: &Plan, environment: &Environment) -> Result<Option<String>> {
    if !std::io::stdin().is_terminal() {
        return Ok(Some(
            "nobody was asked, and there is no terminal to ask on: --yes says that the plan was looked at".into(),
        ));
    }
    let mut tty = std::fs::File::options().read(true).write(true).open("/dev/tty").context("no terminal to ask on")?;
    let question = match environment.protect {
        true => format!("{} is protected. Type its name to submit this plan: ", environment.name),
        false => format!("Submit this plan to {}? [y/N] ", environment.name),
    };
    write!(tty, "{}\n{}", words(plan)?, plain(&question))?;
    let mut answer = String::new();
    if BufReader::new(tty).read_line(&mut answer)? == 0 {
        bail!("the terminal is gone; nothing was submitted");
    }
    let answer = answer.trim();
    let agreed = match environment.protect {
        true => answer == environment.name,
        false => matches!(answer, "y" | "Y" | "yes"),
    };
    Ok((!agreed).then(|| "nothing was submitted".to_owned()))
}

fn watched(desk: &Desk, id: Uuid, args: &Args) -> Result<u8> {
    eprintln!("opsdeck: release {id}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(async {
        let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            code = watch(desk, id, args) => code.map(|code| (code, false)),
            _ = tokio::signal::ctrl_c() => Ok((130, true)),
            _ = term.recv() => Ok((143, true)),
        }
    });
    let (code, left) = code?;
    if left {
        eprintln!("\nopsdeck: no longer watching; release {id} goes on.");
        eprintln!("opsdeck: `opsdeck rollback {id}` undoes it, `opsdeck stop {id}` stops it");
    }
    let mut seen = desk.release(id)?;
    held(desk.state(), &mut seen);
    let now = now();
    if let Some(path) = &args.junit {
        file::write_whole(path, junit::junit(&seen.body.plan, &seen.release, now).as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if args.json {
        let all = outcome::json(&id.to_string(), &seen.body.plan, &seen.release, now);
        said(&format!("{all:#}"));
    }
    Ok(code)
}

async fn watch(desk: &Desk, id: Uuid, args: &Args) -> Result<u8> {
    let mut seen = desk.release(id)?;
    let _watching = presence::watch(&desk.state().run(id))?;
    let mut news = News::default();
    let mut alive = Alive::default();
    let mut needed: Option<Instant> = None;
    loop {
        seen.poll();
        if let Err(e) = seen.hold(desk.state()) {
            tracing::debug!("which approvals count cannot be told: {e}");
        }
        for (at, line) in news.of(&seen.body.plan, &seen.release) {
            let line = format!("{} {line}", human::date_time(at));
            // With --json stdout is for the object alone.
            if args.json {
                eprintln!("{line}")
            } else {
                said(&line);
            }
        }
        match outcome::exit_code(&seen.release) {
            // What its supervisor does not know of is no end.
            Some(code) if code != outcome::NEEDS_PERSON && is_over(desk, &mut seen)? => return Ok(code),
            Some(code) if code != outcome::NEEDS_PERSON => {}
            Some(code) => {
                let since = *needed.get_or_insert_with(Instant::now);
                if gives_up(since.elapsed(), Duration::from_secs(args.people.into()), seen.release.waits.is_some()) {
                    return Ok(code);
                }
            }
            // Its run ended beside its machine (a launch that failed): nothing follows.
            None if seen.run.state.state.is_terminal() => {
                let why = seen.run.state.why.clone().unwrap_or_default();
                bail!("the run of release {id} has ended: {}", plain(&why));
            }
            None => needed = None,
        }
        alive.look(desk, id)?;
        tokio::time::sleep(LOOK).await;
    }
}

fn is_over(desk: &Desk, seen: &mut Watched) -> Result<bool> {
    let over = look::over(desk.state(), &mut seen.run);
    if seen.run.is_lost() && over != Answer::No {
        bail!(
            "the run of release {} is lost: {}",
            seen.run.spec.id,
            plain(seen.run.damage.as_deref().unwrap_or_default())
        );
    }
    Ok(over != Answer::No)
}

/// Whether nobody waits longer for a person. What they are asked for is written an instant after the state that needs them,
/// and whoever reads the log of a job needs both.
fn gives_up(waited: Duration, people: Duration, is_said: bool) -> bool {
    waited >= if is_said { people } else { people + WORDS }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gives_up_before_it_is_said_what_is_waited_for() {
        let (now, people) = (Duration::ZERO, Duration::from_secs(9));
        assert!(gives_up(now, now, true) && !gives_up(now, now, false));
        assert!(!gives_up(now, people, true) && gives_up(people, people, true));
        assert!(!gives_up(people, people, false) && gives_up(people + WORDS, people, false), "it never hangs");
    }
}
