//! Performs the live view's effects: a verb is asked of the release's supervisor, the time line is written. And reads the
//! alerts that stand beside the release that is followed.

use super::Context;
use crate::api::{Decisions, Desk};
use crate::release;
use crate::release::alerts::{Around, Beside};
use crate::release::plan::Plan;
use crate::run::{RunSpec, RunState};
use crate::tui::model::secrets::Kept;
use crate::tui::msg::{Data, Msg};
use crate::tui::screens::release::{self as screen, Effect};

pub(super) fn perform(context: &Context, effect: Effect) {
    let data = match effect {
        Effect::Ask { id, verb } => {
            screen::Data::Answered(id, context.act(|acting| acting.ask(id, &verb, None)).map(|asked| asked.run))
        }
        Effect::Give { id, secrets: Kept(secrets) } => {
            screen::Data::Answered(id, context.act(|acting| acting.give(id, &secrets)).map(|()| id))
        }
        Effect::Export { id, text } => {
            let written = context.act(|acting| acting.export(id, &text));
            screen::Data::Exported(written.map(|path| path.display().to_string()))
        }
    };
    context.answer(Msg::Data(Data::Release(data)));
}

/// The alerts beside a release, looked at again and again.
pub(super) struct Alerts {
    decisions: Decisions,
    plan: Plan,
    from: i64,
    /// When it ended, once it has: what comes later is not beside it.
    ended: Option<i64>,
    told: Vec<Beside>,
}

impl Alerts {
    /// Of a run; `None` if it is no release, or nothing can be read.
    pub(super) fn of(desk: &Desk, spec: &RunSpec, run: &RunState) -> Option<Self> {
        let plan = release::launch::body(spec).ok()??.plan;
        let decisions = desk.decisions().ok()?;
        Some(Self { decisions, plan, from: spec.created_at, ended: run.ended_at(), told: vec![] })
    }

    pub(super) fn end(&mut self, at: i64) {
        self.ended.get_or_insert(at);
    }

    /// They, if they are not what they were when last asked.
    pub(super) fn news(&mut self, now: i64) -> Option<Vec<Beside>> {
        let around = Around { plan: &self.plan, from: self.from, until: self.ended.unwrap_or(now) };
        let found = self.decisions.beside(&around);
        let found = found.inspect_err(|e| tracing::warn!("alerts beside the release are not known: {e}")).ok()?;
        if found == self.told {
            return None;
        }
        self.told.clone_from(&found);
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::launch::freeze;
    use crate::state::alerts::AlertRow;
    use crate::state::operator::Operator;
    use crate::state::{Control, StateDir};
    use crate::tui::screens::release::fixtures;

    #[test]
    fn alerts_are_told_when_they_change_and_none_that_came_after_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path());
        let spec = freeze(fixtures::rolling(), "d".into(), fixtures::person("bob"), Operator::current()).unwrap();
        let desk = Desk::new(state.clone(), Operator::current());
        let mut alerts = Alerts::of(&desk, &spec, &RunState::default()).unwrap();
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
        assert!(Alerts::of(&desk, &other, &RunState::default()).is_none());
    }
}
