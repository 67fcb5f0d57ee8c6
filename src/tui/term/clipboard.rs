//! Copying to the clipboard of the person's own machine: OSC 52, through tmux and screen.

use super::caps::Mux;
use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;

/// Bytes of text that go through: terminals cut off or ignore longer sequences (xterm: 74,994 encoded).
pub const MAX: usize = 56_000;

/// The bytes to [`super::Screen::send`]. `None` if the text is longer than [`MAX`]: say so and save it to a file.
pub fn copy(text: &str, mux: Mux) -> Option<Vec<u8>> {
    if text.len() > MAX {
        return None;
    }
    let mut osc = String::new();
    CopyToClipboard::to_clipboard_from(text.as_bytes()).write_ansi(&mut osc).ok()?;
    Some(match mux {
        Mux::None => osc.into_bytes(),
        // tmux takes either, by its options `set-clipboard` and `allow-passthrough`.
        Mux::Tmux => format!("{osc}\x1bPtmux;{}\x1b\\", osc.replace('\x1b', "\x1b\x1b")).into_bytes(),
        // screen passes strings of at most 768 bytes; the terminal joins them again.
        Mux::Screen => osc.as_bytes().chunks(512).flat_map(|c| [b"\x1bP", c, b"\x1b\\"].concat()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_for_the_multiplexer() {
        let plain = copy("hello", Mux::None).unwrap();
        let plain = String::from_utf8(plain).unwrap();
        assert!(plain.starts_with("\x1b]52;c;aGVsbG8="), "{plain:?}");
        let tmux = String::from_utf8(copy("hello", Mux::Tmux).unwrap()).unwrap();
        assert!(tmux.starts_with(&plain) && tmux.contains("\x1bPtmux;\x1b\x1b]52;c;aGVsbG8="), "{tmux:?}");
        let screen = copy(&"x".repeat(3000), Mux::Screen).unwrap();
        assert!(screen.windows(3).filter(|w| w == b"\x1bP\x1b" || w.starts_with(b"\x1bP")).count() > 4);
        assert_eq!(copy(&"x".repeat(MAX + 1), Mux::None), None);
    }
}
