//! Passwords and private answers on their way from a person to Ansible: names for everybody, values for nobody.
//! Values are wiped when dropped, print as nothing, and leave this process only through a pipe or a FIFO.

use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// Which secret. The text form is what a run's spec records.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretName {
    /// `become`: the password for `sudo` and its kind.
    Become,
    /// `connection`: the SSH password.
    Connection,
    /// `vault:ID`: the password of one vault id (`default` where none is named).
    Vault(String),
    /// `prompt:VARIABLE`: the answer to a private `vars_prompt`.
    Prompt(String),
    /// `extra:VARIABLE`: an extra variable; its value is JSON.
    Extra(String),
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretName::Become => f.write_str("become"),
            SecretName::Connection => f.write_str("connection"),
            SecretName::Vault(id) => write!(f, "vault:{id}"),
            SecretName::Prompt(variable) => write!(f, "prompt:{variable}"),
            SecretName::Extra(variable) => write!(f, "extra:{variable}"),
        }
    }
}

/// A text that names no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no secret is called {0:?}: expected become, connection, vault:ID, prompt:VARIABLE or extra:VARIABLE")]
pub struct NotASecret(pub String);

impl FromStr for SecretName {
    type Err = NotASecret;

    fn from_str(text: &str) -> Result<Self, NotASecret> {
        match (text, text.split_once(':')) {
            ("become", _) => Ok(SecretName::Become),
            ("connection", _) => Ok(SecretName::Connection),
            (_, Some(("vault", id))) if !id.is_empty() => Ok(SecretName::Vault(id.to_owned())),
            (_, Some(("prompt", variable))) if !variable.is_empty() => Ok(SecretName::Prompt(variable.to_owned())),
            (_, Some(("extra", variable))) if !variable.is_empty() => Ok(SecretName::Extra(variable.to_owned())),
            _ => Err(NotASecret(text.to_owned())),
        }
    }
}

/// The secrets of one launch. `Debug` shows the names only.
#[derive(Clone, Default)]
pub struct Secrets(Vec<(SecretName, Zeroizing<String>)>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl Secrets {
    /// Adds or replaces one.
    pub fn set(&mut self, name: SecretName, value: Zeroizing<String>) {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value));
    }

    /// Adds or replaces one as a person typed it: the text of an extra variable becomes JSON.
    pub fn typed(&mut self, name: SecretName, text: Zeroizing<String>) {
        let value = match name {
            SecretName::Extra(_) => wire::json(&text),
            _ => text,
        };
        self.set(name, value);
    }

    /// Their names, in the order given.
    pub fn names(&self) -> impl Iterator<Item = &SecretName> {
        self.0.iter().map(|(name, _)| name)
    }

    pub fn get(&self, name: &SecretName) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Only those of which this holds.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&SecretName) -> bool) -> Self {
        Self(self.0.iter().filter(|(name, _)| keep(name)).cloned().collect())
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

mod fifo;
mod once;
mod wire;
pub use fifo::{Served, serve};
pub use once::once;
pub use wire::{MAX_WIRE, WireError};

#[cfg(test)]
mod tests;
