//! A safe line as bytes for a terminal or a file: its colours or none, ASCII where the terminal knows no more.

use crate::text::{self, Color, Line, Sgr};

/// A safe line for a terminal or a file.
pub fn shown(line: &Line, colour: bool, ascii: bool) -> String {
    let mut out = String::new();
    for span in &line.spans {
        let styled = colour && span.style != Sgr::default();
        if styled {
            out.push_str(&sgr(span.style));
        }
        if ascii && !span.text.is_ascii() {
            for (g, w) in text::graphemes(&span.text) {
                if g.is_ascii() { out.push_str(g) } else { out.extend(std::iter::repeat_n('?', w)) }
            }
        } else {
            out.push_str(&span.text);
        }
        if styled {
            out.push_str("\x1b[0m");
        }
    }
    out
}

fn sgr(style: Sgr) -> String {
    let mut codes: Vec<String> = [
        (style.bold, 1),
        (style.dim, 2),
        (style.italic, 3),
        (style.underline, 4),
        (style.reverse, 7),
        (style.strike, 9),
    ]
    .into_iter()
    .filter(|(on, _)| *on)
    .map(|(_, n)| n.to_string())
    .collect();
    for (color, base) in [(style.fg, 30), (style.bg, 40)] {
        codes.extend(color.map(|c| match c {
            Color::Ansi(n @ 0..=7) => (base + n).to_string(),
            Color::Ansi(n) => (base + 52 + n).to_string(),
            Color::Indexed(n) => format!("{};5;{n}", base + 8),
            Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
        }));
    }
    format!("\x1b[{}m", codes.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_stay_and_nothing_else() {
        let line = text::line(b"\x1b[1;91mred\x1b[0m \x1b[2J\xe6\xbc\xa2", false);
        assert_eq!(shown(&line, true, false), "\x1b[1;91mred\x1b[0m \x1b[7m␛\x1b[0m漢");
        assert_eq!(shown(&line, false, false), "red ␛漢");
        let line = text::line("\x1b[38;5;200m漢\x1b[2J".as_bytes(), true);
        assert_eq!(shown(&line, false, true), "??^[");
        assert!(shown(&line, true, true).starts_with("\x1b[38;5;200m??"));
    }
}
