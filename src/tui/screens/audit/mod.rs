//! Audit: who did what, when, where, and how it ended; searched by time, operator and status; and whether the chain of
//! records is whole. Reading is itself recorded, so a search runs when it is asked for, not at every key.

mod actions;
mod query;
#[cfg(test)]
mod tests;
mod view;

use super::{Screen, ScreenId};
use crate::audit::{Broken, Filter, Intact, Page, Row};
use crate::tui::effect;
use crate::tui::hits::Target;
use crate::tui::list::{List, Motion};
use crate::tui::model::Model;
use crate::tui::widgets::field::Field;
use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};

pub const SCREEN: Screen = Screen {
    actions: actions::ACTIONS,
    typing: |m| m.audit.typing,
    key,
    paste: |m, text| {
        m.audit.field.paste(text);
        vec![]
    },
    motion,
    mouse,
    enter: |m| {
        let mut effects = search(m);
        effects.push(effect::Effect::Audit(Effect::Verify { all: false }));
        m.audit.verdict = None;
        effects
    },
    ..Screen::plain(ScreenId::Audit, view::view)
};

/// Name of the list in the hits.
const LIST: &str = "audit";

pub type Verdict = Result<Result<Intact, Broken>, String>;

/// What arrives for this screen.
#[derive(Debug)]
pub enum Data {
    Page {
        /// What was asked; an answer to an older question is left out.
        filter: Filter,
        /// They, or why not.
        page: Result<Page, String>,
        /// Why the reading itself could not be recorded.
        unrecorded: Option<String>,
    },
    Verified(Verdict),
}

/// What this screen wants done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Read a page; with `before` in the filter, the next one.
    Read(Filter),
    /// Verify the chain: all of it, or what came since the last time.
    Verify { all: bool },
}

#[derive(Debug, Default)]
pub struct Audit {
    field: Field,
    typing: bool,
    /// What is wrong with the search line.
    mistake: Option<String>,
    asked: Filter,
    rows: Vec<Row>,
    next: Option<i64>,
    /// Read at least once.
    read: bool,
    problem: Option<String>,
    unrecorded: Option<String>,
    list: List,
    detail: bool,
    verdict: Option<Verdict>,
}

impl Audit {
    fn current(&self) -> Option<&Row> {
        self.rows.get(self.list.cursor)
    }
}

pub fn arrived(model: &mut Model, data: Data) -> Vec<effect::Effect> {
    let page_size = model.page(LIST);
    let s = &mut model.audit;
    match data {
        Data::Verified(verdict) => s.verdict = Some(verdict),
        Data::Page { filter, page, unrecorded } if filter == s.asked => {
            s.unrecorded = unrecorded;
            match page {
                Ok(page) => {
                    if filter.before.is_none() {
                        s.rows.clear();
                    }
                    s.rows.extend(page.rows);
                    (s.next, s.read, s.problem) = (page.next, true, None);
                    s.list.select(s.list.cursor, s.rows.len(), page_size);
                }
                Err(why) => s.problem = Some(why),
            }
        }
        Data::Page { .. } => {}
    }
    vec![]
}

/// Asks for what the search line says.
fn search(model: &mut Model) -> Vec<effect::Effect> {
    let s = &mut model.audit;
    match query::parse(s.field.text(), model.now) {
        Ok(filter) => {
            (s.asked, s.mistake, s.list) = (filter.clone(), None, List::default());
            vec![effect::Effect::Audit(Effect::Read(filter))]
        }
        Err(why) => {
            s.mistake = Some(why);
            vec![]
        }
    }
}

/// The next page, once the cursor reaches the end of what is there.
fn more(model: &mut Model) -> Vec<effect::Effect> {
    let s = &mut model.audit;
    let at_end = s.list.cursor + 1 >= s.rows.len();
    match s.next {
        Some(next) if at_end && s.asked.before != Some(next) => {
            s.asked.before = Some(next);
            vec![effect::Effect::Audit(Effect::Read(s.asked.clone()))]
        }
        _ => vec![],
    }
}

fn motion(model: &mut Model, motion: Motion) -> Vec<effect::Effect> {
    let page = model.page(LIST);
    let len = model.audit.rows.len();
    model.audit.list.motion(motion, len, page);
    more(model)
}

fn key(model: &mut Model, key: KeyEvent) -> Option<Vec<effect::Effect>> {
    if !model.audit.typing {
        return None;
    }
    match key.code {
        KeyCode::Enter => {
            let effects = search(model);
            model.audit.typing = model.audit.mistake.is_some();
            return Some(effects);
        }
        KeyCode::Esc => {
            (model.audit.typing, model.audit.mistake) = (false, None);
            model.audit.field.set("");
            return Some(search(model));
        }
        _ => {
            model.audit.field.key(key)?;
        }
    }
    Some(vec![])
}

fn mouse(model: &mut Model, event: MouseEvent, target: Option<Target>) -> Vec<effect::Effect> {
    match (event.kind, target) {
        (MouseEventKind::Down(MouseButton::Left), Some(Target::Row { list: LIST, index })) => {
            let (len, page) = (model.audit.rows.len(), model.page(LIST));
            model.audit.detail |= model.audit.list.cursor == index;
            model.audit.list.select(index, len, page);
            more(model)
        }
        (MouseEventKind::ScrollUp, _) => motion(model, Motion::Up),
        (MouseEventKind::ScrollDown, _) => motion(model, Motion::Down),
        _ => vec![],
    }
}
