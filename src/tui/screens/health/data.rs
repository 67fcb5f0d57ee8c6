//! What arrives for Health, and what it wants done.

use crate::health::board::{Cell, Row};
use crate::health::judge::Status;
pub use crate::tui::model::health::{Data, Effect, Picture};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::sign::{self, Sign};

/// Milliseconds after which a picture that nobody replaced says nothing of now: whatever it showed is stale then.
const OLD: i64 = 15_000;

impl Picture {
    /// It is so old that nothing in it is known any more.
    pub fn is_old(&self, now: i64) -> bool {
        now - self.at > OLD
    }

    /// How something is now, that was `status` when the picture was made.
    pub fn status(&self, status: Status, now: i64) -> Status {
        if self.is_old(now) && status != Status::Unknown { Status::Stale } else { status }
    }

    /// How a row is now, and how that looks.
    pub fn row(&self, row: &Row, now: i64) -> (Status, Sign) {
        self.sign(row.status, row.suspect, row.silenced.is_some(), now)
    }

    /// How a host is now, and how that looks.
    pub fn host(&self, cell: &Cell, now: i64) -> (Status, Sign) {
        self.sign(cell.status, cell.suspect, cell.silenced, now)
    }

    /// The same in words: `✖ bad`, `◇ bad, silenced`.
    pub fn host_words(&self, cell: &Cell, theme: &Theme, now: i64) -> (String, Role) {
        let (_, sign) = self.host(cell, now);
        let more = if cell.silenced && !self.is_old(now) { ", silenced" } else { "" };
        (format!("{}{more}", sign.text(theme)), sign.role)
    }

    fn sign(&self, status: Status, suspect: bool, silenced: bool, now: i64) -> (Status, Sign) {
        let status = self.status(status, now);
        let sign = if silenced && !self.is_old(now) { sign::silenced(status) } else { sign::health(status, suspect) };
        (status, sign)
    }

    /// How old a row's reading is now (milliseconds); `None`: there is none.
    pub fn age(&self, row: &Row, now: i64) -> Option<i64> {
        row.age.map(|age| age + (now - self.at).max(0))
    }

    /// What is shown was measured lately, as far as anything is measured here.
    pub fn is_fresh(&self, now: i64) -> bool {
        let board = &self.board;
        let stale = board.hosts.stale + board.services.stale > 0;
        board.rows.is_empty() || (!self.is_old(now) && !stale && board.oldest.is_some())
    }

    /// Checks that are bad now, on hosts and elsewhere.
    pub fn alerts(&self, now: i64) -> usize {
        if self.is_old(now) { 0 } else { self.board.rows.iter().filter(|row| row.is_alert()).count() }
    }
}
