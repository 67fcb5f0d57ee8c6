//! What can be done on the list of releases, and the way to it from the fleet.

use super::fields::missing;
use super::{Effect, Part, keys, open};
use crate::tui::actions::{Action, Danger};
use crate::tui::effect;
use crate::tui::model::Model;
use crate::tui::model::secrets::Kept;
use crate::tui::screens::release;

/// Opens the list, from the fleet.
pub const RELEASE: Action =
    Action::new("fleet.release", &["r"], "release", "Bring a version out: pick a release, see its plan, submit", open)
        .hint(87)
        .unless(|m| m.environment().is_none().then(|| "the project has no environment".into()));

pub const ACTIONS: &[Action] = &[
    Action::new("releases.submit", &["ctrl-r", "f5"], "submit", "Submit the plan that is shown", submit)
        .hint(95)
        .unless(why_not)
        .asks(Danger::TypeName, question),
    Action::new("releases.next", &["tab"], "next", "Go to the next part: list, version, variables, plan", |m| {
        m.releases.part = m.releases.step(1, true);
        vec![]
    })
    .hint(50),
    Action::new(
        "releases.passwords",
        &["alt-p"],
        "passwords",
        "Show the fields for passwords, or hide and forget them",
        |m| {
            let s = &mut m.releases;
            s.fields.forget(!s.fields.asked);
            s.part = if s.fields.asked { Part::Password(0) } else { Part::List };
            vec![]
        },
    )
    .hint(40),
    Action::new("releases.plan", &["enter"], "plan", "Take the release; freeze its plan and show it", keys::enter)
        .hint(90)
        .unless(|m| m.releases.current().is_none().then(|| "no release under the cursor".into())),
    Action::new(
        "releases.diff",
        &["alt-d", "f6"],
        "check mode",
        "Run the deploy steps in check mode, and watch what they would change",
        rehearse,
    )
    .hint(60)
    .unless(unready)
    .asks(Danger::Confirm, |m| {
        let hosts = m.releases.plan().map_or(0, |b| b.plan.batches.iter().map(|batch| batch.hosts.len()).sum());
        let hosts = crate::text::human::of(hosts as u64, "host");
        vec![
            format!("Ansible tries the deploy steps on {hosts} in check mode, with diffs."),
            "Modules that know check mode change nothing; tasks with check_mode: false do run.".into(),
        ]
    }),
    Action::new(
        "releases.again",
        &["alt-a"],
        "again",
        "Bring the version out again that is stable already: its plan is frozen anew",
        |m| {
            let s = &mut m.releases;
            s.again = s.order().map(|order| order.version);
            keys::freeze(m)
        },
    )
    .unless(|m| match m.releases.plan().map(|built| &built.plan) {
        None => Some("no plan is shown: enter freezes it".into()),
        Some(plan) if plan.again => Some("the plan says so already".into()),
        Some(plan) if plan.is_out().is_none() => Some("it is another version than the stable one".into()),
        Some(_) => None,
    }),
    Action::new("releases.copy", &["alt-c"], "copy digest", "Copy the plan's digest to the clipboard", |m| {
        m.releases.plan().map(|b| effect::Effect::Copy(b.digest.clone())).into_iter().collect()
    })
    .unless(|m| m.releases.plan().is_none().then(|| "no plan is shown".into())),
];

fn why_not(model: &Model) -> Option<String> {
    unready(model).or_else(|| Some(format!("{}: alt-a brings it out again", model.releases.plan()?.plan.is_out()?)))
}

fn unready(model: &Model) -> Option<String> {
    let s = &model.releases;
    if s.busy {
        return Some("it is being submitted".into());
    }
    // The top line must name the place that the plan is for.
    if model.env != Some(s.env) {
        return Some("another environment is in sight than the one of this plan".into());
    }
    if s.plan().is_none() {
        return Some("no plan is shown: enter freezes it".into());
    }
    missing(model)
}

/// What will happen, in the lines that the plan begins with, and what a person should know.
fn question(model: &Model) -> Vec<String> {
    let Some(built) = model.releases.plan() else { return vec![] };
    let plan = &built.plan;
    let hosts: usize = plan.batches.iter().map(|b| b.hosts.len()).sum();
    let mut lines = vec![
        format!("{} {} on {}", plan.service, plan.version, plan.environment),
        format!("{} in {}", crate::text::human::of(hosts as u64, "host"), release::batches(plan.batches.len())),
    ];
    lines.push(match plan.approval.needed {
        0 => "It begins at once: no approval is needed.".into(),
        n => format!("It waits for the approval of {n}, not your own."),
    });
    // Where there is none, the plan's warnings say so.
    lines.extend(plan.rollback.to.as_ref().map(|to| format!("The way back leads to {to}.")));
    lines.extend(plan.warnings.iter().map(|w| format!("! {w}")));
    lines
}

fn passwords(model: &Model) -> Kept {
    Kept(model.releases.fields.secrets())
}

fn submit(model: &mut Model) -> Vec<effect::Effect> {
    let Some(built) = model.releases.plan().cloned() else { return vec![] };
    model.releases.busy = true;
    vec![effect::Effect::Releases(Effect::Submit(built, passwords(model)))]
}

fn rehearse(model: &mut Model) -> Vec<effect::Effect> {
    let Some(built) = model.releases.plan().cloned() else { return vec![] };
    model.releases.busy = true;
    vec![effect::Effect::Releases(Effect::Rehearse(built, passwords(model)))]
}
