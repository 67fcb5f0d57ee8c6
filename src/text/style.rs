//! The subset of text style that is kept from a host's output: SGR colours and weights, nothing that moves or hides.

/// A colour as the host asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Color {
    /// One of the sixteen named colours, 0 to 15.
    Ansi(u8),
    /// One of the 256, 16 to 255.
    Indexed(u8),
    Rgb(u8, u8, u8),
}

/// A style. Blinking and concealed text are not among it on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Sgr {
    pub fg: Option<Color>,
    pub bg: Option<Color>,
    pub bold: bool,
    pub dim: bool,
    pub italic: bool,
    pub underline: bool,
    pub reverse: bool,
    pub strike: bool,
}

impl Sgr {
    /// Applies the parameters of one SGR sequence; what is not understood changes nothing.
    pub(super) fn apply(&mut self, params: &vte::Params) {
        if params.is_empty() {
            *self = Self::default();
        }
        let mut it = params.iter();
        while let Some(p) = it.next() {
            match p.first().copied().unwrap_or(0) {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                3 => self.italic = true,
                4 => self.underline = p.get(1) != Some(&0),
                7 => self.reverse = true,
                9 => self.strike = true,
                21 => self.underline = true,
                22 => (self.bold, self.dim) = (false, false),
                23 => self.italic = false,
                24 => self.underline = false,
                27 => self.reverse = false,
                29 => self.strike = false,
                n @ 30..=37 => self.fg = Some(Color::Ansi((n - 30) as u8)),
                n @ 40..=47 => self.bg = Some(Color::Ansi((n - 40) as u8)),
                n @ 90..=97 => self.fg = Some(Color::Ansi((n - 90 + 8) as u8)),
                n @ 100..=107 => self.bg = Some(Color::Ansi((n - 100 + 8) as u8)),
                39 => self.fg = None,
                49 => self.bg = None,
                n @ (38 | 48) => {
                    let color = if p.len() > 1 { colon(&p[1..]) } else { semicolon(&mut it) };
                    match (n, color) {
                        (38, Some(c)) => self.fg = Some(c),
                        (48, Some(c)) => self.bg = Some(c),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }
}

fn byte(n: u16) -> Option<u8> {
    u8::try_from(n).ok()
}

fn indexed(n: u16) -> Option<Color> {
    byte(n).map(|n| if n < 16 { Color::Ansi(n) } else { Color::Indexed(n) })
}

/// `38:5:n`, `38:2:r:g:b` and `38:2:space:r:g:b`.
fn colon(p: &[u16]) -> Option<Color> {
    match p {
        [5, n, ..] => indexed(*n),
        [2, r, g, b] | [2, _, r, g, b, ..] => Some(Color::Rgb(byte(*r)?, byte(*g)?, byte(*b)?)),
        _ => None,
    }
}

/// `38;5;n` and `38;2;r;g;b`: the parameters that follow belong to it.
fn semicolon<'a>(it: &mut impl Iterator<Item = &'a [u16]>) -> Option<Color> {
    let mut next = || it.next().and_then(|p| p.first().copied());
    match next()? {
        5 => indexed(next()?),
        2 => {
            let (r, g, b) = (next()?, next()?, next()?);
            Some(Color::Rgb(byte(r)?, byte(g)?, byte(b)?))
        }
        _ => None,
    }
}

/// A piece of a line with one style.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Span {
    /// Safe text: no control character, nothing invisible.
    pub text: String,
    pub style: Sgr,
}
