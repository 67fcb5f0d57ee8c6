//! The boxes that ask more than yes or no: how to stop, what to skip, what a host is, and why.

use super::dialog::{Choice, Dialog};
use super::questions::{busy, is_bad, named, skippable};
use super::shown;
use crate::release::machine::{Stop, Verb};
use crate::release::state::Mark;
use crate::text::human::of;
use crate::tui::model::Model;

/// `s`: each way to stop with what it leaves behind; nothing is the default.
pub fn stop(model: &Model) -> Option<Dialog> {
    let s = shown(model)?;
    let (release, busy) = (&s.release, busy(&s.release));
    let touched = of(release.touched.len() as u64, "host");
    let version = &s.machine.plan.version;
    let undo = s.undo(model.now.ms);
    let choice = |how, head: &str, text: String| Choice {
        head: head.into(),
        text,
        verb: Some(Verb::Stop { how, reason: None }),
    };
    let after = match release.touched.is_empty() {
        true => "Nothing was touched yet: it ends, and leaves nothing behind.".to_owned(),
        false => format!(
            "What runs on {} comes to its end, then it stands and waits for a person. {touched} touched so far; the \
             rest stays as it is. It still holds the environment.",
            named(&busy)
        ),
    };
    let now = format!(
        "Steps are interrupted, after 15 s killed. Cut in the middle on {}: what became of them is looked up, then it \
         waits for a person.",
        named(&busy)
    );
    let back = match (undo.possible, undo.instant) {
        (false, _) => format!("As above, and then it stands: it can't be undone, {}.", undo.why),
        (true, true) => format!("As above, then traffic goes back at once: {}.", undo.why),
        (true, false) => format!("As above, then {} go back from {version}. Not instant: {}.", touched, undo.why),
    };
    Some(Dialog::choose(
        "stop this release?",
        vec![
            Choice { head: "Let it go on".into(), text: "Nothing changes. Esc does the same.".into(), verb: None },
            choice(Stop::AfterBatch, "Stop after this batch", after),
            choice(Stop::Now, "Stop now", now),
            choice(Stop::AndRollBack, "Stop now and roll back", back),
        ],
    ))
}

/// `G`: which guard, and why.
pub fn skip(model: &Model) -> Option<Dialog> {
    let s = shown(model)?;
    let choice = |what: String| Choice {
        head: format!("Skip {what}"),
        text: String::new(),
        verb: Some(Verb::Skip { what, reason: String::new() }),
    };
    let choices = skippable(&s.machine.plan, &s.release).into_iter().map(choice).collect();
    Some(Dialog::reason("skip a guard: it is recorded loudly, with your name", choices))
}

/// `N`, `A`, `T`: one thing to do, and why.
pub fn reason(title: &str, text: String, verb: Verb) -> Dialog {
    Dialog::reason(title, vec![Choice { head: text, text: String::new(), verb: Some(verb) }])
}

/// `m`: what a host is, where nothing could tell.
pub fn mark(model: &Model) -> Option<Dialog> {
    let s = shown(model)?;
    let version = &s.machine.plan.version;
    let old = s.machine.plan.rollback.to.as_deref().unwrap_or("the version before");
    let mut choices = vec![Choice { head: "Say nothing".into(), text: String::new(), verb: None }];
    for (host, _) in s.release.hosts.iter().filter(|(_, h)| is_bad(h.mark)) {
        let says = [
            (Mark::New, format!("new: it runs {version}")),
            (Mark::Old, format!("old: it runs {old}")),
            (Mark::Failed, "failed".into()),
        ];
        choices.extend(says.into_iter().map(|(mark, text)| Choice {
            head: format!("{host} is {text}"),
            text: String::new(),
            verb: Some(Verb::Mark { host: host.clone(), mark }),
        }));
    }
    Some(Dialog::choose("what is it? a second person must say the same", choices))
}
