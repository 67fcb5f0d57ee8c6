//! The one launcher, for the command line and the screen: checks what is asked, freezes it as a spec, and leaves it in
//! the hands of a supervisor that lives on its own. When it returns an id, nothing depends on the caller any more.

mod error;

pub use error::{LaunchError, WAY};

use super::spec::{BreakGlass, OnConflict, RunSpec, VERSION, Work};
use super::step::{Child, StepCommand};
use super::targets::{self, Targets};
use super::{belongs, extra, glass, lease, ledger, list, spawn, unlisted};
use crate::ansible::prompts::{self, Question, QuestionKind};
use crate::ansible::secrets::{SecretName, Secrets};
use crate::ansible::tools::{self, Tool};
use crate::ansible::{self, Ask};
use crate::audit::{self, Acts, Error};
use crate::open;
use crate::project::cfg::{AnsibleCfg, Env};
use crate::state::operator::Operator;
use crate::state::{Control, DbError, Index, StateDir, file};
use std::io;
use std::path::PathBuf;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Longest shell command (bytes): a kernel takes an argument of 128 KiB, and it is quoted.
const LONGEST: usize = 64 << 10;

/// What is to be launched.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is asked of Ansible.
    pub ask: Ask,
    /// The environment's name, where the inventory belongs to one.
    pub environment: Option<String>,
    pub cwd: PathBuf,
    /// The hosts that its limit names, where whoever asks knows that they are hosts. What it touches is told by
    /// [`targets`] alone, when it is launched.
    pub only: Option<Vec<String>>,
    /// What it touches as a person was shown it: when it is another by now, nothing is launched.
    pub shown: Option<Targets>,
    pub secrets: Secrets,
    /// What to do when another run holds the hosts.
    pub on_conflict: OnConflict,
    /// Seconds after which it is stopped.
    pub timeout: Option<u32>,
    /// The run that it repeats.
    pub rerun_of: Option<Uuid>,
    /// Variables that come before those of the command line, in a file that goes when the child has ended.
    pub vars: serde_json::Map<String, serde_json::Value>,
    /// The person knows that the playbook's pauses are skipped, since a background run has no terminal.
    pub pauses_are_known: bool,
    /// It is launched although the ledger cannot take it, and why: [`super::glass`].
    pub break_glass: Option<String>,
}

/// A run that was launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launched {
    pub id: Uuid,
    /// What a person should know although it was launched.
    pub warnings: Vec<String>,
}

/// Launches a run and returns when a supervisor has it in hand.
///
/// # Errors
/// See [`LaunchError`]; then nothing was started.
pub fn launch(store: &StateDir, mut request: Request) -> Result<Launched, LaunchError> {
    // Before anything of it is written down or looked at.
    let Request { ask, secrets, vars, .. } = &mut request;
    extra::seal(ask.common_mut(), secrets).map_err(LaunchError::Invalid)?;
    extra::seal_vars(vars, ask.common_mut(), secrets);
    let launched = admitted(store, &request);
    match &request.break_glass {
        None => launched,
        Some(_) => launched.map_err(|e| glass::by_hand(e, &request.ask, &request.secrets, &request.cwd)),
    }
}

