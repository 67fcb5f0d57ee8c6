//! The content of a run's journal, as the ledger holds it: so many bytes and their SHA-256, up to and with the line that
//! ended the run. What the lines mean is not known here.

use super::chain;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes of a journal's end in which its last line is looked for first.
const TAIL: u64 = 64 << 10;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// Its bytes.
    pub bytes: u64,
    /// Their SHA-256, in hex.
    pub digest: String,
}

/// A sum that grows with what is written.
#[derive(Debug, Clone, Default)]
pub struct Summing {
    hash: Sha256,
    bytes: u64,
}

impl Summing {
    /// These bytes were added.
    pub fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// The sum of all that was added so far.
    pub fn sum(&self) -> Sum {
        Sum { bytes: self.bytes, digest: chain::hex(&self.hash.clone().finalize()) }
    }
}

impl Sum {
    /// Of the first `limit` bytes of a file; of fewer, where it is shorter.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of(path: &Path, limit: u64) -> io::Result<Sum> {
        let mut file = open(path)?.take(limit);
        let (mut summing, mut buffer) = (Summing::default(), vec![0; 1 << 18]);
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(summing.sum()),
                Ok(n) => summing.add(&buffer[..n]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(crate::state::file::at(path, "read", e)),
            }
        }
    }
}

/// The last whole line of a journal, without its newline; `None`: there is none.
///
/// # Errors
/// It cannot be read.
pub fn last_line(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = open(path)?;
    let size = file.metadata()?.len();
    let mut want = TAIL;
    loop {
        let from = size.saturating_sub(want);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        (&mut file).take(size - from).read_to_end(&mut bytes)?;
        let end = memchr::memrchr(b'\n', &bytes);
        let begin = end.map(|end| memchr::memrchr(b'\n', &bytes[..end]));
        match (end, begin) {
            (Some(end), Some(Some(begin))) => return Ok(Some(bytes[begin + 1..end].to_vec())),
            (Some(end), Some(None)) if from == 0 => return Ok(Some(bytes[..end].to_vec())),
            _ if from == 0 => return Ok(None),
            _ => want = want.saturating_mul(4),
        }
    }
}

/// True if a journal's last whole line says that the run ended.
///
/// # Errors
/// It cannot be read, or its last line is no event.
pub fn is_ended(path: &Path) -> io::Result<bool> {
    let Some(line) = last_line(path)? else { return Ok(false) };
    match serde_json::from_slice::<serde_json::Value>(&line) {
        Ok(event) => Ok(event["e"] == "ended"),
        Err(e) => Err(io::Error::new(io::ErrorKind::InvalidData, format!("{}, last line: {e}", path.display()))),
    }
}

fn open(path: &Path) -> io::Result<File> {
    crate::open::own(path).map_err(|e| crate::state::file::at(path, "open", e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_of_the_plain_bytes_and_the_last_line_is_found_however_long() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let long = "x".repeat(300_000);
        for (text, last) in [
            ("", None),
            ("torn", None),
            ("a\n", Some("a")),
            ("a\nb\ntorn", Some("b")),
            (&format!("a\n{long}\n"), Some(long.as_str())),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(last_line(&path).unwrap().map(|l| String::from_utf8(l).unwrap()).as_deref(), last);
            let mut summing = Summing::default();
            text.as_bytes().chunks(7).for_each(|chunk| summing.add(chunk));
            assert_eq!(Sum::of(&path, u64::MAX).unwrap(), summing.sum());
        }
        std::fs::write(&path, "ab").unwrap();
        // printf a | sha256sum
        let digest = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb".to_owned();
        assert_eq!(Sum::of(&path, 1).unwrap(), Sum { bytes: 1, digest });
        std::fs::write(&path, "{\"e\":\"x\"}\n{\"e\":\"ended\",\"why\":\"\"}\n").unwrap();
        assert!(is_ended(&path).unwrap());
        assert!(Sum::of(dir.path(), 1).unwrap_err().to_string().contains("folder"));
    }
}
