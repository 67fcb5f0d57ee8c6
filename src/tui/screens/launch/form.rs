//! The form: its lines, what stands in them, and what they ask of Ansible together.

use crate::ansible::ask::{Adhoc, Ask, Common, ExtraVars, Play, Shell};
use crate::ansible::command;
use crate::ansible::secrets::{SecretName, Secrets};
use crate::project::{Environment, Project, Runbook};
use crate::run::extra;
pub use crate::tui::model::launch::{Again, Form, Id, Item, Kind, Value};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::secret::{Secret, passwords, unasked};

/// Seconds that a shell command may run on a host, if nobody says otherwise.
const PATIENCE: u32 = 300;

fn text(id: Id, label: &str, value: impl Into<String>) -> Item {
    Item { id, label: label.into(), value: Value::Text(Field::new(value)) }
}

fn flag(id: Id, label: &str, value: bool) -> Item {
    Item { id, label: label.into(), value: Value::Flag(value) }
}

fn secret(name: SecretName, label: &str) -> Item {
    Item { id: Id::Secret(name), label: label.into(), value: Value::Secret(Secret::default()) }
}

/// The lines at the end of both forms: what is needed now and then, and the passwords.
fn last() -> [Item; 6] {
    let [become_password, connection, vault] = passwords().map(|(name, label)| secret(name, label));
    [
        text(Id::User, "User", ""),
        text(Id::Timeout, "Timeout", ""),
        become_password,
        connection,
        vault,
        text(Id::VaultIds, "Vault ids", ""),
    ]
}

impl Form {
    /// An ad-hoc command on these targets.
    pub fn adhoc(env: usize, targets: String, forks: Option<u32>) -> Self {
        let mut items = vec![
            text(Id::Targets, "Targets", targets),
            text(Id::Module, "Module", ""),
            text(Id::Args, "Args", ""),
            flag(Id::Become, "Become", false),
            flag(Id::Check, "Check", false),
            flag(Id::Diff, "Diff", false),
            text(Id::Forks, "Forks", forks.map(|n| n.to_string()).unwrap_or_default()),
            text(Id::Limit, "Limit", ""),
            text(Id::ExtraVars, "Extra vars", ""),
        ];
        items.extend(last());
        Self { kind: Kind::Adhoc, env, items, focus: 1, choice: 0, rest: Common::default(), again: None }
    }

    /// A shell command on these targets.
    pub fn shell(env: usize, targets: String) -> Self {
        let mut items = vec![
            text(Id::Targets, "Targets", targets),
            text(Id::Command, "Command", ""),
            flag(Id::Become, "Become", false),
            text(Id::Forks, "Forks", ""),
            text(Id::Patience, "Timeout (s)", PATIENCE.to_string()),
            text(Id::Limit, "Limit", ""),
        ];
        // Its timeout is that of each host.
        items.extend(last().into_iter().filter(|item| item.id != Id::Timeout));
        Self { kind: Kind::Shell, env, items, focus: 1, choice: 0, rest: Common::default(), again: None }
    }

    /// A playbook, limited to these targets where there are any.
    pub fn play(env: usize, limit: String, forks: Option<u32>) -> Self {
        let mut items = vec![
            text(Id::Playbook, "Playbook", ""),
            text(Id::Limit, "Limit", limit),
            text(Id::Tags, "Tags", ""),
            text(Id::SkipTags, "Skip tags", ""),
            text(Id::ExtraVars, "Extra vars", ""),
            flag(Id::Become, "Become", false),
            flag(Id::Check, "Check", false),
            flag(Id::Diff, "Diff", false),
            text(Id::Forks, "Forks", forks.map(|n| n.to_string()).unwrap_or_default()),
            text(Id::StartAt, "Start at", ""),
        ];
        items.extend(last());
        Self { kind: Kind::Playbook, env, items, focus: 0, choice: 0, rest: Common::default(), again: None }
    }

