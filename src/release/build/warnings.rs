//! What a person should know before it runs: plays that set what opsdeck decides, questions that nobody answers, no way back.

use super::Wish;
use crate::ansible::prompts;
use crate::open;
use crate::project::Environment;
use crate::project::config::release::ReleaseConfig;
use crate::release::plan::{OnDetach, Plan, Strategy};
use crate::{text, yaml};
use std::collections::BTreeSet;

/// Keys of a play that fight with batches (releases.md part 2).
const FIGHTING: [&str; 3] = ["serial", "any_errors_fatal", "max_fail_percentage"];

/// Adds the warnings of a plan.
pub fn of(
    plan: &Plan,
    wish: &Wish<'_>,
    release: &ReleaseConfig,
    environment: &Environment,
    warnings: &mut Vec<String>,
) {
    let given: BTreeSet<String> = plan.vars.keys().cloned().collect();
    for path in plan.sources.playbooks.keys() {
        let content = open::text_given(&plan.cwd.join(path), open::WRITTEN).unwrap_or_default();
        let tree = yaml::parse_one(&content).ok().flatten();
        for play in tree.iter().flat_map(|tree| tree.items()) {
            for key in FIGHTING.iter().filter(|key| play.get(key).is_some()) {
                warnings.push(format!("{path}: a play sets {key}; opsdeck slices batches and counts failures itself"));
            }
            if play.get("strategy").and_then(yaml::Node::text) == Some("free") {
                warnings.push(format!("{path}: a play runs with strategy: free; its hosts do not go step by step"));
            }
        }
        let scan = prompts::scan(&plan.cwd, path, &given, &wish.project.cfg);
        for question in &scan.questions {
            let place = format!("{}:{}", question.file.display(), question.line);
            warnings.push(format!(
                "{place}: it asks something that nobody answers: give the variable with -x, or take it out"
            ));
        }
    }
    let instant = matches!(plan.strategy, Strategy::BlueGreen { .. });
    if plan.current.is_none() && !instant {
        warnings.push(
            "no stable version is known here: nothing can be rolled back to (name what runs now: --current, `Runs now` on the screen)".into(),
        );
    }
    if plan.current.as_deref() == Some(&plan.version) {
        warnings.push(format!("{} is out already: a failure would have no other version to go back to", plan.version));
    }
    if plan.on_detach == OnDetach::PauseAtGate {
        warnings.push("it stands at the next gate when nobody watches it (on_detach: pause_at_gate)".into());
    }
    if !release.after.is_empty() {
        warnings.push(format!("it comes after {}: see that it is out", release.after.join(", ")));
    }
    for frozen in crate::release::admission::frozen(&environment.freeze, jiff::Timestamp::now()) {
        warnings.push(format!("{frozen}; it would wait"));
    }
    for warning in warnings {
        *warning = text::plain(warning).into_owned();
    }
}
