//! What stands where on the Run screen: worked out before anything is drawn, so that the log pane knows its size.

use super::{Opened, Pane, Run, machine, recovery};
use crate::run::State;
use crate::text::human;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::diagram::{self, Diagram};
use crate::tui::widgets::progress::{self, Progress};
use crate::tui::widgets::{line, sign};
use ratatui::layout::Rect;

/// A part above the panes.
#[derive(Debug)]
pub enum Part {
    /// The command, who and when.
    Title,
    /// Check mode, in big letters.
    Check,
    /// What is wrong with the journal.
    Damage(String),
    Machine(Diagram),
    /// A sentence about its state.
    Words(String, Role),
    Progress(Progress),
    /// All hosts in a line.
    Strip,
}

/// Where everything stands.
#[derive(Debug, Default)]
pub struct Plan {
    pub above: Vec<(Rect, Part)>,
    /// The matrix, or the list of hosts.
    pub grid: Option<Rect>,
    /// The result that is unfolded.
    pub result: Option<Rect>,
    pub log: Option<Rect>,
}

/// The moment that a run's times are told at: nobody saw what came after the last event of one that is not watched.
pub fn moment(model: &Model, o: &Opened) -> i64 {
    if model.run.is_watched() { model.now.ms } else { o.state.updated_at }
}

/// Plans the screen. `area` lacks the top line, the footer and the margins.
pub fn plan(model: &Model, o: &Opened, area: Rect) -> Plan {
    let run = &model.run;
    let mut plan = Plan::default();
    let mut rest = area;
    let mut take = |part: Part, rows: u16| {
        let rows = rows.min(rest.height);
        if rows > 0 {
            plan.above.push((Rect { height: rows, ..rest }, part));
            rest = Rect { y: rest.y + rows, height: rest.height - rows, ..rest };
        }
        rest.height
    };
    take(Part::Title, 1);
    if o.spec.work.check() {
        take(Part::Check, 1);
    }
    if let Some(damage) = &o.damage {
        take(Part::Damage(damage.clone()), 1);
    }
    if !run.zoom {
        let known = o.spec.hosts.as_ref().map(Vec::len);
        let now = moment(model, o);
        let mut p = progress::progress(&o.state, known, now);
        p.left = o.state.eta(now, &run.past, known).filter(|_| run.is_watched());
        let own = &o.recovery;
        let d = match own {
            Some(of) => recovery::diagram(of, run.is_watched(), o.state.updated_at, model.now.ms),
            None => machine::diagram(&o.state, run.is_watched(), p.left, model.now.ms),
        };
        let high = match area.height {
            26.. => diagram::height(&d),
            18.. => 4,
            12.. => 2,
            _ => 1,
        };
        let mut left = take(Part::Machine(d), high);
        let warning = sign::WARNING.glyph(&model.theme);
        for (text, role) in own.iter().flat_map(recovery::words).chain(words(run, o, own.is_some())) {
            let text = crate::text::plain(&text.replace("{}", warning)).into_owned();
            // Two lines of each at most: what is longer is in the log.
            for part in line::fold(&text, usize::from(area.width)).into_iter().take(2) {
                if left > 3 {
                    left = take(Part::Words(part.to_owned(), role), 1);
                }
            }
        }
        let measured = !o.state.plan.is_empty() || !o.state.tasks.is_empty() || o.state.dropped > 0;
        if area.height >= 10 && measured {
            take(Part::Progress(p), 1);
        }
        if area.height >= 14 {
            take(Part::Strip, 1);
        }
    }
    panes(run, rest, &mut plan);
    plan
}

impl Plan {
    pub fn of_panes(run: &Run, area: Rect) -> Self {
        let mut plan = Self::default();
        panes(run, area, &mut plan);
        plan
    }
}

/// Divides what is left among the panes; the one that has the keys is always among them.
fn panes(run: &Run, rest: Rect, plan: &mut Plan) {
    let at = run.focus();
    let slot = |plan: &mut Plan, pane: Pane, rect: Rect| match pane {
        Pane::Grid => plan.grid = Some(rect),
        Pane::Result => plan.result = Some(rect),
        Pane::Log => plan.log = Some(rect),
    };
    if run.zoom || rest.height < 8 {
        return slot(plan, at, rest);
    }
    let rows = if run.by_host { run.order.hosts.len() } else { run.order.tasks.len() };
    let wanted = u16::try_from(rows + 2).unwrap_or(u16::MAX);
    let upper = wanted.clamp(3, rest.height * 2 / 5);
    plan.grid = Some(Rect { height: upper, ..rest });
    let lower = Rect { y: rest.y + upper, height: rest.height - upper, ..rest };
    if run.result.is_none() {
        plan.log = Some(lower);
    } else if lower.width >= 140 {
        let half = lower.width / 2;
        plan.result = Some(Rect { width: half - 1, ..lower });
        plan.log = Some(Rect { x: lower.x + half, width: lower.width - half, ..lower });
    } else if lower.height >= 14 {
        let half = lower.height / 2;
        plan.result = Some(Rect { height: half, ..lower });
        plan.log = Some(Rect { y: lower.y + half, height: lower.height - half, ..lower });
    } else {
        slot(plan, if at == Pane::Log { Pane::Log } else { Pane::Result }, lower);
    }
}

/// What must be said in words about the run's state, most important first.
fn words(run: &Run, o: &Opened, own: bool) -> Vec<(String, Role)> {
    let s = &o.state;
    let mut out = Vec::new();
    let why = s.why.clone().unwrap_or_default();
    let role = sign::state(s.state).role;
    match s.state {
        // Its own machine has said why.
        _ if own => {}
        State::NothingRan => out.push((format!("NOTHING RAN: {why}"), Role::Failed)),
        State::Failed | State::Unknown => {
            let kind = s.failure.map(sign::failure).unwrap_or_default();
            let text = [kind, why.as_str()].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(": ");
            out.push((text, role));
        }
        State::Cancelled | State::Queued | State::Stopping if !why.is_empty() => out.push((why, role)),
        _ => {}
    }
    if !run.is_watched() && !s.state.is_terminal() {
        let text = "{} Unknown: nobody watches it. Its supervisor is gone; what Ansible does now is not known.";
        out.push((text.into(), Role::Unknown));
    }
    if s.state == State::Succeeded && !s.recap && !own {
        out.push(("{} Ansible gave no recap: the outcome of some hosts may be missing.".into(), Role::Warning));
    }
    if !s.maybe_running_on.is_empty() {
        let n = s.maybe_running_on.len();
        let names = s.maybe_running_on.iter().take(12).cloned().collect::<Vec<_>>().join(" ");
        out.push((format!("{{}} may still run on {} of its hosts: {names}", human::count(n as u64)), Role::Warning));
    }
    if s.resumed > 0 {
        let times = crate::text::human::of(s.resumed.into(), "time");
        out.push((format!("its supervisor was replaced {times}; nothing was lost"), Role::Dim));
    }
    out
}
