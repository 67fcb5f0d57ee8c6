//! A plan's way back, in words: the same on the screen and in `opsdeck plan`.

use super::plan::{OnFailure, Plan, Strategy};
use crate::text::human::of;

/// Where a failure leads, and who begins it.
pub fn back(plan: &Plan) -> String {
    let switches = matches!(plan.strategy, Strategy::BlueGreen { .. });
    if plan.rollback.to.is_none() && !switches {
        return "nowhere: no stable release is known; a failure pauses it".into();
    }
    if let (Strategy::BlueGreen { active, .. }, true) = (&plan.strategy, plan.rollback.steps.is_empty()) {
        return format!("traffic to {active}, {}", when_back(plan));
    }
    let to = plan.rollback.to.as_ref().map_or("no stable release is known to go back to".into(), |v| format!("to {v}"));
    let how = match plan.rollback.steps.len() {
        0 => "by traffic alone".to_owned(),
        n => format!("in {}", of(n as u64, "step")),
    };
    format!("{to}, {how}, {}", when_back(plan))
}

fn when_back(plan: &Plan) -> &'static str {
    match (plan.rollback.automatic, plan.on_failure) {
        (true, OnFailure::Rollback) => "by itself where a gate or the budget fails",
        _ => "only when a person asks; a failure pauses it",
    }
}
