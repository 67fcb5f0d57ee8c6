//! Numbers as Python's tokenizer reads them: `1_000`, `0x1F`, `1e3`, `.5`; `0777` is none.

use super::Read;
use crate::inventory::value::Value;

impl Read<'_> {
    /// A number without sign. `None`: no number, so the whole is no literal.
    pub(super) fn number(&mut self) -> Option<Value> {
        let rest = &self.text[self.at..];
        let len = token(rest);
        let token = &rest[..len];
        if token.is_empty() {
            return None;
        }
        let value = parse(token);
        self.at += len;
        if let Some(real) = token.strip_suffix(['j', 'J']) {
            return imaginary(real);
        }
        value
    }
}

/// A complex number without a real part; Ansible makes it text again.
fn imaginary(digits: &str) -> Option<Value> {
    let plain = underscored(digits)?;
    let decimal = plain.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    let value: f64 = if decimal { plain.parse().ok()? } else { return None };
    let mut text = String::new();
    match value.is_finite() {
        true => crate::inventory::dump::float(&mut text, value),
        false => text.push_str("inf"),
    }
    let text = text.strip_suffix(".0").unwrap_or(&text).to_owned();
    Some(Value::Text(format!("{text}j").into()))
}

/// The longest run that can belong to a number.
fn token(text: &str) -> usize {
    let bytes = text.as_bytes();
    let hex = bytes.len() > 1 && bytes[0] == b'0' && bytes[1].eq_ignore_ascii_case(&b'x');
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        let sign = matches!(b, b'+' | b'-') && !hex && at > 0 && bytes[at - 1].eq_ignore_ascii_case(&b'e');
        if !(b.is_ascii_alphanumeric() || b == b'_' || b == b'.' || sign) {
            break;
        }
        at += 1;
    }
    // a letter beyond ASCII sticks to it: no number
    if text[at..].chars().next().is_some_and(char::is_alphanumeric) { 0 } else { at }
}

fn parse(token: &str) -> Option<Value> {
    let digits = underscored(token)?;
    let lower = digits.to_ascii_lowercase();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = lower.strip_prefix(prefix) {
            let valid = !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix));
            return valid.then(|| i64::from_str_radix(rest, radix).map_or(Value::Null, Value::Int)).and_then(
                |v| match v {
                    Value::Null => wide(rest, radix),
                    v => Some(v),
                },
            );
        }
    }
    if lower.bytes().all(|b| b.is_ascii_digit()) {
        if lower.len() > 1 && lower.starts_with('0') && lower.bytes().any(|b| b != b'0') {
            return None;
        }
        let short = lower.trim_start_matches('0');
        if short.len() > 4000 {
            return None; // Python refuses too
        }
        return Some(match lower.parse() {
            Ok(n) => Value::Int(n),
            Err(_) => Value::BigInt(short.into()),
        });
    }
    let (mantissa, power) = match lower.split_once('e') {
        Some((m, p)) => (m, Some(p.strip_prefix(['+', '-']).unwrap_or(p))),
        None => (lower.as_str(), None),
    };
    let power_fits = power.is_none_or(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let fits = power_fits && digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    if fits { lower.parse().ok().map(Value::Float) } else { None }
}

/// Hexadecimal, octal and binary numbers of more than 63 bits.
fn wide(digits: &str, radix: u32) -> Option<Value> {
    let mut decimal = vec![0u32];
    for c in digits.chars() {
        let mut carry = c.to_digit(radix)?;
        for part in &mut decimal {
            let sum = *part * radix + carry;
            *part = sum % 10;
            carry = sum / 10;
        }
        while carry > 0 {
            decimal.push(carry % 10);
            carry /= 10;
        }
    }
    let text: String = decimal.iter().rev().filter_map(|d| char::from_digit(*d, 10)).collect();
    Some(Value::BigInt(text.into()))
}

/// Without `_`, which may stand only between two digits (or after a prefix like `0x`).
fn underscored(token: &str) -> Option<String> {
    let bytes = token.as_bytes();
    let hex = bytes.len() > 1 && bytes[0] == b'0' && bytes[1].eq_ignore_ascii_case(&b'x');
    for (at, b) in bytes.iter().enumerate() {
        if *b == b'_' {
            let digit = |b: u8| b.is_ascii_digit() || (hex && b.is_ascii_hexdigit());
            let prefix = at == 2 && bytes[0] == b'0' && matches!(bytes[1].to_ascii_lowercase(), b'x' | b'o' | b'b');
            let before = at > 0 && (digit(bytes[at - 1]) || prefix);
            let after = bytes.get(at + 1).is_some_and(|b| digit(*b));
            if !(before && after) {
                return None;
            }
        }
    }
    Some(token.replace('_', ""))
}