    pub fn runbook(env: usize, runbook: &Runbook, targets: String, forks: Option<u32>) -> Self {
        let hosts = runbook.hosts.clone().unwrap_or(targets);
        let mut form = match runbook.playbook {
            Some(_) => Self::play(env, hosts, forks),
            None => Self::adhoc(env, hosts, forks),
        };
        form.set(&Id::Module, runbook.module.as_deref().unwrap_or("command"));
        form.set(&Id::Args, runbook.args.as_deref().unwrap_or_default());
        form.set(&Id::Playbook, runbook.playbook.as_deref().unwrap_or_default());
        form.set(&Id::ExtraVars, &runbook.extra_vars.join(" "));
        form.set_flag(&Id::Become, runbook.r#become);
        form
    }

    fn item(&self, id: &Id) -> Option<&Item> {
        self.items.iter().find(|item| item.id == *id)
    }

    /// The line that has the keyboard.
    pub fn focused(&self) -> Option<&Item> {
        self.items.get(self.focus)
    }

    /// Text of a line, trimmed; empty where there is no such line.
    pub fn text(&self, id: &Id) -> &str {
        match self.item(id).map(|item| &item.value) {
            Some(Value::Text(field)) => field.text().trim(),
            _ => "",
        }
    }

    /// Puts a text into a line, if it is there.
    pub fn set(&mut self, id: &Id, to: &str) {
        if let Some(Value::Text(field)) = self.items.iter_mut().find(|item| item.id == *id).map(|item| &mut item.value)
        {
            field.set(to);
        }
    }

    /// Sets a flag, if it is there.
    pub fn set_flag(&mut self, id: &Id, to: bool) {
        if let Some(Value::Flag(flag)) = self.items.iter_mut().find(|item| item.id == *id).map(|item| &mut item.value) {
            *flag = to;
        }
    }

    fn flag(&self, id: &Id) -> bool {
        matches!(self.item(id).map(|item| &item.value), Some(Value::Flag(true)))
    }

    /// True if the person knows that the playbook's pauses are skipped.
    pub fn skips_pauses(&self) -> bool {
        self.flag(&Id::SkipPauses)
    }

    /// What is asked of Ansible.
    pub fn ask(&self, environment: &Environment) -> Ask {
        let some = |id: &Id| Some(self.text(id).to_owned()).filter(|t| !t.is_empty());
        let list =
            |id: &Id| self.text(id).split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect();
        let answers = self.items.iter().filter_map(|item| match (&item.id, &item.value) {
            (Id::Answer(name), Value::Text(field)) => Some(command::extra_var(name, field.text()).into()),
            _ => None,
        });
        // A run that is repeated may have named a part of the environment alone.
        let own = if self.rest.inventory.is_empty() { &environment.inventory } else { &self.rest.inventory };
        let common = Common {
            inventory: own.clone(),
            limit: some(&Id::Limit),
            r#become: self.flag(&Id::Become),
            user: some(&Id::User),
            forks: self.text(&Id::Forks).parse().ok(),
            check: self.flag(&Id::Check),
            diff: self.flag(&Id::Diff),
            extra_vars: self.extra_vars().into_iter().chain(answers).collect(),
            ..self.rest.clone()
        };
        let pattern = self.text(&Id::Targets).to_owned();
        match self.kind {
            Kind::Playbook => {
                let playbook = self.text(&Id::Playbook).to_owned();
                let (tags, skip_tags) = (list(&Id::Tags), list(&Id::SkipTags));
                Ask::Playbook(Play { playbook, tags, skip_tags, start_at_task: some(&Id::StartAt), common })
            }
            Kind::Adhoc => {
                Ask::Adhoc(Adhoc { pattern, module: self.text(&Id::Module).to_owned(), args: some(&Id::Args), common })
            }
            Kind::Shell => {
                let timeout = self.text(&Id::Patience).parse().unwrap_or(PATIENCE);
                Ask::Shell(Shell {
                    pattern,
                    command: self.text(&Id::Command).to_owned(),
                    timeout,
                    common,
                    ..Shell::default()
                })
            }
        }
    }

    /// Extra variables in order: a text for each `-e` as written, and the names of those that are typed hidden.
    pub fn extra_vars(&self) -> Vec<ExtraVars> {
        let one = |item: &Item| match (&item.id, &item.value) {
            (Id::ExtraVars, Value::Text(field)) => {
                Some(field.text().trim()).filter(|t| !t.is_empty() && !extra::is_bare(t)).map(ExtraVars::from)
            }
            (Id::Secret(SecretName::Extra(name)), _) => Some(ExtraVars::Secret { secret: vec![name.clone()] }),
            _ => None,
        };
        self.items.iter().filter_map(one).collect()
    }

    /// A hidden line for each `-e NAME` without a value whose name looks like a secret, and none for others.
    pub fn ask_extras(&mut self) {
        let names = self.items.iter().filter(|item| item.id == Id::ExtraVars).filter_map(|item| match &item.value {
            Value::Text(field) => Some(field.text().trim().to_owned()).filter(|text| extra::is_bare(text)),
            _ => None,
        });
        let mut named: Vec<String> = names.collect();
        named.extend(self.again.iter().flat_map(|again| &again.secrets).filter_map(|name| match name {
            SecretName::Extra(name) => Some(name.clone()),
            _ => None,
        }));
        self.items.retain(|item| !matches!(&item.id, Id::Secret(SecretName::Extra(name)) if !named.contains(name)));
        for name in named {
            let id = Id::Secret(SecretName::Extra(name.clone()));
            if self.item(&id).is_none() {
                let at = self.items.iter().rposition(|item| item.id == Id::ExtraVars).map_or(0, |at| at + 1);
                self.items.insert(at, secret(SecretName::Extra(name.clone()), &name));
            }
        }
    }

    /// Seconds after which it is stopped.
    pub fn timeout(&self) -> Option<u32> {
        self.text(&Id::Timeout).parse().ok()
    }

    /// What decides which hosts it is for: an answer about other ones is late.
    pub fn aim(&self) -> String {
        [Id::Targets, Id::Playbook, Id::Limit].map(|id| self.text(&id).to_owned()).join("\n")
    }

    /// The hosts that the limit names, where that is known: until somebody edits it.
    pub fn only(&self) -> Option<Vec<String>> {
        let (limit, hosts) = self.again.as_ref()?.only.as_ref()?;
        (self.text(&Id::Limit) == limit).then(|| hosts.clone())
    }

    /// A line for the password of each vault id that is named, and none for others.
    pub fn ask_vaults(&mut self) {
        let named: Vec<String> = self.text(&Id::VaultIds).split(',').map(|id| id.trim().to_owned()).collect();
        let wanted = |id: &String| !id.is_empty() && id != "default";
        self.items.retain(|item| match &item.id {
            Id::Secret(SecretName::Vault(id)) => id == "default" || named.contains(id),
            _ => true,
        });
        for id in named.iter().filter(|id| wanted(id)) {
            let name = SecretName::Vault(id.clone());
            if self.item(&Id::Secret(name.clone())).is_none() {
                self.items.push(secret(name, &format!("Vault {id}")));
            }
        }
    }

    /// The passwords and private answers that were typed.
    pub fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        for item in &self.items {
            if let (Id::Secret(name), Value::Secret(secret)) = (&item.id, &item.value)
                && !secret.is_empty()
            {
                secrets.typed(name.clone(), secret.value());
            }
        }
        secrets
    }

