//! JSON as Python's `json.loads` reads it, into the same tree: Ansible tries JSON before YAML, and `1e3` or a repeated
//! key mean something else there. Only text that begins with `{` is tried; the rest means the same in both.

use super::{Kind, MAX_DEPTH, Mark, Node};

const FLOAT: &str = "tag:yaml.org,2002:float";

/// What became of the attempt.
#[derive(Debug)]
pub enum Attempt {
    /// It is JSON.
    Tree(Node),
    /// It is not; Ansible reads it as YAML next.
    NotJson,
    /// Python might read it otherwise; why.
    Unsure(Mark, &'static str),
}

/// Reads `text` as one JSON object. Values that Ansible wrapped (`__ansible_vault` ...) are [`Attempt::Unsure`] unless
/// the caller says that it knows them.
pub fn object(text: &str, knows_wrapped: bool) -> Attempt {
    if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
        return Attempt::NotJson;
    }
    let mut read = Read { text, at: 0, line: 1, line_start: 0, depth: 0, knows_wrapped, unsure: None };
    let tree = read.value().filter(|_| {
        read.space();
        read.at == text.len()
    });
    match (tree, read.unsure) {
        (_, Some((mark, why))) => Attempt::Unsure(mark, why),
        (Some(node), None) => Attempt::Tree(node),
        (None, None) => Attempt::NotJson,
    }
}

struct Read<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    line_start: usize,
    depth: usize,
    knows_wrapped: bool,
    unsure: Option<(Mark, &'static str)>,
}

impl Read<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn mark(&self) -> Mark {
        let column = self.text[self.line_start..self.at].chars().count();
        Mark { line: self.line, column: u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1) }
    }

    fn space(&mut self) {
        while let Some(b) = self.peek() {
            match b {
                b'\n' => {
                    self.line += 1;
                    self.line_start = self.at + 1;
                }
                b' ' | b'\t' | b'\r' => {}
                _ => break,
            }
            self.at += 1;
        }
    }

    fn eat(&mut self, what: &str) -> bool {
        let here = self.text[self.at..].starts_with(what);
        self.at += if here { what.len() } else { 0 };
        here
    }

    fn value(&mut self) -> Option<Node> {
        self.space();
        let mark = self.mark();
        let plain = |text: &str, tag: Option<&str>| {
            let kind = Kind::Scalar { text: text.to_owned(), plain: true };
            Some(Node { mark, tag: tag.map(str::to_owned), kind })
        };
        match self.peek()? {
            b'{' => self.deeper(Self::members, mark),
            b'[' => self.deeper(Self::elements, mark),
            b'"' => {
                let text = self.string()?;
                Some(Node { mark, tag: None, kind: Kind::Scalar { text, plain: false } })
            }
            b't' => self.eat("true").then(|| plain("true", None))?,
            b'f' => self.eat("false").then(|| plain("false", None))?,
            b'n' => self.eat("null").then(|| plain("null", None))?,
            b'N' => self.eat("NaN").then(|| plain(".nan", Some(FLOAT)))?,
            b'I' => self.eat("Infinity").then(|| plain(".inf", Some(FLOAT)))?,
            b'-' if self.eat("-Infinity") => plain("-.inf", Some(FLOAT)),
            _ => {
                let (text, float) = self.number()?;
                plain(&text, float.then_some(FLOAT))
            }
        }
    }

    fn deeper(&mut self, read: fn(&mut Self) -> Option<Kind>, mark: Mark) -> Option<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.unsure = Some((mark, "nested too deep"));
            return None;
        }
        self.at += 1;
        let kind = read(self)?;
        self.depth -= 1;
        Some(Node { mark, tag: None, kind })
    }

    fn members(&mut self) -> Option<Kind> {
        let mut entries = Vec::new();
        self.space();
        if self.eat("}") {
            return Some(Kind::Mapping(entries));
        }
        loop {
            self.space();
            let mark = self.mark();
            let text = self.string()?;
            let wrapped = text == "__ansible_vault" || text == "__ansible_unsafe" || text == "__ansible_type";
            if wrapped && !self.knows_wrapped {
                self.unsure = Some((mark, "a value that Ansible wrapped"));
            }
            self.space();
            if !self.eat(":") {
                return None;
            }
            let value = self.value()?;
            entries.push((Node { mark, tag: None, kind: Kind::Scalar { text, plain: false } }, value));
            self.space();
            if self.eat("}") {
                return Some(Kind::Mapping(entries));
            }
            if !self.eat(",") {
                return None;
            }
        }
    }

    fn elements(&mut self) -> Option<Kind> {
        let mut items = Vec::new();
        self.space();
        if self.eat("]") {
            return Some(Kind::Sequence(items));
        }
        loop {
            items.push(self.value()?);
            self.space();
            if self.eat("]") {
                return Some(Kind::Sequence(items));
            }
            if !self.eat(",") {
                return None;
            }
        }
    }

    fn number(&mut self) -> Option<(String, bool)> {
        let start = self.at;
        let digits = |read: &mut Self| {
            let from = read.at;
            while read.peek().is_some_and(|b| b.is_ascii_digit()) {
                read.at += 1;
            }
            read.at > from
        };
        self.eat("-");
        if !self.eat("0") && !digits(self) {
            return None;
        }
        let mut float = false;
        let whole = self.at;
        if self.eat(".") {
            float = digits(self);
            if !float {
                self.at = whole; // Python stops before the point, and then finds it in its way
            }
        }
        let before = self.at;
        if self.eat("e") || self.eat("E") {
            let _sign = self.eat("+") || self.eat("-");
            if digits(self) {
                float = true;
            } else {
                self.at = before;
            }
        }
        Some((self.text[start..self.at].to_owned(), float))
    }

    fn string(&mut self) -> Option<String> {
        if !self.eat("\"") {
            return None;
        }
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let stop = rest.find(|c: char| c == '"' || c == '\\' || c < ' ')?;
            out.push_str(&rest[..stop]);
            self.at += stop + 1;
            match rest.as_bytes()[stop] {
                b'"' => return Some(out),
                b'\\' => out.push(self.escape()?),
                _ => return None, // a raw control character
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(match c {
            b'"' | b'\\' | b'/' => c as char,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex()?;
                if !(0xD800..0xE000).contains(&high) {
                    return char::from_u32(high);
                }
                let pair = high < 0xDC00 && self.eat("\\u");
                let low = if pair { self.hex()? } else { 0 };
                if !(0xDC00..0xE000).contains(&low) {
                    self.unsure = Some((self.mark(), "half of a surrogate pair"));
                    return None;
                }
                char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))?
            }
            _ => return None,
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        if digits.bytes().all(|b| b.is_ascii_hexdigit()) { u32::from_str_radix(digits, 16).ok() } else { None }
    }
}
