//! The host-by-task matrix: a row a task, a column a host, of which only the visible window is ever touched, so that
//! 1,000 tasks by 10,000 hosts cost what a screenful costs.

use super::order::{Order, task_failed};
use super::paint::{put, put_right, row_style, width};
use super::sign;
use crate::run::RunState;
use crate::run::state::{CellStatus, TaskState};
use crate::text::human::{clock as span, count};
use crate::tui::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::ops::Range;

/// Where the cursor stands, as places in the [`Order`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    pub task: usize,
    /// Column.
    pub host: usize,
}

/// What surrounds a run when it is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    pub theme: &'a Theme,
    /// What time it is (Unix milliseconds): running tasks grow by it.
    pub now: i64,
    /// This pane has the keys.
    pub focus: bool,
    /// The run is known to live: only then is a task running. Else nobody knows.
    pub live: bool,
}

impl Frame<'_> {
    /// What may be said of a cell, given whether the run is known to live.
    pub fn known(&self, status: CellStatus) -> CellStatus {
        if status == CellStatus::Running && !self.live { CellStatus::Unknown } else { status }
    }
}

/// The window of `room` places around `at` in a list of `len`: the cursor in the middle, except at the ends.
pub fn window(at: usize, room: usize, len: usize) -> Range<usize> {
    let start = at.saturating_sub(room / 2).min(len.saturating_sub(room));
    start..len.min(start + room)
}

/// What of the matrix is on the screen, and where: for titles and for the mouse.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// Places in [`Order::tasks`].
    pub tasks: Range<usize>,
    /// Places in [`Order::hosts`].
    pub hosts: Range<usize>,
    /// The cells: a row a task.
    pub cells: Rect,
    /// Columns of the screen that a host takes.
    pub step: u16,
}

impl Shown {
    /// The cell at a place of the screen.
    pub fn at(&self, x: u16, y: u16) -> Option<Cursor> {
        let inside = self.cells.contains(ratatui::layout::Position::new(x, y));
        let task = self.tasks.start + usize::from(y.checked_sub(self.cells.y)?);
        let host = self.hosts.start + usize::from(x.checked_sub(self.cells.x)? / self.step.max(1));
        (inside && self.tasks.contains(&task) && self.hosts.contains(&host)).then_some(Cursor { task, host })
    }
}

struct Columns {
    name: u16,
    cells_x: u16,
    /// Columns a host takes: 2, or 1 when there are many.
    step: u16,
    hosts: Range<usize>,
    counts: bool,
    time: bool,
    /// The column behind the table.
    right: u16,
}

const COUNT_W: u16 = 9;
const TIME_W: u16 = 9;

fn columns(run: &RunState, order: &Order, cursor: Cursor, area: Rect, rows: &Range<usize>) -> Columns {
    let time = area.width >= 40;
    let counts = area.width >= 64;
    let right = if counts { 2 * COUNT_W } else { 0 } + if time { TIME_W } else { 0 };
    let room = area.width.saturating_sub(right);
    let longest = order.tasks[rows.clone()]
        .iter()
        .filter_map(|&t| run.tasks.get(t as usize))
        .map(|t| width(&t.name).saturating_add(if t.handler { 12 } else { 3 }))
        .max()
        .unwrap_or(8);
    let len = order.hosts.len();
    // Names get what the cells leave, but never less than two fifths of the row nor more than they need.
    let cells_want = u16::try_from(len).unwrap_or(u16::MAX).saturating_mul(2).saturating_add(1);
    let name = longest.max(8).min(room.saturating_sub(cells_want).max(room / 5 * 2));
    let space = room.saturating_sub(name + 1);
    let step = if usize::from(space) >= len * 2 { 2 } else { 1 };
    let fit = usize::from(space / step.max(1));
    // Counts stand beside the cells, not at the far edge of a wide screen.
    let used = (name + 1).saturating_add(cells_want).saturating_add(right + 12);
    let right = area.x + used.min(area.width);
    Columns { name, cells_x: area.x + name + 1, step, hosts: window(cursor.host, fit, len), counts, time, right }
}

/// Draws the matrix. The first row is the header: the cursor's host by name above its column.
pub fn draw(run: &RunState, order: &Order, cursor: Cursor, frame: Frame<'_>, area: Rect, buf: &mut Buffer) -> Shown {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return Shown::default();
    }
    let theme = frame.theme;
    if order.tasks.is_empty() {
        let text =
            if run.tasks.is_empty() { "No task began." } else { "No task failed: nothing to show with this filter." };
        put(buf, theme, area.x, area.y, area.width, text, theme.style(Role::Dim));
        return Shown::default();
    }
    let body = usize::from(area.height.saturating_sub(1));
    let rows = window(cursor.task, body, order.tasks.len());
    let cols = columns(run, order, cursor, area, &rows);
    let area = Rect { width: cols.right - area.x, ..area };
    header(run, order, cursor, theme, &cols, &rows, area, buf);
    for (row, y) in rows.clone().zip(area.y + 1..area.bottom()) {
        let Some(task) = run.tasks.get(order.tasks[row] as usize) else { continue };
        task_row(run, task, order, &cols, frame, Rect { y, height: 1, ..area }, buf);
        if row == cursor.task {
            row_style(buf, Rect { width: cols.name.min(area.width), ..area }, y, theme.style(Role::Strong));
            if cols.hosts.contains(&cursor.host) {
                let x = cols.cells_x + u16::try_from(cursor.host - cols.hosts.start).unwrap_or(0) * cols.step;
                let role = if frame.focus { Role::Cursor } else { Role::Strong };
                row_style(buf, Rect { x, y, width: 1, height: 1 }, y, theme.style(role));
            }
            if frame.focus {
                row_style(buf, Rect { width: cols.name.min(area.width), ..area }, y, theme.style(Role::Cursor));
            }
        }
    }
    let wide = u16::try_from(cols.hosts.len()).unwrap_or(u16::MAX).saturating_mul(cols.step);
    let cells = Rect { x: cols.cells_x, y: area.y + 1, width: wide, height: area.height - 1 }.intersection(area);
    Shown { tasks: rows, hosts: cols.hosts, cells, step: cols.step }
}