fn admitted(store: &StateDir, request: &Request) -> Result<Launched, LaunchError> {
    let glass = request.break_glass.as_deref();
    let control = opened(store, glass)?;
    let env = Env::current();
    let scan = scan(request, &env);
    let targets = targets::seen(&request.ask, &request.cwd, &env, request.only.as_deref(), &scan.touches);
    let (nothing, unmatched) = (targets.nothing.clone(), targets.unmatched.clone());
    let changed = request.shown.as_ref().and_then(|shown| targets.changed_since(shown));
    let mut spec = freeze(store, request, targets, &env)?;
    let admitted = match (changed, nothing) {
        (Some(changed), _) => Err(LaunchError::Changed(changed)),
        (None, Some(what)) => check(request).and_then(|()| {
            let again = request.rerun_of.filter(|_| request.only.is_some());
            Err(LaunchError::Nobody { what, environment: request.environment.clone(), again })
        }),
        (None, None) => admit(store, control.as_ref().ok(), request, scan, &spec, &env),
    };
    let (tool, mut warnings) = match admitted {
        Ok(admitted) => admitted,
        Err(e) => {
            match ledger::refused(store, &spec, &e.to_string()) {
                Err(unrecorded) if glass.is_some() => tracing::warn!("a refused launch is not recorded: {unrecorded}"),
                other => other?,
            }
            return Err(e);
        }
    };
    let command = first(request, &spec, tool);
    begin(store, control, &mut spec, &request.secrets, Some(&command), |_| Ok(()))?;
    warnings.splice(0..0, glass::tell(&spec));
    warnings.extend((!unmatched.is_empty()).then(|| targets::unmatched(&unmatched)));
    Ok(Launched { id: spec.id, warnings })
}

/// control.db, for whoever launches in this directory. Under break-glass what keeps it from being used keeps nothing from being
/// launched.
///
/// # Errors
/// Nothing is begun here; it cannot be used; break-glass without a reason.
pub fn opened(store: &StateDir, glass: Option<&str>) -> Result<Result<Control, DbError>, LaunchError> {
    match glass {
        None => {
            belongs::may_begin(store).map_err(LaunchError::Home)?;
            Ok(Ok(Control::open(store)?))
        }
        Some(reason) if reason.trim().is_empty() => Err(LaunchError::Invalid(
            "break-glass needs a reason: --break-glass 'INC-4711: the ledger is damaged'".into(),
        )),
        Some(_) => {
            belongs::may_try(store).map_err(LaunchError::Home)?;
            match glass::control(store) {
                Err(e @ DbError::Newer { .. }) => Err(e.into()),
                other => Ok(other),
            }
        }
    }
}

/// Begins a run whose spec is frozen and leaves it in the hands of a supervisor; every kind of run begins so. `command` is that of
/// its first step, where no machine thinks it out later; `admit` may refuse it still.
///
/// # Errors
/// See [`LaunchError`]; then nothing was started, and nothing of it is left.
pub fn begin(
    store: &StateDir,
    control: Result<Control, DbError>,
    spec: &mut RunSpec,
    secrets: &Secrets,
    command: Option<&StepCommand>,
    admit: impl FnOnce(&RunSpec) -> Result<(), LaunchError>,
) -> Result<(), LaunchError> {
    let glass = spec.break_glass.is_some();
    let home = if glass { belongs::may_try(store) } else { belongs::may_begin(store) }.map_err(LaunchError::Home)?;
    let command = command.map(serde_json::to_vec).transpose().map_err(io::Error::from)?;
    let intent = match intent(store, control, spec, command.as_deref()) {
        Ok(intent) => Some(intent),
        Err(e) if glass => {
            glass::owe(store, spec, &e)?;
            None
        }
        Err(e) => return Err(e),
    };
    let spec = &*spec;
    let result = admit(spec).and_then(|()| hand_over(store, (home, spec), command.as_deref(), secrets));
    let failed = result.as_ref().err().map(ToString::to_string);
    match intent {
        Some(intent) => {
            if let Err(e) = ledger::launched(store, spec, intent, failed) {
                tracing::error!("the audit ledger could not take the outcome of a launch: {e}");
            }
        }
        None if failed.is_some() => glass::forget(store, spec.id),
        None => {}
    }
    if result.is_err() {
        // The caller is told that nothing was started: then nobody may start it later either.
        undo(store, spec.id);
    }
    result
}

/// Gives the run its number, and records that it is to be launched.
fn intent(
    store: &StateDir,
    control: Result<Control, DbError>,
    spec: &mut RunSpec,
    command: Option<&[u8]>,
) -> Result<Uuid, LaunchError> {
    let control = control?;
    let lost = |e| match e {
        Error::Lost(why) => LaunchError::Ledger(why),
        e => e.into(),
    };
    let patience = if spec.break_glass.is_some() { glass::PATIENCE } else { audit::PATIENCE };
    let acts = Acts::open_within(store, &control, patience).map_err(lost)?;
    spec.number = Some(control.number(spec.id)?);
    let text = serde_yaml::to_string(&*spec).map_err(io::Error::other)?;
    Ok(ledger::launching(&acts, spec, Some(audit::launched::digest(&text, command)))?.event_id)
}

