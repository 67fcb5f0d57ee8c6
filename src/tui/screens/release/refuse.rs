//! Why a person can't do something with a release now: what the machine would answer, asked before the key is pressed.

use super::{Shown, questions, shown};
use crate::release::event::Person;
use crate::release::machine::{Input, Verb};
use crate::tui::model::Model;

pub fn unread(model: &Model) -> Option<String> {
    shown(model).is_none().then(|| "the release is not read yet".into())
}

/// What must hold for every verb.
fn open(model: &Model) -> Result<&Shown, String> {
    let shown = shown(model).ok_or("the release is not read yet")?;
    if model.read_only {
        return Err("this console is read-only (--read-only)".into());
    }
    if shown.newer {
        return Err("its journal holds events of a newer opsdeck: read-only".into());
    }
    match model.release.busy {
        Some(verb) => Err(format!("{verb} is under way")),
        None => Ok(shown),
    }
}

/// Why nothing at all can be asked now.
pub fn closed(model: &Model) -> Option<String> {
    open(model).err()
}

/// Who asks, as far as the release knows the name: it counts people by uid, and the supervisor learns that from the
/// kernel.
fn me(model: &Model, s: &Shown) -> Person {
    let (name, release) = (&model.operator.name, &s.release);
    let known = release.submitted_by.iter().chain(release.approvals.iter().map(|a| &a.by));
    let known = known.chain(release.votes.iter().map(|v| &v.0)).find(|p| p.name == *name);
    known.cloned().unwrap_or(Person { uid: u32::MAX, name: name.clone(), row: None })
}

/// What the machine has against a verb. `None` for the verb: there is nothing that it could be said of.
pub fn verb(model: &Model, verb: impl FnOnce(&Shown) -> Result<Verb, String>) -> Option<String> {
    let refused = || {
        let s = open(model)?;
        let asked = Input::Asked { verb: verb(s)?, by: me(model, s) };
        s.machine.decide(&s.release, &asked, model.now.ms).map(|_| ()).map_err(|refusal| refusal.0)
    };
    refused().err()
}

/// A reason that is not typed yet.
fn later() -> String {
    "to be typed".into()
}

pub fn undo(model: &Model) -> Option<String> {
    verb(model, |s| match s.undo(model.now.ms) {
        undo if undo.possible => Ok(Verb::Rollback { reason: None }),
        undo => Err(undo.why),
    })
}

pub fn stop(model: &Model) -> Option<String> {
    use crate::release::machine::Stop;
    let ways = [Stop::AfterBatch, Stop::Now, Stop::AndRollBack];
    let each = ways.map(|how| verb(model, |_| Ok(Verb::Stop { how, reason: None })));
    // One that is possible is enough; each says for itself in the menu why it is not.
    if each.iter().any(Option::is_none) { None } else { each.into_iter().flatten().next() }
}

pub fn approve(model: &Model) -> Option<String> {
    verb(model, |s| Ok(Verb::Approve { digest: s.release.digest.clone() }))
}

pub fn reject(model: &Model) -> Option<String> {
    verb(model, |_| Ok(Verb::Reject { reason: later() }))
}

/// Skip a gate or another guard.
pub fn skip(model: &Model) -> Option<String> {
    verb(model, |s| match questions::skippable(&s.machine.plan, &s.release).into_iter().next() {
        Some(what) => Ok(Verb::Skip { what, reason: later() }),
        None => Err("it waits for no gate and no other guard".into()),
    })
}

/// Mark a host by hand.
pub fn mark(model: &Model) -> Option<String> {
    verb(model, |s| match s.release.hosts.iter().find(|(_, h)| questions::is_bad(h.mark)) {
        Some((host, _)) => Ok(Verb::Mark { host: host.clone(), mark: crate::release::state::Mark::Failed }),
        None => Err("every host is known".into()),
    })
}

pub fn accept(model: &Model) -> Option<String> {
    verb(model, |_| Ok(Verb::AcceptMixed { reason: later() }))
}

pub fn take_over(model: &Model) -> Option<String> {
    verb(model, |_| Ok(Verb::TakeOver { reason: later() }))
}
