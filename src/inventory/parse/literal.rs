//! Values of INI files: what Python's `ast.literal_eval` makes of them, and text where it refuses.
//!
//! The grammar of literals is small and is here in full. Where Python would neither give a value nor refuse in the
//! way that Ansible forgives (`{{ 5 }}` is a set of a set: a crash), or gives one in no fixed order, we decline.

mod number;
mod text;

use crate::inventory::value::Value;
use std::sync::Arc;

/// Deeper nesting is not tried.
const DEEP: usize = 40;

/// What a value of an INI file is.
///
/// # Errors
/// Why only Ansible can say.
pub fn eval(source: &str) -> Result<Value, &'static str> {
    let plain = || Ok(Value::Text(source.into()));
    let trimmed = source.trim_start_matches([' ', '\t']);
    let Some(first) = trimmed.chars().next() else { return plain() };
    // most values are words; nothing that is a literal begins with another letter
    let opens = |c: char| c.is_ascii_digit() || "'\"([{+-.NTFbBrRuUs".contains(c);
    if !opens(first) {
        return plain();
    }
    let mut read = Read { text: trimmed, at: 0, depth: 0, stop: None };
    let found = read.top();
    match (found, read.stop) {
        (_, Some(why)) => Err(why),
        (Some(item), None) => item.value(),
        (None, None) if source.len() > 10_000 => Err("a very long value that begins like a Python literal"),
        (None, None) if has_imaginary(source) => Err("a complex number"),
        (None, None) => plain(),
    }
}

/// `2j` somewhere: `1+2j` is a literal too, but not one of ours.
fn has_imaginary(source: &str) -> bool {
    let word = |c: &u8| c.is_ascii_alphanumeric() || *c == b'_';
    source.as_bytes().windows(2).enumerate().any(|(at, pair)| {
        let ends = !source.as_bytes().get(at + 2).is_some_and(word);
        (pair[0].is_ascii_digit() || pair[0] == b'.') && matches!(pair[1], b'j' | b'J') && ends
    })
}

/// A literal while it is read: sets and tuples still differ from lists.
#[derive(Debug, Clone, PartialEq)]
enum Item {
    Plain(Value),
    Bytes(Vec<u8>),
    Sequence(Vec<Item>),
    Set(Vec<Item>),
    Map(Vec<(Item, Item)>),
}

impl Item {
    fn value(self) -> Result<Value, &'static str> {
        Ok(match self {
            Item::Plain(value) => value,
            Item::Bytes(bytes) => {
                Value::Unsafe(String::from_utf8(bytes).map_err(|_| "bytes that are no UTF-8")?.into())
            }
            Item::Sequence(items) => Value::List(items.into_iter().map(Item::value).collect::<Result<_, _>>()?),
            Item::Set(items) if items.len() > 1 => return Err("a set: Python gives its items in no fixed order"),
            Item::Set(items) => Value::List(items.into_iter().map(Item::value).collect::<Result<_, _>>()?),
            Item::Map(entries) => {
                let mut found: Vec<(Arc<str>, Value)> = Vec::new();
                for (key, value) in entries {
                    let Item::Plain(Value::Text(key)) = key else { return Err("a mapping with a key that is no text") };
                    let value = value.value()?;
                    match found.iter_mut().find(|(k, _)| *k == key) {
                        Some(entry) => entry.1 = value,
                        None => found.push((key, value)),
                    }
                }
                Value::Map(found.into())
            }
        })
    }
}

struct Read<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    stop: Option<&'static str>,
}