/// May it be launched? Gives the program and what a person should know.
fn admit(
    store: &StateDir,
    control: Option<&Control>,
    request: &Request,
    scan: prompts::Scan,
    spec: &RunSpec,
    env: &Env,
) -> Result<(PathBuf, Vec<String>), LaunchError> {
    check(request)?;
    let cfg = AnsibleCfg::load(&request.cwd, env).file;
    let sources = request.ask.common().inventory.iter().map(|source| request.cwd.join(source));
    if let Some((what, path)) = sources.chain(cfg).find_map(|path| Some((open::endless(&path)?, path))) {
        let why = format!("{} is {what}, which Ansible would wait for; expected a regular file", path.display());
        return Err(LaunchError::Invalid(why));
    }
    let tool = tool(&request.ask, env)?;
    let mut warnings = questions(scan, request.pauses_are_known)?;
    warnings.extend(extra::bare(&request.ask));
    warnings.extend(
        spec.open.as_ref().map(|why| {
            format!("hosts not known before it runs, so until it ends it holds all of its environment: {why}")
        }),
    );
    let held = lease::holder(store, control, &request.ask, &request.cwd, spec.touched().as_deref())?;
    match (held, request.on_conflict) {
        (Some((by, why)), OnConflict::Refuse) => return Err(LaunchError::Held { by, why }),
        (Some((_, why)), OnConflict::Wait) => warnings.push(format!("waits: {why}")),
        (Some((_, why)), OnConflict::Warn) => warnings.push(why),
        (None, _) => {}
    }
    Ok((tool, warnings))
}

fn hand_over(
    store: &StateDir,
    (home, spec): (Uuid, &RunSpec),
    command: Option<&[u8]>,
    secrets: &Secrets,
) -> Result<(), LaunchError> {
    let dir = store.run(spec.id);
    file::private_dir(dir.path())?;
    if let Some(command) = command {
        let step = dir.step(1);
        file::private_dir(step.path())?;
        file::write_cache(&step.command(), command)?;
    }
    unlisted::begins(store, spec.id)?;
    let spec = &RunSpec { home: Some(belongs::freeze(home, &dir)?), ..spec.clone() };
    let text = serde_yaml::to_string(spec).map_err(io::Error::other)?;
    file::write_whole(&dir.spec(), text.as_bytes())?;
    // The folder itself must be there after a crash of the machine, too.
    file::sync_dir(&store.runs())?;
    // Derived: where it cannot be written, it is filled from this folder later.
    match Index::open(store).and_then(|index| index.put(&list::row(spec, &super::RunState::default()))) {
        Ok(()) => unlisted::ends(store, spec.id),
        Err(e) => {
            tracing::warn!("run {} is in no list yet: {e}", spec.id);
            Index::lacks(store)?;
        }
    }
    let mut wire = Zeroizing::new(Vec::new());
    if !secrets.is_empty() {
        secrets.write_to(&mut *wire)?;
    }
    Ok(spawn::supervisor(store, spec.id, (!wire.is_empty()).then_some(wire))?)
}

