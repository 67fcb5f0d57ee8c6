//! The chain: how a row's hash is made of the row before it.

use sha2::{Digest, Sha256};

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

#[cfg(test)]
mod tests {
    #[test]
    fn the_link_is_plain_sha256_of_both_texts() {
        // printf '%064d{"a":1}' 0 | sha256sum
        let expected = "fc6cee09194dd2578bd7664604fcb72a539066fd34544cea0009c43eb6cdc289";
        assert_eq!(super::link(super::GENESIS, "{\"a\":1}"), expected);
    }
}
