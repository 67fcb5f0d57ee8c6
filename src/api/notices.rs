//! Notices for open screens, out of the outbox: what came in since somebody began to look, each once.

use super::Desk;
use crate::health::store::scope;
use crate::project::Project;
use crate::project::config::notify::Via;
use crate::state::{Control, DbError};

/// What is read, and how far it was.
#[derive(Debug)]
pub struct Notices {
    desk: Desk,
    /// Scopes of the environments, and names of the receivers that are screens.
    of: Vec<(String, String)>,
    control: Option<Control>,
    /// The newest that was there; `None`: it was not looked yet.
    after: Option<i64>,
}

impl Desk {
    /// Those of a project. What came before the first look is no news.
    pub fn notices(&self, project: &Project) -> Notices {
        let screens = project.notify.receivers.iter().filter(|receiver| receiver.via == Via::Screen);
        let of = screens.flat_map(|receiver| {
            let scope = |env: &crate::project::Environment| scope(&env.inventory, &project.root);
            project.environments.iter().map(move |env| (scope(env), receiver.name.clone()))
        });
        // Environments may share an inventory: each notice is told once.
        let mut of: Vec<(String, String)> = of.collect();
        of.sort_unstable();
        of.dedup();
        Notices { desk: self.clone(), of, control: None, after: None }
    }
}

impl Notices {
    /// What is new, as JSON, oldest first.
    ///
    /// # Errors
    /// It cannot be read; the next look begins anew.
    pub fn news(&mut self) -> Result<Vec<String>, DbError> {
        if self.of.is_empty() {
            return Ok(Vec::new());
        }
        if self.control.as_ref().is_some_and(|control| !control.is_in_place()) {
            // Another control counts anew.
            (self.control, self.after) = (None, None);
        }
        let control = self.control.take().map_or_else(|| Control::open(&self.desk.state), Ok)?;
        let newest = control.newest_notice()?;
        let mut found = vec![];
        if let Some(after) = self.after.filter(|after| *after < newest) {
            for (scope, receiver) in &self.of {
                found.extend(control.notices_since(scope, receiver, after)?);
            }
        }
        found.sort_unstable();
        (self.control, self.after) = (Some(control), Some(newest));
        // What comes in while this is read is behind `newest`, and read the next time.
        Ok(found.into_iter().filter(|(id, _)| *id <= newest).map(|(_, body)| body).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "environments: {staging: {inventory: hosts.ini}, production: {inventory: hosts.ini}}\n";
    use crate::project::config::notify::{Receiver, Severity};
    use crate::state::StateDir;
    use crate::state::operator::Operator;
    use crate::state::outbox::{Put, Standing};

    #[test]
    fn what_came_since_is_told_once_to_the_screens_alone() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path().join("state"));
        for (name, text) in [("hosts.ini", "w1\n"), ("ansible.cfg", "[defaults]\n"), ("opsdeck.yaml", YAML)] {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let mut project = Project::discover(dir.path()).unwrap();
        let receiver = |name: &str, via| Receiver {
            name: name.into(),
            via,
            kinds: vec![],
            severity: Severity::Info,
            environments: vec![],
        };
        project.notify.receivers =
            vec![receiver("here", Via::Screen), receiver("pager", Via::Command(vec!["true".into()]))];
        let scope = scope(&project.environments[1].inventory, &project.root);
        let put = |name: &str, key: &str, scope: &str| {
            let body = serde_json::json!({ "kind": "page", "severity": "critical", "phase": "firing", "text": key });
            let body = body.to_string();
            let put = Put { receiver: name, key, about: "a", body: &body, state: Standing::Sent };
            Control::open(&state).unwrap().put_notice(scope, &put, 1).unwrap();
        };
        put("here", "before", &scope);
        let mut notices = Desk::new(state.clone(), Operator::current()).notices(&project);
        assert!(notices.news().unwrap().is_empty());
        let text = |body: String| {
            serde_json::from_str::<serde_json::Value>(&body).unwrap()["text"].as_str().unwrap().to_owned()
        };
        let mut told = || notices.news().unwrap().into_iter().map(text).collect::<Vec<_>>();
        assert!(told().is_empty());
        put("pager", "elsewhere", &scope);
        put("here", "other project", "elsewhere");
        put("here", "one", &scope);
        put("here", "two", &scope);
        assert_eq!(told(), ["one", "two"]);
        assert!(told().is_empty(), "each once");
        put("here", "three", &scope);
        assert_eq!(told(), ["three"]);
    }
}
