//! Secret variables on the form: typed hidden, shown nowhere.

use super::{driver, filled};
use crate::ansible::secrets::SecretName;

#[test]
fn secret_variables_are_typed_hidden_and_never_shown() {
    use super::super::form::Id;
    let mut d = driver((140, 50), "dark");
    filled(&mut d);
    let form = d.model.launch.form.as_mut().unwrap();
    form.set(&Id::ExtraVars, "version=4 db_password=s3cret");
    let line = super::super::command_line(&d.model).unwrap();
    assert!(
        line.contains("--extra-vars version=4 --extra-vars \"@$(opsdeck values --fifo ... db_password)\""),
        "{line}"
    );
    let form = d.model.launch.form.as_mut().unwrap();
    form.set(&Id::ExtraVars, "db_password");
    form.ask_extras();
    let at = form.items.iter().position(|i| i.id == Id::Secret(SecretName::Extra("db_password".into()))).unwrap();
    assert_eq!(form.why_not(&d.model.project).unwrap(), "`db_password` has no value: type it here");
    let form = d.model.launch.form.as_mut().unwrap();
    if let super::super::form::Value::Secret(secret) = &mut form.items[at].value {
        secret.paste("s3\"cret");
    }
    assert_eq!(form.secrets().get(&SecretName::Extra("db_password".into())), Some(r#""s3\"cret""#));
    let asked = form.ask(&d.model.project.environments[0]).common().extra_vars.clone();
    assert_eq!(asked, [crate::ansible::ask::ExtraVars::Secret { secret: vec!["db_password".into()] }]);
    let line = super::super::command_line(&d.model).unwrap();
    assert!(line.contains("values --fifo ... db_password") && !line.contains("s3"), "{line}");
    assert!(!d.screen().contains("s3\"cret"));
    d.model.launch.form.as_mut().unwrap().set(&Id::ExtraVars, "a=1");
    d.model.launch.form.as_mut().unwrap().ask_extras();
    assert!(
        !d.model.launch.form.as_ref().unwrap().items.iter().any(|i| matches!(&i.id, Id::Secret(SecretName::Extra(_))))
    );
}
