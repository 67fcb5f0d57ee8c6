//! What stands where on the live view: worked out before anything is drawn. Every part says how many rows it would
//! like and how many it must have; where the screen is low the least important ones give way first.

use super::batches::INDENT;
use super::steps::Ground;
use super::words::{Line, wrap};
use super::{alerts, batches, gates, machine, says, stages, traffic};
use crate::release::alerts::Beside;
use crate::release::plan::Plan;
use crate::release::progress;
use crate::release::state::{Release, Undo};
use crate::text::human;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::diagram::{self, Diagram};
use ratatui::layout::Rect;

/// What is to be shown, and how it is known.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    pub plan: &'a Plan,
    pub release: &'a Release,
    /// Alerts of other systems beside it.
    pub alerts: &'a [Beside],
    pub undo: Undo,
    /// Somebody watches it, or it ended.
    pub watched: bool,
    /// The last event's moment (Unix milliseconds).
    pub seen: i64,
    /// This moment (Unix milliseconds).
    pub now: i64,
    pub theme: &'a Theme,
}

/// A part above the panes.
#[derive(Debug)]
pub enum Part {
    Machine(Diagram),
    Lines(Vec<Line>),
}

/// A part and what it asks for.
struct Wish {
    part: Part,
    /// Rows that it must have, if it is shown at all.
    least: u16,
    /// Rows that it can use.
    most: u16,
    /// The lower, the later it gives way.
    rank: u8,
}

impl Wish {
    fn lines(rank: u8, least: u16, lines: Vec<Line>) -> Self {
        let most = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        Self { least: least.min(most), most, rank, part: Part::Lines(lines) }
    }

    /// Sentences, of which the first must be readable as a whole.
    fn wrapped(rank: u8, indent: u16, sentences: Vec<Line>, columns: u16) -> Self {
        let lines: Vec<Vec<Line>> = sentences.into_iter().map(|line| wrap(line, indent, columns)).collect();
        let least = lines.first().map_or(0, Vec::len);
        Self::lines(rank, u16::try_from(least).unwrap_or(u16::MAX), lines.into_iter().flatten().collect())
    }
}

/// Rows that the panes below get before any part may have more than it must.
const PANES: u16 = 8;
/// Rows that the panes get on a screen where not every part finds room.
const PANES_LEAST: u16 = 5;

/// The parts with their areas, and what is left for the panes.
pub fn plan(scene: &Scene<'_>, area: Rect) -> (Vec<(Rect, Part)>, Rect) {
    let wishes = wishes(scene, area);
    let rows = share(&wishes, area.height);
    let mut rest = area;
    let mut out = vec![];
    for (wish, rows) in wishes.into_iter().zip(rows) {
        if rows > 0 {
            out.push((Rect { height: rows, ..rest }, wish.part));
            rest = Rect { y: rest.y + rows, height: rest.height - rows, ..rest };
        }
    }
    (out, rest)
}

/// The parts from top to bottom.
fn wishes(s: &Scene<'_>, area: Rect) -> Vec<Wish> {
    let (plan, release, theme) = (s.plan, s.release, s.theme);
    let live = s.watched && !release.at.is_terminal();
    // What nobody watches does not grow.
    let moment = if s.watched { s.now } else { s.seen };
    let ground = Ground { theme, now: moment, live };
    let machine = machine::diagram(plan, release, s.watched, s.seen, s.now);
    let high = match (area.height, area.width) {
        (26.., _) => diagram::height(&machine),
        // The times below the states need room for the states' names.
        (_, 110..) => 2,
        _ => 1,
    };
    let narrow = area.width < 100;
    let mut batch = batches::strip(plan, release, live, theme, area.width);
    batch.push(batches::budget(plan, release, live, theme));
    let mut folded = batches::tally(plan, release, live, theme);
    if let Some(left) = progress::all_batches(plan, release, moment).filter(|_| live) {
        folded = folded.and(format!("about {} left", human::clock(left)), Role::Dim);
    }
    batch.insert(batch.len() - 1, folded);
    vec![
        Wish::wrapped(0, 2, says::now(plan, release, theme, s.watched, s.now), area.width),
        Wish { part: Part::Machine(machine), least: 1, most: high, rank: 1 },
        Wish::lines(4, 1, stages::lines(plan, release, ground, area)),
        Wish::lines(2, 1, batch),
        Wish::lines(3, 3, traffic::lines(plan, release, theme, s.now, narrow)),
        Wish::wrapped(5, INDENT, gates::lines(plan, release, theme, s.now, live), area.width),
        Wish::lines(3, 1, alerts::lines(s.alerts, theme, s.now)),
        Wish::wrapped(2, INDENT, vec![says::undo(&s.undo)], area.width),
    ]
}

/// Rows of each: what each must have by rank, then what each can use, one row a turn.
fn share(wishes: &[Wish], height: u16) -> Vec<u16> {
    let mut rows = vec![0u16; wishes.len()];
    let mut order: Vec<usize> = (0..wishes.len()).collect();
    order.sort_by_key(|i| wishes[*i].rank);
    let mut left = height.saturating_sub(PANES_LEAST);
    for &i in &order {
        rows[i] = wishes[i].least.min(left);
        left -= rows[i];
    }
    let mut left = left.saturating_sub(PANES.max(height / 5 * 2) - PANES_LEAST);
    while left > 0 {
        let before = left;
        for &i in &order {
            // A part that found no room for what it must have stays away as a whole.
            if left > 0 && rows[i] >= wishes[i].least && rows[i] < wishes[i].most {
                rows[i] += 1;
                left -= 1;
            }
        }
        if left == before {
            break;
        }
    }
    rows
}
