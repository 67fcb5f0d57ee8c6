//! What the hosts of a run said, folded: a head for each group of hosts, their lines below it, marked where they differ
//! from what most hosts said. Read in the background; what is in sight stays until newer ones come.

use super::Effect;
use super::Run;
use crate::run::outputs::{End, Group, Mark, last_cell};
use crate::text::human::count;
use crate::text::human::of;
use crate::tui::effect;
pub use crate::tui::model::run::Groups;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::paint::put;
use crate::tui::widgets::sign::{self, Sign};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Lines of a group that are shown; the whole is in its hosts' results.
const LINES: usize = 40;
const NAMES: usize = 40;

/// Asks for them, where they are in sight and the run has gone on.
pub fn ask(run: &mut Run) -> Vec<effect::Effect> {
    let Some((state, id)) = run.opened.as_ref().map(|o| &*o.state).zip(run.id) else { return vec![] };
    if !run.by_group || run.groups.busy || run.groups.asked == state.seq {
        return vec![];
    }
    let host = |(index, name): (usize, &String)| Some((name.clone(), last_cell(state, index)?));
    let cells = state.hosts.keys().enumerate().filter_map(host).collect();
    (run.groups.busy, run.groups.asked) = (true, state.seq);
    vec![effect::Effect::Run(Effect::Groups { id, cells })]
}

/// They came; what has happened meanwhile is asked for at once.
pub fn arrived(run: &mut Run, list: Vec<Group>) -> Vec<effect::Effect> {
    (run.groups.list, run.groups.busy) = (list, false);
    ask(run)
}

impl Groups {
    pub fn title(&self) -> String {
        match self.list.len() {
            0 => "outputs".to_owned(),
            n => format!("outputs: {}", of(n as u64, "group")),
        }
    }

    /// How many rows they have.
    pub fn rows(&self) -> usize {
        self.list.iter().map(|g| 1 + g.lines.len().min(LINES) + usize::from(g.lines.len() > LINES)).sum()
    }

    /// Draws the rows that are in sight.
    pub fn draw(&self, theme: &Theme, area: Rect, buf: &mut Buffer) {
        if self.list.is_empty() {
            put(buf, theme, area.x, area.y, area.width, "no host has said anything yet", theme.style(Role::Dim));
            return;
        }
        let compares = self.list.iter().any(|g| g.majority);
        let rows = self.list.iter().flat_map(|group| {
            let lines = group.lines.iter().take(LINES).map(move |line| {
                let (mark, role) = match line.mark {
                    Mark::Added => ("+ ", Role::DiffAdded),
                    Mark::Missing => ("- ", Role::DiffRemoved),
                    Mark::Same => ("  ", Role::Text),
                };
                let mark = if compares && !group.majority { mark } else { "  " };
                (format!("{mark}{}", line.text), role)
            });
            let more = group.lines.len().saturating_sub(LINES);
            let rest = (more > 0).then(|| (format!("  {} more lines", count(more as u64)), Role::Dim));
            std::iter::once((head(group, theme), sign_of(&group.end).role)).chain(lines).chain(rest)
        });
        for ((text, role), y) in rows.skip(self.top).zip(area.y..area.bottom()) {
            put(buf, theme, area.x, y, area.width, &text, theme.style(role));
        }
    }
}

fn sign_of(end: &End) -> Sign {
    use crate::run::state::CellStatus;
    match end {
        End::Code(0) => sign::OK,
        End::Code(_) | End::Failed => sign::FAILED,
        End::Running => sign::RUNNING,
        End::Unknown => sign::cell(CellStatus::Unknown),
        End::Unreachable => sign::cell(CellStatus::Unreachable),
    }
}

fn head(group: &Group, theme: &Theme) -> String {
    let code = match group.end {
        End::Code(code) if code != 0 => format!(" with {code}"),
        _ => String::new(),
    };
    let names = group.hosts.iter().take(NAMES).map(String::as_str).collect::<Vec<_>>().join(" ");
    let sign = sign_of(&group.end);
    let hosts = of(group.hosts.len() as u64, "host");
    crate::text::plain(&format!("{} {hosts} {}{code}  {names}", sign.glyph(theme), sign.word)).into_owned()
}
