//! Host and class of a line from the words of Ansible's `default` and `minimal` output. A guess from text that hosts
//! can write too: good for finding one's way in a log, never for deciding anything. Decisions come from events.

use super::entry::{Class, Mark};
use std::collections::HashMap;

/// Names of hosts, numbered from 1.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    names: Vec<String>,
    numbers: HashMap<Vec<u8>, u32>,
}

/// More names than any inventory has: beyond, lines stay without a host.
const MAX_HOSTS: usize = 1 << 20;

impl Hosts {
    fn number(&mut self, name: &[u8]) -> u32 {
        if let Some(n) = self.numbers.get(name) {
            return *n;
        }
        if self.names.len() >= MAX_HOSTS || name.is_empty() || name.len() > 255 {
            return 0;
        }
        self.names.push(crate::text::plain(&String::from_utf8_lossy(name)).into_owned());
        let n = self.names.len() as u32;
        self.numbers.insert(name.to_vec(), n);
        n
    }

    pub(super) fn name(&self, number: u32) -> Option<&str> {
        self.names.get(number.checked_sub(1)? as usize).map(String::as_str)
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.names.iter().position(|n| n == name).map(|i| i as u32 + 1)
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }
}

/// What the lines that follow belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Inside {
    #[default]
    Nothing,
    /// `default`: an indented or bracketed result, until an empty line.
    Result(Class, u32),
    /// `minimal`, after `>>`: everything until the next host's line.
    Output(Class, u32),
    Recap,
}

/// The classifier of one stream.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Classifier {
    inside: Inside,
}

const PLAIN: Mark = Mark { class: Class::Normal, continued: false, host: 0 };

impl Classifier {
    /// The next line's mark, from its beginning (a few hundred bytes are enough).
    pub(super) fn line(&mut self, head: &[u8], stderr: bool, hosts: &mut Hosts) -> Mark {
        let text = uncoloured(head);
        if let Some((class, name, inside)) = start(text) {
            let host = name.map_or(0, |n| hosts.number(n));
            self.inside = match inside {
                Opens::Result => Inside::Result(class, host),
                Opens::Output => Inside::Output(class, host),
                Opens::Recap => Inside::Recap,
                Opens::Nothing => Inside::Nothing,
            };
            return Mark { class, continued: false, host };
        }
        match self.inside {
            Inside::Output(class, host) => Mark { class, continued: true, host },
            _ if text.is_empty() => {
                self.inside = Inside::Nothing;
                PLAIN
            }
            Inside::Result(class, host) if matches!(text[0], b' ' | b'\t' | b'}' | b']' | b'{') => {
                Mark { class, continued: true, host }
            }
            Inside::Recap => match recap(text) {
                Some(name) => Mark { class: Class::Recap, continued: false, host: hosts.number(name) },
                None => PLAIN,
            },
            _ if stderr => Mark { class: Class::Stderr, ..PLAIN },
            _ => PLAIN,
        }
    }
}

enum Opens {
    Nothing,
    Result,
    Output,
    Recap,
}

/// Skips the colour sequences before the text.
fn uncoloured(mut head: &[u8]) -> &[u8] {
    while let [0x1b, b'[', rest @ ..] = head {
        match rest.iter().position(|b| !matches!(b, b'0'..=b'9' | b';')) {
            Some(i) if rest[i] == b'm' => head = &rest[i + 1..],
            _ => break,
        }
    }
    // A colour's end may stand alone on the line, or a CR.
    head.strip_suffix(b"\r").unwrap_or(head)
}

