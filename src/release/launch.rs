//! A release is launched as every run is: its plan frozen in a spec, recorded, left in the hands of a supervisor.

use super::event::Person;
use super::plan::{Plan, StepKind};
use super::supervise::{Body, KIND};
use crate::ansible::secrets::{SecretName, Secrets};
use crate::ansible::tools::{self, Tool};
use crate::project::cfg::Env;
use crate::run::StopError;
use crate::run::launch::{LaunchError, begin, opened};
use crate::run::spec::{BreakGlass, OnConflict, Planned, RunSpec, Scope, VERSION, Work};
use crate::run::{Launched, glass, ledger, whole_index};
use crate::state::operator::Operator;
use crate::state::{Control, Filter, StateDir};
use std::io;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Submits a release: returns when a supervisor has it in hand. What it waits for (approvals, the environment, a freeze)
/// it waits for there. `digest` is the plan's: what approvals must name. The passwords and secret variables are for its steps; they live in its
/// supervisor alone: where that dies, what needs them waits. Under break-glass (`glass`, a reason) nobody could approve it: an
/// approval counts only with its row.
///
/// # Errors
/// See [`LaunchError`]; then nothing was started.
pub fn launch(
    store: &StateDir,
    plan: Plan,
    digest: String,
    secrets: &Secrets,
    glass: Option<String>,
) -> Result<Launched, LaunchError> {
    let operator = Operator::current();
    // The same word as the kernel has for whoever speaks to the control socket: nobody approves what is their own.
    let uid = rustix::process::geteuid().as_raw();
    let submitter = Person { uid, name: Operator::of_uid(uid).name, row: None };
    let mut warnings = plan.warnings.clone();
    let out = plan.is_out();
    let control = opened(store, glass.as_deref())?;
    let (tools, approved) = (tools(&plan), plan.needs_approval());
    let (mut plan, mut secrets) = (plan, secrets.clone());
    for (name, value) in plan.seal() {
        let name = SecretName::Extra(name);
        // What was given for this launch wins over what is written.
        if secrets.get(&name).is_none() {
            secrets.set(name, Zeroizing::new(value.to_string()));
        }
    }
    let mut spec = freeze(plan, digest, submitter, operator)?;
    spec.secrets = secrets.names().map(ToString::to_string).collect();
    spec.break_glass = glass.map(BreakGlass::because);
    if let Err(e) = tools.and_then(|()| out.map_or(Ok(()), |why| Err(LaunchError::Invalid(why)))) {
        match ledger::refused(store, &spec, &e.to_string()) {
            Err(unrecorded) if spec.break_glass.is_some() => {
                tracing::warn!("a refused launch is not recorded: {unrecorded}");
            }
            other => other?,
        }
        return Err(e);
    }
    begin(store, control, &mut spec, &secrets, None, |spec| match spec.break_glass.as_ref() {
        Some(BreakGlass { unrecorded: Some(why), .. }) if approved => Err(LaunchError::Invalid(format!(
            "nothing was launched: people must approve it, and an approval counts only with its row in the ledger, which \
             break-glass does not give it ({why})"
        ))),
        _ => Ok(()),
    })?;
    warnings.splice(0..0, glass::tell(&spec));
    Ok(Launched { id: spec.id, warnings })
}

/// A step that cannot start would leave a batch half done: what is missing is told before.
fn tools(plan: &Plan) -> Result<(), LaunchError> {
    let env = Env::current();
    let steps = plan.stages.iter().flat_map(|stage| stage.groups.iter().flatten()).chain(&plan.rollback.steps);
    for step in steps {
        let tool = match step.kind {
            StepKind::Playbook { .. } => Tool::Playbook,
            StepKind::Adhoc { .. } => Tool::Adhoc,
            _ => continue,
        };
        tools::find(tool, &env).map_err(|e| LaunchError::Invalid(e.to_string()))?;
    }
    Ok(())
}

/// Takes the switch of a release that succeeded back, while its old pool is warm and no other release came after it: a
/// run of its own, of the same plan.
///
/// # Errors
/// Why it is too late; or see [`LaunchError`].
pub fn undo(store: &StateDir, run: Uuid, body: Body, operator: &Operator) -> Result<Uuid, StopError> {
    let control = Control::open(store);
    let filter =
        Filter { environment: Some(body.plan.environment.clone()), kind: Some(KIND.to_owned()), ..Filter::default() };
    let rows = whole_index(store).and_then(|index| index.list(&filter)).map_err(io::Error::other)?;
    if let Some(later) = rows.iter().find(|row| !row.check && row.id > run) {
        let why = format!("{} came after it ({}): undo that one, or release again", later.title, later.state);
        return Err(StopError::Refused(why));
    }
    let uid = rustix::process::geteuid().as_raw();
    let submitter = Person { uid, name: Operator::of_uid(uid).name, row: None };
    let mut spec = spec(Body { submitter, undoes: Some(run), ..body }, operator.clone()).map_err(io::Error::other)?;
    begin(store, control, &mut spec, &Secrets::default(), None, |_| Ok(())).map_err(io::Error::other)?;
    Ok(spec.id)
}

/// The spec of a release that is not launched yet.
///
/// # Errors
/// The plan cannot be written as JSON.
pub fn freeze(plan: Plan, digest: String, submitter: Person, operator: Operator) -> Result<RunSpec, LaunchError> {
    spec(Body { digest, submitter, plan, undoes: None }, operator)
}

fn spec(body: Body, operator: Operator) -> Result<RunSpec, LaunchError> {
    let plan = &body.plan;
    let hosts: Vec<String> = plan.batches.iter().flat_map(|batch| batch.hosts.iter().cloned()).collect();
    let (environment, cwd) = (plan.environment.clone(), plan.cwd.clone());
    let undo = if body.undoes.is_some() { "undo of " } else { "" };
    let (title, inventory) = (format!("{undo}{} {}", plan.release, plan.version), plan.inventory.clone());
    let body = serde_json::to_value(body).map_err(io::Error::from)?;
    Ok(RunSpec {
        version: VERSION,
        id: Uuid::now_v7(),
        work: Work::Plan(Planned {
            kind: KIND.to_owned(),
            title,
            inventory,
            check: false,
            scope: Scope::Environment,
            body,
        }),
        environment: Some(environment),
        cwd,
        argv: Vec::new(),
        env: Default::default(),
        hosts: Some(hosts),
        beside: Vec::new(),
        open: None,
        secrets: Vec::new(),
        on_conflict: OnConflict::Wait,
        timeout: None,
        operator,
        rerun_of: None,
        created_at: jiff::Timestamp::now().as_millisecond(),
        number: None,
        home: None,
        break_glass: None,
    })
}

/// What was frozen for a run, if it is a release.
///
/// # Errors
/// The plan is not one that this version knows.
pub fn body(spec: &RunSpec) -> Result<Option<Body>, serde_json::Error> {
    match &spec.work {
        Work::Plan(plan) if plan.kind == KIND => serde_json::from_value(plan.body.clone()).map(Some),
        _ => Ok(None),
    }
}
