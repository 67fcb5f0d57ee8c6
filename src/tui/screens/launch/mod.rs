//! Launch: a form for an ad-hoc command or a playbook, the menu of runbooks, the exact command, and its guard.

mod actions;
mod again;
mod complete;
pub mod data;
pub mod form;
mod keys;
mod view;

#[cfg(test)]
mod tests;

use crate::ansible::prompts::{QuestionKind, Scan};
use crate::ansible::secrets::SecretName;
use crate::ansible::{command, shell};
use crate::project::Runbook;
use crate::run::extra;
use crate::run::fan::engines::Given;
use crate::run::targets::Targets;
use crate::tui::effect;
use crate::tui::model::Model;
use crate::tui::model::asked::Asked;
pub use crate::tui::model::launch::Launch;
use crate::tui::model::screen::{Request, Screen, ScreenId};
use crate::tui::msg::Level;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::secret::Secret;
pub use actions::{ADHOC, PLAYBOOK, RECOVERY, SHELL, no_environment, no_runbook, shell_for};
pub use data::{Data, Effect};
use form::{Form, Id, Item, Kind, Value};

pub const SCREEN: Screen = Screen {
    crumbs,
    actions: actions::ACTIONS,
    // Every printable key belongs to the form (or is a runbook's own key).
    typing: |_| true,
    key: keys::key,
    paste: keys::paste,
    motion: keys::motion,
    mouse: keys::mouse,
    leave: |m| m.launch = Launch { modules: m.launch.modules.take(), ..Launch::default() },
    asked: |m, request| match request {
        Request::Again { request, secrets } => again::again(m, &request, secrets),
        _ => vec![],
    },
    ..Screen::plain(ScreenId::Launch, view::view)
};

/// Opens a form (`None`: the menu of runbooks).
pub fn open(model: &mut Model, form: Option<Form>) -> Vec<effect::Effect> {
    let modules = model.launch.modules.take();
    let mut effects = vec![];
    if modules.is_none() {
        effects.push(effect::Effect::Launch(Effect::Modules));
    }
    let of = model.launch.of.take();
    model.launch = Launch { form, modules, of, ..Launch::default() };
    effects.extend(keys::looked_up(model));
    effects.extend(aim(model));
    effects.extend(model.go(ScreenId::Launch));
    effects
}

/// Opens the menu of runbooks, or with `form` that form, for hosts that another screen has chosen.
pub fn open_for(model: &mut Model, form: Option<Form>, of: String) -> Vec<effect::Effect> {
    model.launch.of = Some(of);
    open(model, form)
}

/// The runbooks that the environment in sight offers.
pub fn runbooks(model: &Model) -> Vec<&Runbook> {
    let Some(environment) = model.environment() else { return vec![] };
    let offered = |r: &&Runbook| r.environments.is_empty() || r.environments.contains(&environment.name);
    model.project.runbooks.iter().filter(offered).collect()
}

/// The hosts that the person means: those that another screen has chosen, else marked ones, else the pattern, else the
/// group, else the host under the cursor.
pub fn targets(model: &Model, or_current: bool) -> String {
    if let Some(of) = &model.launch.of {
        return of.clone();
    }
    let Some(place) = model.place() else { return String::new() };
    let marked = place.marked();
    if !marked.is_empty() {
        return marked.join(",");
    }
    // Whether or not it is known by now what it selects: it is what the person means.
    if let Some(Asked { what, .. }) = &place.pattern {
        return what.clone();
    }
    let group = place.group.and_then(|g| Some(place.known()?.groups.get(g as usize)?.name.clone()));
    group.or_else(|| place.current().filter(|_| or_current).map(str::to_owned)).unwrap_or_default()
}

/// The exact command, in the form that can be pasted.
pub fn command_line(model: &Model) -> Option<String> {
    let form = model.launch.form.as_ref()?;
    let environment = model.project.environments.get(form.env)?;
    let (mut ask, mut secrets) = (form.ask(environment), form.secrets());
    // What cannot be read is refused at the launch, with its reason; a secret in it is not shown either way.
    if extra::seal(ask.common_mut(), &mut secrets).is_err() {
        return None;
    }
    let names: Vec<SecretName> = secrets.names().cloned().collect();
    Some(shell(&command::shown(&ask, &names)))
}

/// What a person should know before it runs.
pub fn warnings(model: &Model) -> Vec<String> {
    let launch = &model.launch;
    let mut out: Vec<String> = launch.holder.iter().cloned().collect();
    if let Some(Asked { answer: Some(Ok(scan)), .. }) = &launch.scan {
        out.extend(scan.gates().map(|gate| {
            let at = format!("{}:{}", gate.file.display(), gate.line);
            let maybe = if gate.maybe { "may stop" } else { "stops" };
            match &gate.kind {
                QuestionKind::Debugger => format!("{at}: the task debugger would open, and nobody can answer it here"),
                _ => format!("{at}: a pause {maybe} for a person; in the background Ansible skips it"),
            }
        }));
        out.extend(scan.unseen.iter().take(2).map(|u| {
            format!(
                "{}:{}: {} could not be looked into ({}): it may ask something",
                u.file.display(),
                u.line,
                u.what,
                u.why
            )
        }));
    }
    out
}

