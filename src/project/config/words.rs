//! A command's words, split without a shell.

/// Splits a command into words: blanks separate, quotes and backslashes hold together as a shell's do, nothing is expanded,
/// and a template in braces is never cut.
///
/// # Errors
/// A quote that is not closed, in words.
pub fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars().peekable();
    let (mut quote, mut braces) = (None, false);
    while let Some(c) = chars.next() {
        match (quote, c) {
            _ if braces => {
                word.get_or_insert_default().push(c);
                braces = !word.as_deref().is_some_and(|w| w.ends_with("}}"));
            }
            (_, '{') if chars.peek() == Some(&'{') => {
                word.get_or_insert_default().push(c);
                braces = true;
            }
            (Some(q), c) if c == q => quote = None,
            (Some('"') | None, '\\') => {
                word.get_or_insert_default().push(chars.next().ok_or("a backslash at the end")?)
            }
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() || braces {
        return Err("a quote or a brace is not closed");
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_split_as_a_shell_would_but_nothing_is_expanded() {
        let split = |text| words(text).unwrap();
        assert_eq!(split("make build V={{ version }} $HOME"), ["make", "build", "V={{ version }}", "$HOME"]);
        assert_eq!(split(r#"a 'b c' "d \"e" f\ g '' h"i"j"#), ["a", "b c", "d \"e", "f g", "", "hij"]);
        assert_eq!(split("  "), Vec::<String>::new());
        assert!(words("a 'b").is_err() && words("a \\").is_err() && words("{{ a").is_err());
    }
}
