//! Tests of the splitting. That Ansible reads the rest and the values as before is held against the real one in `tests/engine/values.rs`.

use super::*;

fn sealed(texts: &[&str]) -> (Vec<ExtraVars>, Vec<(String, String)>) {
    let mut common = Common { extra_vars: texts.iter().map(|t| (*t).into()).collect(), ..Common::default() };
    let mut secrets = Secrets::default();
    seal(&mut common, &mut secrets).unwrap();
    let values = secrets.names().map(|name| (name.to_string(), secrets.get(name).unwrap().to_owned()));
    (common.extra_vars, values.collect())
}

fn hidden(names: &[&str]) -> ExtraVars {
    ExtraVars::Secret { secret: names.iter().map(|n| (*n).to_owned()).collect() }
}

fn value(name: &str, json: &str) -> (String, String) {
    (format!("extra:{name}"), json.to_owned())
}

#[test]
fn every_form_keeps_what_is_no_secret_as_it_was_written() {
    for (text, rest, secret) in [
        ("a=1 db_password='x y' b=\"2 3\"", Some("a=1 b=\"2 3\""), vec![value("db_password", "\"x y\"")]),
        ("db_password=x=y", None, vec![value("db_password", "\"x=y\"")]),
        (r"token=a\x41\n b=\t", Some(r"b=\t"), vec![value("token", "\"aA\"")]),
        ("token={{ a  b }} c=1", Some("c=1"), vec![value("token", "\"{{ a  b }}\"")]),
        ("has_password=true auth=no x=", Some("has_password=true auth=no x="), vec![]),
        ("dsn=postgres://me:S3@db/x a=1", Some("a=1"), vec![value("dsn", "\"postgres://me:S3@db/x\"")]),
        ("token=1 token=2 a=1", Some("a=1"), vec![value("token", "\"2\"")]),
        (
            r#"{"a": 1e3, "db": {"password": "S3", "port": 5432}, "c": [1, 2]}"#,
            Some(r#"{"a": 1e3, "c": [1, 2]}"#),
            vec![value("db", r#"{"password":"S3","port":5432}"#)],
        ),
        ("{a: 0o7, token: 017, 'b': yes}", Some("{a: 0o7, 'b': yes}"), vec![value("token", "15")]),
        ("{token: [a, 'b c'], use_auth: yes}", Some("{use_auth: yes}"), vec![value("token", r#"["a","b c"]"#)]),
        (
            r#"{"api_key": {"__ansible_vault": "$ANSIBLE_VAULT;1.1"}}"#,
            Some(r#"{"api_key": {"__ansible_vault": "$ANSIBLE_VAULT;1.1"}}"#),
            vec![],
        ),
        ("@secrets.yml", Some("@secrets.yml"), vec![]),
        ("{\n  a: 1, # one\n  token: x,\n  b: 2\n}", Some("{a: 1, # one\n  b: 2\n}"), vec![value("token", "\"x\"")]),
    ] {
        let (extra, values) = sealed(&[text]);
        let names: Vec<&str> = secret.iter().map(|(name, _)| name.trim_start_matches("extra:")).collect();
        let mut expected: Vec<ExtraVars> = rest.into_iter().map(ExtraVars::from).collect();
        expected.extend((!names.is_empty()).then(|| hidden(&names)));
        // A comment between the entries cannot be cut around: then none of it stays.
        if text.contains("# one") {
            assert_eq!(values.len(), 3, "{extra:?}");
            continue;
        }
        assert_eq!((extra, values), (expected, secret), "{text}");
    }
}

#[test]
fn what_shares_an_anchor_leaves_the_line_as_a_whole() {
    let (extra, values) = sealed(&["{token: &t S3, copy: *t, a: 1}"]);
    assert_eq!(extra, [hidden(&["token", "copy", "a"])]);
    assert_eq!(values, [value("token", "\"S3\""), value("copy", "\"S3\""), value("a", "1")]);
}

#[test]
fn the_place_of_a_name_is_the_one_where_it_counts() {
    let (extra, values) = sealed(&["token=1", "@f.yml", "token=2 a=1"]);
    assert_eq!(extra, ["@f.yml".into(), "a=1".into(), hidden(&["token"])]);
    assert_eq!(values, [value("token", "\"2\"")]);
}

#[test]
fn what_nobody_can_read_is_refused_where_a_secret_may_be_in_it_and_never_quoted() {
    for text in [
        "{db_password: S3, a: !odd b}",
        "db_password='S3",
        "[{\"token\": \"S3\"}]",
        "{token: S3",
        r"token=S3\N{BULLET}",
    ] {
        let mut common = Common { extra_vars: vec![text.into()], ..Common::default() };
        let error = seal(&mut common, &mut Secrets::default()).unwrap_err();
        assert!(error.contains("looks like a secret") && !error.contains("S3"), "{text}: {error}");
    }
    assert_eq!(sealed(&["a='1"]).0, ["a='1".into()], "Ansible says what is wrong with it");
    let mut twice =
        Common { extra_vars: vec!["{db: {token: a}}".into(), "{db: {token: b}}".into()], ..Common::default() };
    assert!(seal(&mut twice, &mut Secrets::default()).unwrap_err().contains("given twice"));
}

#[test]
fn sealing_again_changes_nothing_and_what_has_no_value_is_missing() {
    let mut common = Common { extra_vars: vec!["a=1 token=x".into()], ..Common::default() };
    let mut secrets = Secrets::default();
    secrets.set(SecretName::Extra("from_file".into()), Zeroizing::new("1".into()));
    seal(&mut common, &mut secrets).unwrap();
    let once = common.clone();
    seal(&mut common, &mut secrets).unwrap();
    assert_eq!(common, once);
    assert_eq!(common.extra_vars, ["a=1".into(), hidden(&["token"]), hidden(&["from_file"])]);
    assert_eq!(missing(&common, &Secrets::default()), ["token", "from_file"]);
    let mut twice = Common { extra_vars: vec!["from_file=2".into()], ..Common::default() };
    seal(&mut twice, &mut secrets).unwrap();
    assert_eq!(secrets.get(&SecretName::Extra("from_file".into())), Some("1"), "what was given apart wins");
    assert!(missing(&common, &secrets).is_empty());
}

#[test]
fn variables_before_the_line_lose_their_secrets_too_and_never_win_over_it() {
    let mut vars = serde_json::json!({"a": 1, "db": {"password": "S3"}, "token": "old"}).as_object().unwrap().clone();
    let mut common = Common { extra_vars: vec!["token=new".into()], ..Common::default() };
    let mut secrets = Secrets::default();
    seal(&mut common, &mut secrets).unwrap();
    seal_vars(&mut vars, &mut common, &mut secrets);
    assert_eq!(serde_json::Value::from(vars), serde_json::json!({"a": 1}));
    assert_eq!(common.extra_vars, [hidden(&["db"]), hidden(&["token"])]);
    assert_eq!(secrets.get(&SecretName::Extra("token".into())), Some("\"new\""));
}
