//! Completion: modules by what `ansible-doc` knows, playbooks by what the project has, arguments by the options.

use super::form::{Form, Id};
use super::{Asked, Launch};
use crate::ansible::doc::ModuleOption;
use crate::project::Project;
use crate::tui::widgets::fuzzy;

/// Completions at most.
const MANY: usize = 8;

/// What could stand in the line that has the keyboard, best first: text, and words about it.
pub fn choices(launch: &Launch, form: &Form, project: &Project) -> Vec<(String, String)> {
    match form.focused().map(|item| &item.id) {
        Some(id @ Id::Module) => {
            let Some(Ok(modules)) = &launch.modules else { return vec![] };
            let all: Vec<_> = modules.iter().collect();
            // Short names first: a person types `service`, and Ansible takes it.
            let short = |name: &str| name.strip_prefix("ansible.builtin.").unwrap_or(name).to_owned();
            let ranked = fuzzy::rank(form.text(id), all, |m| short(&m.name));
            ranked.into_iter().take(MANY).map(|m| (short(&m.name), m.short.clone())).collect()
        }
        Some(id @ Id::Playbook) => {
            let all: Vec<_> = project.playbooks.iter().collect();
            let ranked = fuzzy::rank(form.text(id), all, |p| p.path.clone());
            let words = |p: &crate::project::Playbook| {
                let plays = p.plays.iter().map(|(name, hosts)| if name.is_empty() { hosts } else { name });
                plays.cloned().collect::<Vec<_>>().join(", ")
            };
            ranked.into_iter().take(MANY).map(|p| (p.path.clone(), words(p))).collect()
        }
        _ => vec![],
    }
}

/// What the module's documentation says to the arguments as far as they are typed: of the option that is being typed
/// all, else the names of those that begin so (`name*` is required).
pub fn options(launch: &Launch, typed: &str) -> Vec<String> {
    let Some(Asked { answer, .. }) = &launch.doc else { return vec![] };
    let doc = match answer {
        None => return vec!["asking ansible-doc ...".into()],
        Some(Err(why)) => return vec![why.clone()],
        Some(Ok(doc)) => doc,
    };
    let word = typed.rsplit(char::is_whitespace).next().unwrap_or_default();
    let name = word.split('=').next().unwrap_or_default();
    if let Some(option) = doc.options.iter().find(|o| o.name == name || o.aliases.iter().any(|a| a == name)) {
        return described(option);
    }
    let begins = |o: &&ModuleOption| o.name.starts_with(name);
    let begun: Vec<_> = doc.options.iter().filter(begins).collect();
    match begun.as_slice() {
        [one] if !name.is_empty() => described(one),
        // Free text, as `command` takes it.
        [] => vec![doc.short.clone()],
        many => {
            let one = |o: &&ModuleOption| {
                let star = if o.required { "*" } else { "" };
                let what = if o.choices.is_empty() { String::new() } else { format!(" {}", o.choices.join("|")) };
                format!("{}{star}{what}", o.name)
            };
            let names: Vec<_> = many.iter().map(one).collect();
            vec![format!("{} - {}", doc.short.trim_end_matches('.'), names.join(" · "))]
        }
    }
}

fn described(option: &ModuleOption) -> Vec<String> {
    let mut facts = vec![option.kind.clone()];
    facts.extend(option.required.then(|| "required".to_owned()));
    if !option.choices.is_empty() {
        facts.push(format!("one of {}", option.choices.join(", ")));
    }
    facts.extend(option.default.as_ref().map(|default| format!("default {default}")));
    facts.retain(|fact| !fact.is_empty());
    let head = format!("{}: {}", option.name, facts.join("; "));
    std::iter::once(head).chain(option.description.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ansible::doc::ModuleDoc;

    #[test]
    fn the_option_that_is_typed_is_described_and_others_are_named() {
        let option = |name: &str, required, choices: &[&str]| ModuleOption {
            name: name.into(),
            kind: "str".into(),
            required,
            choices: choices.iter().map(|c| (*c).to_owned()).collect(),
            description: vec![format!("What {name} is for.")],
            ..ModuleOption::default()
        };
        let doc = ModuleDoc {
            short: "Manage services.".into(),
            options: vec![
                option("name", true, &[]),
                option("state", false, &["started", "stopped"]),
                option("sleep", false, &[]),
            ],
            ..ModuleDoc::default()
        };
        let launch = Launch { doc: Some(Asked { what: "service".into(), answer: Some(Ok(doc)) }), ..Launch::default() };
        let said = |typed: &str| options(&launch, typed).join(" / ");
        assert_eq!(said(""), "Manage services - name* · state started|stopped · sleep");
        assert_eq!(said("name=nginx s"), "Manage services - state started|stopped · sleep");
        assert_eq!(said("name=nginx st"), "state: str; one of started, stopped / What state is for.");
        assert_eq!(said("name=nginx"), "name: str; required / What name is for.");
        assert_eq!(said("uptime -p"), "Manage services.");
    }
}
