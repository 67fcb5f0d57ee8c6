//! An output of any size in little memory: both ends of it, how much there was, and a digest of the whole, so that two
//! outputs can be called equal although most of them was thrown away.

use sha2::{Digest, Sha256};
use std::collections::VecDeque;

/// An output as far as it was kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Bytes kept at each end.
    keep: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    size: u64,
    digest: Sha256,
}

impl Kept {
    /// Keeps up to `keep` bytes of the beginning, and as many of the end.
    pub fn new(keep: usize) -> Self {
        Self { keep, head: Vec::new(), tail: VecDeque::new(), size: 0, digest: Sha256::new() }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.digest.update(bytes);
        let room = (self.keep - self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
        // Only the end of a large piece can stay.
        let rest = &bytes[room..];
        let rest = &rest[rest.len().saturating_sub(self.keep)..];
        let over = (self.tail.len() + rest.len()).saturating_sub(self.keep);
        self.tail.drain(..over);
        self.tail.extend(rest);
    }

    /// How many bytes there were.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many bytes of the middle are gone.
    pub fn lost(&self) -> u64 {
        self.size - (self.head.len() + self.tail.len()) as u64
    }

    /// The text: what is no UTF-8 is shown as such, and a gap is told.
    pub fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.head).into_owned();
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        if self.lost() == 0 {
            // One text: a character may lie across the seam.
            let whole: Vec<u8> = self.head.iter().chain(&tail).copied().collect();
            return String::from_utf8_lossy(&whole).into_owned();
        }
        text.push_str(&format!("\n[opsdeck: {} of {} bytes left out]\n", self.lost(), self.size));
        text.push_str(&String::from_utf8_lossy(&tail));
        text
    }

    /// SHA-256 of the whole, in hexadecimal.
    pub fn digest(&self) -> String {
        self.digest.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_gap_is_told() {
        let mut kept = Kept::new(4);
        kept.push(b"abcdefgh");
        assert_eq!((kept.text().as_str(), kept.lost()), ("abcdefgh", 0));
        kept.push(b"ij");
        assert_eq!(kept.text(), "abcd\n[opsdeck: 2 of 10 bytes left out]\nghij");
    }

    proptest! {
        #![proptest_config(crate::cases::cases(128))]

        #[test]
        fn pieces_make_no_difference(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..12)) {
            let whole: Vec<u8> = pieces.concat();
            let (mut cut, mut once) = (Kept::new(16), Kept::new(16));
            pieces.iter().for_each(|p| cut.push(p));
            once.push(&whole);
            prop_assert_eq!(cut.text(), once.text());
            prop_assert_eq!(cut.digest(), once.digest());
            prop_assert_eq!((cut.size(), cut.head.len() + cut.tail.len() <= 32), (whole.len() as u64, true));
            if whole.len() <= 32 {
                prop_assert_eq!(cut.text(), String::from_utf8_lossy(&whole).into_owned());
            }
        }
    }
}
