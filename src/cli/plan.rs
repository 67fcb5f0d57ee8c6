//! `opsdeck plan RELEASE`: the frozen plan, for a person or as JSON. Runs nothing and changes nothing.
//!
//! Exit codes: 0 printed; 1 there can be no such plan, and why; 2 a usage error.

use super::{Global, print};
use crate::project::Project;
use crate::release::build::{Wish, build, last_stable};
use crate::release::plan::{OnFailure, Plan, Strategy, Traffic};
use crate::text::plain;
use anyhow::bail;
use serde_json::json;
use std::fmt::Write;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  opsdeck plan web -e production --version 4.12.1
  opsdeck plan web -e staging --version 4.13.0-rc1 -x feature=on --json";

/// Options of `plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Release of opsdeck.yaml
    release: String,
    /// Environment
    #[arg(short, long, value_name = "NAME")]
    environment: String,
    /// Version to bring out
    #[arg(long, value_name = "VERSION")]
    version: String,
    /// Extra variables: `a=1`, JSON or `@file` (may be repeated)
    #[arg(short = 'x', long, value_name = "VARS", allow_hyphen_values = true)]
    extra_vars: Vec<String>,
    /// Pool that takes traffic now (blue_green)
    #[arg(long, value_name = "POOL")]
    active: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints the plan.
///
/// # Errors
/// Mistakes in opsdeck.yaml, or why there can be no plan.
pub fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let project = Project::discover(&global.project)?;
    let active = |_: &Traffic| args.active.clone().ok_or_else(|| "say it with --active POOL".to_owned());
    let plan = build(&Wish {
        project: &project,
        release: &args.release,
        environment: &args.environment,
        version: &args.version,
        extra_vars: &args.extra_vars,
        current: last_stable(&global.store(), &args.release, &args.environment)?,
        active: &active,
    });
    let plan = match plan {
        Ok(plan) => plan,
        Err(why) => bail!("no plan: {}", plain(&why.to_string())),
    };
    let out = if args.json {
        serde_json::to_string_pretty(&json!({ "digest": plan.digest(), "plan": plan }))? + "\n"
    } else {
        words(&plan)?
    };
    print::print(&out)?;
    Ok(ExitCode::SUCCESS)
}

/// The plan for a person: what goes where, in which order, what is measured, and the way back.
fn words(plan: &Plan) -> Result<String, std::fmt::Error> {
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
    let failure = if plan.on_failure == OnFailure::Rollback { "rolled back" } else { "paused for a person" };
    let to = plan.rollback.to.as_deref().unwrap_or("no version known");
    writeln!(out, "rollback   to {to}, {} steps; a failure is {failure}", plan.rollback.steps.len())?;
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