fn start(text: &[u8]) -> Option<(Class, Option<&[u8]>, Opens)> {
    let header = |class| Some((class, None, Opens::Nothing));
    match text.first()? {
        b'T' if text.starts_with(b"TASK [") => header(Class::TaskHeader),
        b'R' if text.starts_with(b"RUNNING HANDLER [") => header(Class::TaskHeader),
        b'C' if text.starts_with(b"CLEANUP TASK [") => header(Class::TaskHeader),
        b'P' if text.starts_with(b"PLAY RECAP *") => Some((Class::PlayHeader, None, Opens::Recap)),
        b'P' if text.starts_with(b"PLAY [") => header(Class::PlayHeader),
        b'N' if text.starts_with(b"NO MORE HOSTS LEFT") => header(Class::Failed),
        b'E' if text.starts_with(b"ERROR! ") => Some((Class::Failed, None, Opens::Result)),
        b'[' if text.starts_with(b"[ERROR]: ") => Some((Class::Failed, None, Opens::Result)),
        b'[' if text.starts_with(b"[WARNING]: ") || text.starts_with(b"[DEPRECATION WARNING]: ") => {
            Some((Class::Warning, None, Opens::Result))
        }
        b'F' if text.starts_with(b"FAILED - RETRYING: ") => {
            let name = bracketed(&text[b"FAILED - RETRYING: ".len()..]).map(|(n, _)| n);
            Some((Class::Warning, name, Opens::Nothing))
        }
        b'o' | b'c' | b'f' | b's' | b'u' => result(text).or_else(|| minimal(text)),
        _ => minimal(text),
    }
}

/// `ok: [host]`, `changed: [host -> other] => (item=1)`, `fatal: [host]: UNREACHABLE! => {`.
fn result(text: &[u8]) -> Option<(Class, Option<&[u8]>, Opens)> {
    const WORDS: [(&[u8], Class); 6] = [
        (b"ok: ", Class::Ok),
        (b"changed: ", Class::Changed),
        (b"skipping: ", Class::Skipped),
        (b"failed: ", Class::Failed),
        (b"fatal: ", Class::Failed),
        (b"unreachable: ", Class::Unreachable),
    ];
    let (word, class) = WORDS.iter().find(|(w, _)| text.starts_with(w))?;
    let (name, rest) = bracketed(&text[word.len()..])?;
    let class = if rest.starts_with(b": UNREACHABLE!") { Class::Unreachable } else { *class };
    Some((class, Some(name), Opens::Result))
}

/// `[host]` or `[host -> delegate(address)]`; a host may hold brackets itself (`[[::1]:22]`).
fn bracketed(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(b"[")?;
    let end = (0..inner.len()).find(|i| {
        inner[*i] == b']' && matches!(inner.get(i + 1..).unwrap_or_default(), [] | [b' ' | 0x1b, ..] | [b':', b' ', ..])
    })?;
    let name = &inner[..end];
    let name = memchr::memmem::find(name, b" -> ").map_or(name, |i| &name[..i]);
    Some((name, &inner[end + 1..]))
}

/// `host | CHANGED | rc=0 >>`, `host | SUCCESS => {`, `host | UNREACHABLE! => {`.
fn minimal(text: &[u8]) -> Option<(Class, Option<&[u8]>, Opens)> {
    let bar = memchr::memmem::find(text, b" | ")?;
    let (name, rest) = (&text[..bar], &text[bar + 3..]);
    if name.is_empty() || name.contains(&b' ') {
        return None;
    }
    const WORDS: [(&[u8], Class); 6] = [
        (b"CHANGED", Class::Changed),
        (b"SUCCESS", Class::Ok),
        (b"FAILED!", Class::Failed),
        (b"FAILED", Class::Failed),
        (b"UNREACHABLE!", Class::Unreachable),
        (b"SKIPPED", Class::Skipped),
    ];
    let (word, class) = WORDS.iter().find(|(w, _)| rest.starts_with(w))?;
    let tail = &rest[word.len()..];
    if tail.starts_with(b" => ") {
        return Some((*class, Some(name), Opens::Result));
    }
    if tail.starts_with(b" | rc=") {
        return Some((*class, Some(name), Opens::Output));
    }
    tail.is_empty().then_some((*class, Some(name), Opens::Nothing))
}

