//! The word by which the other side tells that another user was become: taken out of the output, so that nobody sees it.

use super::order::Chunk;

/// So much is waited for before the word; nothing of a shell writes that much (bytes).
const BEFORE: usize = 64 << 10;

/// Watches for the word in an output.
#[derive(Debug)]
pub(super) struct Became {
    mark: Vec<u8>,
    held: Vec<u8>,
    heard: Vec<u8>,
    /// The word came: the command was started.
    pub seen: bool,
}

impl Became {
    /// For the word `mark` on a line of its own.
    pub fn new(mark: &str) -> Self {
        Self { mark: format!("{mark}\n").into_bytes(), held: Vec::new(), heard: Vec::new(), seen: false }
    }

    /// Hands on what belongs to the command.
    pub fn pass(&mut self, chunk: Chunk<'_>, sink: &mut impl FnMut(Chunk<'_>)) {
        let bytes = match chunk {
            _ if self.seen => return sink(chunk),
            Chunk::Err(bytes) => {
                let room = BEFORE.saturating_sub(self.heard.len()).min(bytes.len());
                self.heard.extend_from_slice(&bytes[..room]);
                return sink(chunk);
            }
            Chunk::Out(bytes) => bytes,
        };
        let from = self.held.len().saturating_sub(self.mark.len());
        self.held.extend_from_slice(bytes);
        match memchr::memmem::find(&self.held[from..], &self.mark) {
            Some(at) => {
                self.seen = true;
                let at = from + at;
                for part in [&self.held[..at], &self.held[at + self.mark.len()..]] {
                    if !part.is_empty() {
                        sink(Chunk::Out(part));
                    }
                }
                self.held = Vec::new();
            }
            None if self.held.len() > BEFORE => {
                let end = self.held.len() - self.mark.len();
                self.held.drain(..end);
            }
            None => {}
        }
    }

    /// Why `user` was not become, in the words of the other side.
    pub fn said(&self, user: &str) -> String {
        let text = String::from_utf8_lossy(if self.heard.is_empty() { &self.held } else { &self.heard }).into_owned();
        let lines = crate::text::plain_lines(&text);
        let line = lines.iter().map(|l| l.trim()).rfind(|l| !l.is_empty()).unwrap_or("nothing was said");
        format!("{user} was not become, and the command was not started: {line}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn passed(pieces: &[Vec<u8>]) -> (Vec<u8>, bool) {
        let (mut became, mut out) = (Became::new("MARK"), Vec::new());
        for piece in pieces {
            became.pass(Chunk::Out(piece), &mut |chunk| match chunk {
                Chunk::Out(bytes) | Chunk::Err(bytes) => out.extend_from_slice(bytes),
            });
        }
        (out, became.seen)
    }

    #[test]
    fn the_other_side_says_why() {
        let mut became = Became::new("MARK");
        became.pass(Chunk::Err(b"sudo: a password is required\n"), &mut |_| {});
        assert!(became.said("root").ends_with("sudo: a password is required"));
        assert!(!became.seen);
    }

    proptest! {
        #![proptest_config(crate::cases::cases(128))]

        #[test]
        fn the_word_goes_however_it_is_cut(before in "[a-zM\n]{0,9}", after in "(MARK\n|.){0,9}", at in 0usize..30) {
            let whole = format!("{before}MARK\n{after}").into_bytes();
            let (one, two) = whole.split_at(at.min(whole.len()));
            let (out, seen) = passed(&[one.to_vec(), two.to_vec()]);
            prop_assert!(seen);
            prop_assert_eq!(String::from_utf8(out).unwrap(), format!("{before}{after}"));
        }
    }
}
