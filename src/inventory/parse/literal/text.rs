//! String literals: prefixes, escapes, triple quotes, neighbours that join.

use super::{Item, Read};
use crate::inventory::value::Value;

impl Read<'_> {
    /// One or more string literals side by side. `None`: not valid Python, or an f-string.
    pub(super) fn strings(&mut self) -> Option<Item> {
        let mut joined: Option<(Vec<u8>, bool)> = None;
        loop {
            let (bytes, is_bytes) = self.string()?;
            match &mut joined {
                None => joined = Some((bytes, is_bytes)),
                Some((all, kind)) if *kind == is_bytes => all.extend(bytes),
                Some(_) => return None, // text beside bytes is a syntax error
            }
            self.space();
            let rest = self.rest();
            let prefix = rest.find(['\'', '"']).unwrap_or(rest.len());
            if prefix == rest.len() || prefix > 2 || !rest[..prefix].bytes().all(|b| b.is_ascii_alphabetic()) {
                break;
            }
        }
        let (bytes, is_bytes) = joined?;
        if is_bytes {
            return Some(Item::Bytes(bytes));
        }
        Some(Item::Plain(Value::Text(String::from_utf8(bytes).ok()?.into())))
    }

    fn string(&mut self) -> Option<(Vec<u8>, bool)> {
        let rest = self.rest();
        let prefix = rest.find(['\'', '"'])?;
        let kind = rest[..prefix].to_ascii_lowercase();
        let (raw, is_bytes) = match kind.as_str() {
            "" | "u" => (false, false),
            "r" => (true, false),
            "b" => (false, true),
            "br" | "rb" => (true, true),
            _ => return None,
        };
        self.at += prefix;
        let quote = self.rest().chars().next()?;
        let triple = quote.to_string().repeat(3);
        let end = if self.rest().starts_with(&triple) { triple } else { quote.to_string() };
        self.at += end.len();
        let mut out = Vec::new();
        loop {
            if self.eat(&end) {
                return Some((out, is_bytes));
            }
            let c = self.rest().chars().next()?;
            self.at += c.len_utf8();
            if is_bytes && !c.is_ascii() {
                return None;
            }
            if c == '\\' {
                let next = self.rest().chars().next()?;
                if raw {
                    self.at += next.len_utf8();
                    out.push(b'\\');
                    push(&mut out, next);
                } else {
                    self.escape(&mut out, is_bytes)?;
                }
            } else {
                push(&mut out, c);
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>, is_bytes: bool) -> Option<()> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        match c {
            '\\' | '\'' | '"' => push(out, c),
            'a' => out.push(7),
            'b' => out.push(8),
            'f' => out.push(12),
            'n' => out.push(b'\n'),
            'r' => out.push(b'\r'),
            't' => out.push(b'\t'),
            'v' => out.push(11),
            '0'..='7' => {
                let mut code = c as u32 - '0' as u32;
                for _ in 0..2 {
                    match self.rest().chars().next().and_then(|c| c.to_digit(8)) {
                        Some(digit) => (code, self.at) = (code * 8 + digit, self.at + 1),
                        None => break,
                    }
                }
                self.code(out, code, is_bytes)?;
            }
            'x' => {
                let code = self.hex(2)?;
                self.code(out, code, is_bytes)?;
            }
            'u' | 'U' if !is_bytes => {
                let code = self.hex(if c == 'u' { 4 } else { 8 })?;
                if (0xD800..0xE000).contains(&code) {
                    self.stop = Some("half of a surrogate pair in a text");
                }
                push(out, char::from_u32(code)?);
            }
            'N' if !is_bytes => {
                self.stop = Some("a character by name (`\\N{...}`)");
                return None;
            }
            other => {
                out.push(b'\\');
                if is_bytes && !other.is_ascii() {
                    return None;
                }
                push(out, other);
            }
        }
        Some(())
    }

    fn code(&mut self, out: &mut Vec<u8>, code: u32, is_bytes: bool) -> Option<()> {
        if is_bytes {
            out.push((code & 0xFF) as u8);
        } else {
            push(out, char::from_u32(code)?);
        }
        Some(())
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let text = self.rest().get(..digits)?;
        let code = if text.bytes().all(|b| b.is_ascii_hexdigit()) { u32::from_str_radix(text, 16).ok() } else { None };
        self.at += digits;
        code
    }
}

fn push(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
