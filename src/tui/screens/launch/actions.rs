//! What can be done on Launch, and the ways into it from the fleet.

use super::form::{Form, Kind};
use super::{Asked, Effect, command_line, hosts, known, open, runbooks, targets, warnings};
use crate::ansible::prompts::QuestionKind;
use crate::project::Runbook;
use crate::run::Request;
use crate::run::lease::default_conflict;
use crate::run::spec::OnConflict;
use crate::tui::actions::{Action, Danger};
use crate::tui::effect;
use crate::tui::model::Model;
use crate::tui::model::secrets::Sealed;

/// The actions of this screen.
pub const ACTIONS: &[Action] = &[
    Action::new("launch.run", &["ctrl-r", "f5"], "run", "Launch what the form says", run)
        .hint(95)
        .only(has_form)
        .unless(why_not)
        .asks(Danger::TypeName, question),
    Action::new("launch.wait", &["alt-w"], "run, or wait", "Launch; wait where another run holds the hosts", wait)
        .unless(|m| why_not(m).or_else(|| m.launch.holder.is_none().then(|| "nobody holds the hosts".into())))
        .asks(Danger::TypeName, question),
    Action::new("launch.copy", &["alt-c"], "copy command", "Copy the exact command to the clipboard", |m| {
        command_line(m).map(effect::Effect::Copy).into_iter().collect()
    })
    .hint(40)
    .only(has_form)
    .unless(|m| m.launch.form.is_none().then(|| "no form is open".into())),
    Action::new("launch.open", &["enter"], "open", "Open the recovery command under the cursor, filled in", |m| {
        let chosen = runbooks(m).get(m.launch.menu.cursor).map(|r| (*r).clone());
        chosen.map(|runbook| open_runbook(m, &runbook)).unwrap_or_default()
    })
    .hint(95)
    .only(|m| !has_form(m))
    .unless(|m| has_form(m).then(|| "a form is open".into())),
];

fn has_form(model: &Model) -> bool {
    model.launch.form.is_some()
}

/// `launch.run`.
pub(super) const RUN: &Action = &ACTIONS[0];

/// Opens the form of an ad-hoc command, from the fleet.
pub const ADHOC: Action = Action::new("fleet.adhoc", &["a"], "ad-hoc", "Run a module on the marked hosts", |m| {
    let (env, targets, forks) = (m.env.unwrap_or(0), targets(m, true), m.project.forks);
    open(m, Some(Form::adhoc(env, targets, forks)))
})
.hint(89)
.unless(|m| no_environment(m).or_else(|| no_targets(m)));

/// Opens the form of a playbook, from the fleet.
pub const PLAYBOOK: Action = Action::new("fleet.playbook", &["p"], "playbook", "Run a playbook", |m| {
    let (env, limit, forks) = (m.env.unwrap_or(0), targets(m, false), m.project.forks);
    open(m, Some(Form::play(env, limit, forks)))
})
.hint(88)
.unless(|m| {
    let none = || m.project.playbooks.is_empty().then(|| "the project has no playbook".into());
    no_environment(m).or_else(|| no_targets(m)).or_else(none)
});

/// Opens the form of a shell command, from the fleet.
pub const SHELL: Action = Action::new(
    "fleet.shell",
    &["!"],
    "shell",
    "Run a shell command on the marked hosts at once, over warm SSH connections",
    |m| {
        let (env, targets) = (m.env.unwrap_or(0), targets(m, true));
        open(m, Some(Form::shell(env, targets)))
    },
)
.hint(87)
.unless(no_environment);

/// Opens the form of a shell command for hosts that another screen has chosen.
pub fn shell_for(model: &mut Model, of: String) -> Vec<effect::Effect> {
    let form = Form::shell(model.env.unwrap_or(0), of.clone());
    super::open_for(model, Some(form), of)
}

/// Opens the menu of runbooks, from the fleet.
pub const RECOVERY: Action =
    Action::new("fleet.recovery", &["R"], "recovery", "Recovery commands of opsdeck.yaml, each by its key", |m| {
        open(m, None)
    })
    .hint(75)
    .unless(|m| no_runbook(m).or_else(|| no_targets(m)));

