//! Draws Launch: the form, what completes it, the exact command, and what a person should know.

use super::form::{Form, Item, Kind, Value};
use super::{Launch, command_line, complete, known, runbooks, targets, warnings};
use crate::text;
use crate::tui::hits::{Hits, Target};
use crate::tui::model::Model;
use crate::tui::theme::{Glyph, Role};
use crate::tui::widgets::{header, line, paint};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Columns of the labels.
const LABEL: u16 = 13;

pub(super) fn view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    match &model.launch.form {
        Some(form) => form_view(model, form, frame, inner, hits),
        None => menu(model, frame, inner, hits),
    }
}

fn form_view(model: &Model, form: &Form, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let theme = &model.theme;
    let name = model.project.environments.get(form.env).map_or("", |e| e.name.as_str());
    let kind = match form.kind {
        Kind::Playbook => "playbook",
        Kind::Adhoc => "ad-hoc command",
        Kind::Shell => "shell command",
    };
    let title = format!(" {kind} on {name} ");
    line::put(frame.buffer_mut(), theme, area, &title, header::style(model));

    // What is said below has its room first; the form scrolls in the rest.
    let below = below(model, usize::from(area.width));
    let said = u16::try_from(below.len()).unwrap_or(u16::MAX).min(area.height / 2);
    let body = Rect { y: area.y + 2.min(area.height), height: area.height.saturating_sub(2 + said), ..area };
    let choices = complete::choices(&model.launch, form, &model.project);
    let mut rows = rows(model, form, choices.len(), body.width.saturating_sub(LABEL));
    let focus = rows.iter().position(|row| *row == Row::Item(form.focus)).unwrap_or(0);
    // The focused line and its completions stay in sight.
    let last = focus + choices.len() + 1;
    let skip = last.saturating_sub(usize::from(body.height)).min(focus);
    rows.drain(..skip);
    for (row, y) in rows.iter().zip(body.y..body.bottom()) {
        let place = Rect { y, height: 1, ..body };
        match row {
            Row::Item(index) => {
                hits.add(place, Target::Part { part: "launch.item", index: *index });
                if let Some(item) = form.items.get(*index) {
                    item_view(model, item, frame, place, *index == form.focus);
                }
            }
            Row::Choice(index) => {
                hits.add(place, Target::Part { part: "launch.choice", index: *index });
                if let Some((text, words)) = choices.get(*index) {
                    choice_view(model, frame, place, text, words, *index == form.choice);
                }
            }
            Row::Hint(text) => {
                let hint = indented(place);
                line::put(frame.buffer_mut(), theme, hint, text, theme.style(Role::Dim));
            }
        }
    }
    let start = area.bottom().saturating_sub(said);
    // No passing word may lie over the command that is about to run.
    hits.floor = Some(start);
    for ((text, role), y) in below.iter().zip(start..area.bottom()) {
        line::put(frame.buffer_mut(), theme, Rect { y, height: 1, ..area }, text, theme.style(*role));
    }
}

/// A row of the form's part.
#[derive(Debug, PartialEq)]
enum Row {
    Item(usize),
    Choice(usize),
    Hint(String),
}

fn rows(model: &Model, form: &Form, choices: usize, columns: u16) -> Vec<Row> {
    let mut rows = vec![];
    for (index, item) in form.items.iter().enumerate() {
        rows.push(Row::Item(index));
        if index == form.focus {
            rows.extend((0..choices).map(Row::Choice));
            rows.extend(hints(&model.launch, form, item, usize::from(columns)).into_iter().map(Row::Hint));
        }
    }
    rows
}

/// Lines of hints at most: the form needs the room.
const HINTS: usize = 6;

/// Words below the line that has the keyboard, folded to these columns.
fn hints(launch: &Launch, form: &Form, item: &Item, columns: usize) -> Vec<String> {
    let words = words(launch, form, item);
    let mut lines: Vec<String> =
        words.iter().flat_map(|text| line::fold(text, columns)).map(str::to_owned).take(HINTS + 1).collect();
    if lines.len() > HINTS {
        lines.truncate(HINTS);
        if let Some(last) = lines.last_mut() {
            *last = format!("{} ...", text::cut(last, columns.saturating_sub(4)));
        }
    }
    lines
}

fn words(launch: &Launch, form: &Form, item: &Item) -> Vec<String> {
    use super::form::Id;
    match &item.id {
        Id::Module => match &launch.modules {
            None => vec!["asking ansible-doc for the modules ...".into()],
            Some(Err(why)) => vec![format!("no completion: {why}")],
            Some(Ok(_)) => vec![],
        },
        Id::Args => complete::options(launch, form.text(&Id::Args)),
        Id::Secret(_) => vec!["goes to Ansible by a pipe: never on a command line, never on a disk".into()],
        Id::Targets | Id::Limit => {
            vec!["a host pattern: web:&eu:!canary, db[0], ~web\\d+, or names with commas".into()]
        }
        Id::Command => vec!["run by /bin/sh on each host, exactly as it stands: nothing in it is a template".into()],
        Id::Patience => vec!["of each host; a command that is cut off may run on there: its outcome is unknown".into()],
        Id::ExtraVars => vec!["name=value ..., JSON, or @file".into()],
        Id::User => vec!["connects as this user; empty: as the inventory says".into()],
        Id::Timeout => vec!["stops it after so many seconds; empty: never".into()],
        Id::StartAt => vec!["the name of the task to begin with, as the playbook has it".into()],
        Id::VaultIds => vec!["names with commas: a line for the password of each".into()],
        _ => vec![],
    }
}