/// `host  : ok=2 changed=0 ...`, the name perhaps in colour.
fn recap(text: &[u8]) -> Option<&[u8]> {
    let colon = memchr::memmem::find(text, b" : ")?;
    memchr::memmem::find(&text[colon..], b"ok=")?;
    let name = &text[..colon];
    let name = memchr::memchr(0x1b, name).map_or(name, |i| &name[..i]);
    let name = name.trim_ascii_end();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Vec<(Class, bool, Option<String>)> {
        let (mut c, mut hosts) = (Classifier::default(), Hosts::default());
        text.lines()
            .map(|l| {
                let m = c.line(l.as_bytes(), false, &mut hosts);
                (m.class, m.continued, hosts.name(m.host).map(str::to_owned))
            })
            .collect()
    }

    fn one(line: &str) -> (Class, Option<String>) {
        let (class, _, host) = run(line).remove(0);
        (class, host)
    }

    #[test]
    fn default_format() {
        let of = |h: &str| Some(h.to_owned());
        assert_eq!(one("ok: [web01]"), (Class::Ok, of("web01")));
        assert_eq!(one("\x1b[0;33mchanged: [web01 -> db(10.0.0.1)] => (item=x)\x1b[0m"), (Class::Changed, of("web01")));
        assert_eq!(one("\x1b[0;32mok: [web01]\x1b[0m"), (Class::Ok, of("web01")));
        assert_eq!(one("fatal: [w]: FAILED! => {\"msg\": \"x\"}"), (Class::Failed, of("w")));
        assert_eq!(one("fatal: [w]: UNREACHABLE! => {"), (Class::Unreachable, of("w")));
        assert_eq!(one("failed: [w] (item=1) => {}"), (Class::Failed, of("w")));
        assert_eq!(one("skipping: [w]"), (Class::Skipped, of("w")));
        assert_eq!(one("ok: [[::1]:22] => x"), (Class::Ok, of("[::1]:22")));
        assert_eq!(one("FAILED - RETRYING: [w]: wait (2 retries left)."), (Class::Warning, of("w")));
        assert_eq!(one("TASK [x : y] ****"), (Class::TaskHeader, None));
        assert_eq!(one("ok: well"), (Class::Normal, None));
        assert_eq!(one("[WARNING]: x"), (Class::Warning, None));
    }

    #[test]
    fn results_and_recaps_of_many_lines() {
        let got = run(
            "ok: [a] => {\n    \"msg\": 1\n}\n\nfree text\nPLAY RECAP ****\n\x1b[0;31mb\x1b[0m  : ok=1 changed=0\n",
        );
        let classes: Vec<Class> = got.iter().map(|g| g.0).collect();
        use Class::*;
        assert_eq!(classes, [Ok, Ok, Ok, Normal, Normal, PlayHeader, Recap]);
        assert_eq!(got[2], (Ok, true, Some("a".into())));
        assert_eq!(got[6].2.as_deref(), Some("b"));
    }

    #[test]
    fn minimal_format() {
        let got = run(
            "a | CHANGED | rc=0 >>\nout 1\n\nout 2\nb | FAILED! => {\n    \"x\": 1\n}\nc | UNREACHABLE! => {\nx | y",
        );
        let hosts: Vec<_> = got.iter().map(|g| g.2.as_deref().unwrap_or("-")).collect();
        assert_eq!(hosts, ["a", "a", "a", "a", "b", "b", "b", "c", "-"]);
        assert!(got[1].1 && got[1].0 == Class::Changed);
        assert_eq!((got[4].0, got[7].0), (Class::Failed, Class::Unreachable));
    }

    #[test]
    fn any_bytes_are_read() {
        let mut hosts = Hosts::default();
        let mut c = Classifier::default();
        for raw in [&b"\x1b["[..], b"\x1b[31", b"ok: [", b"fatal: []", b" | ", b"\xff\xfe", b"a | FAILED"] {
            c.line(raw, true, &mut hosts);
        }
        assert_eq!(hosts.names(), ["a"]);
    }
}
