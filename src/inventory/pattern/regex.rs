//! `~` patterns: Python's regular expressions, where ours mean the same; the rest is declined.

use regex::Regex;

/// Compiles `expression` to match at the start of a name, as Python's `re.match` does.
///
/// # Errors
/// What in it the two languages may read differently.
pub fn python(expression: &str, names_are_ascii: bool) -> Result<Regex, String> {
    same(expression, names_are_ascii)?;
    Regex::new(&format!("^(?:{expression})")).map_err(|_| "a regular expression that is not valid".into())
}

/// Lets through what means the same in both languages: text, `.`, classes, groups, `|`, anchors, simple repeats.
fn same(expression: &str, names_are_ascii: bool) -> Result<(), String> {
    let no = |what: &str| Err(format!("{what} in a regular expression"));
    let mut chars = expression.chars().peekable();
    let mut repeated = false;
    let mut start = true;
    while let Some(c) = chars.next() {
        let mut repeats = false;
        match c {
            '*' | '+' | '?' => {
                if start {
                    return no("a repeat of nothing");
                }
                if repeated && c != '?' {
                    return no("a repeat of a repeat");
                }
                if repeated && chars.peek() == Some(&'?') {
                    return no("a repeat of a repeat");
                }
                repeats = true;
            }
            '{' => {
                let inside: String = chars.by_ref().take_while(|c| *c != '}').collect();
                let (from, to) = inside.split_once(',').unwrap_or((&inside, ""));
                let digits = |s: &str| s.len() < 4 && s.bytes().all(|b| b.is_ascii_digit());
                if start || repeated || from.is_empty() || !digits(from) || !digits(to) {
                    return no("braces");
                }
                repeats = true;
            }
            '\\' => match chars.next() {
                Some('d' | 'D' | 'w' | 'W' | 's' | 'S' | 'b') if names_are_ascii => {}
                Some(
                    '.' | '-' | '[' | ']' | '(' | ')' | '*' | '+' | '?' | '\\' | '|' | '^' | '$' | '{' | '}' | '/',
                ) => {}
                _ => return no("an escape"),
            },
            '[' => class(&mut chars, names_are_ascii)?,
            '(' => {
                if chars.peek() == Some(&'?') {
                    chars.next();
                    if chars.next() != Some(':') {
                        return no("a group with `?`");
                    }
                }
                start = true;
                repeated = false;
                continue;
            }
            '|' => {
                start = true;
                repeated = false;
                continue;
            }
            // a repeat of an anchor is an error in one language only
            '^' | '$' => {
                if matches!(chars.peek(), Some('*' | '+' | '?' | '{')) {
                    return no("a repeat of an anchor");
                }
            }
            '}' | ']' => return no("a lone bracket"),
            _ => {}
        }
        if repeats && repeated && c != '?' {
            return no("a repeat of a repeat");
        }
        repeated = repeats;
        start = false;
    }
    Ok(())
}

fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, names_are_ascii: bool) -> Result<(), String> {
    let no = |what: &str| Err(format!("{what} in a class of a regular expression"));
    chars.next_if_eq(&'^');
    let mut last = ' ';
    let mut first = true;
    loop {
        match chars.next() {
            None => return no("no end"),
            Some(']') if first => return no("a bracket"),
            Some(']') => return Ok(()),
            Some('\\') => match chars.next() {
                Some('d' | 'w' | 's') if names_are_ascii => {}
                Some('.' | '-' | ']' | '[' | '\\' | '^') => {}
                _ => return no("an escape"),
            },
            Some(c @ ('[' | '&' | '~' | '|')) if c == '[' || last == c => return no("two marks"),
            Some('-') if last == '-' || chars.peek() == Some(&'\\') => return no("a range"),
            Some(c) => last = c,
        }
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::python;

    #[test]
    fn what_means_the_same() {
        let is = |re: &str, name: &str| python(re, true).unwrap().is_match(name);
        assert!(is("web", "web1"));
        assert!(!is("eb", "web1"));
        assert!(is(r"(web|db)\d+$", "db12"));
        assert!(is("a|web", "web"));
        assert!(!is("web[^0-9]{2,3}", "web11"));
        for declined in ["a*+", "a{,3}", r"(?i)a", r"\1", r"\Z", "[[:alpha:]]", "(?<=a)b", "[a&&b]", "a**", "^*", "("] {
            assert!(python(declined, true).is_err(), "{declined}");
        }
        assert!(python(r"\w", false).is_err());
    }
}
