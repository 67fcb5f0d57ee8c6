//! Who may ask: a bearer token that lies in a file of its owner alone. Kept and compared by its digest.

use crate::state::file;
use sha2::{Digest, Sha256};
use std::io;
use std::path::Path;

/// Shorter tokens can be guessed.
const SHORTEST: usize = 16;

#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// The token of a file; white space around it does not count.
    ///
    /// # Errors
    /// The file cannot be read, others may read it, or it holds less than 16 characters.
    pub fn read(path: &Path) -> io::Result<Token> {
        let text = file::read_private(path)?;
        match text.trim() {
            short if short.len() < SHORTEST => {
                let why = format!("the token in {} is too short: at least {SHORTEST} characters", path.display());
                Err(io::Error::new(io::ErrorKind::InvalidData, why))
            }
            token => Ok(Token::of(token)),
        }
    }

    fn of(token: &str) -> Token {
        Token(Sha256::digest(token).into())
    }

    /// The header `Authorization` gives it. How long that takes says nothing about the token: digests are compared.
    pub fn is_in(&self, header: Option<&str>) -> bool {
        let given = header.and_then(|header| header.split_once(' '));
        given.is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && Token::of(token.trim()) == *self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_token_comes_from_a_file_of_its_own_and_only_it_opens() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "0123456789abcdef\n").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        assert!(Token::read(&path).unwrap_err().to_string().contains("chmod 600"));
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        let token = Token::read(&path).unwrap();
        assert!(token.is_in(Some("Bearer 0123456789abcdef")) && token.is_in(Some("bearer 0123456789abcdef")));
        for wrong in [None, Some(""), Some("0123456789abcdef"), Some("Basic 0123456789abcdef"), Some("Bearer x")] {
            assert!(!token.is_in(wrong), "{wrong:?}");
        }
        std::fs::write(&path, "short").unwrap();
        assert!(Token::read(&path).unwrap_err().to_string().contains("too short"));
    }
}
