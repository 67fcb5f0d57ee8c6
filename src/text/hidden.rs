//! Which characters may reach a terminal at all. Nothing here knows of escape sequences.

/// What becomes of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Yes,
    /// A mark that joins the character before it; capped by the caller.
    Mark,
    /// Takes no place or lies about the order of what is read: dropped.
    No,
    Space,
    /// Not a character: shown as U+FFFD.
    Replace,
}

/// Decides by code point. Direction overrides, zero-width characters, tags, fillers and variation selectors (their
/// width differs from terminal to terminal) are dropped; line separators would break the line.
pub(super) fn keep(c: char) -> Keep {
    let n = u32::from(c);
    match n {
        0x20..=0x7e => Keep::Yes,
        0..=0x1f | 0x7f..=0x9f => Keep::No,
        0xa0 | 0x2000..=0x200a | 0x2028 | 0x2029 | 0x202f | 0x205f => Keep::Space,
        0xad
        | 0x34f
        | 0x61c
        | 0x115f
        | 0x1160
        | 0x17b4
        | 0x17b5
        | 0x180b..=0x180f
        | 0x200b..=0x200f
        | 0x202a..=0x202e
        | 0x2060..=0x206f
        | 0x3164
        | 0xfe00..=0xfe0f
        | 0xfeff
        | 0xffa0
        | 0xfff0..=0xfffb
        | 0x1bca0..=0x1bca3
        | 0x1d173..=0x1d17a
        | 0xe0000..=0xe0fff => Keep::No,
        0xfdd0..=0xfdef => Keep::Replace,
        _ if n & 0xfffe == 0xfffe => Keep::Replace,
        // Halfwidth sound marks stand in a cell of their own on terminals, whatever Unicode says.
        0xff9e | 0xff9f => Keep::Yes,
        _ => match unicode_width::UnicodeWidthChar::width(c) {
            Some(0) => Keep::Mark,
            Some(_) => Keep::Yes,
            None => Keep::No,
        },
    }
}
