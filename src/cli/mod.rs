//! The command line: one file a verb. This file holds the definition of the whole and the dispatch.

/// Standard error as it is used here: whoever does not read it any more keeps nothing from being done, where std's own panics.
macro_rules! eprintln {
    ($($said:tt)*) => {{
        use std::io::Write as _;
        // There is nobody left to be told.
        let _ = writeln!(std::io::stderr(), $($said)*);
    }};
}

mod alarm;
pub mod alerts;
pub mod audit;
pub mod breaker;
pub mod check;
pub mod completions;
pub mod demo;
pub mod doctor;
mod ending;
pub mod health;
pub mod hosts;
pub mod inventory;
pub mod line;
pub mod logs;
pub mod man;
pub mod notices;
pub mod plan;
pub mod print;
pub mod schema;
pub mod screen;
pub mod when;

pub mod adhoc;
mod alive;
mod answer;
pub mod claim;
mod glass;
mod groups;
mod inner;
mod known;
mod owner;
mod paint;
mod passwords;
pub mod play;
mod record;
pub mod recovery;
pub mod release;
pub mod rerun;
pub mod runs;
mod secret;
pub mod serve;
pub mod sh;
pub mod show;
pub mod silence;
mod start;
pub mod stop;
pub mod submit;
mod target;
pub mod values;
mod wait;
mod whole;

use crate::api::Desk;
use crate::inventory::ask;
use crate::state::StateDir;
use crate::state::operator::Operator;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

const SCREEN: &str = "\
Examples:
  opsdeck                    # the console on the Ansible project of this folder
  opsdeck -C ~/shop --theme light
  opsdeck demo               # a project to try it on

Exit codes of the console: 0 left, 1 no terminal or no project, 2 the command line is wrong. Each verb names its own.";

const DEMO: &str = "\
Examples:
  opsdeck demo               # the console on it; leaving it ends all that it started
  opsdeck demo --no-tui      # prints the folder and waits for Ctrl-C: work in it from other shells

Exit codes: 0 left, 1 it could not be set up.";

/// A full-screen console for on-call engineers that drives the team's real Ansible.
#[derive(Debug, Parser)]
#[command(name = "opsdeck", version, after_help = SCREEN)]
pub struct Cli {
    /// What every verb shares.
    #[command(flatten)]
    pub global: Global,
    /// Options of the screen.
    #[command(flatten)]
    pub screen: screen::Args,
    /// The verb; without one the screen opens.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// Options of every verb.
#[derive(Debug, Clone, clap::Args)]
pub struct Global {
    /// State directory [default: $XDG_STATE_HOME/opsdeck]
    #[arg(long, global = true, env = "OPSDECK_STATE", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Ansible project to work in
    #[arg(long, short = 'C', global = true, value_name = "DIR", default_value = ".")]
    pub project: PathBuf,
}

impl Global {
    /// The state directory that is meant.
    pub fn store(&self) -> StateDir {
        StateDir::find(self.state_dir.as_deref())
    }

