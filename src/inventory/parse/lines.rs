//! Lines and blanks as Python sees them.

/// Python's `str.isspace` for one character.
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Python's `str.strip`.
pub fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Python's `str.splitlines`: more than `\n` ends a line.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| {
        matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(at) = rest.find(ends) else { return Some(std::mem::take(&mut rest)) };
        let line = &rest[..at];
        let end = &rest[at..];
        let len = if end.starts_with("\r\n") { 2 } else { end.chars().next().map_or(0, char::len_utf8) };
        rest = &end[len..];
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_ends_a_line() {
        let lines: Vec<_> = super::lines("a\r\nb\u{2028}c\u{c}\n\nd").collect();
        assert_eq!(lines, ["a", "b", "c", "", "", "d"]);
        assert_eq!(super::strip("\u{a0}\u{1c} x \t"), "x");
    }
}