    /// True if a secret was typed.
    pub fn has(&self, name: &SecretName) -> bool {
        self.items.iter().any(
            |item| matches!((&item.id, &item.value), (Id::Secret(n), Value::Secret(s)) if n == name && !s.is_empty()),
        )
    }

    /// Why it can't be launched as it stands; `None`: it can.
    pub fn why_not(&self, project: &Project) -> Option<String> {
        let empty = |id: Id, words: &str| self.text(&id).is_empty().then(|| words.to_owned());
        let targets = || empty(Id::Targets, "no targets are named (`all` means every host)");
        let missing = match self.kind {
            Kind::Playbook => empty(Id::Playbook, "no playbook is chosen"),
            Kind::Adhoc => targets().or_else(|| empty(Id::Module, "no module is named")),
            Kind::Shell => targets().or_else(|| empty(Id::Command, "no command is given")),
        };
        let number = |id: Id, words: &str| {
            let text = self.text(&id);
            let wrong = !text.is_empty() && !text.parse::<u32>().is_ok_and(|n| n > 0);
            wrong.then(|| format!("{words} must be a number above 0, not `{text}`"))
        };
        let seconds = "the timeout (seconds)";
        let wrong = number(Id::Forks, "forks")
            .or_else(|| number(Id::Timeout, seconds))
            .or_else(|| number(Id::Patience, seconds));
        let at = |id: &&str| id.contains('@');
        let vault = self.text(&Id::VaultIds).split(',').find(at).map(|id| {
            format!("vault ids are names alone, not `{}`: name files in ansible.cfg (vault_identity_list)", id.trim())
        });
        let secret = unasked(&project.cfg, |name| self.has(name)).map(|words| {
            format!("ansible.cfg asks for the {words}, and a background run has nobody to ask: type it here")
        });
        let answer = self.items.iter().find_map(|item| match (&item.id, &item.value) {
            (Id::Secret(name @ SecretName::Prompt(variable)), _) if !self.has(name) => Some(variable),
            _ => None,
        });
        let kept = self.again.iter().flat_map(|again| &again.secrets).find(|name| {
            let answer = matches!(name, SecretName::Prompt(_));
            !answer && !self.has(name)
        });
        let kept = kept.map(|name| match name {
            SecretName::Extra(variable) => {
                format!("the run before had `{variable}`, which is never kept: type it here")
            }
            _ => format!("the run before had the {name} password, which is never kept: type it here"),
        });
        let bare = self.items.iter().find_map(|item| match &item.id {
            Id::Secret(name @ SecretName::Extra(variable)) if !self.has(name) => Some(variable),
            _ => None,
        });
        missing
            .or(wrong)
            .or(vault)
            .or(secret)
            .or(kept)
            .or_else(|| bare.map(|v| format!("`{v}` has no value: type it here")))
            .or_else(|| answer.map(|v| format!("the playbook asks for `{v}`: answer it here")))
    }
}
