//! A recovery is launched as every run is: what it may do frozen in a spec, recorded, left in the hands of a supervisor.

use crate::ansible::ask::{Adhoc, Ask, Common, Play};
use crate::ansible::secrets::{SecretName, Secrets};
use crate::ansible::shell;
use crate::ansible::tools::{self, Tool};
use crate::health::probe::Probe;
use crate::project::config::recovery::Policy;
use crate::project::{Env, Project, Runbook};
use crate::run::extra;
use crate::run::launch::{LaunchError, begin};
use crate::run::spec::{OnConflict, Planned, RunSpec, Scope, VERSION, Work};
use crate::run::targets::{self, Targets};
use crate::state::operator::Operator;
use crate::state::{Control, StateDir};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use uuid::Uuid;
use zeroize::Zeroizing;

/// The kind of run that a recovery is, as its spec names it.
pub const KIND: &str = "recovery";
/// Seconds that diagnostics may take.
pub const DIAGNOSTICS: u32 = 60;

/// What a recovery's spec holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Body {
    pub incident: Uuid,
    pub environment: String,
    pub host: String,
    pub why: String,
    /// The policy, with every number.
    pub policy: Policy,
    pub cwd: PathBuf,
    /// Inventory sources, as given to `-i`.
    pub inventory: Vec<String>,
    /// The ladder, from what the policy names.
    pub ladder: Vec<Action>,
    /// Writes down how the host is before anything is done to it.
    pub diagnostics: Option<Ask>,
    /// How the check is read.
    pub watch: Watch,
}

/// A rung of the ladder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Action {
    pub name: String,
    /// What is asked of Ansible, for the one host.
    pub ask: Ask,
    /// Seconds after which it is stopped.
    pub timeout: u32,
    /// Why it cannot be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cannot: Option<String>,
}

impl Action {
    /// Secret variables that it needs.
    pub fn secrets(&self) -> impl Iterator<Item = &String> {
        self.ask.common().extra_vars.iter().flat_map(|extra| extra.secret())
    }
}

/// How the check is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Watch {
    /// By asking the host or the service itself.
    Probe {
        probe: Probe,
        /// Seconds that an answer may take.
        timeout: u32,
    },
    /// By what whoever polls writes down.
    Polled,
}

/// What is done to a host under a policy, and the secret variables of its runbooks, which are frozen nowhere.
///
/// # Errors
/// A runbook of the ladder is not there: in words.
pub fn body(
    project: &Project,
    environment: &str,
    policy: &Policy,
    host: &str,
    (incident, why): (Uuid, &str),
    watch: Watch,
) -> Result<(Body, Secrets), String> {
    let found = project.environment(environment);
    let inventory = found.map(|e| e.inventory.clone()).ok_or_else(|| format!("no environment {environment:?}"))?;
    let common = |runbook: &Runbook| Common {
        inventory: inventory.clone(),
        limit: Some(host.to_owned()),
        r#become: runbook.r#become,
        extra_vars: runbook.extra_vars.iter().map(|text| text.as_str().into()).collect(),
        ..Common::default()
    };
    let (mut ladder, mut secrets) = (Vec::new(), Secrets::default());
    for rung in &policy.ladder {
        let runbook = project.runbooks.iter().find(|runbook| runbook.name == rung.runbook);
        let runbook = runbook.ok_or_else(|| format!("no runbook {:?} in opsdeck.yaml any more", rung.runbook))?;
        let mut ask = match (&runbook.playbook, &runbook.module) {
            (Some(playbook), _) => {
                Ask::Playbook(Play { playbook: playbook.clone(), common: common(runbook), ..Play::default() })
            }
            (None, module) => Ask::Adhoc(Adhoc {
                pattern: host.to_owned(),
                module: module.clone().unwrap_or_default(),
                args: runbook.args.clone(),
                common: Common { limit: None, ..common(runbook) },
            }),
        };
        let cannot = seal(&mut ask, &mut secrets).err();
        ladder.push(Action { name: rung.runbook.clone(), ask, timeout: rung.timeout, cannot });
    }
    let diagnostics = (!policy.diagnostics.is_empty()).then(|| {
        // One look at the host, each command under its own heading; one that fails does not hide the others.
        let one = |command: &String| format!("echo; echo {}; {command} 2>&1 || true", shell(&[format!("# {command}")]));
        let script = policy.diagnostics.iter().map(one).collect::<Vec<_>>().join("\n");
        Ask::Adhoc(Adhoc {
            pattern: host.to_owned(),
            module: "ansible.builtin.shell".into(),
            args: Some(script),
            common: Common { inventory: inventory.clone(), ..Common::default() },
        })
    });
    let body = Body {
        incident,
        environment: environment.to_owned(),
        host: host.to_owned(),
        why: why.to_owned(),
        policy: policy.clone(),
        cwd: project.root.clone(),
        inventory,
        ladder,
        diagnostics,
        watch,
    };
    Ok((body, secrets))
}

