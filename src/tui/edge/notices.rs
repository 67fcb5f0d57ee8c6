//! Reads notices for the open screens out of the outbox: what came in since the console began, each once.

use super::Context;
use crate::health::store::scope;
use crate::project::Project;
use crate::project::config::notify::Via;
use crate::state::{Control, DbError, StateDir};
use crate::tui::msg::{Data, Msg};
use crate::tui::notices::Notice;

/// What is read, and how far it was.
pub(super) struct Notices {
    /// Scopes of the environments, and names of the receivers that are screens.
    of: Vec<(String, String)>,
    control: Option<Control>,
    /// The newest that was there; `None`: it was not looked yet.
    after: Option<i64>,
    /// Why it could not be looked the last time.
    problem: Option<String>,
}

impl Notices {
    /// Of the project that is open. What came before now is no news.
    pub(super) fn new(project: &Project, state: &StateDir) -> Self {
        let root = &project.root;
        let screens = project.notify.receivers.iter().filter(|receiver| receiver.via == Via::Screen);
        let of = screens.flat_map(|receiver| {
            project.environments.iter().map(|env| (scope(&env.inventory, root), receiver.name.clone()))
        });
        let mut notices = Notices { of: of.collect(), control: None, after: None, problem: None };
        if !notices.of.is_empty()
            && let Err(e) = notices.news(state)
        {
            notices.failed(&e);
        }
        notices
    }

    /// Sends what is new. False: nobody listens any more.
    pub(super) fn look(&mut self, context: &Context) -> bool {
        if self.of.is_empty() {
            return true;
        }
        match self.news(&context.state) {
            Ok(notices) if notices.is_empty() => true,
            Ok(notices) => context.answer(Msg::Data(Data::Notices(notices))),
            Err(e) => {
                self.failed(&e);
                true
            }
        }
    }

    /// Said once: it is looked again every second.
    fn failed(&mut self, e: &DbError) {
        let why = Some(e.to_string());
        if why != self.problem {
            tracing::warn!("notices for this screen cannot be read: {e}");
            self.problem = why;
        }
    }

    fn news(&mut self, state: &StateDir) -> Result<Vec<Notice>, DbError> {
        if self.control.as_ref().is_some_and(|control| !control.is_in_place()) {
            // Another control counts anew.
            (self.control, self.after) = (None, None);
        }
        let control = self.control.take().map_or_else(|| Control::open(state), Ok)?;
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
        Ok(found.iter().filter(|(id, _)| *id <= newest).filter_map(|(_, body)| Notice::read(body)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::config::notify::{Receiver, Severity};
    use crate::state::outbox::{Put, Standing};

    #[test]
    fn what_came_since_is_told_once_to_the_screens_alone() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path());
        let mut project = crate::tui::testing::project();
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
        let mut notices = Notices::new(&project, &state);
        let mut told = || notices.news(&state).unwrap().into_iter().map(|notice| notice.text).collect::<Vec<_>>();
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
