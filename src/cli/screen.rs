//! No verb: opens the screen. Exit code 0 when the person leaves; 1 where there is no terminal or no project.

use super::Global;
use crate::api::Desk;
use crate::inventory::ask;
use crate::open;
use crate::project::{Problem, Project, Severity};
use crate::run::belongs;
use crate::state::operator::Operator;
use crate::state::{StateDir, file};
use crate::text;
use crate::tui::app::{self, Start};
use crate::tui::edge;
use crate::tui::keymap::{self, Keymap};
use crate::tui::model::Model;
use crate::tui::msg::Level;
use crate::tui::notices::Bell;
use crate::tui::screens::diagnostics;
use crate::tui::term::{Caps, Depth};
use crate::tui::theme::file::Mistake;
use crate::tui::theme::{Theme, Themes};
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

/// Options of the screen.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Theme: dark, light, high-contrast, 16-colour, monochrome, solarized, or one of your own [default: by the terminal]
    #[arg(long, value_name = "NAME", env = "OPSDECK_THEME")]
    theme: Option<String>,
    /// Use only ASCII on the screen
    #[arg(long)]
    ascii: bool,
    /// Leave the mouse to the terminal
    #[arg(long)]
    no_mouse: bool,
    /// Ring the terminal's bell when something becomes bad or needs a person, and show it on the desktop where the terminal
    /// can (F5 switches it)
    #[arg(long, env = "OPSDECK_BELL", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    bell: bool,
    /// Look only: nothing can be launched or stopped
    #[arg(long)]
    read_only: bool,
    /// Append the time of each frame until the first usable one, as JSON lines (for benches)
    #[arg(long, hide = true, value_name = "FILE")]
    trace_frames: Option<PathBuf>,
}

/// Opens the screen.
///
/// # Errors
/// There is no terminal, no project, or no such theme.
pub fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    if !rustix::termios::isatty(rustix::stdio::stdin()) || !rustix::termios::isatty(rustix::stdio::stdout()) {
        bail!("the screen needs a terminal on its input and output; `opsdeck --help` lists the verbs that do without");
    }
    let project = Project::discover(&global.project)?;
    let caps = Caps::detect();
    let config = config_dir();
    let (themes, mut mistakes) = Themes::load(config.as_deref().map(|c| c.join("themes")).as_deref());
    let theme = theme(args, &themes, &caps, &mistakes)?;
    let (keymap, wrong) = keys(config.as_deref())?;
    mistakes.extend(wrong);
    let state = StateDir::find(global.state_dir.as_deref());
    let home = belongs::home(&state);
    log_to(&state, home.may_write());
    let mut model = Model::new(project.into(), Operator::current(), theme, keymap, crate::tui::screens::ALL);
    model.themes = themes;
    model.mouse = !args.no_mouse;
    model.bell = if args.bell { Bell::All } else { Bell::default() };
    // On a disk that takes nothing a run can still be stopped.
    model.read_only = args.read_only || home.is_mine().is_err();
    model.ascii = args.ascii || !caps.utf8;
    model.now = edge::now();
    let mut warnings: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    warnings.extend(of_the_project(&model.project.problems));
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    say(&mut model, &warnings);
    if let Some(words) = home.words() {
        tracing::warn!("{words}");
        model.toast(Level::Error, text::plain(&words).into_owned());
    }
    let desk = Desk::new(state, model.operator.clone());
    let desk = if model.read_only { desk.looks_only() } else { desk };
    // Whoever only looks starts nothing for others.
    let _lent = if desk.acting().is_ok() { ask::lend(desk.state()) } else { None };
    app::run(Start { model, caps, desk, trace: args.trace_frames.clone(), began })?;
    Ok(ExitCode::SUCCESS)
}

/// So many lines are shown at once.
const SAID: usize = 3;

