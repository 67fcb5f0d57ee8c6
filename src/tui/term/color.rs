//! Colours brought down to what the terminal has.

use super::caps::Depth;
use ratatui::style::Color;

/// A colour packed for comparison: the terminal's default, one of 256, or 24 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Ink(u32);

pub(super) enum Kind {
    Default,
    Index(u8),
    Rgb(u8, u8, u8),
}

impl Ink {
    pub(super) const NONE: Self = Self(0);

    fn index(n: u8) -> Self {
        Self(1 << 24 | u32::from(n))
    }

    fn rgb(r: u8, g: u8, b: u8) -> Self {
        Self(2 << 24 | u32::from_be_bytes([0, r, g, b]))
    }

    pub(super) fn kind(self) -> Kind {
        let [kind, r, g, b] = self.0.to_be_bytes();
        match kind {
            0 => Kind::Default,
            1 => Kind::Index(b),
            _ => Kind::Rgb(r, g, b),
        }
    }

    /// The nearest that the terminal can show.
    pub(super) fn of(color: Color, depth: Depth) -> Self {
        let full = match color {
            Color::Reset => return Self::default(),
            Color::Rgb(r, g, b) => Self::rgb(r, g, b),
            Color::Indexed(n) => Self::index(n),
            Color::Black => Self::index(0),
            Color::Red => Self::index(1),
            Color::Green => Self::index(2),
            Color::Yellow => Self::index(3),
            Color::Blue => Self::index(4),
            Color::Magenta => Self::index(5),
            Color::Cyan => Self::index(6),
            Color::Gray => Self::index(7),
            Color::DarkGray => Self::index(8),
            Color::LightRed => Self::index(9),
            Color::LightGreen => Self::index(10),
            Color::LightYellow => Self::index(11),
            Color::LightBlue => Self::index(12),
            Color::LightMagenta => Self::index(13),
            Color::LightCyan => Self::index(14),
            Color::White => Self::index(15),
        };
        match (depth, full.kind()) {
            (Depth::None, _) => Self::default(),
            (Depth::Indexed, Kind::Rgb(r, g, b)) => Self::index(to_256(r, g, b)),
            (Depth::Ansi16, Kind::Rgb(r, g, b)) => Self::index(to_16(r, g, b)),
            (Depth::Ansi16, Kind::Index(n @ 16..)) => {
                let (r, g, b) = of_256(n);
                Self::index(to_16(r, g, b))
            }
            _ => full,
        }
    }
}

const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
/// Usual values of the sixteen: xterm's.
const NAMED: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let d = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    2 * d(a.0, b.0) + 4 * d(a.1, b.1) + 3 * d(a.2, b.2)
}

fn step(v: u8) -> u8 {
    (0..6).min_by_key(|i| STEPS[usize::from(*i)].abs_diff(v)).unwrap_or(0)
}

/// Nearest of the colour cube and the grey ramp; the first sixteen differ from terminal to terminal.
fn to_256(r: u8, g: u8, b: u8) -> u8 {
    let cube = 16 + 36 * step(r) + 6 * step(g) + step(b);
    let level = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let grey = 232 + (level.saturating_sub(3) / 10).min(23) as u8;
    if distance(of_256(grey), (r, g, b)) < distance(of_256(cube), (r, g, b)) { grey } else { cube }
}

fn of_256(n: u8) -> (u8, u8, u8) {
    match n {
        0..=15 => NAMED[usize::from(n)],
        16..=231 => {
            let n = n - 16;
            let at = |i: u8| STEPS[usize::from(i % 6)];
            (at(n / 36), at(n / 6), at(n))
        }
        232.. => {
            let v = 8 + (n - 232) * 10;
            (v, v, v)
        }
    }
}

fn to_16(r: u8, g: u8, b: u8) -> u8 {
    (0..16).min_by_key(|i| distance(NAMED[usize::from(*i)], (r, g, b))).unwrap_or(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_colours() {
        assert_eq!(to_256(255, 0, 0), 196);
        assert_eq!(to_256(128, 128, 128), 244);
        assert_eq!(to_16(250, 10, 10), 9);
        assert_eq!(to_16(0, 0, 0), 0);
        assert_eq!(Ink::of(Color::Rgb(1, 2, 3), Depth::None), Ink::default());
        assert_eq!(Ink::of(Color::Indexed(196), Depth::Ansi16), Ink::index(9));
        assert_eq!(Ink::of(Color::LightRed, Depth::Ansi16), Ink::index(9));
    }
}