fn indented(place: Rect) -> Rect {
    let by = LABEL.min(place.width);
    Rect { x: place.x + by, width: place.width - by, ..place }
}

fn item_view(model: &Model, item: &Item, frame: &mut Frame, place: Rect, focus: bool) {
    let theme = &model.theme;
    let label = Rect { width: LABEL.saturating_sub(1).min(place.width), ..place };
    let role = if focus { Role::Title } else { Role::Dim };
    line::put(frame.buffer_mut(), theme, label, &item.label, theme.style(role));
    // A question of a playbook may be longer than the column.
    let long = paint::width(&item.label).saturating_add(1).max(LABEL).min(place.width / 2);
    let value = Rect { x: place.x + long, width: place.width.saturating_sub(long), ..place };
    if long > LABEL {
        line::put(frame.buffer_mut(), theme, Rect { width: long - 1, ..place }, &item.label, theme.style(role));
    }
    match &item.value {
        Value::Text(field) => field.view(theme, frame, value, focus),
        Value::Secret(secret) => secret.view(theme, frame, value, focus),
        Value::Flag(on) => {
            let text = if *on { "[x] yes" } else { "[ ] no" };
            let role = if focus { Role::Cursor } else { Role::Text };
            line::put(frame.buffer_mut(), theme, value, text, theme.style(role));
        }
    }
}

fn choice_view(model: &Model, frame: &mut Frame, place: Rect, text: &str, words: &str, current: bool) {
    let theme = &model.theme;
    let place = indented(place);
    let name = Rect { width: (place.width / 2).min(34), ..place };
    let rest = Rect { x: name.right() + 1, width: place.width.saturating_sub(name.width + 1), ..place };
    line::put(frame.buffer_mut(), theme, name, text, theme.style(Role::Key));
    line::put(frame.buffer_mut(), theme, rest, words, theme.style(Role::Dim));
    if current {
        paint::row_style(frame.buffer_mut(), place, place.y, theme.style(Role::Cursor));
    }
}

/// The exact command, warnings, and why it can't be run, if it can't.
fn below(model: &Model, columns: usize) -> Vec<(String, Role)> {
    let theme = &model.theme;
    let mut out = vec![];
    let mut say = |text: String, role: Role| {
        out.extend(line::fold(&text, columns).into_iter().map(|part| (part.to_owned(), role)));
    };
    say(format!("$ {}", command_line(model).unwrap_or_default()), Role::Strong);
    if let Some(words) = &model.launch.engines {
        say(words.clone(), Role::Dim);
    }
    if let Some(targets) = known(model).filter(|targets| targets.open().is_some()) {
        say(format!("{} {}", theme.glyph(Glyph::Warning), targets.words()), Role::Warning);
    }
    for warning in warnings(model) {
        say(format!("{} {warning}", theme.glyph(Glyph::Warning)), Role::Warning);
    }
    match (&model.launch.problem, model.launch.busy) {
        (Some(why), _) => say(format!("{} nothing was started: {why}", theme.glyph(Glyph::Failed)), Role::Error),
        (None, true) => say(format!("{} launching ...", theme.glyph(Glyph::Running)), Role::Running),
        (None, false) => {}
    }
    out
}

fn menu(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let theme = &model.theme;
    let used = line::put(frame.buffer_mut(), theme, area, "Recovery commands", theme.style(Role::Title)) + 1;
    // Before one is chosen: where it would act.
    let rest = Rect { x: area.x + used.min(area.width), width: area.width.saturating_sub(used), ..area };
    let on = match targets(model, true).as_str() {
        "" => "on no host yet: mark some, or name them in the form".to_owned(),
        some => format!("on {some}"),
    };
    line::put(frame.buffer_mut(), theme, rest, &text::plain(&on), theme.style(Role::Text));
    let body = Rect { y: area.y + 2.min(area.height), height: area.height.saturating_sub(2), ..area };
    let list = runbooks(model);
    let window = model.launch.menu.window(list.len(), usize::from(body.height));
    hits.list("runbooks", body, window.start, list.len());
    for (index, y) in window.zip(body.y..) {
        let Some(runbook) = list.get(index) else { continue };
        let place = Rect { y, height: 1, ..body };
        let key = runbook.key.map(String::from).unwrap_or_default();
        line::put(frame.buffer_mut(), theme, Rect { width: 3.min(place.width), ..place }, &key, theme.style(Role::Key));
        let name = Rect { x: place.x + 3.min(place.width), width: (place.width / 3).min(30), ..place };
        line::put(frame.buffer_mut(), theme, name, &runbook.name, theme.style(Role::Strong));
        let rest = Rect { x: name.right() + 1, width: place.right().saturating_sub(name.right() + 1), ..place };
        let what = runbook.help.clone().unwrap_or_else(|| match (&runbook.playbook, &runbook.module) {
            (Some(playbook), _) => playbook.clone(),
            (None, module) => {
                let args = runbook.args.as_deref().unwrap_or_default();
                format!("{} {args}", module.as_deref().unwrap_or("command"))
            }
        });
        line::put(frame.buffer_mut(), theme, rest, &what, theme.style(Role::Dim));
        if index == model.launch.menu.cursor {
            paint::row_style(frame.buffer_mut(), place, y, theme.style(Role::Cursor));
        }
    }
}