/// The hosts that the form is for, as far as they are known before it runs; `None`: that is still being found out.
pub fn known(model: &Model) -> Option<&Targets> {
    let (form, (aim, targets)) = (model.launch.form.as_ref()?, model.launch.hosts.as_ref()?);
    (*aim == form.aim()).then_some(targets)
}

pub fn hosts(model: &Model) -> Option<String> {
    model.launch.form.as_ref()?;
    Some(known(model).map_or_else(|| "its hosts are being counted".to_owned(), Targets::words))
}

/// Asks which hosts it is for and who holds them.
fn aim(model: &Model) -> Option<effect::Effect> {
    let form = model.launch.form.as_ref()?;
    let ask = Box::new(form.ask(model.project.environments.get(form.env)?));
    let given = Given {
        become_password: form.has(&SecretName::Become),
        connection_password: form.has(&SecretName::Connection),
    };
    Some(effect::Effect::Launch(Effect::Aim { aim: form.aim(), ask, only: form.only(), given }))
}

pub fn arrived(model: &mut Model, data: Data) -> Vec<effect::Effect> {
    let launch = &mut model.launch;
    match data {
        Data::Modules(result) => launch.modules = Some(result),
        Data::Doc { module, result } => {
            if let Some(asked) = launch.doc.as_mut().filter(|asked| asked.what == module) {
                asked.answer = Some(result);
            }
        }
        Data::Scan { playbook, extra_vars, scan } => {
            let key = keys::scan_key(&playbook, &extra_vars);
            if let Some(asked) = launch.scan.as_mut().filter(|asked| asked.what == key) {
                if let Some(form) = &mut launch.form {
                    ask_questions(form, &scan);
                }
                asked.answer = Some(Ok(scan));
            }
        }
        // While a question stands, what it says stands too: by that the launch is judged.
        Data::Aim { aim, targets, holder } => {
            if model.overlay.is_none() && launch.form.as_ref().is_some_and(|form| form.aim() == aim) {
                (launch.hosts, launch.holder) = (Some((aim, targets)), holder);
            }
        }
        Data::Engines(words) => launch.engines = Some(words),
        Data::Launched(Ok(launched)) => {
            let modules = launch.modules.take();
            model.launch = Launch { modules, ..Launch::default() };
            for warning in launched.warnings {
                model.toast(Level::Warning, warning);
            }
            model.stack.retain(|screen| screen.id != SCREEN.id);
            return model.ask(Request::Run(launched.id));
        }
        Data::Launched(Err(why)) => {
            launch.busy = false;
            launch.problem = Some(why);
            // The hosts may have been the reason: they are looked at anew.
            return aim(model).into_iter().collect();
        }
    }
    vec![]
}

/// A line for each `vars_prompt`, in place of those of the playbook before; answers that were typed stay.
fn ask_questions(form: &mut Form, scan: &Scan) {
    let wanted = |id: &Id| {
        scan.variables().any(|q| match (&q.kind, id) {
            (QuestionKind::Variable { name, private, .. }, Id::Answer(n)) => n == name && !private,
            (QuestionKind::Variable { name, private, .. }, Id::Secret(SecretName::Prompt(n))) => n == name && *private,
            _ => false,
        })
    };
    form.items.retain(|item| !matches!(item.id, Id::Answer(_) | Id::Secret(SecretName::Prompt(_))) || wanted(&item.id));
    // What a file that cannot be read asks is skipped, too.
    let pauses =
        scan.gates().any(|q| matches!(q.kind, QuestionKind::Pause { .. })) || scan.unseen.iter().any(|u| u.unread);
    let there = form.items.iter().any(|item| item.id == Id::SkipPauses);
    match (pauses, there) {
        (true, false) => {
            // What is repeated ran with its pauses skipped: otherwise it would not have run.
            let value = Value::Flag(form.again.is_some());
            form.items.push(Item { id: Id::SkipPauses, label: "Skip pauses".into(), value });
        }
        (false, true) => form.items.retain(|item| item.id != Id::SkipPauses),
        _ => {}
    }
    for question in scan.variables() {
        let QuestionKind::Variable { name, prompt, private, default, .. } = &question.kind else { continue };
        let id = if *private { Id::Secret(SecretName::Prompt(name.clone())) } else { Id::Answer(name.clone()) };
        if form.items.iter().any(|item| item.id == id) {
            continue;
        }
        let value = if *private {
            Value::Secret(Secret::default())
        } else {
            Value::Text(Field::new(default.clone().unwrap_or_default()))
        };
        form.items.push(Item { id, label: prompt.trim_end_matches([':', ' ']).to_owned(), value });
    }
}

fn crumbs(model: &Model) -> Vec<String> {
    let word = match &model.launch.form {
        None => "recovery",
        Some(form) => match form.kind {
            Kind::Playbook => "playbook",
            Kind::Adhoc => "ad-hoc",
            Kind::Shell => "shell",
        },
    };
    vec![word.to_owned()]
}