impl Read<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        while self.rest().starts_with([' ', '\t', '\u{c}']) {
            self.at += 1;
        }
        // inside brackets a line may go on; values of INI files have one line, so this is the end
        if self.rest().starts_with('#') {
            self.at = self.text.len();
        }
    }

    fn eat(&mut self, what: &str) -> bool {
        let here = self.rest().starts_with(what);
        self.at += if here { what.len() } else { 0 };
        here
    }

    /// The whole text: one literal, or several with commas (a tuple).
    fn top(&mut self) -> Option<Item> {
        let first = self.item()?;
        self.space();
        let mut items = vec![first];
        let mut tuple = false;
        while self.at < self.text.len() {
            if !self.eat(",") {
                return None;
            }
            tuple = true;
            self.space();
            if self.at < self.text.len() {
                items.push(self.item()?);
                self.space();
            }
        }
        if tuple { Some(Item::Sequence(items)) } else { items.pop() }
    }

    fn item(&mut self) -> Option<Item> {
        self.space();
        let c = self.rest().chars().next()?;
        match c {
            '(' | '[' | '{' => {
                self.depth += 1;
                if self.depth > DEEP {
                    self.stop = Some("brackets nested too deep");
                    return None;
                }
                self.at += 1;
                let item = match c {
                    '(' => self.parenthesis(),
                    '[' => self.sequence(']').map(|(items, _)| Item::Sequence(items)),
                    _ => self.braces(),
                };
                self.depth -= 1;
                item
            }
            '+' | '-' => {
                self.at += 1;
                self.signed(c == '-')
            }
            '.' if self.rest().starts_with("...") => {
                self.at += 3;
                Some(Item::Plain(Value::Text("...".into())))
            }
            '0'..='9' | '.' => self.number().map(Item::Plain),
            _ => self.name_or_text(),
        }
    }

    /// A sign belongs to a number only; `--5` and `-True` are no literals.
    fn signed(&mut self, negative: bool) -> Option<Item> {
        self.space();
        let mut parentheses = 0;
        while self.eat("(") {
            parentheses += 1;
            self.space();
        }
        let value = self.number()?;
        if matches!(value, Value::Text(_)) {
            self.stop = Some("a complex number");
        }
        for _ in 0..parentheses {
            self.space();
            if !self.eat(")") {
                return None;
            }
        }
        Some(Item::Plain(match value {
            Value::Int(n) if negative => Value::Int(-n),
            Value::Float(f) if negative => Value::Float(-f),
            Value::BigInt(digits) if negative => Value::BigInt(format!("-{digits}").into()),
            other => other,
        }))
    }

    fn parenthesis(&mut self) -> Option<Item> {
        let (mut items, commas) = self.sequence(')')?;
        if items.len() == 1 && !commas { items.pop() } else { Some(Item::Sequence(items)) }
    }

    /// Items up to `end`, and whether a comma stood among them.
    fn sequence(&mut self, end: char) -> Option<(Vec<Item>, bool)> {
        let (mut items, mut commas) = (Vec::new(), false);
        loop {
            self.space();
            if self.rest().starts_with(end) {
                self.at += 1;
                return Some((items, commas));
            }
            if !items.is_empty() && !commas {
                return None;
            }
            items.push(self.item()?);
            self.space();
            if self.eat(",") {
                commas = true;
            } else if !self.rest().starts_with(end) {
                return None;
            } else {
                self.at += 1;
                return Some((items, commas));
            }
        }
    }

    fn braces(&mut self) -> Option<Item> {
        self.space();
        if self.eat("}") {
            return Some(Item::Map(Vec::new()));
        }
        let first = self.hashable()?;
        self.space();
        if !self.eat(":") {
            let mut items = vec![first];
            loop {
                self.space();
                let comma = self.eat(",");
                self.space();
                if self.eat("}") {
                    return Some(Item::Set(items));
                }
                if !comma {
                    return None;
                }
                items.push(self.hashable()?);
            }
        }
        let mut entries = vec![(first, self.item()?)];
        loop {
            self.space();
            let comma = self.eat(",");
            self.space();
            if self.eat("}") {
                return Some(Item::Map(entries));
            }
            if !comma {
                return None;
            }
            let key = self.hashable()?;
            self.space();
            if !self.eat(":") {
                return None;
            }
            entries.push((key, self.item()?));
        }
    }

    /// A list in a set is a crash in Python, even where something later on the line is no literal.
    fn hashable(&mut self) -> Option<Item> {
        let item = self.item()?;
        if !matches!(item, Item::Plain(_) | Item::Bytes(_)) {
            self.stop = Some("a set or key of something that can't be one (a template wants quotes)");
        }
        Some(item)
    }

    fn name_or_text(&mut self) -> Option<Item> {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let len = self.rest().find(|c| !word(c)).unwrap_or(self.rest().len());
        let name = &self.rest()[..len];
        if self.rest()[len..].starts_with(['\'', '"']) {
            return self.strings();
        }
        let value = match name {
            "None" => Value::Null,
            "True" => Value::Bool(true),
            "False" => Value::Bool(false),
            "set" => {
                self.at += len;
                self.space();
                let called = self.eat("(");
                self.space();
                return (called && self.eat(")")).then(|| Item::Sequence(Vec::new()));
            }
            _ => return None,
        };
        self.at += len;
        Some(Item::Plain(value))
    }
}

#[cfg(test)]
mod tests;
