//! `opsdeck plan RELEASE`: the frozen plan, for a person or as JSON. Runs nothing and changes nothing.
//!
//! Exit codes: 0 printed; 1 there can be no such plan, and why; 2 a usage error. With --diff those of `play --wait`.

use super::passwords::Passwords;
use super::{Global, print, start};
use crate::ansible::secrets::Secrets;
use crate::api::{self, Built};
use crate::project::{Environment, Project};
use crate::release;
use crate::release::plan::{Plan, Strategy};
use crate::release::rehearse::rehearse;
use crate::text::{plain, plain_lines};
use anyhow::bail;
use serde_json::json;
use std::fmt::Write;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  opsdeck plan web -E production --version 4.12.1
  opsdeck plan web -E production --version 4.12.1 --diff
  opsdeck plan web -E staging --version 4.13.0-rc1 -x feature=on --json

Exit codes: 0 printed, 1 there is no such release or environment, or no plan can be made of it.";

/// Options of `plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What.
    #[command(flatten)]
    wish: Wanted,
    /// Then run its deploy steps in Ansible's check mode and print what they would change (changes nothing)
    #[arg(short = 'D', long, conflicts_with = "json")]
    diff: bool,
    /// Passwords.
    #[command(flatten)]
    passwords: Passwords,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Which release is planned; `plan` and `release` share it, so that what was looked at is what is brought out.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// Release of opsdeck.yaml
    pub release: String,
    /// Environment
    #[arg(short = 'E', short_alias = 'e', long = "environment", alias = "env", value_name = "NAME")]
    pub environment: String,
    /// Version to bring out
    #[arg(long, value_name = "VERSION")]
    pub version: String,
    /// Extra variables: `a=1`, JSON or `@file` (may be repeated)
    #[arg(short = 'x', long, value_name = "VARS", allow_hyphen_values = true)]
    pub extra_vars: Vec<String>,
    /// Pool that takes traffic now (blue_green) [default: what every balancer says]
    #[arg(long, value_name = "POOL")]
    pub active: Option<String>,
    /// Version that runs there now, where none was brought out with opsdeck yet: the one to go back to
    #[arg(long, value_name = "VERSION")]
    pub current: Option<String>,
    /// Bring it out although this version is the stable one already
    #[arg(long)]
    pub force: bool,
}

impl Wanted {
    /// The frozen plan, and the environment that it is for.
    ///
    /// # Errors
    /// Mistakes in opsdeck.yaml, or why there can be no plan.
    pub fn plan(&self, global: &Global) -> anyhow::Result<(Built, Environment)> {
        let project = Project::discover(&global.project)?;
        let plan = global.desk().plan(
            &project,
            &api::Wanted {
                release: self.release.clone(),
                environment: self.environment.clone(),
                version: self.version.clone(),
                extra_vars: self.extra_vars.clone(),
                current: self.current.clone(),
                active: self.active.clone(),
                again: self.force,
            },
        );
        match (plan, project.environment(&self.environment)) {
            (Ok(built), Some(environment)) => Ok((built, environment.clone())),
            (Ok(_), None) => bail!("no plan: {} is no environment", plain(&self.environment)),
            (Err(why), _) => {
                // A release with a mistake in it is left out: then the mistake is the reason, not its absence.
                let mistakes = project.problems.iter().map(|problem| format!("\n{problem}")).collect::<String>();
                bail!("no plan: {}", plain_lines(&format!("{why}{mistakes}")).join("\n"))
            }
        }
    }
}

/// Prints the plan.
pub fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let (Built { plan, digest }, _) = args.wish.plan(global)?;
    let out = if args.json {
        let mut sealed = (*plan).clone();
        sealed.seal();
        serde_json::to_string_pretty(&json!({ "digest": digest, "plan": sealed }))? + "\n"
    } else {
        words(&plan)?
    };
    print::print(&out)?;
    if args.diff { differences(&plan, &args.passwords.ask()?, global) } else { Ok(ExitCode::SUCCESS) }
}

/// Runs the deploy steps in check mode, one after another, as long as they end well.
fn differences(plan: &Plan, secrets: &Secrets, global: &Global) -> anyhow::Result<ExitCode> {
    let requests = rehearse(plan);
    if requests.is_empty() {
        bail!("no deploy step is a playbook or an ad-hoc command: nothing can be tried in check mode");
    }
    for mut request in requests {
        request.secrets = secrets.clone();
        let code = start::start(global, request, true, false)?;
        if code != ExitCode::SUCCESS {
            return Ok(code);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The plan for a person: what goes where, in which order, what is measured, and the way back.
///
/// # Errors
/// None: text takes everything.
pub fn words(plan: &Plan) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    let from = plan.current.as_deref().unwrap_or("nothing known");
    writeln!(out, "{} {} -> {} (now {from})", plan.release, plan.version, plan.environment)?;
    let strategy = match &plan.strategy {
        Strategy::Rolling { surge } if surge.is_empty() => "rolling".to_owned(),
        Strategy::Rolling { surge } => format!("rolling, with {} added meanwhile", surge.join(", ")),
        Strategy::BlueGreen { active, idle, .. } => format!("blue_green: deploys {idle}, then switches from {active}"),
        Strategy::Canary => "canary".to_owned(),
    };
    writeln!(out, "strategy   {strategy}")?;
    let limits = &plan.limits;
    writeln!(
        out,
        "limits     at most {} out of service, at least {} serving, budget {}, soak {}s",
        limits.max_unavailable, limits.min_in_service, limits.budget, limits.soak
    )?;
    for (at, batch) in plan.batches.iter().enumerate() {
        let weight = batch.weight.map(|weight| format!(" {weight}% of traffic")).unwrap_or_default();
        writeln!(out, "batch {:<4} {}{weight}", at + 1, batch.hosts.join(" "))?;
    }
    for stage in &plan.stages {
        writeln!(out, "stage      {}", stage.name)?;
        for step in stage.groups.iter().flatten() {
            let mark = if step.irreversible { "  POINT OF NO RETURN" } else { "" };
            writeln!(out, "  {:<12} {}{mark}", step.id, step.name)?;
        }
    }
    for gate in &plan.gates {
        writeln!(out, "gate       {}: {} passes in a row over at least {}s", gate.name, gate.passes, gate.window)?;
    }
    for balancer in plan.traffic.iter().flat_map(|traffic| &traffic.balancers) {
        writeln!(out, "traffic    {}", balancer.name)?;
    }
    writeln!(out, "rollback   {}", release::back(plan))?;
    writeln!(out, "approval   {} people", plan.approval.needed)?;
    writeln!(out, "sources    git {}", plan.sources.git.as_deref().unwrap_or("none"))?;
    for (path, digest) in &plan.sources.playbooks {
        writeln!(out, "  {path} {digest}")?;
    }
    writeln!(out, "  inventory {}\n  variables {}", plan.sources.inventory, plan.sources.vars)?;
    writeln!(out, "  artifact {}", plan.sources.artifact.as_deref().unwrap_or("not there yet"))?;
    for warning in &plan.warnings {
        writeln!(out, "warning    {warning}")?;
    }
    writeln!(out, "digest     {}", plan.digest())?;
    Ok(out.lines().map(|line| plain(line).into_owned() + "\n").collect())
}