    /// Where whoever types asks and acts.
    pub fn desk(&self) -> Desk {
        Desk::new(self.store(), Operator::current())
    }
}

/// The verbs, in the order of the help.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Try opsdeck on a small Ansible project with private sshd hosts on loopback
    #[command(after_help = DEMO)]
    Demo(demo::Args),
    /// Print the inventory as the JSON of `ansible-inventory --list`
    Inventory(inventory::Args),
    /// Print the hosts that a pattern selects, in Ansible's order
    Hosts(hosts::Args),
    /// Show how the hosts are: asks them, the worst first; without --once it stays and prints what changes
    Health(health::Args),
    /// Show the audit ledger, newest first: who did what, where, and how it ended
    Audit(audit::Args),
    /// Make a copied or restored state directory one of its own: its runs stay read-only, new ones may be launched
    Claim(claim::Args),
    /// Show the alerts that an Alertmanager told `opsdeck serve` of, and that fire
    Alerts(alerts::Args),
    /// Show what `opsdeck serve` told whom, and what nobody took yet
    Notices(notices::Args),
    /// Check opsdeck.yaml, ansible.cfg, inventories and playbooks; name every mistake with its place
    Check(check::Args),
    /// Say what is missing on this machine and how to get it
    Doctor(doctor::Args),
    /// Print the JSON Schema of opsdeck.yaml
    #[command(after_help = schema::HELP)]
    Schema,
    /// Print completions for a shell
    Completions(completions::Args),
    /// Print the manual page
    #[command(after_help = man::HELP)]
    Man,
    /// Run one module on many hosts, in the background, with the real Ansible
    ///
    /// Prints the run's id at once, alone on its line. The run depends neither on this command nor on the terminal.
    Adhoc(adhoc::Args),
    /// Run a playbook, in the background, with the real Ansible
    ///
    /// Prints the run's id at once, alone on its line. The run depends neither on this command nor on the terminal.
    Play(play::Args),
    /// Run a shell command on many hosts over warm SSH connections
    ///
    /// A run like any other: it depends neither on this command nor on the terminal. With --wait what the hosts said
    /// comes folded: those that said the same are one group.
    Sh(sh::Args),
    /// List runs, newest first
    Runs(runs::Args),
    /// Show one run
    Show(show::Args),
    /// Print what a run printed, safe for a terminal
    Logs(logs::Args),
    /// Stop a run: interrupt it, or harder, or more gently
    ///
    /// Without an option Ansible is interrupted; if it does not end within 5 seconds it is terminated, 5 seconds later
    /// killed. The answer comes when the run has ended, or after 20 seconds.
    Stop(stop::Args),
    /// Print the secret variables of a run that lives, as JSON; a row of the ledger says who had them
    Values(values::Args),
    /// Do a run again, or only its unfinished hosts
    Rerun(rerun::Args),
    /// Print the frozen plan of a release: hosts, batches, steps, gates, digests, the way back
    Plan(plan::Args),
    /// Stop the line of an environment: no release begins or goes on there until it is opened
    Line(line::Args),
    /// Show circuit breakers, force one open or closed, or leave it to itself again
    Breaker(breaker::Args),
    /// Silence hosts, checks, a service or an environment for a while: nobody is told, recovery does nothing there
    Silence(silence::Set),
    /// List what is silenced, by whom, why and until when
    Silences(silence::List),
    /// Lift a silence before its time
    Unsilence(silence::Which),
    /// Show what auto-recovery sees and does; take an incident over, switch a policy off or on
    Recovery(recovery::Args),
    /// Watch environments when no screen is open: poll, recover, tell people; answer over HTTP
    ///
    /// Stays in the foreground. One process acts in an environment; others wait, and take over when it dies.
    Serve(serve::Args),
    /// Bring a version out: plan it, agree, submit it, and watch it to its end
    ///
    /// Without --wait the id is printed alone on its line. The release depends neither on this command nor on the
    /// terminal; it waits by itself for approvals, for the environment and for the end of a freeze.
    Release(submit::Args),
    /// What people ask of a release.
    #[command(flatten)]
    People(release::Verb),
    /// Mind the supervisors of a run
    #[command(hide = true)]
    Guard(inner::Supervise),
    /// Supervise a run
    #[command(hide = true)]
    Supervise(inner::Supervise),
    /// Run one step of a run
    #[command(hide = true)]
    Step(inner::Step),
    /// Fill the index of runs
    #[command(hide = true)]
    Reindex,
    /// Run one shell command on the hosts of a step
    #[command(hide = true)]
    FanOut(inner::FanOut),
}

