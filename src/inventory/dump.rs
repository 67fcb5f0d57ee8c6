//! Values as JSON text, to the byte as Python's `json.dumps(indent=4, sort_keys=True, ensure_ascii=False)` writes it.

use super::value::Value;
use std::fmt::Write;

/// Writes values with four spaces a level.
#[derive(Debug, Default)]
pub struct Dump {
    pub out: String,
    level: usize,
    empty: bool,
}

impl Value {
    /// The JSON that Ansible prints for it.
    pub fn to_json(&self) -> String {
        let mut dump = Dump::default();
        dump.value(self);
        dump.out
    }
}

impl Dump {
    pub fn open(&mut self) {
        self.out.push('{');
        self.level += 1;
        self.empty = true;
    }

    /// Begins the next entry of a mapping. Callers bring keys in sorted order.
    pub fn key(&mut self, key: &str) {
        self.next();
        text(&mut self.out, key);
        self.out.push_str(": ");
    }

    pub fn close(&mut self) {
        self.end('}');
    }

    /// What `write` writes, at this depth but apart from the rest.
    pub fn apart(&self, write: impl FnOnce(&mut Dump)) -> String {
        let mut dump = Dump { out: String::new(), level: self.level, empty: false };
        write(&mut dump);
        dump.out
    }

    pub fn texts<'a>(&mut self, items: impl Iterator<Item = &'a str>) {
        self.out.push('[');
        self.level += 1;
        self.empty = true;
        for item in items {
            self.next();
            text(&mut self.out, item);
        }
        self.end(']');
    }

    pub fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(b) => self.out.push_str(if *b { "true" } else { "false" }),
            Value::Int(n) => _ = write!(self.out, "{n}"),
            Value::BigInt(digits) => self.out.push_str(digits),
            Value::Float(f) => float(&mut self.out, *f),
            Value::Text(s) => text(&mut self.out, s),
            Value::Unsafe(s) => self.wrapped("__ansible_unsafe", s),
            Value::Vault(s) => self.wrapped("__ansible_vault", s),
            Value::List(items) => {
                self.out.push('[');
                self.level += 1;
                self.empty = true;
                for item in items.iter() {
                    self.next();
                    self.value(item);
                }
                self.end(']');
            }
            Value::Map(entries) => {
                let mut sorted: Vec<_> = entries.iter().collect();
                sorted.sort_by(|a, b| a.0.cmp(&b.0));
                self.open();
                for (key, value) in sorted {
                    self.key(key);
                    self.value(value);
                }
                self.close();
            }
        }
    }

    fn wrapped(&mut self, name: &str, inner: &str) {
        self.open();
        self.key(name);
        text(&mut self.out, inner);
        self.close();
    }

    fn next(&mut self) {
        self.out.push_str(if self.empty { "\n" } else { ",\n" });
        self.empty = false;
        self.indent();
    }

    fn end(&mut self, bracket: char) {
        self.level -= 1;
        if !self.empty {
            self.out.push('\n');
            self.indent();
        }
        self.empty = false;
        self.out.push(bracket);
    }

    fn indent(&mut self) {
        for _ in 0..self.level {
            self.out.push_str("    ");
        }
    }
}

/// A JSON string; beyond ASCII it stays as it is.
pub fn text(out: &mut String, text: &str) {
    out.push('"');
    let mut from = 0;
    for (at, b) in text.bytes().enumerate() {
        let escape = match b {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(escape);
        if escape.is_empty() {
            _ = write!(out, "\\u{b:04x}");
        }
        from = at + 1;
    }
    out.push_str(&text[from..]);
    out.push('"');
}

/// A float as Python's `repr`: shortest digits, an exponent below 1e-4 and from 1e16 on.
pub fn float(out: &mut String, f: f64) {
    if f.is_nan() {
        return out.push_str("NaN");
    }
    if f.is_infinite() {
        return out.push_str(if f > 0.0 { "Infinity" } else { "-Infinity" });
    }
    let scientific = format!("{f:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&power) {
        let plain = format!("{f}");
        out.push_str(&plain);
        if !plain.contains('.') {
            out.push_str(".0");
        }
    } else {
        let sign = if power < 0 { '-' } else { '+' };
        _ = write!(out, "{digits}e{sign}{:02}", power.abs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_look_as_in_python() {
        for (f, want) in [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (123456789012345.6, "123456789012345.6"),
            (-0.0, "-0.0"),
            (1e15, "1000000000000000.0"),
        ] {
            let mut out = String::new();
            float(&mut out, f);
            assert_eq!(out, want);
        }
    }

    #[test]
    fn layout_is_that_of_json_dumps() {
        let map = |entries: Vec<(&str, Value)>| {
            Value::Map(entries.into_iter().map(|(k, v)| (k.into(), v)).collect::<Vec<_>>().into())
        };
        let mut dump = Dump::default();
        dump.value(&map(vec![
            ("b", Value::List(vec![].into())),
            ("a", map(vec![("x\n", Value::Null)])),
            ("c", Value::List(vec![Value::Int(1), map(vec![])].into())),
        ]));
        let want = "{\n    \"a\": {\n        \"x\\n\": null\n    },\n    \"b\": [],\n    \"c\": [\n        1,\n        {}\n    ]\n}";
        assert_eq!(dump.out, want);
    }
}
