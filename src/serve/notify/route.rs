//! Who gets a notice: whoever it names, else the default; and whoever heard the beginning hears the end. Each receiver's copy
//! goes into the outbox.

use super::message::{Message, Phase};
use crate::project::config::notify::{Notify, Receiver, Via};
use crate::state::outbox::{Put, Standing};
use crate::state::{Control, DbError};

/// Puts a notice into the outbox for each of its receivers. Once a key, however often.
///
/// # Errors
/// control.db cannot be written.
pub fn put(control: &Control, scope: &str, notify: &Notify, message: &Message, now: i64) -> Result<(), DbError> {
    let told = control.told_about(scope, &message.about)?;
    // It has no map with keys that are not text: it can always be written.
    let body = serde_json::to_string(message).unwrap_or_default();
    for receiver in receivers(notify, message, &told) {
        let state = if receiver.via == Via::Screen { Standing::Sent } else { Standing::Pending };
        let put = Put { receiver: &receiver.name, key: &message.key, about: &message.about, body: &body, state };
        control.put_notice(scope, &put, now)?;
    }
    Ok(())
}

/// Who gets it. `told`: who got something about the same before.
fn receivers<'a>(notify: &'a Notify, message: &Message, told: &[String]) -> Vec<&'a Receiver> {
    let named = message.receiver.as_ref().filter(|name| notify.receivers.iter().any(|r| r.name == **name));
    let gets = |receiver: &Receiver| {
        let first = match named {
            // Whoever a policy calls is called, whatever else it wants to hear.
            Some(name) => receiver.name == *name,
            None => {
                (notify.default.is_empty() || notify.default.contains(&receiver.name))
                    && receiver.wants(message.kind, message.severity, message.environment.as_deref())
            }
        };
        first || (message.phase != Phase::Firing && told.contains(&receiver.name))
    };
    // An end is news only to those who heard the beginning.
    let only_told = message.phase == Phase::Resolved;
    notify.receivers.iter().filter(|r| gets(r) && (!only_told || told.contains(&r.name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::config::notify::{Kind, Severity};

    fn receiver(name: &str, kinds: &[Kind], severity: Severity) -> Receiver {
        let via = Via::Command(vec!["true".into()]);
        Receiver { name: name.into(), via, kinds: kinds.to_vec(), severity, environments: Vec::new() }
    }

    fn names(notify: &Notify, message: &Message, told: &[&str]) -> String {
        let told: Vec<String> = told.iter().map(|name| (*name).to_owned()).collect();
        receivers(notify, message, &told).iter().map(|r| r.name.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn it_goes_to_whom_it_names_or_to_who_wants_it_and_its_end_to_who_heard_of_it() {
        let receivers =
            vec![receiver("all", &[], Severity::Info), receiver("grave", &[Kind::Check], Severity::Critical)];
        let notify = Notify { receivers, ..Notify::default() };
        let bad = Message::of_check("prod", Some("w1"), "web", "refused", 1);
        assert_eq!(names(&notify, &bad, &[]), "all grave");
        let warning = Message { severity: Severity::Warning, ..bad.clone() };
        assert_eq!(names(&notify, &warning, &[]), "all");
        let named = |name: &str| Message { receiver: Some(name.into()), severity: Severity::Info, ..bad.clone() };
        assert_eq!(
            (names(&notify, &named("grave"), &[]), names(&notify, &named("gone"), &[])),
            ("grave".into(), "all".into())
        );
        let over = bad.over("ok", "well again", 2);
        assert_eq!(names(&notify, &over, &["grave"]), "grave");
        assert_eq!(names(&notify, &over, &[]), "", "nobody heard that it began");
        let default = Notify { default: vec!["grave".into()], ..notify };
        assert_eq!(names(&default, &bad, &[]), "grave");
    }
}