fn check(request: &Request) -> Result<(), LaunchError> {
    let invalid = |text: String| Err(LaunchError::Invalid(text));
    if !request.cwd.is_dir() {
        return invalid(format!("{} is no folder: the project's root is expected", request.cwd.display()));
    }
    let pattern = match &request.ask {
        Ask::Adhoc(a) => a.pattern.as_str(),
        Ask::Shell(s) => s.pattern.as_str(),
        Ask::Playbook(_) => "",
    };
    if pattern.starts_with('-') {
        return invalid(format!(
            "the host pattern {pattern:?} begins with `-`, as an option of Ansible does; expected hosts or groups"
        ));
    }
    if let Some((what, text)) = words(&request.ask).find(|(_, text)| text.contains('\0')) {
        return invalid(format!("the {what} {text:?} holds a NUL character, which no argument can"));
    }
    let missing = extra::missing(request.ask.common(), &request.secrets);
    if !missing.is_empty() {
        return Err(LaunchError::Missing(missing));
    }
    match &request.ask {
        Ask::Adhoc(a) if a.pattern.trim().is_empty() => {
            invalid("the host pattern is empty; `all` means every host".into())
        }
        Ask::Adhoc(a) if a.module.trim().is_empty() => invalid("no module is named: `-m ping`, for instance".into()),
        Ask::Shell(s) if s.pattern.trim().is_empty() => {
            invalid("the host pattern is empty; `all` means every host".into())
        }
        Ask::Shell(s) if s.command.trim().is_empty() => invalid("the command is empty".into()),
        Ask::Shell(s) if s.command.len() > LONGEST => {
            invalid(format!("the command has {} bytes; at most {LONGEST} can be handed over", s.command.len()))
        }
        Ask::Playbook(p) if !request.cwd.join(&p.playbook).is_file() && !is_in_collection(&p.playbook) => {
            invalid(format!("there is no playbook {} in {}", p.playbook, request.cwd.display()))
        }
        _ => Ok(()),
    }
}

/// Whatever becomes an argument, and what it is called.
fn words(ask: &Ask) -> impl Iterator<Item = (&'static str, &str)> {
    let common = ask.common();
    let mut own: Vec<(&'static str, &str)> = match ask {
        Ask::Adhoc(a) => vec![("host pattern", &a.pattern), ("module", &a.module)],
        Ask::Shell(s) => vec![("host pattern", &s.pattern), ("command", &s.command)],
        Ask::Playbook(p) => {
            let tags = p.tags.iter().chain(&p.skip_tags).map(|tag| ("tag", tag.as_str()));
            let task = p.start_at_task.iter().map(|task| ("task to start at", task.as_str()));
            [("playbook", p.playbook.as_str())].into_iter().chain(tags).chain(task).collect()
        }
    };
    if let Ask::Adhoc(ansible::ask::Adhoc { args: Some(args), .. }) = ask {
        own.push(("module's arguments", args));
    }
    own.extend(common.inventory.iter().map(|source| ("inventory", source.as_str())));
    own.extend(common.extra_vars.iter().filter_map(|vars| Some(("extra vars", vars.text()?))));
    own.extend(common.limit.iter().map(|limit| ("limit", limit.as_str())));
    own.extend(common.user.iter().chain(&common.become_user).map(|user| ("user", user.as_str())));
    own.into_iter()
}

/// `namespace.collection.playbook`: Ansible finds it.
fn is_in_collection(name: &str) -> bool {
    let word = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_alphanumeric() || c == '_');
    name.split('.').count() >= 3 && name.split('.').all(word)
}

fn freeze(store: &StateDir, request: &Request, targets: Targets, env: &Env) -> Result<RunSpec, LaunchError> {
    let id = Uuid::now_v7();
    let step = store.run(id).step(1);
    let plugin = ansible::callback::install(&store.plugins())?;
    let (events, stop_file) = (step.events(), step.stop());
    let channels = ansible::environment::Channels { plugin: &plugin, events: &events, stop_file: &stop_file };
    let cfg = AnsibleCfg::load(&request.cwd, env);
    let adhoc = !matches!(request.ask, Ask::Playbook(_));
    let names: Vec<_> = request.secrets.names().cloned().collect();
    Ok(RunSpec {
        version: VERSION,
        id,
        work: Work::Ansible(request.ask.clone()),
        environment: request.environment.clone(),
        cwd: request.cwd.clone(),
        argv: ansible::command::shown_of(&request.ask, &names, &called(store, id)),
        env: ansible::environment::additions(channels, adhoc, &cfg, env),
        open: targets.open().map(str::to_owned),
        beside: targets.beside.names,
        hosts: targets.hosts.open.is_none().then_some(targets.hosts.names),
        secrets: names.iter().map(ToString::to_string).collect(),
        on_conflict: request.on_conflict,
        timeout: request.timeout,
        operator: Operator::current(),
        rerun_of: request.rerun_of,
        created_at: jiff::Timestamp::now().as_millisecond(),
        number: None,
        home: None,
        break_glass: request.break_glass.clone().map(BreakGlass::because),
    })
}

