//! Performs the live view's effects: a verb is asked of the release's supervisor, the time line is written. And reads the
//! alerts that stand beside the release that is followed.

use super::Context;
use crate::release;
use crate::release::alerts::{Around, Beside};
use crate::release::plan::Plan;
use crate::release::state::Consent;
use crate::release::watch::Watched;
use crate::run::{RunSpec, RunState};
use crate::state::{Control, StateDir, file};
use crate::text;
use crate::tui::msg::{Data, Msg};
use crate::tui::screens::release::{self as screen, Effect};
use crate::tui::screens::releases::Kept;
use uuid::Uuid;

pub(super) fn perform(context: &Context, effect: Effect) {
    let data = match effect {
        Effect::Ask { id, verb } => {
            let answer = release::ask(&context.state, id, &verb, &context.operator);
            screen::Data::Answered(id, answer.map_err(said))
        }
        Effect::Give { id, secrets: Kept(secrets) } => {
            let answer = release::give(&context.state, id, &secrets, &context.operator);
            screen::Data::Answered(id, answer.map(|()| id).map_err(said))
        }
        Effect::Export { id, text } => screen::Data::Exported(export(context, id, &text)),
    };
    context.answer(Msg::Data(Data::Release(data)));
}

fn said(error: impl std::fmt::Display) -> String {
    text::plain(&error.to_string()).into_owned()
}

/// Beside the journal that it was made from; gives its path.
fn export(context: &Context, id: Uuid, text: &str) -> Result<String, String> {
    let path = context.state.run(id).path().join("timeline.md");
    file::write_whole(&path, text.as_bytes()).map_err(said)?;
    Ok(path.display().to_string())
}

/// The alerts beside a release, looked at again and again.
pub(super) struct Alerts {
    control: Control,
    plan: Plan,
    from: i64,
    /// When it ended, once it has: what comes later is not beside it.
    ended: Option<i64>,
    told: Vec<Beside>,
}

impl Alerts {
    /// Of a run; `None` if it is no release, or nothing can be read.
    pub(super) fn of(state: &StateDir, spec: &RunSpec, run: &RunState) -> Option<Self> {
        let plan = release::launch::body(spec).ok()??.plan;
        let control = Control::open(state).ok()?;
        Some(Self { control, plan, from: spec.created_at, ended: run.ended_at(), told: vec![] })
    }

    /// It has ended.
    pub(super) fn end(&mut self, at: i64) {
        self.ended.get_or_insert(at);
    }

    /// They, if they are not what they were when last asked.
    pub(super) fn news(&mut self, now: i64) -> Option<Vec<Beside>> {
        let around = Around { plan: &self.plan, from: self.from, until: self.ended.unwrap_or(now) };
        let found = release::alerts::read(&self.control, &around);
        let found = found.inspect_err(|e| tracing::warn!("alerts beside the release are not known: {e}")).ok()?;
        if found == self.told {
            return None;
        }
        self.told.clone_from(&found);
        Some(found)
    }
}

/// Approvals of a release, held against the ledger when there may be new ones.
pub(super) struct Votes {
    new: bool,
}

impl Votes {
    /// Of a run, as far as it was read.
    pub(super) fn of(run: &RunState) -> Self {
        Self { new: run.own.iter().any(|(_, json)| is_vote(json.as_bytes())) }
    }

    /// The journal has gained these lines.
    pub(super) fn grown(&mut self, lines: &[u8]) {
        self.new |= is_vote(lines);
    }

    /// Those without a row, where there may be any that were not told.
    pub(super) fn news(&mut self, state: &StateDir, run: Uuid) -> Option<Vec<Consent>> {
        if !std::mem::take(&mut self.new) {
            return None;
        }
        let seen = Watched::open(&state.run(run)).inspect_err(|e| tracing::warn!("{e}")).ok()?;
        let found = release::votes::unfounded(state, run, &seen.release);
        let found = found.inspect_err(|e| tracing::warn!("which approvals of run {run} count cannot be told: {e}"));
        found.ok().filter(|found| !found.is_empty())
    }
}

fn is_vote(text: &[u8]) -> bool {
    memchr::memmem::find(text, br#""approved""#).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::launch::freeze;
    use crate::state::alerts::AlertRow;
    use crate::state::operator::Operator;
    use crate::tui::screens::release::fixtures;

    #[test]
    fn alerts_are_told_when_they_change_and_none_that_came_after_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path());
        let spec = freeze(fixtures::rolling(), "d".into(), fixtures::person("bob"), Operator::current()).unwrap();
        let mut alerts = Alerts::of(&state, &spec, &RunState::default()).unwrap();
        let at = spec.created_at;
        assert_eq!(alerts.news(at), None);
        let put = |name: &str, starts_at, ends_at| {
            let labels = [("alertname", name), ("instance", "web01.eu:9100")];
            let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            let row = AlertRow { fingerprint: name.into(), labels, starts_at, ends_at, ..AlertRow::default() };
            Control::open(&state).unwrap().put_alerts(&[row]).unwrap();
        };
        put("Slow", at, None);
        let ends = |found: Option<Vec<Beside>>| found.map(|f| f.iter().map(|b| b.alert.ends_at).collect::<Vec<_>>());
        assert_eq!(ends(alerts.news(at + 1)), Some(vec![None]));
        assert_eq!(alerts.news(at + 2), None, "nothing new");
        alerts.end(at + 3);
        put("Late", at + 4, None);
        assert_eq!(alerts.news(at + 5), None, "it came after the end");
        put("Slow", at, Some(at + 4));
        assert_eq!(ends(alerts.news(at + 6)), Some(vec![Some(at + 4)]), "it is over");
        let mut other = spec.clone();
        other.work = crate::tui::widgets::fixtures::spec().work;
        assert!(Alerts::of(&state, &other, &RunState::default()).is_none());
    }
}
