//! The chain: how a row's hash is made of the row before it, and its newest row.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

pub(super) const REFUSED: &str = "the audit ledger is append-only";

/// The hash before the first row.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The hash of a row: SHA-256 over the previous hash as 64 hex digits, then the row's canonical JSON; in hex.
pub fn link(previous: &str, body: &str) -> String {
    hex(&Sha256::new().chain_update(previous).chain_update(body).finalize())
}

/// Lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The newest row: keep it elsewhere, and nobody can cut the ledger unseen. As text `SEQ:HASH`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number of the row; 0: an empty ledger.
    pub seq: i64,
    pub hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Head { seq: 0, hash: GENESIS.to_owned() }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (seq, hash) = text.split_once(':').ok_or("expected SEQ:HASH")?;
        let seq = seq.parse().map_err(|_| format!("expected a number before the colon, found {seq:?}"))?;
        match hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            true => Ok(Self { seq, hash: hash.to_lowercase() }),
            false => Err("expected 64 hex digits after the colon".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_link_is_plain_sha256_of_both_texts() {
        // printf '%064d{"a":1}' 0 | sha256sum
        let expected = "fc6cee09194dd2578bd7664604fcb72a539066fd34544cea0009c43eb6cdc289";
        assert_eq!(super::link(super::GENESIS, "{\"a\":1}"), expected);
    }
}
