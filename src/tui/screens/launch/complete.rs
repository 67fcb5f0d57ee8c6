//! Completion: modules by what `ansible-doc` knows, playbooks by what the project has, arguments by the options.

use super::form::{Form, Id};
use super::{Asked, Launch};
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

/// The options of the module, as hints for the arguments: `name*` is required.
pub fn options(launch: &Launch) -> Option<String> {
    let Some(Asked { answer, .. }) = &launch.doc else { return None };
    Some(match answer {
        None => "asking ansible-doc ...".into(),
        Some(Err(why)) => why.clone(),
        Some(Ok(doc)) => {
            let one = |o: &crate::ansible::doc::ModuleOption| {
                let star = if o.required { "*" } else { "" };
                let what = if o.choices.is_empty() { String::new() } else { format!(" {}", o.choices.join("|")) };
                format!("{}{star}{what}", o.name)
            };
            let options: Vec<_> = doc.options.iter().map(one).collect();
            format!("{} - {}", doc.short.trim_end_matches('.'), options.join(" · "))
        }
    })
}