/// Parses the command line and runs the verb. Exit codes are documented at each verb; 2 is a usage error everywhere.
pub fn main() -> ExitCode {
    // Begun by its descriptor it would be called `exe`.
    if let Err(e) = rustix::thread::set_name(c"opsdeck") {
        tracing::debug!("this process has no name of its own: {e}");
    }
    let Cli { global, screen, verb } = Cli::parse();
    if matches!(verb, Some(Verb::Hosts(_) | Verb::Inventory(_) | Verb::Check(_) | Verb::Plan(_))) {
        ending::take_children_along();
    }
    let done = owner::settle(&global, verb.as_ref()).and_then(|()| perform(verb, &screen, &global));
    done.unwrap_or_else(|error| {
        eprintln!("opsdeck: {}", crate::text::plain_lines(&print::causes(&error)).join("\n"));
        if error.is::<secret::NotGiven>() { start::REFUSED.into() } else { ExitCode::FAILURE }
    })
}

fn perform(verb: Option<Verb>, screen: &screen::Args, global: &Global) -> anyhow::Result<ExitCode> {
    ask::look_in(&global.store());
    match verb {
        Some(Verb::Demo(args)) => demo::run(&args).map(|()| ExitCode::SUCCESS),
        Some(Verb::Inventory(args)) => inventory::run(&args, global),
        Some(Verb::Hosts(args)) => hosts::run(&args, global),
        Some(Verb::Health(args)) => health::run(global, &args),
        Some(Verb::Audit(args)) => audit::run(&args, global),
        Some(Verb::Claim(args)) => claim::run(global, &args),
        Some(Verb::Alerts(args)) => alerts::run(global, &args),
        Some(Verb::Notices(args)) => notices::run(global, &args),
        Some(Verb::Check(args)) => check::run(&args, global),
        Some(Verb::Doctor(args)) => doctor::run(&args, global),
        Some(Verb::Schema) => schema::run(),
        Some(Verb::Completions(args)) => completions::run(&args),
        Some(Verb::Man) => man::run(),
        Some(Verb::Adhoc(args)) => adhoc::run(global, args),
        Some(Verb::Play(args)) => play::run(global, args),
        Some(Verb::Sh(args)) => sh::run(global, args),
        Some(Verb::Runs(args)) => runs::run(global, args),
        Some(Verb::Show(args)) => show::run(global, &args),
        Some(Verb::Logs(args)) => logs::run(global, &args),
        Some(Verb::Stop(args)) => stop::run(global, &args),
        Some(Verb::Values(args)) => values::run(global, &args),
        Some(Verb::Rerun(args)) => rerun::run(global, &args),
        Some(Verb::Plan(args)) => plan::run(&args, global),
        Some(Verb::Line(args)) => line::run(&args, global),
        Some(Verb::Breaker(args)) => breaker::run(&args, global),
        Some(Verb::Silence(args)) => silence::set(&args, global),
        Some(Verb::Silences(args)) => silence::list(&args, global),
        Some(Verb::Unsilence(args)) => silence::lift(&args, global),
        Some(Verb::Recovery(args)) => recovery::run(&args, global),
        Some(Verb::Serve(args)) => serve::run(global, &args),
        Some(Verb::Release(args)) => submit::run(global, &args),
        Some(Verb::People(verb)) => release::run(global, verb),
        Some(Verb::Guard(args)) => inner::guard(global, &args),
        Some(Verb::Supervise(args)) => inner::supervise(global, &args),
        Some(Verb::Step(args)) => inner::step(global, &args),
        Some(Verb::Reindex) => inner::reindex(global),
        Some(Verb::FanOut(args)) => inner::fan_out(global, args),
        None => screen::run(screen, global),
    }
}

impl Verb {
    /// It looks into the state directory.
    fn uses_state(&self) -> bool {
        let others =
            matches!(self, Verb::Demo(_) | Verb::Inventory(_) | Verb::Hosts(_) | Verb::Check(_) | Verb::Schema);
        !others && !matches!(self, Verb::Completions(_) | Verb::Man)
    }

    /// It changes something, in the state directory or on hosts.
    fn acts(&self) -> bool {
        match self {
            Verb::Line(args) => args.acts(),
            Verb::Breaker(args) => args.acts(),
            Verb::Recovery(args) => args.acts(),
            Verb::Adhoc(_) | Verb::Play(_) | Verb::Sh(_) | Verb::Stop(_) | Verb::Rerun(_) => true,
            Verb::Silence(_) | Verb::Unsilence(_) | Verb::Serve(_) | Verb::Release(_) | Verb::Claim(_) => true,
            Verb::Health(args) => args.acts(),
            Verb::Audit(args) => args.acts(),
            Verb::People(verb) => !matches!(verb, release::Verb::Timeline { .. }),
            _ => false,
        }
    }

