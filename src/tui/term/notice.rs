//! Calling a person who looks elsewhere: the bell, which every terminal has, and a notice of the desktop (OSC 9) where the
//! terminal is known to show one. Others would print it, or take it for something else.

use super::caps::Mux;
use crate::text;

/// Columns of a notice: more than any desktop shows.
const MAX: usize = 160;
/// Terminals that show it, by the start of `TERM`, which goes along over SSH.
const TERMS: [&str; 5] = ["xterm-kitty", "xterm-ghostty", "ghostty", "wezterm", "foot"];
/// Likewise by `TERM_PROGRAM`.
const PROGRAMS: [&str; 3] = ["iTerm.app", "WezTerm", "ghostty"];

/// True where the terminal is known to show notices.
pub fn is_shown(var: impl Fn(&str) -> Option<String>) -> bool {
    let starts = |term: String| TERMS.iter().any(|known| term.starts_with(known));
    var("TERM").is_some_and(starts) || var("TERM_PROGRAM").is_some_and(|name| PROGRAMS.contains(&name.as_str()))
}

/// The bytes to [`super::Screen::send`]. Behind a multiplexer only the bell: it marks the window itself.
pub fn call(words: &str, mux: Mux, shown: bool) -> Vec<u8> {
    let mut bytes = vec![7];
    if shown && mux == Mux::None {
        let words = text::plain(words);
        bytes.extend(format!("\x1b]9;{}\x1b\\", text::cut(&words, MAX)).into_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(vars: &[(&str, &str)]) -> bool {
        is_shown(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn only_known_terminals_get_more_than_the_bell() {
        assert!(shown(&[("TERM", "xterm-kitty")]) && shown(&[("TERM_PROGRAM", "iTerm.app")]));
        assert!(!shown(&[("TERM", "xterm-256color")]) && !shown(&[]) && !shown(&[("TERM_PROGRAM", "tmux")]));
        assert_eq!(call("web1 is bad", Mux::None, false), b"\x07");
        assert_eq!(call("web1 is bad", Mux::Tmux, true), b"\x07");
        assert_eq!(call("web1 is bad", Mux::None, true), b"\x07\x1b]9;web1 is bad\x1b\\");
    }

    #[test]
    fn a_host_cannot_end_the_notice_and_begin_something_else() {
        let bytes = call("a\x1b\\\x1b]52;c;QUJD\x07b", Mux::None, true);
        let bells = bytes.iter().filter(|b| **b == 7).count();
        let escapes = bytes.iter().filter(|b| **b == 0x1b).count();
        assert_eq!((bells, escapes), (1, 2), "{bytes:?}");
        assert!(call(&"x".repeat(5_000), Mux::None, true).len() < 200);
    }
}
