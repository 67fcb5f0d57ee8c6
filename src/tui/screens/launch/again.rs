//! A run that is launched again: the form, filled with all that it was asked; its passwords are typed anew.

use super::form::{Again, Form, Id, Item, Value};
use crate::ansible::Ask;
use crate::ansible::ask::{Common, ExtraVars};
use crate::ansible::secrets::SecretName;
use crate::tui::effect;
use crate::tui::model::Model;
use crate::tui::model::secrets::Sealed;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::secret::Secret;

/// Opens the form of a run that is repeated, in its own environment.
pub fn again(model: &mut Model, request: &Sealed, secrets: Vec<SecretName>) -> Vec<effect::Effect> {
    let Some(env) = model.run.environment() else { return vec![] };
    let request = &*request.0;
    let Some(run) = request.rerun_of else { return vec![] };
    let mut form = filled(env, &request.ask);
    form.set(&Id::Timeout, &request.timeout.map(|n| n.to_string()).unwrap_or_default());
    let vaults = secrets.iter().filter_map(|name| match name {
        SecretName::Vault(id) if id != "default" => Some(id.as_str()),
        _ => None,
    });
    form.set(&Id::VaultIds, &vaults.collect::<Vec<_>>().join(","));
    form.ask_vaults();
    let only = request.only.clone().map(|hosts| (form.text(&Id::Limit).to_owned(), hosts));
    form.again = Some(Again { run, secrets, only });
    super::open(model, Some(form))
}

/// A form that asks exactly this.
fn filled(env: usize, ask: &Ask) -> Form {
    let common = ask.common();
    let mut form = match ask {
        Ask::Adhoc(adhoc) => {
            let mut form = Form::adhoc(env, adhoc.pattern.clone(), common.forks);
            form.set(&Id::Module, &adhoc.module);
            form.set(&Id::Args, adhoc.args.as_deref().unwrap_or_default());
            form
        }
        Ask::Shell(shell) => {
            let mut form = Form::shell(env, shell.pattern.clone());
            form.set(&Id::Command, &shell.command);
            form.set(&Id::Patience, &shell.timeout.to_string());
            form
        }
        Ask::Playbook(play) => {
            let mut form = Form::play(env, String::new(), common.forks);
            form.set(&Id::Playbook, &play.playbook);
            form.set(&Id::Tags, &play.tags.join(","));
            form.set(&Id::SkipTags, &play.skip_tags.join(","));
            form.set(&Id::StartAt, play.start_at_task.as_deref().unwrap_or_default());
            form
        }
    };
    form.set(&Id::Limit, common.limit.as_deref().unwrap_or_default());
    form.set(&Id::User, common.user.as_deref().unwrap_or_default());
    form.set_flag(&Id::Become, common.r#become);
    form.set_flag(&Id::Check, common.check);
    form.set_flag(&Id::Diff, common.diff);
    // A line for each `-e`: they may be of different kinds, which go into no one text.
    let at = form.items.iter().position(|item| item.id == Id::ExtraVars).unwrap_or(0);
    let line =
        |vars: &str| Item { id: Id::ExtraVars, label: "Extra vars".into(), value: Value::Text(Field::new(vars)) };
    // Those that travelled as secrets are typed hidden, in the place where they count.
    let hidden = |name: &String| Item {
        id: Id::Secret(SecretName::Extra(name.clone())),
        label: name.clone(),
        value: Value::Secret(Secret::default()),
    };
    let lines = common.extra_vars.iter().flat_map(|vars| match vars {
        ExtraVars::Text(text) => vec![line(text)],
        ExtraVars::Secret { secret } => secret.iter().map(hidden).collect(),
    });
    let lines: Vec<Item> = lines.collect();
    if !lines.is_empty() {
        form.items.splice(at..=at, lines);
    }
    form.rest = Common { extra_vars: vec![], ..common.clone() };
    form
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ansible::ask::{Adhoc, Play};
    use crate::project::Environment;

    #[test]
    fn the_form_asks_what_was_asked() {
        let common = Common {
            inventory: vec!["inventories/staging/hosts.ini".into()],
            limit: Some("web:!web3".into()),
            r#become: true,
            become_user: Some("deploy".into()),
            user: Some("ops".into()),
            forks: Some(7),
            check: true,
            diff: true,
            extra_vars: vec![
                "a=1 b=2".into(),
                ExtraVars::Secret { secret: vec!["db_password".into()] },
                r#"{"version":"4.12"}"#.into(),
                "@vars.yml".into(),
            ],
            verbosity: 2,
        };
        let asks = [
            Ask::Adhoc(Adhoc {
                pattern: "web:&eu".into(),
                module: "service".into(),
                args: Some("name=nginx state=restarted".into()),
                common: common.clone(),
            }),
            Ask::Playbook(Play {
                playbook: "deploy.yml".into(),
                tags: vec!["a".into(), "b".into()],
                skip_tags: vec!["c".into()],
                start_at_task: Some("Restart the service".into()),
                common,
            }),
            Ask::Playbook(Play { playbook: "deploy.yml".into(), ..Play::default() }),
        ];
        let environment = Environment { name: "staging".into(), ..Environment::default() };
        for ask in asks {
            assert_eq!(filled(0, &ask).ask(&environment), ask);
        }
    }
}
