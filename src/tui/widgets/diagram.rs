//! A state machine drawn as a diagram: the way through it from left to right with the current state lit in a box, the
//! time in each state below its name, and the ways out of it under the line. Generic: a run, a release or a breaker
//! describes itself as a [`Diagram`]; nothing here knows their states.

use super::paint::{put, width};
use super::sign::Sign;
use crate::tui::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Diagram {
    /// The way through, in order.
    pub path: Vec<Node>,
    /// The ways out of it, other than its last node.
    pub exits: Vec<Node>,
    /// More about the current state, one line each (`waits for: 8 hosts, 3 left`). Shown where there is room.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its sign: glyph, word and colour.
    pub sign: Sign,
    /// What stands beside the word (`2/5`); empty for nothing.
    pub detail: String,
    /// What stands below it: the time in it (`0:48`, `1:12 of ~1:30`), who did it.
    pub below: String,
    /// Where it stands on the way.
    pub place: Place,
    /// The way back to the node before it is open too (`⇄`).
    pub both_ways: bool,
}

/// Where a state stands on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Past,
    /// It is the current one.
    Now,
    Ahead,
    /// It can no longer come, or was left out.
    Missed,
}

impl Node {
    /// A state at a place, with nothing beside or below it.
    pub fn new(sign: Sign, place: Place) -> Self {
        Self { sign, detail: String::new(), below: String::new(), place, both_ways: false }
    }

    fn label(&self) -> String {
        let word = if self.place == Place::Now { self.sign.word.to_uppercase() } else { self.sign.word.to_lowercase() };
        if self.detail.is_empty() { word } else { format!("{word} {}", self.detail) }
    }

    fn style(&self, theme: &Theme) -> Style {
        match self.place {
            Place::Past => theme.style(Role::Text),
            Place::Now => theme.style(self.sign.role).add_modifier(Modifier::BOLD),
            Place::Ahead | Place::Missed => theme.style(Role::Dim),
        }
    }

    /// A state that was not reached keeps an empty glyph, whatever its own is: only what happened is lit.
    fn glyph(&self, theme: &Theme) -> &'static str {
        match self.place {
            Place::Past => super::sign::OK.glyph(theme),
            Place::Now => self.sign.glyph(theme),
            Place::Ahead => super::sign::WAITING.glyph(theme),
            Place::Missed => {
                if theme.ascii {
                    " "
                } else {
                    "·"
                }
            }
        }
    }

    fn glyph_style(&self, theme: &Theme) -> Style {
        match self.place {
            Place::Past => theme.style(Role::Ok),
            _ => self.style(theme),
        }
    }
}

/// How much of the way is drawn: the most that fits is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    All,
    /// Without states that can no longer come.
    NoMissed,
    /// Past states as glyphs only.
    ShortPast,
    /// Past and future as glyphs only.
    Short,
    NowOnly,
}

/// Rows that the whole diagram takes; with less it leaves out the exits, then the box, then the times.
pub fn height(d: &Diagram) -> u16 {
    let open = !d.exits.iter().any(|n| n.place == Place::Now);
    4 + u16::from(open && !d.exits.is_empty())
}

/// Once a way out was taken it is the end of the way: what was missed is no longer drawn.
fn settled(d: &Diagram) -> std::borrow::Cow<'_, Diagram> {
    let Some(taken) = d.exits.iter().find(|n| n.place == Place::Now) else { return std::borrow::Cow::Borrowed(d) };
    let path = d.path.iter().filter(|n| n.place == Place::Past).chain([taken]).cloned().collect();
    std::borrow::Cow::Owned(Diagram { path, exits: vec![], notes: d.notes.clone() })
}

/// Draws the diagram into `area`, as much of it as fits.
pub fn draw(d: &Diagram, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let d = &settled(d);
    let boxed = area.height >= 4;
    let fit = [Fit::All, Fit::NoMissed, Fit::ShortPast, Fit::Short]
        .into_iter()
        .find(|&f| total(d, f, boxed, theme) <= area.width)
        .unwrap_or(Fit::NowOnly);
    let y = area.top() + u16::from(boxed);
    let mut x = area.left();
    let mut first = true;
    let mut now_at = None;
    for node in d.path.iter().filter(|n| keep(n, fit)) {
        let room = area.right().saturating_sub(x);
        if !first {
            x = put(buf, theme, x, y, room, link(node, theme), theme.style(Role::Border));
        }
        first = false;
        let room = area.right().saturating_sub(x);
        if node.place == Place::Now && boxed {
            now_at = Some(x);
            x = draw_box(node, theme, Rect { x, y: y - 1, width: room, height: 4 }, buf);
        } else {
            if node.place == Place::Now {
                now_at = Some(x);
            }
            x = draw_flat(node, fit, theme, Rect { x, y, width: room, height: area.bottom() - y }, buf);
        }
    }
    draw_exits(d, theme, area, boxed, now_at, buf);
}

fn keep(n: &Node, fit: Fit) -> bool {
    match fit {
        Fit::All => true,
        Fit::NoMissed | Fit::ShortPast | Fit::Short => n.place != Place::Missed,
        Fit::NowOnly => n.place == Place::Now,
    }
}

