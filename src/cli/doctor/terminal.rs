//! The terminal: characters, colours, clipboard.

use super::item::{Item, ask};
use super::programs::find;
use crate::project::cfg::Env;

/// All that concerns it.
pub fn all(env: &Env) -> Vec<Item> {
    let inside = env.get("TMUX").is_some_and(|tmux| !tmux.is_empty());
    let tmux = find("tmux", env);
    let option = tmux.as_ref().filter(|_| inside).and_then(|tmux| ask(tmux, &["show", "-gv", "set-clipboard"]));
    vec![locale(env), colours(env), detach(inside, tmux.is_some()), clipboard(inside, option.as_deref().map(str::trim))]
}

fn locale(env: &Env) -> Item {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| env.get(name).filter(|value| !value.is_empty()).map(|value| (name, value)));
    let fix = "export LANG=C.UTF-8";
    match set {
        Some((name, value)) if ["utf-8", "utf8"].iter().any(|end| value.to_lowercase().contains(end)) => {
            Item::ok("locale", format!("{name}={value}"))
        }
        Some((name, value)) => Item::warning(
            "locale",
            format!("{name}={value} is no UTF-8: Ansible refuses to start, or garbles names"),
            fix,
        ),
        None => Item::warning("locale", "no locale is set: names beyond ASCII may be garbled", fix),
    }
}

fn colours(env: &Env) -> Item {
    let term = env.get("TERM").unwrap_or_default();
    let truecolor = env.get("COLORTERM").is_some_and(|value| matches!(value, "truecolor" | "24bit"));
    let fix = "export TERM=xterm-256color COLORTERM=truecolor   (if the terminal can; inside tmux: set -g default-terminal tmux-256color)";
    if matches!(term, "" | "dumb") {
        let said = format!("TERM={term}: this terminal can't show a screen; the verbs work");
        Item::warning("colours", said, "run opsdeck in a terminal (ssh -t)")
    } else if env.get("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        Item::ok("colours", "NO_COLOR is set: no colours, states are words and signs")
    } else if truecolor {
        Item::ok("colours", format!("TERM={term}, 16 million colours"))
    } else if term.contains("256") || term.contains("direct") {
        Item::ok("colours", format!("TERM={term}, 256 colours"))
    } else {
        Item::warning("colours", format!("TERM={term}: 16 colours or fewer are known"), fix)
    }
}

fn detach(inside: bool, there: bool) -> Item {
    match (inside, there) {
        (true, _) => Item::ok("tmux", "this is a tmux session: the screen itself survives a lost connection"),
        (false, true) => Item::ok("tmux", "there, not in use here; runs survive a lost connection without it"),
        (false, false) => {
            let said = "not there; runs survive a lost connection without it, the screen does not";
            Item::warning("tmux", said, "sudo apt-get install tmux")
        }
    }
}

fn clipboard(inside: bool, option: Option<&str>) -> Item {
    match (inside, option) {
        (false, _) => Item::ok("clipboard", "copying uses OSC 52, which the terminal must allow"),
        (true, Some("on")) => Item::ok("clipboard", "tmux passes OSC 52 on (set-clipboard on)"),
        (true, Some(other)) => Item::warning(
            "clipboard",
            format!("tmux keeps what opsdeck copies to itself (set-clipboard {other})"),
            "tmux set -g set-clipboard on   (and in ~/.tmux.conf: set -g set-clipboard on)",
        ),
        (true, None) => {
            Item::warning("clipboard", "tmux does not say its set-clipboard", "tmux show -gv set-clipboard")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::State::{Ok, Warning};
    use super::*;

    #[test]
    fn the_first_locale_variable_that_is_set_counts() {
        assert_eq!(locale(&Env::from([("LANG", "de_DE.UTF-8")])).state, Ok);
        assert_eq!(locale(&Env::from([("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")])).state, Warning);
        assert_eq!(locale(&Env::from([("LANG", "C.utf8"), ("LC_ALL", "")])).state, Ok);
        assert_eq!(locale(&Env::default()).state, Warning);
    }

    #[test]
    fn colours_are_judged_by_what_the_terminal_says() {
        let of = |pairs: [(&str, &str); 2]| colours(&Env::from(pairs));
        assert_eq!(of([("TERM", "xterm-256color"), ("COLORTERM", "")]).detail, "TERM=xterm-256color, 256 colours");
        assert_eq!(of([("TERM", "foot"), ("COLORTERM", "truecolor")]).detail, "TERM=foot, 16 million colours");
        assert_eq!(of([("TERM", "linux"), ("COLORTERM", "")]).state, Warning);
        assert_eq!(of([("TERM", "dumb"), ("COLORTERM", "truecolor")]).state, Warning);
        assert_eq!(of([("TERM", "linux"), ("NO_COLOR", "1")]).state, Ok);
    }

    #[test]
    fn tmux_must_pass_the_clipboard_on() {
        let states = [(false, None), (true, Some("on")), (true, Some("external")), (true, Some("off")), (true, None)];
        assert_eq!(states.map(|(inside, option)| clipboard(inside, option).state), [Ok, Ok, Warning, Warning, Warning]);
    }
}
