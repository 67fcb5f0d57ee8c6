//! The shapes that values of `opsdeck.yaml` have, each with its reading and its schema.

use super::keys::{Keys, Shape, of};
use super::reader::{Entry, Known, Reader, describe};
use super::text::Text;
use super::values::Size;
use crate::project::Vars;
use crate::yaml::{Kind, Node};
use serde_json::{Value, json};

fn string() -> Value {
    json!({ "type": "string" })
}

fn or_list(of: Value) -> Value {
    json!({ "oneOf": [of, { "type": "array", "items": of }] })
}

/// Text, not empty.
pub fn text() -> impl Shape<Value = String> {
    of(|node, what, reader| reader.text(node, what), string)
}

/// Text with its place.
pub fn placed() -> impl Shape<Value = Text> {
    of(|node, what, reader| Some(Text::new(reader.text(node, what)?, node.mark)), string)
}

/// The path of a file that there is, relative to the project's root.
pub fn path() -> impl Shape<Value = String> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let path = reader.text(node, what)?;
        reader.must_exist(&path, node.mark, what);
        Some(path)
    };
    of(read, string)
}

/// Text in which `{{ name }}` may stand for a variable.
pub fn template() -> impl Shape<Value = Text> {
    of(|node, what, reader| reader.template(node, what), string)
}

/// Several of them, or one.
pub fn templates() -> impl Shape<Value = Vec<Text>> {
    of(|node, what, reader| Some(reader.templates(node, what)), || or_list(string()))
}

/// Templates by name.
pub fn named() -> impl Shape<Value = Vec<(String, Text)>> {
    let schema = || json!({ "type": "object", "additionalProperties": { "type": ["string", "number"] } });
    of(|node, what, reader| Some(reader.named(node, what)), schema)
}

/// An address of a web server.
pub fn address(what: &'static str) -> impl Shape<Value = Text> {
    let read = move |node: &Node, _: &str, reader: &mut Reader| {
        let url = reader.template(node, what)?;
        if !["http://", "https://", "{{"].iter().any(|begin| url.text.starts_with(begin)) {
            reader.mistake(
                node.mark,
                format!("{what} is none of the web"),
                describe(node),
                "http://... or https://...",
            );
        }
        Some(url)
    };
    of(read, string)
}

/// A number with or without a fraction.
pub fn decimal() -> impl Shape<Value = f64> {
    of(|node, what, reader| reader.decimal(node, what), || json!({ "type": "number" }))
}

/// So many hosts, or so many of a hundred.
pub fn size(least: u32) -> impl Shape<Value = Size> {
    struct Sizes(u32);
    impl Shape for Sizes {
        type Value = Size;
        fn read(&self, node: &Node, what: &str, reader: &mut Reader) -> Option<Size> {
            reader.size(node, what, self.0)
        }
        fn schema(&self) -> Value {
            let percent = json!({ "type": "string", "pattern": "^\\d+%?$" });
            json!({ "oneOf": [{ "type": "integer", "minimum": self.0 }, percent] })
        }
        fn written(&self, value: &Size) -> Option<String> {
            Some(match value {
                Size::Hosts(hosts) => hosts.to_string(),
                Size::Percent(percent) => format!("{percent}%"),
            })
        }
    }
    Sizes(least)
}

/// What stands elsewhere in the schema.
pub fn defined<T>(shape: impl Shape<Value = T>, name: &'static str) -> impl Shape<Value = T> {
    of(move |node, what, reader| shape.read(node, what, reader), move || json!({ "$ref": format!("#/$defs/{name}") }))
}

/// Variables.
pub fn vars() -> impl Shape<Value = Vars> {
    of(|node, what, reader| Some(reader.vars(node, what)), || json!({ "type": ["object", "null"] }))
}

/// Texts, or one.
pub fn texts() -> impl Shape<Value = Vec<String>> {
    let plain = |all: Vec<(String, _)>| all.into_iter().map(|(text, _)| text).collect();
    of(move |node, what, reader| Some(plain(reader.texts(node, what))), || or_list(string()))
}

/// A program and its arguments.
pub fn argv() -> impl Shape<Value = Vec<Text>> {
    of(|node, what, reader| reader.argv(node, what), || or_list(string()))
}

/// True or false.
pub fn flag() -> impl Shape<Value = bool> {
    of(|node, what, reader| reader.boolean(node, what), || json!({ "type": "boolean" }))
}

/// The same where a mistake counts as true: whoever wrote something there wants care.
pub fn careful() -> impl Shape<Value = bool> {
    of(|node, what, reader| Some(reader.boolean(node, what).unwrap_or(true)), || flag().schema())
}

/// A whole number within bounds, both included.
pub fn number(least: u32, most: u32) -> impl Shape<Value = u32> {
    struct Number(u32, u32);
    impl Shape for Number {
        type Value = u32;
        fn read(&self, node: &Node, what: &str, reader: &mut Reader) -> Option<u32> {
            reader.number(node, what, self.0, self.1)
        }
        fn schema(&self) -> Value {
            json!({ "type": "integer", "minimum": self.0, "maximum": self.1 })
        }
        fn written(&self, value: &u32) -> Option<String> {
            Some(value.to_string())
        }
    }
    Number(least, most)
}

/// A whole number that is never large.
pub fn small(least: u8, most: u8) -> impl Shape<Value = u8> {
    let read = move |node: &Node, what: &str, reader: &mut Reader| {
        reader.number(node, what, least.into(), most.into()).and_then(|n| u8::try_from(n).ok())
    };
    of(read, move || number(least.into(), most.into()).schema())
}

