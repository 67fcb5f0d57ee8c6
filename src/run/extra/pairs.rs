//! `key=value key="two words"` as Ansible's own `parse_kv` reads it (`ansible/parsing/splitter.py`), word by word, so that
//! words can be taken out and the others stay as they were written.

/// One word of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As written, quotes and all.
    pub raw: String,
    /// The variable and its value; `None`: a word without `=`, which goes into `_raw_params`.
    pub pair: Option<(String, String)>,
}

/// The words of a text.
///
/// # Errors
/// What only Ansible can read, or what it refuses. Never quotes the text.
pub fn words(text: &str) -> Result<Vec<Word>, &'static str> {
    split(text)?.into_iter().map(|raw| Ok(Word { pair: pair(&decoded(&raw)?), raw })).collect()
}

/// Words put together again, as Ansible's `join_args` does.
pub fn join<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.fold(String::new(), |mut text, word| {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push(' ');
        }
        text + word
    })
}

/// At the first `=` that is not the first character and has no backslash before it.
fn pair(word: &str) -> Option<(String, String)> {
    let mut before = None;
    let at = word.char_indices().find(|(at, c)| {
        let found = *c == '=' && *at > 0 && before != Some('\\');
        before = Some(*c);
        found
    });
    let (name, value) = (&word[..at?.0], &word[at?.0 + 1..]);
    Some((name.trim().to_owned(), unquoted(value.trim()).to_owned()))
}

fn unquoted(text: &str) -> &str {
    let chars: Vec<char> = text.chars().collect();
    match chars.as_slice() {
        [first @ ('"' | '\''), .., before, last] if first == last && *before != '\\' => &text[1..text.len() - 1],
        ['"', '"'] | ['\'', '\''] => "",
        _ => text,
    }
}

/// `\n`, `\x41`, `\u00e4` ...: what Python's `unicode-escape` makes of them; other backslashes stay.
fn decoded(text: &str) -> Result<String, &'static str> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let hex = |digits: usize| {
            let text = after.get(1..=digits).filter(|t| t.bytes().all(|b| b.is_ascii_hexdigit()))?;
            u32::from_str_radix(text, 16).ok()
        };
        let number = match after.chars().next() {
            Some('U') => hex(8).map(|code| (code, 9)),
            Some('u') => hex(4).map(|code| (code, 5)),
            Some('x') => hex(2).map(|code| (code, 3)),
            Some('N') if after[1..].starts_with('{') && after[2..].find('}').is_some_and(|end| end > 0) => {
                return Err("a character by its name (`\\N{..}`)");
            }
            Some(c) => {
                let plain = ['\\', '\'', '"', 'a', 'b', 'f', 'n', 'r', 't', 'v'].iter().position(|known| *known == c);
                plain.map(|at| ([0x5c, 0x27, 0x22, 7, 8, 0xc, 0xa, 0xd, 9, 0xb][at], 1))
            }
            None => None,
        };
        rest = match number {
            Some((code, length)) => {
                out.push(char::from_u32(code).ok_or("half of a surrogate pair, or no character at all")?);
                &after[length..]
            }
            None => {
                out.push('\\');
                after
            }
        };
    }
    Ok(out + rest)
}

/// Depths of `{{ }}`, `{% %}` and `{# #}`.
const BLOCKS: [(&str, &str); 3] = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];

/// `split_args`: at blanks and line ends, but not within quotes and templates.
fn split(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words: Vec<String> = Vec::new();
    let (mut quote, mut depths) = (None, [0usize; 3]);
    let lines: Vec<&str> = text.split('\n').collect();
    for (n, line) in lines.iter().enumerate() {
        let mut goes_on = false;
        for (at, token) in line.split(' ').enumerate() {
            if token.is_empty() && at != 0 {
                last(&mut words).push(' ');
                continue;
            }
            if token == "\\" && quote.is_none() {
                goes_on = true;
                continue;
            }
            let was_quoted = quote.is_some();
            quote = quote_after(token, quote);
            let within = depths.iter().any(|depth| *depth > 0);
            let mut taken = false;
            if quote.is_some() && !was_quoted && !within {
                words.push(token.to_owned());
                taken = true;
            } else if within || quote.is_some() || was_quoted {
                let blank = if at == 0 { "" } else { " " };
                *last(&mut words) += &format!("{blank}{token}");
                taken = true;
            }
            for (depth, (open, close)) in depths.iter_mut().zip(BLOCKS) {
                let (opens, closes) = (token.matches(open).count(), token.matches(close).count());
                let now = (*depth + opens).saturating_sub(closes);
                if now != *depth && !taken {
                    words.push(token.to_owned());
                    taken = true;
                }
                *depth = now;
            }
            let within = depths.iter().any(|depth| *depth > 0);
            if !within && quote.is_none() && !taken && !token.is_empty() {
                words.push(token.to_owned());
            }
        }
        if lines.len() > 1 && n + 1 != lines.len() && !goes_on {
            last(&mut words).push('\n');
        }
    }
    if quote.is_some() || depths.iter().any(|depth| *depth > 0) {
        return Err("a quote or a template that is not closed");
    }
    Ok(words)
}

fn last(words: &mut Vec<String>) -> &mut String {
    if words.is_empty() {
        words.push(String::new());
    }
    let at = words.len() - 1;
    &mut words[at]
}

fn quote_after(token: &str, mut quote: Option<char>) -> Option<char> {
    let mut before = None;
    for c in token.chars() {
        if matches!(c, '"' | '\'') && before != Some('\\') {
            match quote {
                Some(open) if open == c => quote = None,
                Some(_) => {}
                None => quote = Some(c),
            }
        }
        before = Some(c);
    }
    quote
}
