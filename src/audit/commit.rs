//! Version 2 of the chain: a row's hash is made of salted commitments to its fields, so that a value can go while the row
//! still verifies, and a field can be added without another version. Pure.
//!
//! With `|` for "followed by", names and values in UTF-8, a value as its canonical JSON:
//! - salt of a field = SHA-256(0x01 | name | 0x00 | salt of the row)
//! - commitment to a field = SHA-256(0x02 | salt of the field | name | 0x00 | value)
//! - hash of a row = SHA-256("opsdeck ledger 2\n" | previous hash | for each field, sorted by its name's bytes:
//!   length of the name as four bytes, high one first | name | commitment)

use super::{canonical, chain};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The fields of a row, each by its lasting name; those of `metadata` as `metadata.NAME`.
pub(super) type Fields = BTreeMap<String, Value>;
/// A hash, a commitment, a field's salt.
pub(super) type Hash = [u8; 32];

/// Where the salts of a row's fields come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Salts {
    Row([u8; 16]),
    /// One each: the row's is gone, since with it the redacted values could be guessed.
    Each(BTreeMap<String, Hash>),
}

impl Salts {
    /// New ones, from the kernel.
    pub fn fresh() -> std::io::Result<Self> {
        let mut salt = [0; 16];
        // Below 256 bytes the kernel gives all or nothing.
        match rustix::rand::getrandom(&mut salt[..], rustix::rand::GetRandomFlags::empty())? {
            16 => Ok(Salts::Row(salt)),
            n => Err(std::io::Error::other(format!("the kernel gave {n} random bytes instead of 16"))),
        }
    }

    /// That of a field; `None`: there is none.
    pub fn of(&self, name: &str) -> Option<Hash> {
        match self {
            Salts::Row(salt) => {
                let hash = Sha256::new().chain_update([1]).chain_update(name).chain_update([0]).chain_update(salt);
                Some(hash.finalize().into())
            }
            Salts::Each(salts) => salts.get(name).copied(),
        }
    }
}

/// The commitment to a field.
pub(super) fn commitment(salt: &Hash, name: &str, value: &Value) -> Hash {
    let hash = Sha256::new().chain_update([2]).chain_update(salt).chain_update(name).chain_update([0]);
    hash.chain_update(canonical(value)).finalize().into()
}

/// The hash of a row. `gone`: the commitments to fields that were redacted. The error says what does not fit.
pub(super) fn row_hash(
    previous: &Hash,
    fields: &Fields,
    salts: &Salts,
    gone: &BTreeMap<String, Hash>,
) -> Result<Hash, String> {
    let mut all: BTreeMap<&str, Hash> = gone.iter().map(|(name, hash)| (name.as_str(), *hash)).collect();
    for (name, value) in fields {
        let salt = salts.of(name).ok_or_else(|| format!("the salt of its field {name} is missing"))?;
        if all.insert(name, commitment(&salt, name, value)).is_some() {
            return Err(format!("its field {name} was redacted and has a value again"));
        }
    }
    let mut hash = Sha256::new().chain_update("opsdeck ledger 2\n").chain_update(previous);
    for (name, commitment) in all {
        hash.update(u32::try_from(name.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(name);
        hash.update(commitment);
    }
    Ok(hash.finalize().into())
}

/// The bytes of 64 hex digits.
pub(super) fn unhex(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (i, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(hash)
}

/// The hash before the first row.
pub(super) fn genesis() -> Hash {
    debug_assert_eq!(unhex(chain::GENESIS), Some([0; 32]));
    [0; 32]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields() -> Fields {
        Fields::from([
            ("seq".into(), json!(1)),
            ("reason".into(), json!("a\"b")),
            ("b".into(), json!({"z": 1, "a": []})),
        ])
    }

    #[test]
    fn a_field_can_go_and_the_hash_stays() {
        let (all, salts) = (fields(), Salts::Row([7; 16]));
        let whole = row_hash(&[3; 32], &all, &salts, &BTreeMap::new()).unwrap();
        let mut rest = all.clone();
        let value = rest.remove("reason").unwrap();
        let gone = BTreeMap::from([("reason".to_owned(), commitment(&salts.of("reason").unwrap(), "reason", &value))]);
        let each = Salts::Each(rest.keys().map(|name| (name.clone(), salts.of(name).unwrap())).collect());
        assert_eq!(row_hash(&[3; 32], &rest, &each, &gone).unwrap(), whole);
        // and nothing else gives it
        assert_ne!(row_hash(&[4; 32], &rest, &each, &gone).unwrap(), whole);
        assert_ne!(row_hash(&[3; 32], &rest, &each, &BTreeMap::new()).unwrap(), whole);
        rest.insert("seq".into(), json!(2));
        assert_ne!(row_hash(&[3; 32], &rest, &each, &gone).unwrap(), whole);
        rest.insert("new".into(), json!(2));
        assert!(row_hash(&[3; 32], &rest, &each, &gone).unwrap_err().contains("salt"));
        assert!(row_hash(&[3; 32], &all, &salts, &gone).unwrap_err().contains("redacted"));
    }

    #[test]
    fn salts_are_new_each_time_and_differ_by_name() {
        let (a, b) = (Salts::fresh().unwrap(), Salts::fresh().unwrap());
        assert_ne!(a, b);
        assert_ne!(a.of("x"), a.of("y"));
        assert_eq!(unhex(&"0f".repeat(32)), Some([15; 32]));
        assert_eq!((unhex(&"0F".repeat(32)), unhex("00"), unhex(&"é".repeat(32))), (None, None, None));
        assert_eq!(genesis(), [0; 32]);
    }
}
