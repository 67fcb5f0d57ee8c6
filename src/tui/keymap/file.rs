//! `keys.yaml`: other keys for actions, by id. Each mistake names the file, line, column and what was expected.
//!
//! ```yaml
//! fleet.filter: f        # one key
//! core.quit: [Q, ctrl-q] # several
//! core.suspend: []       # none
//! ```

use super::{Chord, Keymap};
use crate::tui::actions;
use crate::tui::theme::file::Mistake;
use crate::yaml::{self, Kind, Mark, Node};
use std::collections::HashMap;

/// Reads a key file; what is right in it works, whatever else is wrong.
pub fn read(file: &str, text: &str) -> (Keymap, Vec<Mistake>) {
    let mut keymap = Keymap::default();
    let mut mistakes = vec![];
    let mut wrong = |mark: Mark, message: String| mistakes.push(Mistake { file: file.to_owned(), mark, message });
    let root = match yaml::parse_one(text) {
        Ok(Some(root)) => root,
        Ok(None) => return (keymap, mistakes),
        Err(e) => {
            wrong(e.mark, e.message);
            return (keymap, mistakes);
        }
    };
    if !matches!(root.kind, Kind::Mapping(_)) {
        wrong(root.mark, format!("found {}; expected lines like `core.quit: [q, ctrl-q]`", root.kind_name()));
    }
    let mut marks = HashMap::new();
    for (id, keys) in root.entries() {
        let name = id.text().unwrap_or_default();
        let Some(action) = actions::find(name) else {
            wrong(id.mark, no_action(name));
            continue;
        };
        let nodes: Vec<&Node> = match &keys.kind {
            Kind::Sequence(items) => items.iter().collect(),
            _ => vec![keys],
        };
        let mut chords = vec![];
        let none_wanted = nodes.is_empty();
        for node in nodes {
            match node.text().map(str::parse::<Chord>) {
                Some(Ok(chord)) => chords.push(chord),
                Some(Err(message)) => wrong(node.mark, message),
                None => wrong(node.mark, format!("found {}; expected a key or a list of keys", node.kind_name())),
            }
        }
        // Where no key that was given is one, the action keeps those it has.
        if !chords.is_empty() || none_wanted {
            marks.insert(action.id, id.mark);
            keymap.set(action, chords);
        }
    }
    for (mark, message) in clashes(&keymap, &marks) {
        wrong(mark, message);
    }
    (keymap, mistakes)
}

/// Two actions of one screen (or two that work everywhere) with the same key: only the first would ever work.
fn clashes(keymap: &Keymap, marks: &HashMap<&str, Mark>) -> Vec<(Mark, String)> {
    let mut seen: HashMap<(&str, Chord), &str> = HashMap::new();
    let mut out = vec![];
    for (screen, action) in actions::all() {
        for chord in keymap.keys(action) {
            if let Some(other) = seen.insert((screen, chord), action.id)
                && let Some(mark) = marks.get(action.id).or_else(|| marks.get(other))
            {
                out.push((*mark, format!("`{chord}` would mean both {other} and {}: give one another key", action.id)));
            }
        }
    }
    out
}

fn no_action(name: &str) -> String {
    let near = crate::tui::widgets::fuzzy::rank(name, actions::all().collect(), |(_, a)| a.id.to_owned());
    match near.first() {
        Some((_, action)) => format!("no action `{name}`; did you mean {}?", action.id),
        None => format!("no action `{name}`; `?` on each screen lists them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_changed_added_and_taken_away() {
        let (keymap, mistakes) = read("keys.yaml", "core.quit: [Q, ctrl-q]\ncore.mouse: []\ncore.help: f1\n");
        assert_eq!(mistakes, []);
        let keys = |id: &str| {
            let keys = keymap.keys(actions::find(id).unwrap());
            keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            (keys("core.quit"), keys("core.mouse"), keys("core.help")),
            ("Q ctrl-q".into(), "".into(), "f1".into())
        );
        assert_eq!(keys("core.palette"), ": ctrl-p");
    }

    #[test]
    fn mistakes_have_a_place_and_a_way_on() {
        let text = "core.qit: q\ncore.mouse: hyper-x\ncore.help: {a: b}\ncore.suspend: q\n";
        let (keymap, mistakes) = read("keys.yaml", text);
        let mouse = keymap.keys(actions::find("core.mouse").unwrap());
        assert_eq!(mouse.iter().map(ToString::to_string).collect::<Vec<_>>(), ["f2"], "a wrong key takes none away");
        let said: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
        assert_eq!(said[0], "keys.yaml:1:1: no action `core.qit`; did you mean core.quit?");
        assert!(said[1].starts_with("keys.yaml:2:13: `hyper-x` is no key; expected one character"), "{said:#?}");
        assert!(said[2].starts_with("keys.yaml:3:12: found a mapping"), "{said:#?}");
        assert!(said[3].starts_with("keys.yaml:4:1: `q` would mean both core.quit and core.suspend"), "{said:#?}");
        assert_eq!(said.len(), 4);
    }
}
