//! Texts with their place; templates (`{{ name }}` and nothing else).

use crate::yaml::Mark;

/// A text, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// As written.
    pub text: String,
    /// Its place in `opsdeck.yaml`.
    pub mark: Mark,
}

impl Text {
    /// A text at a place.
    pub fn new(text: impl Into<String>, mark: Mark) -> Self {
        Self { text: text.into(), mark }
    }

    /// The text with each `{{ name }}` replaced by what `value` gives for it.
    ///
    /// # Errors
    /// The first name that `value` does not know, or the first braces that hold no name.
    pub fn fill(&self, value: impl Fn(&str) -> Option<String>) -> Result<String, String> {
        let mut out = String::new();
        for part in parts(&self.text) {
            match part {
                Part::Plain(text) => out.push_str(text),
                Part::Name(name) => out.push_str(&value(name).ok_or_else(|| name.to_owned())?),
                Part::Other(text) => return Err(text.to_owned()),
            }
        }
        Ok(out)
    }
}

enum Part<'a> {
    Plain(&'a str),
    Name(&'a str),
    /// A template that is more than a name: only Ansible has those.
    Other(&'a str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let begin = ["{{", "{%", "{#"].iter().filter_map(|mark| rest.find(mark)).min();
        let Some(begin) = begin else {
            parts.push(Part::Plain(rest));
            break;
        };
        if begin > 0 {
            parts.push(Part::Plain(&rest[..begin]));
        }
        rest = &rest[begin..];
        let end = ["}}", "%}", "#}"].iter().filter_map(|mark| rest.find(mark)).min().map_or(rest.len(), |at| at + 2);
        let braces = &rest[..end];
        let name = braces.strip_prefix("{{").and_then(|b| b.strip_suffix("}}")).map(str::trim);
        parts.push(match name.filter(|name| is_name(name)) {
            Some(name) => Part::Name(name),
            None => Part::Other(braces),
        });
        rest = &rest[end..];
    }
    parts
}

/// The first piece in braces that is no name.
pub fn not_a_name(text: &str) -> Option<&str> {
    parts(text).into_iter().find_map(|part| if let Part::Other(text) = part { Some(text) } else { None })
}

/// True for what Ansible allows as a variable's name.
pub fn is_name(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str) -> Result<String, String> {
        Text::new(text, Mark::default()).fill(|name| (name == "version").then(|| "1.2 3".into()))
    }

    #[test]
    fn only_names_in_braces_are_filled_in() {
        assert_eq!(fill("a{{ version }}b{{version}}"), Ok("a1.2 3b1.2 3".into()));
        assert_eq!(fill("{host} {x"), Ok("{host} {x".into()));
        assert_eq!(fill("{{ other }}"), Err("other".into()));
        for (text, piece) in [
            ("x {{ version | upper }}", "{{ version | upper }}"),
            ("{% if x %}", "{% if x %}"),
            ("{# c #}", "{# c #}"),
            ("{{ version", "{{ version"),
            ("{{}}", "{{}}"),
        ] {
            assert_eq!(not_a_name(text), Some(piece), "{text}");
            assert_eq!(fill(text), Err(piece.into()));
        }
        assert_eq!(not_a_name("{{ version }} {host}"), None);
    }
}