fn short(n: &Node, fit: Fit) -> bool {
    match n.place {
        Place::Past => matches!(fit, Fit::ShortPast | Fit::Short),
        Place::Ahead | Place::Missed => fit == Fit::Short,
        Place::Now => false,
    }
}

fn link(n: &Node, theme: &Theme) -> &'static str {
    match (n.both_ways, theme.ascii) {
        (true, false) => " ⇄ ",
        (true, true) => " <> ",
        (false, false) => " ─ ",
        (false, true) => " - ",
    }
}

fn node_width(n: &Node, fit: Fit, boxed: bool) -> u16 {
    if short(n, fit) {
        return 1;
    }
    let frame = if n.place == Place::Now { 4 } else { 0 };
    let text = 2 + width(&n.label());
    let below = if boxed || n.place != Place::Now { width(&n.below) } else { 0 };
    // Without a box the time of the current state stands beside its name.
    let beside = if !boxed && n.place == Place::Now && !n.below.is_empty() { 1 + width(&n.below) } else { 0 };
    (text + beside).max(below) + frame
}

fn total(d: &Diagram, fit: Fit, boxed: bool, theme: &Theme) -> u16 {
    let kept: Vec<&Node> = d.path.iter().filter(|n| keep(n, fit)).collect();
    let links: u16 = kept.iter().skip(1).map(|n| width(link(n, theme))).sum();
    kept.iter().map(|n| node_width(n, fit, boxed)).sum::<u16>().saturating_add(links)
}

fn draw_flat(n: &Node, fit: Fit, theme: &Theme, area: Rect, buf: &mut Buffer) -> u16 {
    let style = n.style(theme);
    if short(n, fit) {
        return put(buf, theme, area.x, area.y, area.width, n.glyph(theme), n.glyph_style(theme));
    }
    let lit = n.place == Place::Now;
    let mut x = area.x;
    if lit {
        x = put(buf, theme, x, area.y, area.width, "[ ", style);
    }
    x = put(buf, theme, x, area.y, area.right().saturating_sub(x), n.glyph(theme), n.glyph_style(theme));
    let text =
        if lit && !n.below.is_empty() { format!(" {} {}", n.label(), n.below) } else { format!(" {}", n.label()) };
    x = put(buf, theme, x, area.y, area.right().saturating_sub(x), &text, style);
    if lit {
        x = put(buf, theme, x, area.y, area.right().saturating_sub(x), " ]", style);
    } else if area.height > 1 && !n.below.is_empty() {
        let end = put(buf, theme, area.x, area.y + 1, area.width, &n.below, theme.style(Role::Dim));
        x = x.max(end);
    }
    x
}

fn draw_box(n: &Node, theme: &Theme, area: Rect, buf: &mut Buffer) -> u16 {
    let w = node_width(n, Fit::All, true).min(area.width);
    let style = n.style(theme);
    let (tl, tr, bl, br, h, v) =
        if theme.ascii { ("+", "+", "+", "+", "-", "|") } else { ("┏", "┓", "┗", "┛", "━", "┃") };
    let rule = h.repeat(usize::from(w.saturating_sub(2)));
    put(buf, theme, area.x, area.y, w, &format!("{tl}{rule}{tr}"), style);
    put(buf, theme, area.x, area.y + 3, w, &format!("{bl}{rule}{br}"), style);
    let right = area.x + w.saturating_sub(1);
    for row in 1..=2 {
        put(buf, theme, area.x, area.y + row, w, v, style);
        put(buf, theme, right, area.y + row, 1, v, style);
    }
    let inner = w.saturating_sub(4);
    let text = format!("{} {}", n.glyph(theme), n.label());
    put(buf, theme, area.x + 2, area.y + 1, inner, &text, style);
    put(buf, theme, area.x + 2, area.y + 2, inner, &n.below, theme.style(Role::Text));
    area.x + w
}

/// The ways out, under the line, where there is a row for them; then the notes.
fn draw_exits(d: &Diagram, theme: &Theme, area: Rect, boxed: bool, now_at: Option<u16>, buf: &mut Buffer) {
    let mut row = area.top() + if boxed { 4 } else { 2 };
    if row < area.bottom() && !d.exits.is_empty() {
        let branch = if theme.ascii { "`-" } else { "╰─" };
        let wanted: u16 = d.exits.iter().map(|n| node_width(n, Fit::All, false) + 4).sum();
        let mut x = now_at.unwrap_or(area.left()).min(area.right().saturating_sub(wanted)).max(area.left());
        for n in &d.exits {
            let room = area.right().saturating_sub(x);
            if room < node_width(n, Fit::All, false) + 2 {
                break;
            }
            x = put(buf, theme, x, row, room, branch, theme.style(Role::Border));
            x = draw_flat(n, Fit::All, theme, Rect { x, y: row, width: area.right() - x, height: 1 }, buf) + 2;
        }
        row += 1;
    }
    for (note, y) in d.notes.iter().zip(row..area.bottom()) {
        put(buf, theme, area.left(), y, area.width, note, theme.style(Role::Dim));
    }
}
