//! `opsdeck serve`: the daemon in the foreground. It ends with SIGTERM or Ctrl-C; what it launched goes on.

use super::{Global, known, print};
use crate::inventory::ask;
use crate::project::{Environment, Project, Severity};
use crate::serve::token::Token;
use crate::serve::unit::{self, Unit};
use crate::serve::{self, End, Options};
use crate::state::operator::Operator;
use anyhow::{Result, bail};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

/// Options of the verb; its words are in `cli`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  opsdeck serve -C ~/shop
  opsdeck serve -E production -E staging --listen 127.0.0.1:9590
  opsdeck serve --listen 0.0.0.0:9590 --token-file /etc/opsdeck/token
  opsdeck serve --unit | sudo tee /etc/systemd/system/opsdeck.service
  curl -s http://127.0.0.1:9590/readyz

Paths: /healthz (it lives), /readyz (200, or 503 and why not), /metrics (Prometheus), and POST /alerts \
(webhook of an Alertmanager; see `opsdeck alerts`). With a token all but /healthz want it: \
`Authorization: Bearer TOKEN`. Changes of opsdeck.yaml hold after SIGHUP (`systemctl reload opsdeck`), unless \
there is a mistake in it, or a restart; runs notice neither.

Exit codes: 0 ended by SIGTERM or Ctrl-C, 1 it could not serve, 2 the command line is wrong.")]
pub struct Args {
    /// Environment to watch, several times if need be [default: all of the project]
    #[arg(short = 'E', short_alias = 'e', long = "environment", alias = "env", value_name = "NAME")]
    pub environments: Vec<String>,
    /// Address to listen on; one that is reached from elsewhere needs --token-file
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9590")]
    pub listen: SocketAddr,
    /// File with the token that requests must bring: at least 16 characters, readable by its owner alone (0600)
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Print a systemd unit that serves this project with these options, and end
    #[arg(long)]
    pub unit: bool,
    /// Say in JSON where it listens; with --unit the unit as a JSON text
    #[arg(long)]
    pub json: bool,
}

/// Serves until it is ended.
///
/// # Errors
/// No such environment, the token cannot be read, the address is taken.
pub fn run(global: &Global, args: &Args) -> Result<ExitCode> {
    let project = Arc::new(Project::discover(&global.project)?);
    let environments = choose(&project, &args.environments)?;
    if args.unit {
        return unit(global, args, &project);
    }
    let token = args.token_file.as_deref().map(Token::read).transpose()?;
    log();
    for problem in project.problems.iter().chain(&serve::missing(&project)) {
        tracing::warn!("{problem}");
    }
    let names: Vec<String> = environments.iter().map(|env| env.name.clone()).collect();
    let operator = Operator::current();
    let who = format!("serve of {} (pid {})", operator.name, std::process::id());
    let options = Options { state: global.store(), project, environments, listen: args.listen, token, who };
    let _lent = ask::lend(&options.state);
    let end = serve::run(
        options,
        || holds(global, args),
        |address| {
            let url = format!("http://{address}");
            let text = match args.json {
                true => serde_json::json!({ "url": url, "pid": std::process::id(), "environments": names }).to_string(),
                false => format!("serving {} on {url}", names.join(", ")),
            };
            // Whoever does not read it loses nothing.
            let _ = print::print(&(text + "\n"));
        },
    )?;
    match end {
        End::Asked => Ok(ExitCode::SUCCESS),
        // The same process to whoever watches it, with nothing left of what it knew.
        End::Reload => Err(Command::new("/proc/self/exe").args(std::env::args_os().skip(1)).exec().into()),
    }
}

/// Could it begin with what the project says now?
fn holds(global: &Global, args: &Args) -> Result<(), String> {
    let project = Project::discover(&global.project).map_err(|e| e.to_string())?;
    let mistake = project.problems.iter().find(|problem| problem.severity == Severity::Error);
    choose(&project, &args.environments).map_err(|e| e.to_string())?;
    args.token_file.as_deref().map(Token::read).transpose().map_err(|e| e.to_string())?;
    mistake.map_or(Ok(()), |problem| Err(problem.to_string()))
}

/// The unit that serves what these options say.
fn unit(global: &Global, args: &Args, project: &Project) -> Result<ExitCode> {
    let text = |path: &std::path::Path| path.display().to_string();
    let program = std::env::current_exe()?;
    let mut argv = vec![text(&program), "-C".into(), text(&project.root)];
    argv.extend(["--state-dir".into(), text(global.store().root()), "serve".into()]);
    argv.extend(["--listen".into(), args.listen.to_string()]);
    if let Some(file) = &args.token_file {
        argv.extend(["--token-file".into(), text(&std::path::absolute(file)?)]);
    }
    argv.extend(args.environments.iter().flat_map(|name| ["-e".into(), name.clone()]));
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".into());
    let operator = Operator::current();
    let unit = Unit { user: &operator.effective, project: &project.root, argv: &argv, path: &path };
    let unit = unit::text(&unit);
    print::print(&if args.json { serde_json::json!({ "unit": unit }).to_string() + "\n" } else { unit })?;
    Ok(ExitCode::SUCCESS)
}

fn choose(project: &Project, names: &[String]) -> Result<Vec<Environment>> {
    let root = project.root.display();
    if project.environments.is_empty() {
        bail!("no environment was found in {root}: there is nothing to watch");
    }
    if names.is_empty() {
        return Ok(project.environments.clone());
    }
    let mut chosen: Vec<Environment> = Vec::new();
    for name in names {
        let found = known::of(project, name)?;
        if !chosen.contains(found) {
            chosen.push(found.clone());
        }
    }
    Ok(chosen)
}

/// Its log is standard error; journald writes the time beside each line itself.
fn log() {
    let own = Targets::new().with_target("opsdeck", tracing::Level::INFO);
    let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(false).with_target(false);
    // One that is there already stays.
    let _ = match std::env::var_os("JOURNAL_STREAM") {
        Some(_) => tracing_subscriber::registry().with(own).with(layer.without_time()).try_init(),
        None => tracing_subscriber::registry().with(own).with(layer).try_init(),
    };
}
