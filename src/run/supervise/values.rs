//! The secret variables that a supervisor keeps in its memory while its run lives, and who gets them.

use super::serve::Question;
use super::{Supervisor, attach};
use crate::ansible::secrets::{SecretName, Secrets, once};
use crate::run::machine::{Machine, World};
use crate::run::{ledger, values};
use crate::state::operator::Operator;
use zeroize::Zeroizing;

/// The secret variables among what came with a launch.
pub fn held(wire: Option<&Zeroizing<Vec<u8>>>) -> Secrets {
    let Some(wire) = wire else { return Secrets::default() };
    match Secrets::read_from(&mut wire.as_slice()) {
        Ok(secrets) => secrets.only(|name| matches!(name, SecretName::Extra(_))),
        Err(e) => {
            tracing::error!("{e}: nobody gets the secret variables of this run");
            Secrets::default()
        }
    }
}

impl<M: Machine, W: World<M>> Supervisor<M, W> {
    /// Hands them out to the run's own user, between its intent and its outcome in the ledger.
    pub(super) fn hand_out(&mut self, question: Question, only: Vec<String>, fifo: bool, said: Operator) {
        let names = if only.is_empty() { values::names(&self.spec) } else { only };
        let is_own = question.by.uid == rustix::process::geteuid().as_raw();
        let may = self.may_have(is_own, &names);
        let json = self.values.extra_json(names.iter().map(String::as_str));
        let (store, spec, path) = (self.store.clone(), self.spec.clone(), self.dir.values());
        self.answering.push(std::thread::spawn(move || {
            // What the kernel says first; where they came from is their own word.
            let named = Operator::of_uid(question.by.uid);
            let operator = match is_own {
                true => Operator { effective: named.effective, host: named.host, ..said },
                false => named,
            };
            if let Err(why) = may {
                if let Err(e) = ledger::values_refused(&store, &spec, &operator, &names, &why) {
                    tracing::error!("the audit ledger could not take a refusal: {e}");
                }
                return question.reply(false, &why);
            }
            let intent = match ledger::reading_values(&store, &spec, &operator, &names) {
                Ok(intent) => intent,
                Err(e) => return question.reply(false, &format!("nothing is handed out that cannot be recorded: {e}")),
            };
            let handed = match fifo {
                false => Ok(json),
                true => once(&path, json).map(|path| Zeroizing::new(path.display().to_string().into_bytes())),
            };
            let failed = handed.as_ref().err().map(ToString::to_string);
            if let Err(e) = ledger::values_read(&store, &spec, &operator, &names, intent, failed) {
                tracing::error!("the audit ledger could not take the outcome of a reading: {e}");
            }
            match handed {
                Ok(values) => question.hand(values),
                Err(e) => question.reply(false, &format!("no FIFO could be made for them: {e}")),
            }
        }));
    }

    fn may_have(&self, is_owner: bool, names: &[String]) -> Result<(), String> {
        let known = values::names(&self.spec);
        if !is_owner {
            return Err("only the user whose run it is may have its secret variables".to_owned());
        }
        if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
            return Err(format!("it has no secret variable {unknown:?}: it has {}", known.join(", ")));
        }
        let has = |name: &String| self.values.get(&SecretName::Extra(name.clone())).is_some();
        match names.iter().all(has) {
            true => Ok(()),
            false => Err(values::gone(&self.spec, "the supervisor that had them died")),
        }
    }

    /// Lets go whoever still waits for values of this run, or of a supervisor before this one.
    pub(super) fn let_go(&self) {
        attach::release(&self.dir.values());
    }
}