/// Takes the secret variables off a rung and puts them among those of the rungs before it. What cannot be sealed is not done,
/// and does not stand in what is frozen either.
///
/// # Errors
/// Why, in words that a person is called with.
fn seal(ask: &mut Ask, secrets: &mut Secrets) -> Result<(), String> {
    let (common, mut own) = (ask.common_mut(), Secrets::default());
    if let Err(why) = extra::seal(common, &mut own) {
        common.extra_vars.clear();
        return Err(format!("its extra_vars in opsdeck.yaml: {why}"));
    }
    for name in own.names() {
        let (Some(value), known) = (own.get(name), secrets.get(name)) else { continue };
        if known.is_some_and(|known| known != value) {
            return Err(format!("{name} has another value in a rung before it: a recovery keeps one of each name"));
        }
        secrets.set(name.clone(), Zeroizing::new(value.to_owned()));
    }
    Ok(())
}

/// Launches it under an id that was written down before. The secret variables live in its supervisor alone: where that dies, a
/// person is called before a rung that needs them.
///
/// # Errors
/// See [`LaunchError`]; then nothing was started.
pub fn launch(store: &StateDir, id: Uuid, body: &Body, secrets: &Secrets) -> Result<(), LaunchError> {
    let needs = |ask: &Ask| if matches!(ask, Ask::Adhoc(_)) { Tool::Adhoc } else { Tool::Playbook };
    for ask in body.ladder.iter().map(|action| &action.ask).chain(&body.diagnostics) {
        tools::find(needs(ask), &Env::current()).map_err(|e| LaunchError::Invalid(e.to_string()))?;
    }
    let control = Control::open(store);
    begin(store, control, &mut freeze(id, body, secrets.names())?, secrets, None, |_| Ok(()))
}

/// The spec of a recovery that is not launched yet; of its secrets it holds the names.
///
/// # Errors
/// It cannot be written as JSON.
pub fn freeze<'a>(
    id: Uuid,
    body: &Body,
    secrets: impl Iterator<Item = &'a SecretName>,
) -> Result<RunSpec, LaunchError> {
    let title = format!("{} on {}", body.policy.name, body.host);
    let (beside, open) = beside(body);
    let plan = Planned {
        kind: KIND.to_owned(),
        title,
        inventory: body.inventory.clone(),
        check: false,
        scope: Scope::Hosts,
        body: serde_json::to_value(body).map_err(std::io::Error::from)?,
    };
    Ok(RunSpec {
        version: VERSION,
        id,
        work: Work::Plan(plan),
        environment: Some(body.environment.clone()),
        cwd: body.cwd.clone(),
        argv: Vec::new(),
        env: Default::default(),
        hosts: Some(vec![body.host.clone()]),
        beside,
        open,
        secrets: secrets.map(ToString::to_string).collect(),
        on_conflict: OnConflict::Wait,
        timeout: None,
        operator: Operator::opsdeck(),
        rerun_of: None,
        created_at: jiff::Timestamp::now().as_millisecond(),
        number: None,
        home: None,
        break_glass: None,
    })
}

/// The hosts that its runbooks act on besides its own, by delegation, and why there may be others.
fn beside(body: &Body) -> (Vec<String>, Option<String>) {
    let (host, env) = (std::slice::from_ref(&body.host), Env::current());
    let asks = body.ladder.iter().map(|action| &action.ask).chain(&body.diagnostics);
    let all: Vec<Targets> = asks.map(|ask| targets::now(ask, &body.cwd, &env, Some(host))).collect();
    let open = all.iter().find_map(Targets::open).map(str::to_owned);
    let mut names: Vec<String> = Vec::new();
    for name in all.into_iter().flat_map(|targets| targets.hosts.names.into_iter().chain(targets.beside.names)) {
        if name != body.host && !names.contains(&name) {
            names.push(name);
        }
    }
    (names, open)
}

/// What was frozen for a run, if it is a recovery.
///
/// # Errors
/// It is not one that this version knows.
pub fn frozen(spec: &RunSpec) -> Result<Option<Body>, serde_json::Error> {
    match &spec.work {
        Work::Plan(plan) if plan.kind == KIND => serde_json::from_value(plan.body.clone()).map(Some),
        _ => Ok(None),
    }
}
