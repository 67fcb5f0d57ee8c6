//! What can be done with a release. Undo is one key and one question; what breaks a rule asks for a reason.

use super::{Effect, boxes, give, keys, questions, refuse, shown};
use crate::release::machine::Verb;
use crate::release::timeline;
use crate::tui::actions::{Action, Danger};
use crate::tui::effect;
use crate::tui::model::Model;

type Effects = Vec<effect::Effect>;

pub const ACTIONS: &[Action] = &[
    Action::new("release.undo", &["u"], "undo", "Undo it: traffic first, then hosts; no approval is needed", |m| {
        keys::ask(m, Verb::Rollback { reason: None })
    })
    .hint(99)
    .unless(refuse::undo)
    .asks(Danger::Confirm, questions::undo),
    Action::new("release.stop", &["s"], "stop...", "Stop it: three ways, each with what it leaves behind", |m| {
        let dialog = boxes::stop(m);
        keys::open(m, dialog)
    })
    .hint(95)
    .unless(refuse::stop),
    Action::new("release.pause", &["P"], "pause", "Let it stand at the next boundary, between two batches", |m| {
        keys::ask(m, Verb::Pause { reason: None })
    })
    .hint(88)
    .unless(|m| refuse::verb(m, |_| Ok(Verb::Pause { reason: None }))),
    Action::new("release.resume", &["R"], "resume", "Let it go on", |m| keys::ask(m, Verb::Resume))
        .hint(86)
        .unless(|m| refuse::verb(m, |_| Ok(Verb::Resume)))
        .asks(Danger::Confirm, questions::go_on),
    Action::new("release.promote", &["g"], "promote", "Let it go on, and stop for nothing but failures", |m| {
        keys::ask(m, Verb::Promote)
    })
    .hint(40)
    .unless(|m| refuse::verb(m, |_| Ok(Verb::Promote)))
    .asks(Danger::Confirm, questions::go_on),
    Action::new("release.skip", &["G"], "skip...", "Leave out a gate or another guard, with a reason", |m| {
        let dialog = boxes::skip(m);
        keys::open(m, dialog)
    })
    .hint(38)
    .unless(refuse::skip),
    Action::new("release.approve", &["y"], "approve", "Approve the plan that is shown, by its digest", approve)
        .hint(85)
        .unless(refuse::approve)
        .asks(Danger::Confirm, questions::approve),
    Action::new("release.reject", &["N"], "reject...", "End it before it begins, with a reason", |m| {
        let text = "It ends before anything is touched.".to_owned();
        keys::open(m, Some(boxes::reason("reject this release", text, Verb::Reject { reason: String::new() })))
    })
    .hint(36)
    .unless(refuse::reject),
    Action::new(
        "release.retry",
        &["t"],
        "retry failed",
        "Run the batch's steps again on hosts that are not new",
        |m| keys::ask(m, Verb::RetryFailed),
    )
    .hint(45)
    .unless(|m| refuse::verb(m, |_| Ok(Verb::RetryFailed)))
    .asks(Danger::Confirm, questions::retry),
    Action::new("release.mark", &["m"], "mark host...", "Say what a host is, where nothing can tell; needs two", |m| {
        let dialog = boxes::mark(m);
        keys::open(m, dialog)
    })
    .hint(34)
    .unless(refuse::mark),
    Action::new("release.accept", &["A"], "accept mixed...", "End it with hosts of two versions; needs two", |m| {
        let text = "It ends with hosts of both versions; their list is kept. A second person must accept it too.";
        let verb = Verb::AcceptMixed { reason: String::new() };
        keys::open(m, Some(boxes::reason("accept a mixed fleet", text.into(), verb)))
    })
    .hint(32)
    .unless(refuse::accept),
    Action::new("release.take-over", &["T"], "take over...", "Take the environment from whoever holds it", |m| {
        let held = shown(m).and_then(|s| s.release.waits.clone()).unwrap_or_default();
        let text = format!("The environment is taken from its holder, whose steps may still run. {held}");
        let verb = Verb::TakeOver { reason: String::new() };
        keys::open(m, Some(boxes::reason("take over the environment: it is recorded loudly", text, verb)))
    })
    .hint(30)
    .unless(refuse::take_over),
    Action::new(
        "release.passwords",
        &["K"],
        "passwords...",
        "Give it its passwords again: they died with its supervisor",
        |m| {
            m.release.give = give::box_of(m);
            vec![]
        },
    )
    .hint(29)
    .unless(give::refused),
    Action::new("release.all", &["a"], "all batches", "Show the tasks of all batches, or of the one in work", |m| {
        m.release.all_steps = !m.release.all_steps;
        super::follow::grown(m);
        vec![]
    })
    .hint(28)
    .unless(refuse::unread),
    Action::new("release.export", &["x"], "export", "Write the time line as Markdown into a file, and copy it", export)
        .hint(60)
        .unless(refuse::unread),
];

/// Two ways out of here: a file for whoever has the state directory, the clipboard for the incident's channel.
fn export(model: &mut Model) -> Effects {
    let Some((s, id)) = shown(model).zip(model.run.id) else { return vec![] };
    let text = timeline::timeline(&s.machine.plan, &s.release, &s.alerts, model.now.ms);
    vec![effect::Effect::Copy(text.clone()), effect::Effect::Release(Effect::Export { id, text })]
}

/// The digest that the person saw is the one that is approved.
fn approve(model: &mut Model) -> Effects {
    let Some(digest) = shown(model).map(|s| s.release.digest.clone()) else { return vec![] };
    keys::ask(model, Verb::Approve { digest })
}
