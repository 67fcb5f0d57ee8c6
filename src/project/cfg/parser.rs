//! The INI dialect of `ansible.cfg`: what Python's configparser makes of it with `;` as the inline comment.
//!
//! Only the text. Which file Ansible chooses and what a setting means is in the files beside.

use crate::yaml::Mark;
use indexmap::IndexMap;

/// A value and where its key stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Its text; lines that continue it are joined by newlines.
    pub text: String,
    /// Line and column of the key.
    pub mark: Mark,
}

/// Sections of an INI file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ini {
    sections: IndexMap<String, IndexMap<String, Value>>,
}

/// What configparser refuses; Ansible then refuses to start at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Where.
    pub mark: Mark,
    /// What stands there.
    pub found: String,
    /// Why it is refused.
    pub message: String,
    /// What should stand there.
    pub expected: &'static str,
}

const DEFAULT: &str = "DEFAULT";

impl Ini {
    /// The value of a key; `[DEFAULT]` answers for every section that exists.
    pub fn get(&self, section: &str, key: &str) -> Option<&Value> {
        let section = self.sections.get(section)?;
        section.get(key).or_else(|| self.sections.get(DEFAULT)?.get(key))
    }

    /// Every section, key and value, in the order written.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        self.sections.iter().flat_map(|(s, keys)| keys.iter().map(move |(k, v)| (s.as_str(), k.as_str(), v)))
    }

    /// Reads a text. Every place that configparser refuses is reported; what could be read is kept.
    pub fn parse(text: &str) -> (Self, Vec<Refusal>) {
        let mut reader = Reader::default();
        for (number, line) in text.split_inclusive('\n').enumerate() {
            reader.line(u32::try_from(number + 1).unwrap_or(u32::MAX), line);
        }
        let Reader { mut ini, refused, .. } = reader;
        for value in ini.sections.values_mut().flat_map(|keys| keys.values_mut()) {
            value.text.truncate(value.text.trim_end().len());
        }
        (ini, refused)
    }
}

#[derive(Default)]
struct Reader {
    ini: Ini,
    refused: Vec<Refusal>,
    section: Option<String>,
    key: Option<String>,
    indent: usize,
}

impl Reader {
    fn line(&mut self, number: u32, line: &str) {
        let comment = comment_start(line);
        let text = comment.map_or(line, |at| &line[..at]).trim();
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        let mark = Mark { line: number, column: u32::try_from(indent + 1).unwrap_or(u32::MAX) };
        if text.is_empty() {
            // an empty line belongs to the value above it; a comment line does not
            if let (None, Some(value)) = (comment, self.value()) {
                value.text.push('\n');
            }
        } else if indent > self.indent && self.value().is_some() {
            if let Some(value) = self.value() {
                value.text.push('\n');
                value.text.push_str(text);
            }
        } else {
            self.indent = indent;
            match section_header(text) {
                Some(name) => self.begin(name, mark),
                None => self.option(text, mark),
            }
        }
    }

    fn value(&mut self) -> Option<&mut Value> {
        self.ini.sections.get_mut(self.section.as_deref()?)?.get_mut(self.key.as_deref()?)
    }

    fn begin(&mut self, name: &str, mark: Mark) {
        if name != DEFAULT && self.ini.sections.contains_key(name) {
            self.refuse(
                mark,
                format!("[{name}]"),
                format!("section [{name}] stands here a second time"),
                "one section of that name",
            );
        }
        self.ini.sections.entry(name.to_owned()).or_default();
        self.section = Some(name.to_owned());
        self.key = None;
    }

    fn option(&mut self, text: &str, mark: Mark) {
        let Some(section) = self.section.clone() else {
            return self.refuse(
                mark,
                text.to_owned(),
                "a setting before the first section".into(),
                "a section like [defaults]",
            );
        };
        let split = text.find(['=', ':']).map(|at| (text[..at].trim_end().to_lowercase(), text[at + 1..].trim()));
        let Some((key, value)) = split.filter(|(key, _)| !key.is_empty()) else {
            self.key = None;
            return self.refuse(mark, text.to_owned(), "this line is no setting".into(), "key = value");
        };
        let keys = self.ini.sections.entry(section).or_default();
        let twice = keys.contains_key(&key);
        keys.insert(key.clone(), Value { text: value.to_owned(), mark });
        if twice {
            self.refuse(mark, key.clone(), format!("\"{key}\" is set a second time in this section"), "each key once");
        }
        self.key = Some(key);
    }

    fn refuse(&mut self, mark: Mark, found: String, message: String, expected: &'static str) {
        self.refused.push(Refusal { mark, found, message, expected });
    }
}

/// Byte offset where a comment begins: `#` and `;` at the start of a line, `;` also after a space.
fn comment_start(line: &str) -> Option<usize> {
    if line.trim_start().starts_with(['#', ';']) {
        return Some(0);
    }
    let mut before = None;
    line.char_indices().find_map(|(at, c)| {
        let starts = c == ';' && before.is_none_or(char::is_whitespace);
        before = Some(c);
        starts.then_some(at)
    })
}

/// `[name]`; text after the last bracket is ignored, as configparser does.
fn section_header(text: &str) -> Option<&str> {
    let end = text.rfind(']')?;
    text.get(1..end).filter(|name| text.starts_with('[') && !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn get(text: &str, key: &str) -> Option<String> {
        Ini::parse(text).0.get("defaults", key).map(|v| v.text.clone())
    }

    #[test]
    fn comments_delimiters_case_and_continuation_are_pythons() {
        let text = "# c\n[defaults] ; c\nInventory: a,b ; c\nforks=7;8\nkeep = x # y\nlong = one\n  two\n\n  # c\n  three\n\nend =\n";
        assert_eq!(get(text, "inventory").as_deref(), Some("a,b"));
        assert_eq!(get(text, "forks").as_deref(), Some("7;8"));
        assert_eq!(get(text, "keep").as_deref(), Some("x # y"));
        assert_eq!(get(text, "long").as_deref(), Some("one\ntwo\n\nthree"));
        assert_eq!(get(text, "end").as_deref(), Some(""));
        assert_eq!(get(text, "none"), None);
        assert!(Ini::parse(text).1.is_empty());
    }

    #[test]
    fn default_answers_for_sections_that_exist() {
        let (ini, refused) = Ini::parse("[DEFAULT]\na=1\n[defaults]\nb=2\n[DEFAULT]\nc=3\n");
        assert!(refused.is_empty());
        assert_eq!(ini.get("defaults", "a").unwrap().text, "1");
        assert_eq!(ini.get("defaults", "c").unwrap().text, "3");
        assert!(ini.get("other", "a").is_none());
    }

    #[test]
    fn what_python_refuses_has_its_place() {
        let (_, refused) = Ini::parse("x=1\n[defaults]\na=1\nA=2\n  \nnonsense\n=3\n[defaults]\n");
        let places: Vec<_> = refused.iter().map(|r| (r.mark.line, r.expected)).collect();
        assert_eq!(
            places,
            [
                (1, "a section like [defaults]"),
                (4, "each key once"),
                (6, "key = value"),
                (7, "key = value"),
                (8, "one section of that name")
            ]
        );
    }

    proptest! {
        #![proptest_config(crate::cases::cases(256))]

        #[test]
        fn any_text_is_read_without_panic(text in "(\\[[a-z]*\\]|[ \t]*[a-z]*[=:;#]?[^\r]*|\n){0,12}") {
            let (ini, _) = Ini::parse(&text);
            for (section, key, _) in ini.entries() {
                prop_assert!(ini.get(section, key).is_some());
            }
        }
    }
}
