//! What the terminal can show, from the environment alone: asking it would cost a round trip over the link.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: `NO_COLOR`, or a terminal without.
    None,
    Ansi16,
    /// 256.
    Indexed,
    /// 24 bits.
    True,
}

/// A multiplexer between us and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mux {
    /// None that we know of.
    None,
    Tmux,
    Screen,
}

/// What the terminal can do and how we use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Colours; whatever is drawn is brought down to these.
    pub depth: Depth,
    /// False: only ASCII is sent, anything else as `?`.
    pub utf8: bool,
    pub mux: Mux,
    /// Wrap larger frames into synchronised updates (DEC 2026): ignored where it is not known.
    pub sync: bool,
    /// Use scroll regions (DECSTBM, SU, SD). A switch, for a terminal that gets them wrong.
    pub scroll: bool,
}

impl Caps {
    pub fn detect() -> Self {
        Self::from_env(|name| std::env::var(name).ok())
    }

    /// From any environment: `COLORTERM`, `TERM`, `NO_COLOR`, `LC_ALL`, `LC_CTYPE`, `LANG`, `TMUX`, `STY`.
    pub fn from_env(var: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| var(name).filter(|v| !v.is_empty());
        let term = get("TERM").unwrap_or_default().to_lowercase();
        let colorterm = get("COLORTERM").unwrap_or_default().to_lowercase();
        let depth = if get("NO_COLOR").is_some() || term.is_empty() || term == "dumb" || term.starts_with("vt1") {
            Depth::None
        } else if matches!(colorterm.as_str(), "truecolor" | "24bit") || term.ends_with("-direct") {
            Depth::True
        } else if term.contains("256color") || term.contains("kitty") || term.contains("alacritty") {
            Depth::Indexed
        } else {
            Depth::Ansi16
        };
        let locale = get("LC_ALL").or_else(|| get("LC_CTYPE")).or_else(|| get("LANG")).unwrap_or_default();
        let locale = locale.to_lowercase().replace('-', "");
        let mux = if get("TMUX").is_some() {
            Mux::Tmux
        } else if get("STY").is_some() {
            Mux::Screen
        } else {
            Mux::None
        };
        Self { depth, utf8: locale.contains("utf8"), mux, sync: term != "dumb", scroll: term != "dumb" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(vars: &[(&str, &str)]) -> Caps {
        Caps::from_env(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn depth_from_what_the_environment_says() {
        assert_eq!(caps(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]).depth, Depth::True);
        assert_eq!(caps(&[("TERM", "tmux-256color")]).depth, Depth::Indexed);
        assert_eq!(caps(&[("TERM", "linux")]).depth, Depth::Ansi16);
        assert_eq!(caps(&[("TERM", "dumb")]).depth, Depth::None);
        assert_eq!(caps(&[("TERM", "xterm"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")]).depth, Depth::None);
        assert_eq!(caps(&[("TERM", "xterm"), ("NO_COLOR", "")]).depth, Depth::Ansi16);
    }

    #[test]
    fn utf8_from_the_locale_that_wins() {
        assert!(caps(&[("LANG", "en_US.UTF-8")]).utf8);
        assert!(caps(&[("LANG", "C"), ("LC_ALL", "C.utf8")]).utf8);
        assert!(!caps(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]).utf8);
        assert!(!caps(&[]).utf8);
        assert_eq!(caps(&[("TMUX", "/tmp/x")]).mux, Mux::Tmux);
    }
}
