//! May a release begin or go on in its environment now? Freeze windows of `opsdeck.yaml` and stopped lines of the index,
//! read each time: both may change while it runs.

use super::plan::Plan;
use crate::project::{Freeze, Project};
use crate::run::open_index;
use crate::state::StateDir;
use crate::text;
use crate::text::human;
use jiff::Timestamp;

/// Begins what will never pass: only a new plan helps.
pub const STALE: &str = "stale: ";

/// What stands in the way of a plan now, one sentence each; nothing: it may go on.
pub fn blocks(store: &StateDir, plan: &Plan) -> Vec<String> {
    let mut blocks = match Project::at(&plan.cwd) {
        Ok(project) => match project.environment(&plan.environment) {
            Some(environment) => frozen(&environment.freeze, Timestamp::now()),
            None => vec![format!("{} is no environment of {} any more", plan.environment, plan.cwd.display())],
        },
        Err(error) => vec![format!("the freeze windows cannot be read: {error}")],
    };
    blocks.extend(stopped(store, &plan.environment));
    blocks.into_iter().map(|block| text::plain(&block).into_owned()).collect()
}

/// Windows that hold at a moment, in words.
pub fn frozen(freeze: &[Freeze], now: Timestamp) -> Vec<String> {
    freeze.iter().filter_map(|freeze| Some(freeze.words(&freeze.until(now)?))).collect()
}

/// The stopped line of an environment, in words. What cannot be read stands in the way.
fn stopped(store: &StateDir, environment: &str) -> Option<String> {
    match open_index(store).and_then(|index| index.stopped_lines()) {
        Ok(lines) => lines.into_iter().find(|line| line.environment == environment).map(|line| {
            format!("{} stopped the line at {}: {}", line.operator, human::date_time(line.at), line.reason)
        }),
        Err(error) => Some(format!("it cannot be told whether the line is stopped: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Index, lines::Line};

    #[test]
    fn a_stopped_line_names_who_and_why_until_it_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let store = StateDir::at(dir.path());
        let line = |operator: &str| Line {
            environment: "production".into(),
            reason: "disk full".into(),
            operator: operator.into(),
            at: 0,
        };
        let index = Index::open(&store).unwrap();
        assert!(index.stop_line(&line("ann")).unwrap());
        assert!(!index.stop_line(&line("bob")).unwrap(), "the first stays");
        let words = stopped(&store, "production").unwrap();
        assert!(words.starts_with("ann stopped the line at") && words.ends_with(": disk full"), "{words}");
        assert_eq!(stopped(&store, "staging"), None);
        assert!(index.open_line("production").unwrap());
        assert!(!index.open_line("production").unwrap());
        assert_eq!(stopped(&store, "production"), None);
    }
}
