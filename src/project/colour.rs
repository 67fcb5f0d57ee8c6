//! Colours as an operator writes them in `opsdeck.yaml`: a name or `#rrggbb`.

use std::str::FromStr;

/// Names and what they look like; a terminal with few colours takes the nearest of its own.
pub const NAMES: [(&str, [u8; 3]); 13] = [
    ("red", [0xcc, 0x24, 0x1d]),
    ("orange", [0xd6, 0x5d, 0x0e]),
    ("yellow", [0xd7, 0x99, 0x21]),
    ("green", [0x3c, 0x8a, 0x2e]),
    ("cyan", [0x1f, 0x8a, 0x8a]),
    ("blue", [0x2a, 0x6f, 0xbb]),
    ("purple", [0x7d, 0x3c, 0x98]),
    ("magenta", [0xb1, 0x3a, 0x8d]),
    ("pink", [0xe0, 0x6c, 0x9f]),
    ("grey", [0x80, 0x80, 0x80]),
    ("gray", [0x80, 0x80, 0x80]),
    ("white", [0xe4, 0xe4, 0xe4]),
    ("black", [0x1c, 0x1c, 0x1c]),
];

/// A colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

impl FromStr for Colour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.trim().to_lowercase();
        if let Some((_, [r, g, b])) = NAMES.iter().find(|(name, _)| *name == lower) {
            return Ok(Self(*r, *g, *b));
        }
        let digits = lower.strip_prefix('#').filter(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|hex| u32::from_str_radix(hex, 16).ok()) {
            Some(rgb) => {
                let [_, r, g, b] = rgb.to_be_bytes();
                Ok(Self(r, g, b))
            }
            None => Err(expected()),
        }
    }
}

/// What is expected of a colour, in words.
pub fn expected() -> String {
    format!("#rrggbb or one of {}", NAMES.map(|(name, _)| name).join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_hex_are_colours_and_nothing_else_is() {
        assert_eq!("#12aBff".parse(), Ok(Colour(0x12, 0xab, 0xff)));
        assert_eq!(" Red ".parse(), Ok(Colour(0xcc, 0x24, 0x1d)));
        for text in ["", "#fff", "#12345g", "#1234567", "rot", "#äöü", "12ab34"] {
            assert!(text.parse::<Colour>().unwrap_err().starts_with("#rrggbb or one of red"), "{text}");
        }
    }
}
