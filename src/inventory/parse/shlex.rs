//! Words of a line, as Python's `shlex.split` cuts them.

/// Splits a host line. `#` begins a comment even inside a word.
///
/// # Errors
/// Python's own words: an open quote, or a `\` at the end.
pub fn split(line: &str) -> Result<Vec<String>, &'static str> {
    cut(line, true)
}

/// Splits a text in which `#` means nothing.
pub fn words(text: &str) -> Result<Vec<String>, &'static str> {
    cut(text, false)
}

fn cut(line: &str, comments: bool) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '#' if comments => break,
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        None => return Err("No closing quotation"),
                        Some('\'') => break,
                        Some(c) => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        None => return Err("No closing quotation"),
                        Some('"') => break,
                        Some('\\') => match chars.next() {
                            None => return Err("No escaped character"),
                            Some(c @ ('"' | '\\')) => word.push(c),
                            Some(c) => word.extend(['\\', c]),
                        },
                        Some(c) => word.push(c),
                    }
                }
            }
            '\\' => match chars.next() {
                None => return Err("No escaped character"),
                Some(c) => word.get_or_insert_default().push(c),
            },
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::{split, words};

    #[test]
    fn words_quotes_and_comments() {
        assert_eq!(split(r#"a b="c d" e='f "g"' h"#).unwrap(), ["a", "b=c d", r#"e=f "g""#, "h"]);
        assert_eq!(split(r#"a n=foo#bar baz"#).unwrap(), ["a", "n=foo"]);
        assert_eq!(words(r#"a n=foo#bar baz"#).unwrap(), ["a", "n=foo#bar", "baz"]);
        assert_eq!(split(r#"a "" x\ y "\n\"""#).unwrap(), ["a", "", "x y", "\\n\""]);
        assert_eq!(split(r#"a "b"#), Err("No closing quotation"));
        assert_eq!(split("a \\"), Err("No escaped character"));
    }
}