#[expect(clippy::too_many_arguments, reason = "one row of one table; a struct would only rename them")]
fn header(
    run: &RunState,
    order: &Order,
    cursor: Cursor,
    theme: &Theme,
    cols: &Columns,
    rows: &Range<usize>,
    area: Rect,
    buf: &mut Buffer,
) {
    let (dim, title) = (theme.style(Role::Dim), theme.style(Role::Title));
    let whole = rows.len() == order.tasks.len();
    let tasks = if whole {
        format!("TASK {}", count(order.tasks.len() as u64))
    } else {
        format!("TASK {}-{} of {}", rows.start + 1, rows.end, count(order.tasks.len() as u64))
    };
    put(buf, theme, area.x, area.y, cols.name, &tasks, title);
    let mut right = area.right();
    if cols.time {
        put_right(buf, theme, right, area.y, TIME_W, "time", title);
        right = right.saturating_sub(TIME_W);
    }
    if cols.counts {
        put_right(buf, theme, right, area.y, COUNT_W, "failed", title);
        put_right(buf, theme, right.saturating_sub(COUNT_W), area.y, COUNT_W, "changed", title);
        right = right.saturating_sub(2 * COUNT_W);
    }
    let Some((name, _)) = order.hosts.get(cursor.host).and_then(|&h| run.hosts.get_index(h as usize)) else {
        put(buf, theme, cols.cells_x, area.y, right.saturating_sub(cols.cells_x), "no host", dim);
        return;
    };
    let room = right.saturating_sub(cols.cells_x);
    let arrow = if theme.ascii { "v" } else { "▾" };
    let label = format!("{arrow}{name}");
    // The arrow stands above the cursor's column; the name to its right, or to its left where there is no room.
    let offset = u16::try_from(cursor.host.saturating_sub(cols.hosts.start)).unwrap_or(0).saturating_mul(cols.step);
    if offset.saturating_add(width(&label)) <= room {
        put(buf, theme, cols.cells_x + offset, area.y, room - offset, &label, title);
    } else {
        let label = format!("{name} {arrow}");
        let end = cols.cells_x + (offset + 1).max(width(&label)).min(room);
        put_right(buf, theme, end, area.y, room, &label, title);
    }
}

fn task_row(
    run: &RunState,
    task: &TaskState,
    order: &Order,
    cols: &Columns,
    frame: Frame<'_>,
    row: Rect,
    buf: &mut Buffer,
) {
    let theme = frame.theme;
    let s = task_sign(run, task, frame);
    let x = put(buf, theme, row.x, row.y, cols.name, s.glyph(theme), theme.style(s.role));
    let name = if task.handler { format!(" handler: {}", task.name) } else { format!(" {}", task.name) };
    let role = if task.is_silent() { Role::Dim } else { Role::Text };
    put(buf, theme, x, row.y, cols.name.saturating_sub(1), &name, theme.style(role));
    for (i, &h) in order.hosts[cols.hosts.clone()].iter().enumerate() {
        let x = cols.cells_x + u16::try_from(i).unwrap_or(u16::MAX).saturating_mul(cols.step);
        if x >= row.right() {
            break;
        }
        let s = sign::cell(frame.known(task.cell(h as usize).status));
        buf[(x, row.y)].set_symbol(s.glyph(theme)).set_style(theme.style(s.role));
    }
    let mut right = row.right();
    if cols.time {
        let end = match frame.live {
            true => task.ended_at.filter(|_| task.counts.running == 0).unwrap_or(frame.now),
            false => task.ended_at.unwrap_or(run.updated_at),
        };
        put_right(buf, theme, right, row.y, TIME_W, &span(end - task.started_at), theme.style(Role::Dim));
        right = right.saturating_sub(TIME_W);
    }
    if cols.counts {
        let bad = task.counts.failed + task.counts.unreachable;
        for (n, role, at) in
            [(bad, Role::Failed, right), (task.counts.changed, Role::Changed, right.saturating_sub(COUNT_W))]
        {
            let role = if n > 0 { role } else { Role::Dim };
            put_right(buf, theme, at, row.y, COUNT_W, &count(n.into()), theme.style(role));
        }
    }
}

/// What stands for a whole task: its worst.
fn task_sign(run: &RunState, task: &TaskState, frame: Frame<'_>) -> sign::Sign {
    let c = task.counts;
    let status = if task_failed(task) {
        if c.failed > 0 { CellStatus::Failed } else { CellStatus::Unreachable }
    } else if unfinished(run, task) {
        CellStatus::Unknown
    } else if c.running > 0 {
        frame.known(CellStatus::Running)
    } else if c.ignored > 0 {
        CellStatus::Ignored
    } else if c.changed > 0 {
        CellStatus::Changed
    } else if c.ok > 0 {
        CellStatus::Ok
    } else if c.skipped > 0 {
        CellStatus::Skipped
    } else {
        CellStatus::None
    };
    sign::cell(status)
}

/// True if the run ended while hosts worked on this task. Only a run without a recap can have such: only there are
/// cells looked at, and only of rows in sight.
pub fn unfinished(run: &RunState, task: &TaskState) -> bool {
    run.state.is_terminal() && !run.recap && (0..run.hosts.len()).any(|h| task.cell(h).status == CellStatus::Unknown)
}