/// Why there is no menu of runbooks.
pub fn no_runbook(model: &Model) -> Option<String> {
    let none = || runbooks(model).is_empty().then(|| "opsdeck.yaml offers no runbook for this environment".into());
    no_environment(model).or_else(none)
}

/// Why nothing can be launched here at all.
pub fn no_environment(model: &Model) -> Option<String> {
    if model.read_only {
        return Some("this console is read-only (--read-only)".into());
    }
    model.environment().is_none().then(|| "the project has no environment".into())
}

/// A pattern that selects nothing means no host: no other one takes its place.
fn no_targets(model: &Model) -> Option<String> {
    let place = model.place().filter(|place| place.marks.is_empty())?;
    let Some(Asked { answer: Some(Err(why)), .. }) = &place.pattern else { return None };
    Some(why.clone())
}

/// A runbook's form, filled in; the guard comes with running it.
pub(super) fn open_runbook(model: &mut Model, runbook: &Runbook) -> Vec<effect::Effect> {
    let (env, targets, forks) = (model.env.unwrap_or(0), targets(model, true), model.project.forks);
    open(model, Some(Form::runbook(env, runbook, targets, forks)))
}

fn why_not(model: &Model) -> Option<String> {
    let launch = &model.launch;
    let Some(form) = &launch.form else { return Some("choose a runbook first".into()) };
    if launch.busy {
        return Some("it is being launched".into());
    }
    let scanning =
        form.kind == Kind::Playbook && launch.scan.as_ref().is_some_and(|Asked { answer, .. }| answer.is_none());
    form.why_not(&model.project)
        .or_else(|| known(model).is_none().then(|| "its hosts are still being counted; a moment".into()))
        .or_else(|| scanning.then(|| "opsdeck still looks what the playbook would ask; a moment".into()))
        .or_else(|| gate(model))
}

/// In the background Ansible skips a pause in silence: the person must know, and say so.
fn gate(model: &Model) -> Option<String> {
    let form = model.launch.form.as_ref()?;
    let Asked { answer: Some(Ok(scan)), .. } = model.launch.scan.as_ref()? else { return None };
    let gate = scan.gates().find(|q| matches!(q.kind, QuestionKind::Pause { .. })).filter(|_| !form.skips_pauses())?;
    let at = format!("{}:{}", gate.file.display(), gate.line);
    Some(format!("{at} waits for a person, and in the background Ansible would skip that: turn on `Skip pauses`"))
}

/// What will happen: the exact command, then what a person should know.
fn question(model: &Model) -> Vec<String> {
    let mut lines: Vec<String> = command_line(model).map(|c| format!("$ {c}")).into_iter().collect();
    lines.push(String::new());
    if let Some(environment) = model.environment() {
        lines.push(format!("on {}: {}", environment.name, hosts(model).unwrap_or_default()));
    }
    lines.extend(model.launch.engines.clone());
    lines.extend(warnings(model).into_iter().map(|w| format!("! {w}")));
    lines
}

fn run(model: &mut Model) -> Vec<effect::Effect> {
    launch(model, None)
}

fn wait(model: &mut Model) -> Vec<effect::Effect> {
    launch(model, Some(OnConflict::Wait))
}

fn launch(model: &mut Model, conflict: Option<OnConflict>) -> Vec<effect::Effect> {
    let Some(form) = &model.launch.form else { return vec![] };
    let Some(environment) = model.project.environments.get(form.env) else { return vec![] };
    let ask = form.ask(environment);
    let request = Request {
        on_conflict: conflict.unwrap_or_else(|| default_conflict(&ask)),
        ask,
        environment: Some(environment.name.clone()),
        cwd: model.project.root.clone(),
        only: form.only(),
        shown: known(model).cloned(),
        secrets: form.secrets(),
        timeout: form.timeout(),
        rerun_of: form.again.as_ref().map(|again| again.run),
        pauses_are_known: form.skips_pauses(),
        break_glass: None,
        vars: Default::default(),
    };
    let effect = Effect::Launch { request: Sealed(Box::new(request)) };
    (model.launch.busy, model.launch.problem) = (true, None);
    vec![effect::Effect::Launch(effect)]
}
