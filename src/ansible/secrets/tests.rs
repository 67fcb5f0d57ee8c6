//! Tests of secrets: names, FIFOs, the wire form.

use super::*;
use proptest::prelude::*;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};

fn secret(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

#[test]
fn debug_shows_names_only() {
    let mut secrets = Secrets::default();
    secrets.set(SecretName::Become, secret("hunter2"));
    secrets.set(SecretName::Vault("prod".into()), secret("correct horse"));
    assert_eq!(format!("{secrets:?}"), r#"[Become, Vault("prod")]"#);
}

#[test]
fn names_read_back() {
    for text in ["become", "connection", "vault:prod", "prompt:db:password", "extra:db_password"] {
        assert_eq!(text.parse::<SecretName>().unwrap().to_string(), text);
    }
    let error = "vault:".parse::<SecretName>().unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"no secret is called "vault:": expected become, connection, vault:ID, prompt:VARIABLE or extra:VARIABLE"#
    );
}

#[test]
fn a_fifo_gives_each_reader_the_value_once_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("secrets");
    let mut secrets = Secrets::default();
    secrets.set(SecretName::Vault("a/b".into()), secret("s3cret"));
    secrets.set(SecretName::Prompt("token".into()), secret("q\"uo\\te\n\u{1F600}"));
    let served = serve(&secrets, &folder).unwrap();
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let (name, path) = &served.files()[0];
    assert_eq!(name, &SecretName::Vault("a/b".into()));
    let kind = path.metadata().unwrap();
    assert!(kind.file_type().is_fifo() && kind.permissions().mode() & 0o777 == 0o600);
    for _ in 0..200 {
        assert_eq!(std::fs::read_to_string(path).unwrap(), "s3cret");
    }
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(served.prompts().unwrap()).unwrap()).unwrap();
    assert_eq!(json["token"], "q\"uo\\te\n\u{1F600}");
    drop(served);
    assert!(!folder.exists());
}

#[test]
fn damaged_wire_says_what_is_wrong_and_no_value() {
    let mut wire = Vec::new();
    let mut secrets = Secrets::default();
    secrets.set(SecretName::Connection, secret("hunter2"));
    secrets.write_to(&mut wire).unwrap();
    for cut in 0..wire.len() {
        let error = Secrets::read_from(&mut &wire[..cut]).unwrap_err().to_string();
        assert!(error.starts_with("secrets could not be read") && !error.contains("hunter2"), "{error}");
    }
}

proptest! {
    #![proptest_config(crate::cases::cases(256))]

    #[test]
    fn wire_reads_back(values in proptest::collection::vec((0..5u8, "\\PC{1,8}", any::<String>()), 0..6)) {
        let mut secrets = Secrets::default();
        for (kind, id, value) in values {
            let name = match kind {
                0 => SecretName::Become,
                1 => SecretName::Connection,
                2 => SecretName::Vault(id),
                3 => SecretName::Prompt(id),
                _ => SecretName::Extra(id),
            };
            secrets.set(name, secret(&value));
        }
        let mut wire = Vec::new();
        secrets.write_to(&mut wire).unwrap();
        wire.extend_from_slice(b"rest");
        let mut from = &wire[..];
        let back = Secrets::read_from(&mut from).unwrap();
        prop_assert_eq!(from, b"rest");
        prop_assert_eq!(back.names().collect::<Vec<_>>(), secrets.names().collect::<Vec<_>>());
        for name in secrets.names() {
            prop_assert_eq!(back.get(name), secrets.get(name));
        }
    }

    #[test]
    fn any_bytes_are_refused_without_panic(wire in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Secrets::read_from(&mut &wire[..]);
    }
}
