//! Diagnostics: opsdeck's own log, by tui-logger's smart widget: targets on the left with a level each, the log on the
//! right. What runs print is not here; that is in the runs.

#[cfg(test)]
mod tests;

use super::{Screen, ScreenId};
use crate::text;
use crate::tui::actions::Action;
use crate::tui::effect::Effect;
use crate::tui::hits::{Hits, Target};
use crate::tui::list::Motion;
use crate::tui::model::Model;
use crate::tui::theme::{Role, Theme};
use crossterm::event::{MouseEvent, MouseEventKind};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{BorderType, Widget};
use tui_logger::{TuiLoggerSmartWidget, TuiWidgetEvent, TuiWidgetState};

pub const SCREEN: Screen = Screen {
    actions: ACTIONS,
    motion,
    mouse,
    enter: |_| {
        tui_logger::move_events();
        vec![]
    },
    ..Screen::plain(ScreenId::Diagnostics, view)
};

/// Its state: the widget's own, behind a lock of its own.
#[derive(Default)]
pub struct Diagnostics(TuiWidgetState);

impl std::fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Diagnostics")
    }
}

/// What feeds the screen: a layer for the subscriber of the process that has one. Without it the screen stays empty.
pub fn layer() -> tui_logger::TuiTracingSubscriberLayer {
    // Never `init_logger`: it starts a thread that wakes a hundred times a second for ever.
    tui_logger::set_default_level(tui_logger::LevelFilter::Debug);
    tui_logger::TuiTracingSubscriberLayer
}

/// Takes in what was logged since the last time; called as time goes on while the screen is in sight.
pub fn tick() {
    tui_logger::move_events();
}

const ACTIONS: &[Action] = &[
    Action::new("diagnostics.more", &["+"], "log more", "Record more of the target: one level down", |m| {
        send(m, TuiWidgetEvent::PlusKey)
    })
    .hint(50),
    Action::new("diagnostics.less", &["-"], "log less", "Record less of the target: one level up", |m| {
        send(m, TuiWidgetEvent::MinusKey)
    })
    .hint(49),
    Action::new("diagnostics.focus", &["f"], "this target", "Show only the target under the cursor, or all", |m| {
        send(m, TuiWidgetEvent::FocusKey)
    })
    .hint(60),
    Action::new(
        "diagnostics.targets",
        &["t"],
        "targets",
        "Show the list of targets, or give the log all the room",
        |m| send(m, TuiWidgetEvent::HideKey),
    )
    .hint(40),
    Action::new("diagnostics.off", &["space"], "hide off", "Show targets that are switched off, or hide them", |m| {
        send(m, TuiWidgetEvent::SpaceKey)
    }),
    Action::new("diagnostics.newest", &["e"], "newest", "Back to the newest lines", |m| {
        send(m, TuiWidgetEvent::EscapeKey)
    })
    .hint(45),
];

fn send(model: &mut Model, event: TuiWidgetEvent) -> Vec<Effect> {
    model.diagnostics.0.transition(event);
    vec![]
}

fn motion(model: &mut Model, motion: Motion) -> Vec<Effect> {
    let event = match motion {
        Motion::Up => TuiWidgetEvent::UpKey,
        Motion::Down => TuiWidgetEvent::DownKey,
        Motion::Left => TuiWidgetEvent::LeftKey,
        Motion::Right => TuiWidgetEvent::RightKey,
        Motion::PageUp | Motion::First => TuiWidgetEvent::PrevPageKey,
        Motion::PageDown => TuiWidgetEvent::NextPageKey,
        Motion::Last => TuiWidgetEvent::EscapeKey,
    };
    send(model, event)
}

fn mouse(model: &mut Model, event: MouseEvent, _: Option<Target>) -> Vec<Effect> {
    match event.kind {
        MouseEventKind::ScrollUp => send(model, TuiWidgetEvent::PrevPageKey),
        MouseEventKind::ScrollDown => send(model, TuiWidgetEvent::NextPageKey),
        _ => vec![],
    }
}

fn view(model: &Model, frame: &mut Frame, area: Rect, _: &mut Hits) {
    let theme = &model.theme;
    let style = |role| theme.style(role);
    TuiLoggerSmartWidget::default()
        .style(style(Role::Text))
        .style_error(style(Role::Error))
        .style_warn(style(Role::Warning))
        .style_info(style(Role::Text))
        .style_debug(style(Role::Dim))
        .style_trace(style(Role::Dim))
        .style_show(style(Role::Text))
        .style_hide(style(Role::Dim))
        .style_off(style(Role::Dim))
        .highlight_style(style(Role::Cursor))
        .border_style(style(Role::Border))
        .border_type(BorderType::Plain)
        .title_target(" targets ")
        .title_log(" opsdeck's own log ")
        .output_separator(' ')
        .output_timestamp(Some("%H:%M:%S".into()))
        .output_file(false)
        .output_line(false)
        .state(&model.diagnostics.0)
        .render(area, frame.buffer_mut());
    tame(theme, area, frame.buffer_mut());
}

/// The widget writes what it was given: what may not reach a terminal is taken out of its cells, and in an ASCII theme
/// its borders become ASCII.
fn tame(theme: &Theme, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let cell = &mut buf[(x, y)];
            let symbol = cell.symbol();
            let safe = text::plain(symbol).into_owned();
            let shown = match safe.as_str() {
                "" => " ".to_owned(),
                s if !theme.ascii || s.is_ascii() => safe,
                "─" => "-".into(),
                "│" => "|".into(),
                "┌" | "┐" | "└" | "┘" => "+".into(),
                s => "?".repeat(text::width(s).max(1)),
            };
            if shown != symbol {
                cell.set_symbol(&shown);
            }
        }
    }
}