/// Seconds as a person writes them: `90s`, `10m`, `24h`.
fn span(seconds: u32) -> String {
    match seconds {
        0 => "0".to_owned(),
        n if n % 3_600 == 0 => format!("{}h", n / 3_600),
        n if n % 60 == 0 => format!("{}m", n / 60),
        n => format!("{n}s"),
    }
}

/// A length of time; in seconds when read.
pub fn seconds() -> impl Shape<Value = u32> {
    Seconds(0)
}

/// The same, where none at all leaves it at its default.
pub fn positive() -> impl Shape<Value = u32> {
    Seconds(1)
}

/// At least so many.
struct Seconds(u32);

impl Shape for Seconds {
    type Value = u32;
    fn read(&self, node: &Node, what: &str, reader: &mut Reader) -> Option<u32> {
        reader.seconds(node, what).filter(|seconds| *seconds >= self.0)
    }
    fn schema(&self) -> Value {
        let pattern = "^(0|(\\d+d)?(\\d+h)?(\\d+m)?(\\d+s)?)$";
        json!({ "type": ["string", "integer"], "pattern": pattern, "minimum": 0, "maximum": 0 })
    }
    fn written(&self, value: &u32) -> Option<String> {
        Some(span(*value))
    }
}

/// One of some words.
pub fn word<T: Copy + PartialEq + 'static>(
    what: &'static str,
    words: &'static [(&'static str, T)],
) -> impl Shape<Value = T> {
    struct Word<T: 'static>(&'static str, &'static [(&'static str, T)]);
    impl<T: Copy + PartialEq> Shape for Word<T> {
        type Value = T;
        fn read(&self, node: &Node, _: &str, reader: &mut Reader) -> Option<T> {
            let text = node.text().unwrap_or("(no text)");
            let known = self.1.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
            if known.is_none() {
                let words: Vec<&str> = self.1.iter().map(|(word, _)| *word).collect();
                reader.no_such(self.0, text, node.mark, &words);
            }
            known
        }
        fn schema(&self) -> Value {
            json!({ "enum": self.1.iter().map(|(word, _)| *word).collect::<Vec<_>>() })
        }
        fn written(&self, value: &T) -> Option<String> {
            self.1.iter().find(|(_, known)| known == value).map(|(word, _)| (*word).to_owned())
        }
    }
    Word(what, words)
}

/// Some of those words, or one.
pub fn words<T: Copy + PartialEq + 'static>(
    what: &'static str,
    words: &'static [(&'static str, T)],
) -> impl Shape<Value = Vec<T>> {
    let read = move |node: &Node, key: &str, reader: &mut Reader| {
        let items = match node.kind {
            Kind::Sequence(_) => node.items(),
            _ => std::slice::from_ref(node),
        };
        Some(items.iter().filter_map(|item| word(what, words).read(item, key, reader)).collect())
    };
    of(read, move || or_list(word(what, words).schema()))
}

/// Names of things that there are; one that is not known is kept, since dropping it would mean all.
pub fn names(what: &'static str, known: fn(&Known) -> &[String]) -> impl Shape<Value = Vec<String>> {
    let read = move |node: &Node, key: &str, reader: &mut Reader| {
        let found = reader.texts(node, key);
        for (name, mark) in &found {
            reader.must_know(what, name, *mark, known);
        }
        Some(found.into_iter().map(|(name, _)| name).collect())
    };
    of(read, || or_list(string()))
}

/// Environments.
pub fn environments() -> impl Shape<Value = Vec<String>> {
    names("environment", |known| &known.environments)
}

/// A mapping of its own.
pub fn mapping<T: Keys + Default>() -> impl Shape<Value = T> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let mut value = T::default();
        value.fill(node, node.mark, what, reader);
        Some(value)
    };
    let schema = || {
        let mut schema = T::schema();
        schema["type"] = json!(["object", "null"]);
        schema
    };
    of(read, schema)
}

/// A list, or one item alone.
pub fn one_or_list<T, S: Shape<Value = T>>(item: fn() -> S) -> impl Shape<Value = Vec<T>> {
    let read = move |node: &Node, what: &str, reader: &mut Reader| {
        let items = if let Kind::Sequence(_) = node.kind { node.items() } else { std::slice::from_ref(node) };
        Some(items.iter().filter_map(|node| item().read(node, what, reader)).collect())
    };
    of(read, move || or_list(item().schema()))
}

/// A list.
pub fn list<T>(item: impl Shape<Value = T>) -> impl Shape<Value = Vec<T>> {
    struct List<S>(S);
    impl<S: Shape> Shape for List<S> {
        type Value = Vec<S::Value>;
        fn read(&self, node: &Node, what: &str, reader: &mut Reader) -> Option<Vec<S::Value>> {
            Some(reader.list(node, what).iter().filter_map(|item| self.0.read(item, what, reader)).collect())
        }
        fn schema(&self) -> Value {
            json!({ "type": ["array", "null"], "items": self.0.schema() })
        }
    }
    List(item)
}

/// Things by their names, each made of its entry; one with a mistake may be none.
pub fn by_name<T>(
    one: fn(&Entry<'_>, &mut Reader) -> Option<T>,
    schema: impl Fn() -> Value,
) -> impl Shape<Value = Vec<T>> {
    let read = move |node: &Node, what: &str, reader: &mut Reader| {
        let entries = reader.mapping(node, what, None);
        Some(entries.iter().filter_map(|entry| one(entry, reader)).collect())
    };
    of(read, move || json!({ "type": ["object", "null"], "additionalProperties": schema() }))
}
