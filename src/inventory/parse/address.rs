//! Names of hosts with a port: what Ansible's `parse_address` accepts, ranges included.

use regex::Regex;
use std::sync::OnceLock;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A host identifier and maybe a port.
    Host(String, Option<u32>),
    /// None of ours; Ansible goes on with the whole text as a name.
    NotOne,
    /// Python's rules for letters or numbers decide here.
    Unsure,
}

/// Reads `text` as `HOST`, `HOST:PORT` or `[HOST]:PORT`; ranges may stand in HOST.
pub fn parse(text: &str) -> Address {
    let mut host = text;
    let mut port = None;
    if let Some((inner, number)) = bracketed(host) {
        (host, port) = (inner, Some(number));
    }
    if let Some((before, number)) = with_port(host) {
        (host, port) = (before, Some(number));
    }
    let number = match port.map(str::parse::<u32>) {
        None => None,
        Some(Ok(n)) => Some(n),
        Some(Err(_)) => return Address::Unsure,
    };
    match identifier(host) {
        Some(true) => Address::Host(host.to_owned(), number),
        Some(false) => Address::NotOne,
        None => Address::Unsure,
    }
}

/// `[..]:digits`
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let (front, port) = text.strip_prefix('[')?.rsplit_once("]:")?;
    (!front.is_empty() && is_digits(port)).then_some((front, port))
}

/// `..:digits`, where `..` has no colon outside of whole brackets.
fn with_port(text: &str) -> Option<(&str, &str)> {
    let (front, port) = text.rsplit_once(':')?;
    if !is_digits(port) {
        return None;
    }
    let mut rest = front;
    while let Some(at) = rest.find([':', '[', ']']) {
        if rest.as_bytes()[at] != b'[' {
            return None;
        }
        rest = &rest[at + rest[at..].find(']')? + 1..];
    }
    Some((front, port))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A host name or address. `None`: it depends on what Python calls a letter.
fn identifier(text: &str) -> Option<bool> {
    if text.matches(':').count() > 1 && text.is_ascii() && ipv6().is_some_and(|re| re.is_match(text)) {
        return Some(true);
    }
    hostname(text)
}

/// Labels joined by dots; a label begins with a letter, digit, `_` or range and does not end in `-` or `_`.
fn hostname(text: &str) -> Option<bool> {
    let mut rest = text;
    let mut start = true;
    let mut last = '.';
    while let Some(c) = rest.chars().next() {
        let mut len = c.len_utf8();
        match c {
            '.' if !start && !matches!(last, '-' | '_') => start = true,
            '-' if !start => {}
            '[' => match range(rest) {
                Some(range) => (len, start) = (range, false),
                None => return Some(false),
            },
            _ if is_word(c)? => start = false,
            _ => return Some(false),
        }
        last = c;
        rest = &rest[len..];
    }
    Some(!start && !matches!(last, '-' | '_'))
}

/// Python's `\w`. Beyond ASCII the two languages agree on letters with case and on Han; of others we are not sure.
fn is_word(c: char) -> Option<bool> {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => Some(true),
        _ if c.is_ascii() => Some(false),
        '\u{130}' | '\u{131}' | '\u{17f}' | '\u{212a}' => None,
        '\u{c0}'..='\u{24f}' if c.is_alphabetic() => Some(true),
        '\u{4e00}'..='\u{9fa5}' => Some(true),
        _ => None,
    }
}

/// The length of `[a:b]`, `[1:20]`, `[1:20:2]` at the front of `text`.
fn range(text: &str) -> Option<usize> {
    let inside = &text[1..text.find(']')?];
    let mut parts = inside.split(':');
    let (begin, end, step) = (parts.next()?, parts.next()?, parts.next());
    let letter = |s: &str| s.len() == 1 && s.bytes().all(|b| b.is_ascii_alphabetic());
    let sides = (letter(begin) && letter(end)) || (is_digits(begin) && is_digits(end));
    (sides && step.is_none_or(is_digits) && parts.next().is_none()).then_some(inside.len() + 2)
}

fn ipv6() -> Option<&'static Regex> {
    static IPV6: OnceLock<Option<Regex>> = OnceLock::new();
    let build = || {
        let h = r"(?:[0-9a-f]{1,4}|\[[0-9a-f]+:[0-9a-f]+(?::[0-9]+)?\])";
        let mut forms = vec![format!("(?:{h}:){{7}}{h}"), format!("(?:{h}:){{1,6}}:")];
        forms.extend((1..=6).map(|left| {
            let right = if left == 6 { "1".to_owned() } else { format!("1,{}", 7 - left) };
            format!("(?:{h}:){{{left}}}(?::{h}){{{right}}}")
        }));
        forms.push(format!(":(?::{h}){{1,6}}"));
        forms.push(format!("{h}?::"));
        forms.push(format!(r"(?:0:){{6}}(?:{h}\.){{3}}{h}"));
        forms.push(format!(r"::(?:ffff:)?(?:{h}\.){{3}}{h}"));
        forms.push(format!(r"(?:0:){{5}}ffff:(?:{h}\.){{3}}{h}"));
        Regex::new(&format!("(?i-u)^(?:{})$", forms.join("|"))).ok()
    };
    IPV6.get_or_init(build).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ports_ranges_and_addresses() {
        let host = |name: &str, port: Option<u32>| Address::Host(name.into(), port);
        for (text, want) in [
            ("web", host("web", None)),
            ("web.example.com:2222", host("web.example.com", Some(2222))),
            ("[web]:22", host("web", Some(22))),
            ("10.0.0.1", host("10.0.0.1", None)),
            ("::1", host("::1", None)),
            ("fe80::1:22", host("fe80::1:22", None)),
            ("[2001:db8::1]:22", host("2001:db8::1", Some(22))),
            ("::ffff:192.0.2.3", host("::ffff:192.0.2.3", None)),
            ("web[01:20:2]-[a:f]:80", host("web[01:20:2]-[a:f]", Some(80))),
            ("2001:db8::[0:f]", host("2001:db8::[0:f]", None)),
            ("web-", Address::NotOne),
            ("a:b", Address::NotOne),
            ("a..b", Address::NotOne),
            ("web[1]", Address::NotOne),
            ("w*", Address::NotOne),
            ("", Address::NotOne),
            ("größe:22", host("größe", Some(22))),
        ] {
            assert_eq!(parse(text), want, "{text}");
        }
    }
}
