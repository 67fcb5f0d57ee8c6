//! Releases: what is offered, the plan, its submission and rehearsal, and what people ask of one that is under way.

use super::{Acting, Desk};
use crate::ansible::secrets::Secrets;
use crate::project::Project;
use crate::project::config::release::{ReleaseConfig, Strategy};
use crate::release::build::{self, Refused, Wish, last_stable};
use crate::release::machine::Verb;
use crate::release::plan::{Plan, Traffic};
use crate::release::rehearse::rehearse;
use crate::release::state::Consent;
use crate::release::traffic::active;
use crate::release::watch::{WatchError, Watched};
use crate::release::{self, votes};
use crate::run::{LaunchError, Launched, StopError, find};
use crate::state::{DbError, file};
use std::io;
use std::path::PathBuf;
use uuid::Uuid;

/// A release that can be brought out in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub name: String,
    pub help: String,
    /// How it is brought out, in a word.
    pub strategy: &'static str,
    /// The stable version there; `None`: none is known.
    pub current: Option<String>,
}

/// What is to be brought out, and where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    pub release: String,
    pub environment: String,
    pub version: String,
    /// Extra variables, as `-e` takes them.
    pub extra_vars: Vec<String>,
    /// The version that is there, by whoever asks; where a stable one is known, it must be that.
    pub current: Option<String>,
    /// The pool that has traffic; `None`: the balancers are asked.
    pub active: Option<String>,
    /// Also where it is out already.
    pub again: bool,
}

/// A plan, and its digest: what approvals must name.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    pub plan: Box<Plan>,
    /// SHA-256, in hex.
    pub digest: String,
}

/// What came of a question to a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The run that took it up.
    pub run: Uuid,
    /// What is to be said of it, loudly.
    pub words: Option<String>,
}

impl Desk {
    /// What can be brought out in an environment.
    ///
    /// # Errors
    /// What is there cannot be told.
    pub fn offers(&self, project: &Project, environment: &str) -> Result<Vec<Offer>, DbError> {
        let here = |r: &&ReleaseConfig| r.environments.is_empty() || r.environments.iter().any(|e| e == environment);
        let offer = |r: &ReleaseConfig| {
            Ok(Offer {
                name: r.name.clone(),
                help: r.help.clone().unwrap_or_default(),
                strategy: match r.how.strategy {
                    Strategy::Rolling { .. } => "rolling",
                    Strategy::BlueGreen { .. } => "blue-green",
                    Strategy::Canary { .. } => "canary",
                },
                current: last_stable(&self.state, &r.name, environment)?,
            })
        };
        project.releases.iter().filter(here).map(offer).collect()
    }

    /// The plan of it: frozen, nothing is begun.
    ///
    /// # Errors
    /// Why there can be none.
    pub fn plan(&self, project: &Project, wanted: &Wanted) -> Result<Built, Refused> {
        let Wanted { release, environment, version, extra_vars, current, active: pool, again } = wanted;
        let stable = last_stable(&self.state, release, environment).map_err(|e| Refused(e.to_string()))?;
        if let (Some(stable), Some(current)) = (&stable, current)
            && stable != current
        {
            let why = format!(
                "--current says {current}, and {stable} is the stable version of {environment} here (`opsdeck runs`)"
            );
            return Err(Refused(why));
        }
        let asked = |balancers: &Traffic| match pool {
            Some(pool) => Ok(pool.clone()),
            None => active(balancers, &project.root),
        };
        let plan = build::build(&Wish {
            project,
            release,
            environment,
            version,
            extra_vars,
            current: stable.or_else(|| current.clone()),
            again: *again,
            active: &asked,
        })?;
        let digest = plan.digest();
        Ok(Built { plan: Box::new(plan), digest })
    }

    /// A release, as its run's files tell it; its approvals are held against the ledger where that can be read.
    ///
    /// # Errors
    /// No such release.
    pub fn release(&self, run: Uuid) -> Result<Watched, WatchError> {
        Watched::open(&self.state.run(run))
    }

