//! Variables of a plan that look like secrets: the frozen plan holds a mark in their place, and their values travel with the
//! passwords, in the memory of the release's supervisor alone.

use super::plan::Plan;
use crate::run::extra::is_secret;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The key of the mark.
const MARK: &str = "__opsdeck_secret";

/// True for the mark of a secret value.
pub fn is_sealed(value: &Value) -> bool {
    value.get(MARK).is_some()
}

impl Plan {
    /// Takes the secret values out, and gives them. What is sealed stays so; the digest is the same before and after.
    pub fn seal(&mut self) -> BTreeMap<String, Value> {
        let mut taken = BTreeMap::new();
        // Both are of the same layers.
        for vars in [&mut self.rollback.vars, &mut self.vars] {
            for (name, value) in vars.iter_mut().filter(|(name, value)| is_secret(name, value)) {
                taken.insert(name.clone(), std::mem::replace(value, json!({ MARK: true })));
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::sample;

    #[test]
    fn a_sealed_plan_has_no_value_and_the_same_digest() {
        let mut plan = sample::rolling(2, 1);
        plan.vars.insert("db_password".into(), json!("S3cret"));
        plan.vars.insert("port".into(), json!(5432));
        plan.rollback.vars.insert("db_password".into(), json!("S3cret"));
        plan.vars.insert("api_key".into(), json!({ "__ansible_vault": "$ANSIBLE_VAULT;1.1" }));
        let digest = plan.digest();
        let taken = plan.seal();
        assert_eq!(taken, BTreeMap::from([("db_password".to_owned(), json!("S3cret"))]));
        assert!(!serde_json::to_string(&plan).unwrap().contains("S3cret"));
        assert!(is_sealed(&plan.vars["db_password"]) && is_sealed(&plan.rollback.vars["db_password"]));
        assert_eq!((plan.vars["port"].clone(), is_sealed(&plan.vars["api_key"])), (json!(5432), false));
        assert_eq!(plan.digest(), digest);
        assert!(plan.seal().is_empty(), "once");
    }
}
