//! How many colours the terminal has, and a theme in no more than those.

use super::{Role, Theme};
use ratatui::style::{Color, Style};

/// Colours that a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None, or none wanted (NO_COLOR).
    None,
    /// Sixteen.
    Sixteen,
    /// 256.
    Indexed,
    /// 24 bits.
    True,
}

impl Depth {
    /// Read from `NO_COLOR`, `COLORTERM` and `TERM`. NO_COLOR counts where it is set and not empty (no-color.org).
    pub fn detect(var: impl Fn(&str) -> Option<String>) -> Self {
        let term = var("TERM").unwrap_or_default();
        let colorterm = var("COLORTERM").unwrap_or_default();
        if var("NO_COLOR").is_some_and(|v| !v.is_empty()) || term == "dumb" || term.starts_with("vt1") {
            Depth::None
        } else if colorterm == "truecolor" || colorterm == "24bit" || term.ends_with("-direct") {
            Depth::True
        } else if term.contains("256") || term.contains("kitty") || term.contains("alacritty") {
            Depth::Indexed
        } else {
            Depth::Sixteen
        }
    }
}

impl Theme {
    /// The theme in no more colours than `depth`; [`Depth::None`] is not for this: it has a theme of its own.
    pub fn downgrade(mut self, depth: Depth) -> Self {
        for role in Role::ALL {
            if let Some(style) = self.styles.get_mut(&role) {
                *style =
                    Style { fg: style.fg.map(|c| limit(c, depth)), bg: style.bg.map(|c| limit(c, depth)), ..*style };
            }
        }
        self.depth = depth;
        self
    }
}

/// A colour in no more colours than `depth`.
pub fn limit(colour: Color, depth: Depth) -> Color {
    match (colour, depth) {
        (_, Depth::None) => Color::Reset,
        (Color::Rgb(r, g, b), Depth::Indexed) => Color::Indexed(nearest_of_256(r, g, b)),
        (Color::Rgb(r, g, b), Depth::Sixteen) => nearest_of_16(r, g, b),
        (Color::Indexed(n), Depth::Sixteen) if n >= 16 => {
            let (r, g, b) = rgb_of(n);
            nearest_of_16(r, g, b)
        }
        _ => colour,
    }
}

/// The six levels of the colour cube of 256-colour terminals.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn rgb_of(n: u8) -> (u8, u8, u8) {
    match n {
        232..=255 => (8 + 10 * (n - 232), 8 + 10 * (n - 232), 8 + 10 * (n - 232)),
        16..=231 => {
            let level = |i: u8| LEVELS[usize::from(i % 6)];
            (level((n - 16) / 36), level((n - 16) / 6), level(n - 16))
        }
        _ => (0, 0, 0),
    }
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    // The eye weighs green most and blue least.
    3 * square(a.0, b.0) + 6 * square(a.1, b.1) + square(a.2, b.2)
}

fn nearest_of_256(r: u8, g: u8, b: u8) -> u8 {
    (16..=255).min_by_key(|n| distance(rgb_of(*n), (r, g, b))).unwrap_or(16)
}

const SIXTEEN: [(Color, (u8, u8, u8)); 16] = [
    (Color::Black, (0, 0, 0)),
    (Color::Red, (170, 0, 0)),
    (Color::Green, (0, 170, 0)),
    (Color::Yellow, (170, 140, 0)),
    (Color::Blue, (0, 0, 170)),
    (Color::Magenta, (170, 0, 170)),
    (Color::Cyan, (0, 170, 170)),
    (Color::Gray, (190, 190, 190)),
    (Color::DarkGray, (100, 100, 100)),
    (Color::LightRed, (255, 90, 90)),
    (Color::LightGreen, (90, 255, 90)),
    (Color::LightYellow, (255, 230, 90)),
    (Color::LightBlue, (100, 140, 255)),
    (Color::LightMagenta, (255, 100, 255)),
    (Color::LightCyan, (90, 255, 255)),
    (Color::White, (255, 255, 255)),
];

fn nearest_of_16(r: u8, g: u8, b: u8) -> Color {
    SIXTEEN.iter().min_by_key(|(_, rgb)| distance(*rgb, (r, g, b))).map_or(Color::Reset, |(colour, _)| *colour)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(vars: &[(&str, &str)]) -> Depth {
        Depth::detect(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_environment_says_how_many_colours() {
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
        assert_eq!(depth(&[("TERM", "screen-256color")]), Depth::Indexed);
        assert_eq!(depth(&[("TERM", "linux")]), Depth::Sixteen);
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]), Depth::None);
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("NO_COLOR", "")]), Depth::Indexed);
    }

    #[test]
    fn colours_become_their_nearest() {
        assert_eq!(limit(Color::Rgb(255, 0, 0), Depth::Indexed), Color::Indexed(196));
        assert_eq!(limit(Color::Rgb(179, 38, 30), Depth::Sixteen), Color::Red);
        assert_eq!(limit(Color::Indexed(46), Depth::Sixteen), Color::LightGreen);
        assert_eq!(limit(Color::Rgb(1, 2, 3), Depth::True), Color::Rgb(1, 2, 3));
    }
}
