//! Values that releases are made of: lengths of time, sizes, templates, commands. Each mistake is noted with its place.

use super::near::nearest;
use super::reader::{Reader, describe};
use super::text::{Text, is_name, not_a_name};
use super::words::words;
use crate::project::Vars;
use crate::yaml::{Kind, Mark, Node};

/// No length of time is longer (a hundred days).
const LONGEST: u64 = 8_640_000;

/// A number of hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// So many.
    Hosts(u32),
    /// So many of a hundred.
    Percent(u32),
}

impl Reader {
    /// A length of time, in seconds: `30s`, `5m`, `1h30m`, `2d`, `0`.
    pub fn seconds(&mut self, node: &Node, what: &str) -> Option<u32> {
        let known = node.text().and_then(seconds);
        if known.is_none() {
            let message = format!("{what} is no length of time");
            self.mistake(node.mark, message, describe(node), "a number with s, m, h or d, such as 30s, 5m or 1h30m");
        }
        known
    }

    /// So many hosts, or so many of a hundred.
    pub fn size(&mut self, node: &Node, what: &str, least: u32) -> Option<Size> {
        let size = node.text().and_then(|text| match text.strip_suffix('%') {
            Some(number) => number.trim().parse().ok().filter(|n| (least..=100).contains(n)).map(Size::Percent),
            None => text.parse().ok().filter(|n| (least..=100_000).contains(n)).map(Size::Hosts),
        });
        if size.is_none() {
            let expected = format!("a number of hosts from {least}, or {least}% to 100%");
            let empty = ["0", "0%"].contains(&node.text().unwrap_or_default());
            let message = match node.text() {
                Some(_) if empty => format!("{what} of no host at all"),
                Some(text) if text.ends_with('%') => format!("{what} is no such percentage"),
                _ => format!("{what} is no such number"),
            };
            self.mistake(node.mark, message, describe(node), expected);
        }
        size
    }

    /// A number with or without a fraction.
    pub fn decimal(&mut self, node: &Node, what: &str) -> Option<f64> {
        let known = node.text().and_then(|text| text.parse::<f64>().ok()).filter(|n| n.is_finite());
        if known.is_none() {
            self.mistake(node.mark, format!("{what} is no number"), describe(node), "a number, such as 250 or 0.01");
        }
        known
    }

    /// A text in which `{{ name }}` may stand for a variable.
    pub fn template(&mut self, node: &Node, what: &str) -> Option<Text> {
        let text = self.text(node, what)?;
        self.templated(&text, node.mark);
        Some(Text::new(text, node.mark))
    }

    /// A template, or several.
    pub fn templates(&mut self, node: &Node, what: &str) -> Vec<Text> {
        let texts = self.texts(node, what);
        texts.iter().for_each(|(text, mark)| self.templated(text, *mark));
        texts.into_iter().map(|(text, mark)| Text::new(text, mark)).collect()
    }

    fn templated(&mut self, text: &str, mark: Mark) {
        if let Some(piece) = not_a_name(text) {
            let expected = "{{ name }} of a variable; filters and conditions belong into a playbook";
            self.mistake(mark, "opsdeck fills in names only", format!("{piece:?}"), expected);
        }
    }

    /// A program and its arguments: a list, or one text that is split as a shell would, with no shell.
    pub fn argv(&mut self, node: &Node, what: &str) -> Option<Vec<Text>> {
        let argv = match node.kind {
            Kind::Sequence(_) => self.templates(node, what),
            _ => {
                let text = self.template(node, what)?;
                match words(&text.text) {
                    Ok(words) => words.into_iter().map(|word| Text::new(word, text.mark)).collect(),
                    Err(why) => {
                        self.mistake(
                            node.mark,
                            format!("in {what} {why}"),
                            describe(node),
                            "a program and its arguments",
                        );
                        return None;
                    }
                }
            }
        };
        if argv.is_empty() {
            self.mistake(node.mark, format!("{what} is empty"), describe(node), "a program and its arguments");
        }
        (!argv.is_empty()).then_some(argv)
    }

    /// Templates by name: pools, headers, servers.
    pub fn named(&mut self, node: &Node, what: &str) -> Vec<(String, Text)> {
        let entries = self.mapping(node, what, None);
        let text = |entry: &super::reader::Entry<'_>| {
            Some((entry.key.to_owned(), self.template(entry.value, &format!("{what} {}", entry.key))?))
        };
        entries.iter().filter_map(text).collect()
    }

    /// Variables: names that Ansible takes, and any values.
    pub fn vars(&mut self, node: &Node, what: &str) -> Vars {
        let entries = self.mapping(node, what, None);
        let mut vars = Vars::new();
        for entry in entries {
            if is_name(entry.key) {
                vars.push((entry.key.to_owned(), entry.value.clone()));
            } else {
                let found = format!("{:?}", entry.key);
                self.mistake(
                    entry.mark,
                    "this is no name of a variable",
                    found,
                    "letters, digits and _, no digit first",
                );
            }
        }
        vars
    }

    /// Notes a file that is named and is not there.
    pub fn must_exist(&mut self, path: &str, mark: Mark, what: &str) {
        if !self.known.root.join(path).exists() {
            let message = format!("the {what} does not exist below {}", self.known.root.display());
            self.mistake(mark, message, format!("{path:?}"), format!("the path of an existing {what}"));
        }
    }

    /// Notes that `name` is none of `known`.
    pub fn no_such(&mut self, what: &str, name: &str, mark: Mark, known: &[&str]) {
        let hint = nearest(name, known.iter().copied()).map(|near| format!("; did you mean \"{near}\"?"));
        let expected = match known {
            [] => format!("no {what}: none is known"),
            known => format!("one of {}", known.join(", ")),
        };
        self.mistake(mark, format!("no such {what}{}", hint.unwrap_or_default()), format!("{name:?}"), expected);
    }
}

fn seconds(text: &str) -> Option<u32> {
    if text == "0" {
        return Some(0);
    }
    let (mut all, mut number, mut last) = (0_u64, String::new(), u64::MAX);
    for c in text.chars() {
        let unit = match c {
            '0'..='9' => {
                number.push(c);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        // larger units first, each once
        if unit >= last {
            return None;
        }
        last = unit;
        all = all.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    (number.is_empty() && last != u64::MAX && all <= LONGEST).then(|| u32::try_from(all).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn lengths_of_time_have_a_unit() {
        for (text, is) in [
            ("30s", Some(30)),
            ("5m", Some(300)),
            ("1h30m", Some(5_400)),
            ("2d", Some(172_800)),
            ("0", Some(0)),
            ("0s", Some(0)),
            ("30", None),
            ("s", None),
            ("", None),
            ("1m1h", None),
            ("5m5m", None),
            ("-5m", None),
            ("1.5h", None),
            ("99999999999d", None),
        ] {
            assert_eq!(seconds(text), is, "{text}");
        }
    }
}
