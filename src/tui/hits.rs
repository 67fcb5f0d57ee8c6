//! What lies where on the last frame: for the mouse, and for page sizes. Written by views, read by `update`.

use ratatui::layout::{Position, Rect};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Performs the action of this id.
    Action(&'static str),
    /// A row of a list, by its index in the whole list (not in the window).
    Row {
        /// The list's name, as given to [`Hits::list`].
        list: &'static str,
        /// Index from 0.
        index: usize,
    },
    /// Something a screen or overlay names itself (a column's head, a button).
    Part { part: &'static str, index: usize },
}

/// Areas of a frame. Later ones lie above earlier ones.
#[derive(Debug, Clone, Default)]
pub struct Hits {
    areas: Vec<(Rect, Target)>,
    /// The row where something begins that no passing word may lie on.
    pub floor: Option<u16>,
    lists: Vec<(&'static str, Rect, usize)>,
}

impl Hits {
    /// An area that can be clicked.
    pub fn add(&mut self, area: Rect, target: Target) {
        self.areas.push((area, target));
    }

    /// A list's body: one row a line, beginning with the item `first`, `len` items in all.
    pub fn list(&mut self, list: &'static str, body: Rect, first: usize, len: usize) {
        self.lists.push((list, body, len));
        for (line, index) in (first..len).take(usize::from(body.height)).enumerate() {
            let y = body.y.saturating_add(u16::try_from(line).unwrap_or(u16::MAX));
            self.add(Rect { y, height: 1, ..body }, Target::Row { list, index });
        }
    }

    /// An overlay covers all that was there before.
    pub fn cover(&mut self) {
        self.areas.clear();
        self.lists.clear();
    }

    /// What lies at a place, topmost first.
    pub fn at(&self, column: u16, row: u16) -> Option<&Target> {
        let place = Position::new(column, row);
        self.areas.iter().rev().find(|(area, _)| area.contains(place)).map(|(_, target)| target)
    }

    /// The list at a place, for the wheel.
    pub fn list_at(&self, column: u16, row: u16) -> Option<&'static str> {
        let place = Position::new(column, row);
        self.lists.iter().rev().find(|(_, area, _)| area.contains(place)).map(|(name, ..)| *name)
    }

    /// Rows that a list shows at once; 1 where it was not drawn.
    pub fn page(&self, list: &str) -> usize {
        self.lists
            .iter()
            .rev()
            .find(|(name, ..)| *name == list)
            .map_or(1, |(_, area, _)| usize::from(area.height).max(1))
    }

    /// True once a list was drawn.
    pub fn has(&self, list: &str) -> bool {
        self.lists.iter().any(|(name, ..)| *name == list)
    }

    /// Items of a list; 0 where it was not drawn.
    pub fn len(&self, list: &str) -> usize {
        self.lists.iter().rev().find(|(name, ..)| *name == list).map_or(0, |(.., len)| *len)
    }
}