    /// Likewise by what a person types.
    ///
    /// # Errors
    /// No such release.
    pub fn release_of(&self, text: &str) -> anyhow::Result<Watched> {
        Ok(self.release(find(&self.state, text)?)?)
    }
}

impl Acting<'_> {
    /// Submits a plan. Row: `run.launch`.
    pub fn submit(&self, built: Built, secrets: &Secrets, glass: Option<String>) -> Result<Launched, LaunchError> {
        release::launch(&self.0.state, *built.plan, built.digest, secrets, glass)
    }

    /// Launches each deploy step in check mode. Rows: `run.launch`.
    ///
    /// # Errors
    /// See [`LaunchError`]; none of them can be tried in check mode.
    pub fn rehearse(&self, plan: &Plan, secrets: &Secrets) -> Result<Vec<Launched>, LaunchError> {
        let mut launched = Vec::new();
        for mut request in rehearse(plan) {
            request.secrets = secrets.clone();
            launched.push(self.launch(request)?);
        }
        match launched.is_empty() {
            true => Err(LaunchError::Invalid("no deploy step is a playbook or an ad-hoc command".to_owned())),
            false => Ok(launched),
        }
    }

    /// Asks a release for something; under break-glass also where the ledger cannot take it. Row: `release.*`.
    ///
    /// # Errors
    /// It is refused, with the reason; it cannot be recorded; nobody answers.
    pub fn ask(&self, run: Uuid, verb: &Verb, glass: Option<&str>) -> Result<Asked, StopError> {
        let (run, words) = match glass {
            None => match release::ask(&self.0.state, run, verb, &self.0.who) {
                // The way on first: a line may be cut.
                Err(e @ StopError::Audit(_)) if verb.breaks_glass() => {
                    let why = format!(
                        "from a shell `--break-glass REASON` does it all the same, and it is recorded late; {e}"
                    );
                    return Err(io::Error::other(why).into());
                }
                asked => (asked?, None),
            },
            Some(reason) => release::ask_breaking_glass(&self.0.state, run, verb, &self.0.who, reason)?,
        };
        Ok(Asked { run, words })
    }

    /// Gives a release its passwords again. Row: `release.passwords`.
    ///
    /// # Errors
    /// None is missing, or not all were given; nobody answers.
    pub fn give(&self, run: Uuid, secrets: &Secrets) -> Result<(), StopError> {
        release::give(&self.0.state, run, secrets, &self.0.who)
    }

    /// Writes a release's story beside the journal that it was made from; gives its path.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn export(&self, run: Uuid, story: &str) -> io::Result<PathBuf> {
        let path = self.0.state.run(run).path().join("timeline.md");
        file::write_whole(&path, story.as_bytes())?;
        Ok(path)
    }
}

/// Approvals of a release, held against the ledger when there may be new ones.
#[derive(Debug)]
pub struct Votes {
    new: bool,
}

impl Votes {
    /// Of a run, as far as it was read.
    pub fn of(run: &crate::run::RunState) -> Self {
        Self { new: run.own.iter().any(|(_, json)| is_vote(json.as_bytes())) }
    }

    /// The journal has gained these lines.
    pub fn grown(&mut self, lines: &[u8]) {
        self.new |= is_vote(lines);
    }

    /// Those without a row, where there may be any that were not told.
    pub fn news(&mut self, desk: &Desk, run: Uuid) -> Option<Vec<Consent>> {
        if !std::mem::take(&mut self.new) {
            return None;
        }
        let seen = desk.release(run).inspect_err(|e| tracing::warn!("{e}")).ok()?;
        let found = votes::unfounded(desk.state(), run, &seen.release);
        let found = found.inspect_err(|e| tracing::warn!("which approvals of run {run} count cannot be told: {e}"));
        found.ok().filter(|found| !found.is_empty())
    }
}

fn is_vote(text: &[u8]) -> bool {
    memchr::memmem::find(text, br#""approved""#).is_some()
}