/// How `opsdeck values` is told which run is meant: its id, and its state directory where that is not everybody's own.
fn called(store: &StateDir, id: Uuid) -> String {
    if store.root() == StateDir::find(None).root() {
        return id.to_string();
    }
    format!("{id} --state-dir {}", ansible::shell(&[store.root().display().to_string()]))
}

/// The command of the only step.
fn first(request: &Request, spec: &RunSpec, tool: PathBuf) -> StepCommand {
    StepCommand {
        child: Child::Ansible { ask: request.ask.clone(), tool, vars: request.vars.clone() },
        env: spec.env.clone(),
        cwd: spec.cwd.clone(),
        timeout: spec.timeout,
        run: spec.id.to_string(),
        secrets: !request.secrets.is_empty(),
        fence: None,
    }
}

fn undo(store: &StateDir, id: Uuid) {
    unlisted::ends(store, id);
    let removed = std::fs::remove_dir_all(store.run(id).path());
    let row = Index::open(store).and_then(|index| index.remove(id)).map_err(|e| e.to_string());
    if let Err(e) = row.and(removed.map_err(|e| e.to_string())) {
        tracing::warn!("run {id} was not launched, and its traces could not be removed: {e}");
    }
}

/// What the playbook would ask and nobody has answered yet; the launch refuses as long as there is any.
pub fn open_questions(request: &Request) -> Vec<Question> {
    scan(request, &Env::current()).questions
}

fn scan(request: &Request, env: &Env) -> prompts::Scan {
    let Ask::Playbook(play) = &request.ask else { return prompts::Scan::default() };
    let mut given = prompts::given_names(&play.common.extra_vars, &request.cwd);
    given.extend(request.secrets.names().filter_map(|name| match name {
        SecretName::Prompt(variable) => Some(variable.clone()),
        _ => None,
    }));
    let mut scan = prompts::scan(&request.cwd, &play.playbook, &given, &AnsibleCfg::load(&request.cwd, env));
    scan.questions.retain(|q| match q.kind {
        QuestionKind::Variable { .. } => true,
        QuestionKind::Pause { .. } => !request.pauses_are_known,
        // It opens only when a task fails, and does nothing without a terminal: no reason to refuse.
        QuestionKind::Debugger => false,
    });
    scan
}

/// Everything that a playbook would ask must be answered before, or be known to be skipped; so must what a file asks that
/// cannot be read here.
fn questions(scan: prompts::Scan, known: bool) -> Result<Vec<String>, LaunchError> {
    if !scan.questions.is_empty() {
        return Err(LaunchError::Questions(scan.questions));
    }
    if !known && let Some(file) = scan.unseen.iter().find(|unseen| unseen.unread) {
        return Err(LaunchError::Unread { what: file.what.clone(), why: file.why.clone() });
    }
    let unseen = scan.unseen.iter().map(|u| {
        format!("{}:{}: {} could not be looked into ({}); it may ask too", u.file.display(), u.line, u.what, u.why)
    });
    Ok(unseen.collect())
}

/// The program for what is asked.
fn tool(ask: &Ask, env: &Env) -> Result<PathBuf, LaunchError> {
    let tool = match ask {
        Ask::Adhoc(_) | Ask::Shell(_) => Tool::Adhoc,
        Ask::Playbook(_) => Tool::Playbook,
    };
    tools::find(tool, env).map_err(|e| LaunchError::Invalid(e.to_string()))
}
