//! What waits for a person and where nobody polls or acts, as verbs print it. Holds no verb.

use super::Global;
use crate::alarm::{Facts, Grade, Reason, Sight, Watch, reasons};
use crate::project::Project;
use crate::state::{StateDir, clock};
use crate::text::{human, plain};
use serde_json::{Value, json};

/// How it is now.
pub fn facts(state: &StateDir, project: &Project) -> Facts {
    Watch::new(state, project).look(clock::wall(), clock::booted())
}

/// The reasons that are about an environment, or of none in particular; `stale`: its readings are not fresh, and this process asks nobody.
pub fn of(facts: &Facts, environment: &str, stale: bool) -> Vec<Reason> {
    let here = |name: Option<&str>| name.is_none_or(|name| name == environment);
    let mut facts = facts.clone();
    facts.releases.retain(|waits| here(waits.environment.as_deref()));
    facts.escalated.retain(|incident| here(Some(&incident.environment)));
    facts.alerts.retain(|alert| here(alert.environment.as_deref()));
    facts.posts.retain(|post| here(Some(&post.environment)));
    reasons(&facts, Sight { stale: stale.then_some(environment) }, &human::date_time)
}

/// Where nobody polls or acts who should, and where that cannot be told; nothing outside of a project.
pub fn hands(global: &Global, environment: Option<&str>) -> Vec<Reason> {
    let Ok(project) = Project::discover(&global.project) else { return vec![] };
    let all = facts(&global.store(), &project);
    // What else waits is for other verbs to say.
    let mut facts = Facts { posts: all.posts, unknown: all.unknown, ..Facts::default() };
    facts.posts.retain(|post| environment.is_none_or(|name| name == post.environment));
    reasons(&facts, Sight::default(), &human::date_time)
}

/// A line, safe for a terminal.
pub fn line(reason: &Reason) -> String {
    let glyph = match reason.grade {
        Grade::Bad => "✖",
        Grade::Warning => "▲",
        Grade::Unknown => "?",
    };
    plain(&format!("{glyph} {}  ({})", reason.long, reason.next)).into_owned() + "\n"
}

/// As JSON.
pub fn shown(reason: &Reason) -> Value {
    let grade = match reason.grade {
        Grade::Bad => "bad",
        Grade::Warning => "warning",
        Grade::Unknown => "unknown",
    };
    json!({ "grade": grade, "text": reason.long, "environments": reason.environments, "next": reason.next })
}
