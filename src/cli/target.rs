//! Where a run goes: options that `adhoc` and `play` share, and how they become a request. Asks for passwords and for
//! secret variables.

use super::glass::Glass;
use super::passwords::Passwords;
use super::{Global, secret};
use crate::ansible::Ask;
use crate::ansible::ask::{Common, ExtraVars};
use crate::ansible::secrets::{SecretName, Secrets};
use crate::project::Project;
use crate::run::Request;
use crate::run::extra;
use crate::run::lease::default_conflict;
use crate::run::spec::OnConflict;
use anyhow::{Context, Result, anyhow, bail};
use std::path::{Path, PathBuf};

/// Which hosts, and as whom.
#[derive(Debug, Clone, clap::Args)]
pub struct Hosts {
    /// Inventory: a file, a folder or a list `a,b,` (may be repeated)
    #[arg(short, long, value_name = "SOURCE", conflicts_with = "environment")]
    pub inventory: Vec<String>,
    /// Environment of the project, instead of -i
    #[arg(short = 'E', long = "environment", alias = "env", value_name = "NAME")]
    pub environment: Option<String>,
    /// Only these hosts of the pattern
    #[arg(short, long, value_name = "PATTERN", allow_hyphen_values = true)]
    pub limit: Option<String>,
    /// Become another user (root)
    #[arg(short, long)]
    pub r#become: bool,
    /// Become this user
    #[arg(long, value_name = "USER")]
    pub become_user: Option<String>,
    /// Connect as this user
    #[arg(short, long, value_name = "USER")]
    pub user: Option<String>,
    /// Hosts at once
    #[arg(short, long, value_name = "N")]
    pub forks: Option<u32>,
    /// Passwords.
    #[command(flatten)]
    pub passwords: Passwords,
}

/// Options of every launch.
#[derive(Debug, Clone, clap::Args)]
pub struct Target {
    /// Which hosts, and as whom.
    #[command(flatten)]
    pub hosts: Hosts,
    /// Extra variables: `a=1`, JSON or `@file` (may be repeated); `db_password` alone asks for it hidden
    #[arg(short, long, value_name = "VARS", allow_hyphen_values = true)]
    pub extra_vars: Vec<String>,
    /// Change nothing, say what would change
    #[arg(long)]
    pub check: bool,
    /// Show differences in files
    #[arg(short = 'D', long)]
    pub diff: bool,
    /// Ansible says more (may be repeated)
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Break-glass.
    #[command(flatten)]
    pub glass: Glass,
    /// Stay, print what Ansible prints, exit with its code
    #[arg(short, long)]
    pub wait: bool,
    /// Print JSON: the id without --wait, the run's record after it
    #[arg(long)]
    pub json: bool,
    /// Stop it after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub timeout: Option<u32>,
    /// When another run holds the hosts [default: refuse for playbooks, warn for ad-hoc]
    #[arg(long, value_name = "WHAT", value_enum)]
    pub on_conflict: Option<Conflict>,
}

/// What to do when another run holds the hosts.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Conflict {
    /// Wait, visibly, until they are free
    Wait,
    /// Launch nothing and name the holder
    Refuse,
    /// Launch, with a warning
    Warn,
}

impl Target {
    /// The request for what `ask` makes of the shared options and the project.
    ///
    /// # Errors
    /// No inventory is named and the project has no single one; a password cannot be asked for.
    pub fn request(&self, global: &Global, ask: impl FnOnce(Common, &Place) -> Ask) -> Result<Request> {
        let place = Place::find(global, !self.hosts.inventory.is_empty())?;
        let (environment, inventory) = self.hosts.choose(&place)?;
        let common = Common {
            inventory,
            forks: self.hosts.forks.or(place.project.forks),
            check: self.check,
            diff: self.diff,
            extra_vars: self.extra_vars.iter().map(|text| text.as_str().into()).collect(),
            verbosity: self.verbose,
            ..self.hosts.common()
        };
        let mut secrets = self.hosts.passwords.ask()?;
        let common = hidden(common, &mut secrets)?;
        let ask = ask(common, &place);
        let on_conflict = match self.on_conflict {
            None => default_conflict(&ask),
            Some(Conflict::Wait) => OnConflict::Wait,
            Some(Conflict::Refuse) => OnConflict::Refuse,
            Some(Conflict::Warn) => OnConflict::Warn,
        };
        Ok(Request {
            environment,
            cwd: place.project.root,
            only: None,
            shown: None,
            secrets,
            on_conflict,
            timeout: self.timeout,
            rerun_of: None,
            pauses_are_known: false,
            break_glass: self.glass.reason(),
            vars: Default::default(),
            ask,
        })
    }
}

