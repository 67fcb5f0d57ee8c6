//! Actions that apply on every screen: movement, going back, overlays, leaving.

use super::{Action, Danger};
use crate::release::line::Turn;
use crate::text::human;
use crate::tui::alarm;
use crate::tui::effect::Effect;
use crate::tui::list::Motion;
use crate::tui::model::Model;
use crate::tui::model::screen::ScreenId;
use crate::tui::msg::Level;
use crate::tui::notices::Bell;
use crate::tui::overlay::Overlay;
use crate::tui::overlay::themes::Picker;
use crate::tui::widgets::header;

/// Actions that apply everywhere.
pub const CORE: &[Action] = &[
    Action::new("move.up", &["up", "k"], "up", "Move up one row", |m| motion(m, Motion::Up)),
    Action::new("move.down", &["down", "j"], "down", "Move down one row", |m| motion(m, Motion::Down)),
    Action::new("move.left", &["left", "h"], "left", "Move left, or close a branch", |m| motion(m, Motion::Left)),
    Action::new("move.right", &["right", "l"], "right", "Move right, or open a branch", |m| motion(m, Motion::Right)),
    Action::new("move.page-up", &["pgup", "ctrl-b"], "page up", "Move up one page", |m| motion(m, Motion::PageUp)),
    Action::new("move.page-down", &["pgdn", "ctrl-f"], "page down", "Move down one page", |m| {
        motion(m, Motion::PageDown)
    }),
    Action::new("move.first", &["home", "g"], "first", "Go to the first row", |m| motion(m, Motion::First)),
    Action::new("move.last", &["end", "G"], "last", "Go to the last row", |m| motion(m, Motion::Last)),
    Action::new("core.back", &["esc"], "back", "Go back to the screen before", |m| {
        let before = m.stack.len();
        m.back();
        if m.stack.len() < before { (m.screen().enter)(m) } else { vec![] }
    }),
    Action::new("core.quit", &["q", "ctrl-c"], "quit", "Leave opsdeck; everything that was started goes on", |m| {
        m.quit = true;
        vec![]
    })
    .hint(10),
    Action::new("core.suspend", &["ctrl-z"], "suspend", "Go to the background; `fg` brings opsdeck back", |_| {
        vec![Effect::Suspend]
    }),
    Action::new("core.redraw", &["ctrl-l"], "redraw", "Draw the whole screen anew", |_| vec![Effect::Redraw]),
    Action::new("core.mouse", &["f2"], "mouse", "Switch the mouse on or off (off: the terminal selects text)", |m| {
        m.mouse = !m.mouse;
        m.toast(Level::Info, if m.mouse { "the mouse is on" } else { "the mouse is off: the terminal selects text" });
        vec![Effect::Mouse(m.mouse)]
    }),
    Action::new(
        "core.bell",
        &["f5"],
        "bell",
        "Ring the terminal's bell when something becomes bad, or be silent",
        |m| {
            m.bell = m.bell.switched();
            let rings = m.bell == Bell::All;
            let words = if rings { "the bell rings when something becomes bad" } else { "the bell is silent" };
            m.toast(Level::Info, words);
            vec![]
        },
    ),
    Action::new("core.fleet", &["1"], "fleet", "Go to environments and hosts", |m| m.go(ScreenId::Fleet)),
    Action::new("core.runs", &["2"], "runs", "Go to the list of runs, live and past", |m| m.go(ScreenId::Runs))
        .hint(15),
    Action::new("core.audit", &["3"], "audit", "Go to the audit ledger: who did what, and is it whole", |m| {
        m.go(ScreenId::Audit)
    }),
    Action::new("core.diagnostics", &["4"], "diagnostics", "Go to opsdeck's own log", |m| m.go(ScreenId::Diagnostics)),
    Action::new("core.away", &["5"], "away", "Go to what happened while you were away", |m| m.go(ScreenId::Away)),
    Action::new("core.health", &["6"], "health", "Go to the health of the hosts, the worst first", |m| {
        m.go(ScreenId::Health)
    }),
    Action::new(
        "core.alarm",
        &["0"],
        "alarm",
        "Go to what the alarm line says first: what waits for a person",
        alarm::open,
    )
    .unless(|m| m.reasons().is_empty().then(|| "nothing waits for a person".into())),
    Action::new(
        "core.line",
        &["L"],
        "line",
        "Stop the line of this environment, so that no release begins or goes on; or open it again",
        turn_line,
    )
    .unless(|m| m.environment().is_none().then(|| "no environment is in sight".into()))
    .asks(Danger::Reason, line_question),
    Action::new("core.help", &["?", "f1"], "help", "Show every key that works here", |m| {
        m.overlay = Some(Overlay::help());
        vec![]
    })
    .hint(90),
    Action::new("core.palette", &[":", "ctrl-p"], "commands", "Find any command by name and run it", |m| {
        m.overlay = Some(Overlay::palette());
        vec![]
    })
    .hint(20),
    Action::new("core.theme", &["f3"], "theme", "Choose another theme, seen at once", |m| {
        m.overlay = Some(Overlay::Themes(Picker::new(m)));
        vec![]
    }),
    Action::new("core.absolute-time", &["T", "f4"], "times", "Show times as clock times or relative", |m| {
        m.absolute_time = !m.absolute_time;
        vec![]
    }),
];

fn motion(model: &mut Model, motion: Motion) -> Vec<Effect> {
    (model.screen().motion)(model, motion)
}

fn line_question(model: &Model) -> Vec<String> {
    let name = model.environment().map(|e| e.name.as_str()).unwrap_or_default();
    match header::stopped(model) {
        Some(line) => vec![
            format!("Open the line of {name}: releases may begin and go on."),
            format!("{} stopped it at {}: {}", line.operator, human::date_time(line.at), line.reason),
        ],
        None => vec![
            format!("Stop the line of {name}: no release begins there or goes on to its next batch."),
            "A batch that is in work comes to its end; a rollback is always allowed.".into(),
        ],
    }
}

fn turn_line(model: &mut Model) -> Vec<Effect> {
    let turn = if header::stopped(model).is_some() { Turn::Open } else { Turn::Stop };
    let Some(environment) = model.environment().map(|e| e.name.clone()) else { return vec![] };
    let Some(reason) = model.reason.take() else { return vec![] };
    vec![Effect::Line { environment, turn, reason }]
}