    /// It goes as far as it can where nothing is written: it only ends what is under way or lets it wait, looks as well, or a
    /// person said so.
    fn is_tried(&self) -> bool {
        use release::Verb::{Pause, Reject};
        matches!(self, Verb::Stop(_) | Verb::Health(_) | Verb::People(Pause { .. } | Reject { .. }))
            || self.glass().is_some_and(glass::Glass::is_broken)
    }

    /// It launches, and can under break-glass.
    fn glass(&self) -> Option<&glass::Glass> {
        match self {
            Verb::Adhoc(adhoc::Args { target, .. }) | Verb::Play(play::Args { target, .. }) => Some(&target.glass),
            Verb::Sh(args) => Some(&args.glass),
            Verb::Rerun(args) => Some(&args.glass),
            Verb::Release(args) => Some(&args.glass),
            Verb::People(verb) => verb.glass(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// Every verb that people see, with those below it.
    fn all(command: &clap::Command, name: &str, out: &mut Vec<(String, clap::Command)>) {
        out.push((name.to_owned(), command.clone()));
        for verb in command.get_subcommands().filter(|v| !v.is_hide_set() && v.get_name() != "help") {
            all(verb, &format!("{name} {}", verb.get_name()), out);
        }
    }

    #[test]
    fn the_help_of_every_verb_has_examples_and_exit_codes() {
        let mut verbs = vec![];
        all(&Cli::command(), "opsdeck", &mut verbs);
        assert!(verbs.len() > 25, "{}", verbs.len());
        for (name, mut verb) in verbs {
            let help = verb.render_long_help().to_string();
            // What has verbs below it may tell for all of them.
            let parent = name.rsplit_once(' ').map(|(parent, _)| parent.to_owned()).filter(|p| p.contains(' '));
            let whole = parent.map(|p| {
                p.split_whitespace().skip(1).fold(Cli::command(), |c, w| c.find_subcommand(w).cloned().unwrap_or(c))
            });
            let help = help + &whole.map(|mut p| p.render_long_help().to_string()).unwrap_or_default();
            for part in ["Example", "Exit code"] {
                assert!(help.contains(part), "`{name} --help` has no {part}:\n{help}");
            }
        }
    }

    #[test]
    fn an_environment_is_named_the_same_way_in_every_verb() {
        let mut verbs = vec![];
        all(&Cli::command(), "opsdeck", &mut verbs);
        let named = |verb: &clap::Command| {
            let of = |arg: &&clap::Arg| {
                arg.get_id().as_str().starts_with("env") && !arg.is_positional() && arg.get_env().is_none()
            };
            verb.get_arguments().find(of).map(|arg| (arg.get_short(), arg.get_long().map(str::to_owned)))
        };
        let found: Vec<_> = verbs.iter().filter_map(|(name, verb)| Some((name, named(verb)?))).collect();
        assert!(found.len() > 10, "{found:?}");
        for (name, flags) in found {
            assert_eq!(flags, (Some('E'), Some("environment".to_owned())), "{name}");
        }
    }

    #[test]
    fn no_paragraph_of_a_help_is_broken_by_hand() {
        let mut verbs = vec![];
        all(&Cli::command(), "opsdeck", &mut verbs);
        let mut broken = vec![];
        for (name, verb) in verbs {
            let text = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            // The terminal breaks it where it ends; what stands behind a colon or is indented is a list.
            for (line, next) in text.lines().zip(text.lines().skip(1)) {
                let goes_on = !line.is_empty() && !line.starts_with(' ') && !line.ends_with(':');
                if goes_on && !next.is_empty() && !next.starts_with(' ') {
                    broken.push(format!("{name}: {line}"));
                }
            }
        }
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }
}
