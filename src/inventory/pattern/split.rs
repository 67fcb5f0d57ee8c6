//! One text into single patterns, and a pattern into expression and subscript.

use super::{PatternError, unsure};
use crate::inventory::parse::address::{self, Address};
use crate::inventory::parse::lines::{is_space, strip};

/// Cuts at `,` if there is one; else at `:` unless the whole is an address or a range.
pub fn split(text: &str) -> Result<Vec<String>, PatternError> {
    if text.contains(['\n', '\r', '\0']) {
        return unsure("a line break in a pattern");
    }
    if text.contains(',') {
        return Ok(text.split(',').map(strip).filter(|p| !p.is_empty()).map(str::to_owned).collect());
    }
    // without a colon, a blank or a bracket nothing can be cut
    if !text.contains(|c| c == ':' || c == '[' || c == ']' || is_space(c)) {
        return Ok(Some(text.to_owned()).filter(|t| !t.is_empty()).into_iter().collect());
    }
    match address::parse(text) {
        Address::Host(..) => return Ok(vec![strip(text).to_owned()]),
        Address::Unsure => return unsure("a pattern with letters that Python sees in its own way"),
        Address::NotOne => {}
    }
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut len = c.len_utf8();
        if c == '[' {
            // a whole bracketed expression belongs to the part; a lone bracket cuts
            if let Some(end) = rest.find(']') {
                len = end + 1;
                part.push_str(&rest[..len]);
            } else if !part.is_empty() {
                parts.push(std::mem::take(&mut part));
            }
        } else if c == ':' || c == ']' || is_space(c) {
            parts.extend(Some(std::mem::take(&mut part)).filter(|p| !p.is_empty()));
        } else {
            part.push(c);
        }
        rest = &rest[len..];
    }
    parts.extend(Some(part).filter(|p| !p.is_empty()));
    Ok(parts)
}

/// Start, and the end where it is a range.
pub type Subscript = (i64, Option<i64>);

/// `web[0]`, `web[-1]`, `web[1:3]`, `web[2:]`; a pattern without one is itself.
pub fn subscript(pattern: &str) -> Result<(&str, Option<Subscript>), PatternError> {
    let none = Ok((pattern, None));
    let Some((expression, inside)) = pattern.strip_suffix(']').and_then(|p| p.rsplit_once('[')) else { return none };
    if expression.is_empty() {
        return none;
    }
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let number = |s: &str| match s.parse::<i64>() {
        Ok(n) if n < 1 << 40 => Ok(n),
        _ => unsure("a very large subscript"),
    };
    if digits(inside.strip_prefix('-').unwrap_or(inside)) {
        return Ok((expression, Some((number(inside)?, None))));
    }
    let Some((start, end)) = inside.split_once([':', '-']) else { return none };
    if !digits(start) || !(end.is_empty() || digits(end)) {
        return none;
    }
    let end = if end.is_empty() { -1 } else { number(end)? };
    Ok((expression, Some((number(start)?, Some(end)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts() {
        let cut = |text: &str| split(text).unwrap().join(" | ");
        assert_eq!(cut("a,b[1], c[2:3] , d"), "a | b[1] | c[2:3] | d");
        assert_eq!(cut("a:b:&c:!d"), "a | b | &c | !d");
        assert_eq!(cut("web[1:3]"), "web[1:3]");
        assert_eq!(cut("web[1:3]:db"), "web[1:3] | db");
        assert_eq!(cut("::1"), "::1");
        assert_eq!(cut("a b"), "a | b");
        assert_eq!(cut("a:22"), "a:22");
        assert_eq!(cut(""), "");
    }

    #[test]
    fn subscripts() {
        assert_eq!(subscript("a[0]").unwrap(), ("a", Some((0, None))));
        assert_eq!(subscript("a[-2]").unwrap(), ("a", Some((-2, None))));
        assert_eq!(subscript("a[1:]").unwrap(), ("a", Some((1, Some(-1)))));
        assert_eq!(subscript("a[1-3]").unwrap(), ("a", Some((1, Some(3)))));
        assert_eq!(subscript("[ab]").unwrap(), ("[ab]", None));
        assert_eq!(subscript("a[-2:3]").unwrap(), ("a[-2:3]", None));
    }
}
