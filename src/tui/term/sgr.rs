//! The shortest SGR sequence from one style to the next.

use super::cell::Style;
use super::color::{Ink, Kind};
use ratatui::style::Modifier;

/// On and off codes. Bold and dim share their off code.
const ATTRS: [(Modifier, u8, u8); 6] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::REVERSED, 7, 27),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// Appends what turns `from` into `to`; nothing if they are equal.
pub(super) fn write(out: &mut Vec<u8>, from: Style, to: Style) {
    if from == to {
        return;
    }
    if to == Style::default() {
        out.extend_from_slice(b"\x1b[m");
        return;
    }
    let start = out.len();
    changes(out, from, to);
    let split = out.len();
    // Starting over is sometimes shorter than turning things off one by one.
    let mut fresh = Vec::with_capacity(32);
    changes(&mut fresh, Style::default(), to);
    if fresh.len() + 2 < split - start {
        out.truncate(start);
        out.extend_from_slice(b"\x1b[0;");
        out.extend_from_slice(&fresh[2..]);
    }
}

fn changes(out: &mut Vec<u8>, from: Style, to: Style) {
    out.extend_from_slice(b"\x1b[");
    let start = out.len();
    let gone = from.attr - to.attr;
    let mut have = from.attr;
    let mut off = 0;
    for (attr, _, code) in ATTRS {
        if gone.contains(attr) && off != code {
            param(out, start, code);
            off = code;
        }
    }
    if off == 22 || gone.intersects(Modifier::BOLD | Modifier::DIM) {
        have -= Modifier::BOLD | Modifier::DIM;
    }
    for (attr, code, _) in ATTRS {
        if (to.attr - have).contains(attr) {
            param(out, start, code);
        }
    }
    if from.fg != to.fg {
        color(out, start, to.fg, 30);
    }
    if from.bg != to.bg {
        color(out, start, to.bg, 40);
    }
    out.push(b'm');
}

fn color(out: &mut Vec<u8>, start: usize, ink: Ink, base: u8) {
    match ink.kind() {
        Kind::Default => param(out, start, base + 9),
        Kind::Index(n @ 0..=7) => param(out, start, base + n),
        Kind::Index(n @ 8..=15) => param(out, start, base + 60 + n - 8),
        Kind::Index(n) => [base + 8, 5, n].into_iter().for_each(|p| param(out, start, p)),
        Kind::Rgb(r, g, b) => [base + 8, 2, r, g, b].into_iter().for_each(|p| param(out, start, p)),
    }
}

fn param(out: &mut Vec<u8>, start: usize, n: u8) {
    if out.len() > start {
        out.push(b';');
    }
    number(out, usize::from(n));
}

pub(super) fn number(out: &mut Vec<u8>, n: usize) {
    if n >= 10 {
        number(out, n / 10);
    }
    out.push(b'0' + (n % 10) as u8);
}