/// The first warnings, for longer than a glance at the hosts takes. All of them are on the Diagnostics screen.
fn say(model: &mut Model, warnings: &[String]) {
    let many = warnings.len() > SAID;
    if many {
        let rest = warnings.len() - (SAID - 1);
        model.toast(Level::Error, format!("and {rest} more mistakes: key 4 shows them"));
    }
    // The newest stands lowest.
    for warning in warnings.iter().take(if many { SAID - 1 } else { SAID }).rev() {
        model.toast(Level::Error, warning.clone());
    }
}

/// What is wrong in the project's own files: `opsdeck check` has the places.
fn of_the_project(problems: &[Problem]) -> Vec<String> {
    let mut files: Vec<(&Path, usize)> = Vec::new();
    for problem in problems.iter().filter(|p| p.severity == Severity::Error) {
        match files.iter_mut().find(|(file, _)| *file == problem.file) {
            Some((_, count)) => *count += 1,
            None => files.push((&problem.file, 1)),
        }
    }
    let one = |(file, count): (&Path, usize)| {
        let mistakes = if count == 1 { "mistake" } else { "mistakes" };
        format!("{}: {count} {mistakes}: `opsdeck check`", text::plain(&file.to_string_lossy()))
    };
    files.into_iter().map(one).collect()
}

/// opsdeck's own log goes to `opsdeck.log` and to the Diagnostics screen; never to the terminal, which is the screen's.
fn log_to(state: &StateDir, may_write: Result<(), String>) {
    let file = match may_write {
        Err(why) => Err(std::io::Error::other(why)),
        Ok(()) => file::private_dir(state.root()).and_then(|()| file::append(&state.log())),
    };
    let missing = file.as_ref().err().map(ToString::to_string);
    let to_file = file.ok().map(|f| fmt::layer().with_ansi(false).with_writer(std::sync::Arc::new(f)));
    let own = tracing_subscriber::filter::Targets::new().with_target("opsdeck", tracing::Level::DEBUG);
    // One that is there already stays.
    let _ = tracing_subscriber::registry().with(own).with(diagnostics::layer()).with(to_file).try_init();
    if let Some(why) = missing {
        tracing::warn!("no log is written: {why}");
    }
}

/// The theme that was asked for, else the one that fits the terminal. NO_COLOR wins over both.
fn theme(args: &Args, themes: &Themes, caps: &Caps, mistakes: &[Mistake]) -> anyhow::Result<Theme> {
    let fitting = match caps.depth {
        Depth::None => "monochrome",
        Depth::Ansi16 => "16-colour",
        Depth::Indexed | Depth::True => "dark",
    };
    let name = match (&args.theme, caps.depth) {
        (Some(name), _) if themes.get(name).is_none() => {
            let names: Vec<_> = themes.names().collect();
            // It may well be there, and have a mistake in it.
            let wrong: String = mistakes.iter().map(|mistake| format!("\n  {mistake}")).collect();
            let wrong = if wrong.is_empty() { wrong } else { format!("\nThemes with mistakes are left out:{wrong}") };
            bail!("there is no theme {name:?}: expected one of {}{wrong}", names.join(", "));
        }
        (Some(name), Depth::Ansi16 | Depth::Indexed | Depth::True) => name.as_str(),
        _ => fitting,
    };
    let mut theme = themes.get(name).cloned().context("a theme of the binary itself is missing")?;
    theme.ascii |= args.ascii || !caps.utf8;
    Ok(theme)
}

fn keys(config: Option<&Path>) -> anyhow::Result<(Keymap, Vec<Mistake>)> {
    let Some(path) = config.map(|c| c.join("keys.yaml")).filter(|p| p.exists()) else {
        return Ok((Keymap::default(), vec![]));
    };
    let text = open::text_given(&path, open::WRITTEN).with_context(|| format!("{} can't be read", path.display()))?;
    Ok(keymap::file::read(&text::plain(&path.display().to_string()), &text))
}

/// `$XDG_CONFIG_HOME/opsdeck`, else `~/.config/opsdeck`.
fn config_dir() -> Option<PathBuf> {
    let xdg = std::env::var_os("XDG_CONFIG_HOME").filter(|v| !v.is_empty()).map(PathBuf::from);
    let base = xdg.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".config")))?;
    Some(base.join("opsdeck"))
}
