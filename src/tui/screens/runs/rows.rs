//! Which runs are shown, in which order, under which heads. Pure.

use super::Item;
use crate::run::State;
pub use crate::tui::model::runs::{Row, Sort};

impl Sort {
    /// The next one in turn.
    pub fn next(self) -> Self {
        match self {
            Sort::Newest => Sort::Longest,
            Sort::Longest => Sort::Failures,
            Sort::Failures => Sort::What,
            Sort::What => Sort::Who,
            Sort::Who => Sort::Number,
            Sort::Number => Sort::Newest,
        }
    }

    /// In words, for the title.
    pub fn word(self) -> &'static str {
        match self {
            Sort::Newest => "newest first",
            Sort::Longest => "longest first",
            Sort::Failures => "most failures first",
            Sort::What => "by name",
            Sort::Who => "by operator",
            Sort::Number => "by number",
        }
    }
}

/// Groups in the order in which a person on call wants them.
fn urgency(item: &Item) -> usize {
    let state = item.state();
    if !item.watched && !state.is_terminal() {
        return 0;
    }
    match state {
        State::Stopping => 1,
        State::Running => 2,
        State::Starting => 3,
        State::Queued => 4,
        State::Requested => 5,
        State::Unknown => 6,
        State::Failed => 7,
        State::NothingRan => 8,
        State::Cancelled => 9,
        State::Succeeded => 10,
    }
}

/// True if every word of `filter` stands somewhere in the run's line.
fn matches(item: &Item, filter: &str) -> bool {
    let counts_as = item.state().name();
    filter.split_whitespace().all(|word| item.row.holds([word]) || counts_as.contains(&word.to_lowercase()))
}

/// The rows of the list.
pub fn rows(items: &[Item], filter: &str, live_only: bool, sort: Sort, grouped: bool) -> Vec<Row> {
    let shown = |i: &usize| (!live_only || !items[*i].state().is_terminal()) && matches(&items[*i], filter);
    let mut order: Vec<usize> = (0..items.len()).filter(shown).collect();
    let row = |i: usize| &items[i].row;
    // Sorting is stable: where two are alike the newer one stays first.
    match sort {
        Sort::Newest => order.sort_by_key(|&i| std::cmp::Reverse(row(i).id)),
        Sort::Longest => {
            order.sort_by_key(|&i| std::cmp::Reverse(row(i).ended_at.zip(row(i).started_at).map(|(e, s)| e - s)));
        }
        Sort::Failures => order.sort_by_key(|&i| std::cmp::Reverse(row(i).failed + row(i).unreachable)),
        Sort::What => order.sort_by(|&a, &b| row(a).title.cmp(&row(b).title)),
        Sort::Who => order.sort_by(|&a, &b| row(a).operator.cmp(&row(b).operator)),
        Sort::Number => order.sort_by_key(|&i| row(i).number.map_or((1, 0), |number| (0, number))),
    }
    if !grouped {
        return order.into_iter().map(Row::Run).collect();
    }
    order.sort_by_key(|&i| urgency(&items[i]));
    let mut out = Vec::with_capacity(order.len() + 11);
    for group in order.chunk_by(|&a, &b| urgency(&items[a]) == urgency(&items[b])) {
        let first = &items[group[0]];
        let unwatched = urgency(first) == 0;
        out.push(Row::Head { state: first.state(), unwatched, count: group.len() });
        out.extend(group.iter().copied().map(Row::Run));
    }
    out
}
