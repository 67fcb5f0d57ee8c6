//! The output of a run on its screen: what the pane is told after each message, and its commands.

use super::plan::{Plan, plan};
use super::{Effect, Pane, Typing, view::inner};
use crate::run::log::Filter;
use crate::tui::effect;
use crate::tui::model::Model;
use crate::tui::msg::Level;
use ratatui::layout::Rect;
use regex::Regex;

/// Bytes of output that are taken in between two keys.
const BUDGET: usize = 2 << 20;

/// Tells the pane its size and what came. Called after every message while the screen is in sight, so that drawing
/// changes nothing.
pub fn settle(model: &mut Model) -> Vec<effect::Effect> {
    let (columns, rows) = model.size;
    let area = inner(Rect { x: 0, y: 1, width: columns, height: rows.saturating_sub(2) });
    let panes = (model.screen().panes)(model, area).map(|area| Plan::of_panes(&model.run, area));
    let log = model.run.opened.as_ref().and_then(|o| panes.unwrap_or_else(|| plan(model, o, area)).log);
    let run = &mut model.run;
    let (Some(o), Some(id)) = (&mut run.opened, run.id) else { return vec![] };
    if let Some(log) = log {
        run.log.resize(log.width, log.height.saturating_sub(1));
    }
    let mut more = false;
    let mut trouble = None;
    if std::mem::take(&mut run.grown) {
        match o.log.refresh(&o.state.output, BUDGET) {
            Ok(refresh) => (more, run.grown) = (refresh.more, refresh.more),
            Err(e) => trouble = Some(e),
        }
    }
    match run.log.sync(&o.log) {
        Ok(again) => more |= again,
        Err(e) => trouble = Some(e),
    }
    if let Some(e) = trouble {
        tracing::warn!("the output of run {id}: {e}");
    }
    if more && !std::mem::replace(&mut run.more, true) {
        return vec![effect::Effect::Run(Effect::More(id))];
    }
    vec![]
}

/// Changes what is let through.
pub fn filter(model: &mut Model, change: impl FnOnce(&mut Filter)) {
    let run = &mut model.run;
    if let Some(o) = &run.opened {
        let mut filter = run.log.filter().clone();
        change(&mut filter);
        run.log.set_filter(filter, &o.log);
    }
}

/// The host filter of the matrix holds for the output where it names one host.
pub fn same_hosts(model: &mut Model) {
    let run = &model.run;
    let one = match (run.order.hosts.as_slice(), run.wish.host.is_empty(), run.state()) {
        ([host], false, Some(state)) => state.hosts.get_index(*host as usize).map(|(n, _)| n.clone()),
        _ => None,
    };
    if model.run.log.filter().host != one {
        filter(model, |f| f.host = one);
    }
}

/// Searches for what was typed.
pub fn search(model: &mut Model, text: &str) {
    model.run.pane = Pane::Log;
    if let Err(why) = model.run.log.search(Some(text), false) {
        model.toast(Level::Warning, why);
    }
}

/// Shows only lines that match what was typed, or, behind a `!`, those that do not.
pub fn only(model: &mut Model, text: &str) {
    model.run.pane = Pane::Log;
    let (without, pattern) = match text.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let regex = match (pattern.is_empty(), Regex::new(&format!("(?i){pattern}"))) {
        (true, _) => None,
        (_, Ok(regex)) => Some(regex),
        (_, Err(e)) => {
            let why = e.to_string();
            return model
                .toast(Level::Warning, format!("{pattern} is no pattern: {}", why.lines().last().unwrap_or_default()));
        }
    };
    filter(model, |f| match without {
        true => f.without = regex,
        false => (f.only, f.without) = (regex, None),
    });
}

/// Opens the field for a line.
pub fn ask(model: &mut Model, what: Typing) -> Vec<effect::Effect> {
    let start = if what == Typing::Host { model.run.wish.host.clone() } else { String::new() };
    model.run.line.set(start);
    model.run.typing = what;
    vec![]
}

/// Marked lines, or the one that is stood on, for the clipboard.
pub fn copy(model: &mut Model) -> Vec<effect::Effect> {
    let run = &model.run;
    let Some(o) = &run.opened else { return vec![] };
    let mut lines: Vec<usize> = run.log.marks().collect();
    if lines.is_empty() {
        lines.extend(run.log.line());
    }
    let text: Vec<String> =
        lines.iter().filter_map(|l| o.log.line(*l, crate::text::LINE_CAP, false).ok()).map(|l| l.text()).collect();
    if text.is_empty() { vec![] } else { vec![effect::Effect::Copy(text.join("\n") + "\n")] }
}