/// Variables that are secrets by their names: those without a value are asked for, the others leave the line.
///
/// # Errors
/// There is no terminal to ask on; a text that only Ansible can read has what looks like a secret in it.
pub fn hidden(mut common: Common, secrets: &mut Secrets) -> Result<Common> {
    for extra in &mut common.extra_vars {
        let Some(name) = extra.text().filter(|text| extra::is_bare(text)).map(str::to_owned) else { continue };
        let key = SecretName::Extra(name.clone());
        if secrets.get(&key).is_none() {
            let value = secret::ask(&format!("{name}: "));
            let value = value
                .with_context(|| format!("-e {name} has no value; --secrets-from FILE gives it without a terminal"))?;
            secrets.typed(key, value);
        }
        *extra = ExtraVars::Secret { secret: vec![name] };
    }
    let before: Vec<SecretName> = secrets.names().cloned().collect();
    extra::seal(&mut common, secrets).map_err(|why| anyhow!("{why}"))?;
    let shown: Vec<String> = secrets.names().filter(|name| !before.contains(name)).map(ToString::to_string).collect();
    if let Some(first) = shown.first() {
        let names = shown.iter().map(|name| name.trim_start_matches("extra:")).collect::<Vec<_>>().join(", ");
        eprintln!(
            "opsdeck: warning: {} stood on this command line, where `ps` shows it for a moment and the shell's history keeps it: \
             `-e {}` asks for it hidden, --secrets-from FILE reads it",
            crate::text::plain(&names),
            crate::text::plain(first.trim_start_matches("extra:"))
        );
    }
    Ok(common)
}

impl Hosts {
    /// What Ansible is asked of them, without the inventory.
    pub fn common(&self) -> Common {
        Common {
            limit: self.limit.clone(),
            r#become: self.r#become,
            become_user: self.become_user.clone(),
            user: self.user.clone(),
            forks: self.forks,
            ..Common::default()
        }
    }

    /// The environment and the inventory sources that are meant.
    ///
    /// # Errors
    /// No inventory is named and the project has no single one.
    pub fn choose(&self, place: &Place) -> Result<(Option<String>, Vec<String>)> {
        let project = &place.project;
        if !self.inventory.is_empty() {
            let given: Vec<String> = self.inventory.iter().map(|i| place.path(i)).collect();
            return Ok((project.environment_of(&given).map(|e| e.name.clone()), given));
        }
        let names = || {
            let names: Vec<&str> = project.environments.iter().map(|e| e.name.as_str()).collect();
            if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) }
        };
        if let Some(name) = &self.environment {
            let Some(found) = project.environment(name) else {
                bail!("no environment {name:?} in {}: {}", project.root.display(), names());
            };
            return Ok((Some(found.name.clone()), found.inventory.clone()));
        }
        match project.environments.as_slice() {
            [one] if one.protect => {
                bail!("{0} is protected and the only environment: say that you mean it with -E {0}", one.name)
            }
            [one] => Ok((Some(one.name.clone()), one.inventory.clone())),
            _ if project.cfg.inventory().is_some() => match project.environment_of(&[]) {
                Some(env) if env.protect => {
                    bail!("ansible.cfg chooses {0}, which is protected: say that you mean it with -E {0}", env.name)
                }
                // Ansible reads the same setting itself: nothing to pass, so that the command stays as people type it.
                chosen => Ok((chosen.map(|env| env.name.clone()), Vec::new())),
            },
            _ => {
                bail!("which environment of {}? Choose with -E NAME or -i SOURCE: {}", project.root.display(), names())
            }
        }
    }
}

/// The project, and the folder that paths on the command line are relative to.
#[derive(Debug)]
pub struct Place {
    /// The project.
    pub project: Project,
    here: PathBuf,
}

impl Place {
    /// The project here; with an inventory of its own a command needs none.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn find(global: &Global, any_folder: bool) -> Result<Place> {
        let here = std::path::absolute(&global.project)?;
        let project = match Project::discover(&here) {
            // With an inventory of its own an ad-hoc command needs no project.
            Err(crate::project::Error::None { .. }) if any_folder => Project::at(&here)?,
            other => other?,
        };
        let here = here.canonicalize().unwrap_or(here);
        Ok(Place { project, here })
    }

    /// A path as typed here, as it must be written in the project's root. Lists of hosts stay as they are.
    pub fn path(&self, typed: &str) -> String {
        if typed.contains(',') || Path::new(typed).is_absolute() {
            return typed.to_owned();
        }
        let (here, root) = (self.here.join(typed), self.project.root.join(typed));
        // Typed in a folder of the project: relative to that folder, as a shell means it; else to the root.
        let full = if here.exists() || !root.exists() { here } else { return typed.to_owned() };
        match full.strip_prefix(&self.project.root) {
            Ok(below) => below.display().to_string(),
            Err(_) => full.display().to_string(),
        }
    }
}
