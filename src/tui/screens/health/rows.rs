//! Which lines there are, in which order: what has one cause is one line, until it is opened. Pure.

use crate::health::board::{Board, Row};
use crate::health::judge::Status;
pub use crate::tui::model::health::{Choice, Line, Sort};
use std::collections::BTreeSet;

impl Sort {
    pub fn next(self) -> Self {
        match self {
            Sort::Worst => Sort::Newest,
            Sort::Newest => Sort::Host,
            Sort::Host => Sort::Check,
            Sort::Check => Sort::Worst,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Sort::Worst => "worst first",
            Sort::Newest => "changed last first",
            Sort::Host => "by host",
            Sort::Check => "by check",
        }
    }
}

/// A cause's name: it stays while hosts join and leave.
pub fn name(board: &Board, cause: usize) -> String {
    board.causes.get(cause).map(|c| format!("{} {} {}", c.family, c.status.name(), c.way)).unwrap_or_default()
}

/// The lines of a board. Whoever searches or sorts wants rows: then nothing is folded. `held`: a breaker that is not closed,
/// or an incident that waits for a person, belongs to the row, so it stands before what is well.
pub fn lines(board: &Board, choice: &Choice, held: &dyn Fn(&Row) -> bool) -> Vec<Line> {
    let of_host = |row: &Row| choice.host.is_none() || choice.host == row.host;
    let shown = |row: &Row| {
        (!choice.loud || is_loud(row) || is_hushed(row) || held(row)) && of_host(row) && holds(row, &choice.words)
    };
    let all: Vec<usize> = (0..board.rows.len()).filter(|at| shown(&board.rows[*at])).collect();
    if choice.sort == Sort::Worst && choice.words.is_empty() && choice.host.is_none() {
        return folded(board, &all, &choice.open, held);
    }
    let mut all = all;
    let row = |at: &usize| &board.rows[*at];
    match choice.sort {
        Sort::Worst => {}
        Sort::Newest => all.sort_by_key(|at| std::cmp::Reverse(row(at).since)),
        Sort::Host => all.sort_by(|a, b| row(a).host.cmp(&row(b).host)),
        Sort::Check => all.sort_by(|a, b| row(a).check.cmp(&row(b).check)),
    }
    all.into_iter().map(|at| Line::Row { at, under: false }).collect()
}

fn folded(board: &Board, all: &[usize], open: &BTreeSet<String>, held: &dyn Fn(&Row) -> bool) -> Vec<Line> {
    let mut lines = Vec::new();
    for status in Status::ALL {
        let causes = (0..board.causes.len()).filter(|n| board.causes[*n].status == status);
        for cause in causes {
            lines.push(Line::Cause(cause));
            if open.contains(&name(board, cause)) {
                let members = all.iter().filter(|at| board.rows[**at].cause == Some(cause));
                lines.extend(members.map(|at| Line::Row { at: *at, under: true }));
            }
        }
        // What is silenced and not well stands in its own order behind what a person was not told of yet.
        let here = |row: &Row| match is_hushed(row) {
            true => status == Status::Ok,
            false => row.cause.is_none() && row.status == status,
        };
        let here = all.iter().filter(|at| here(&board.rows[**at]));
        let (first, rest): (Vec<usize>, Vec<usize>) =
            here.partition(|at| status == Status::Ok && !is_hushed(&board.rows[**at]) && held(&board.rows[**at]));
        lines.extend(first.into_iter().chain(rest).map(|at| Line::Row { at, under: false }));
    }
    lines
}

/// A person may want to look at it.
pub fn is_loud(row: &Row) -> bool {
    row.silenced.is_none() && (row.status != Status::Ok || row.suspect || row.flapping)
}

/// It is not well, and a person said that this is known: it calls nobody, and it never looks well.
pub fn is_hushed(row: &Row) -> bool {
    row.silenced.is_some() && row.status != Status::Ok
}

fn holds(row: &Row, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let host = row.host.as_deref().unwrap_or_default();
    let silenced = row.silenced.as_deref().unwrap_or_default();
    let text = [host, &row.check, row.status.name(), &row.text, &row.source, silenced].join(" ").to_lowercase();
    words.iter().all(|word| text.contains(word))
}
