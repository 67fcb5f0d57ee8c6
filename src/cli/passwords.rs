//! The passwords and secret variables that a launch may need, asked for at the terminal or from a file: options that all
//! verbs share which launch something.

use super::secret;
use crate::ansible::secrets::{SecretName, Secrets};
use crate::open;
use crate::run::extra::{self, Variable};
use anyhow::{Context, Result, anyhow, bail};
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// So many bytes of secrets are taken from a file or from standard input.
const LONGEST: usize = 1 << 20;

/// Which passwords are asked for; the letters are Ansible's.
#[derive(Debug, Clone, clap::Args)]
pub struct Passwords {
    /// Ask for the become password
    #[arg(short = 'K', long)]
    pub ask_become_pass: bool,
    /// Ask for the connection password
    #[arg(short = 'k', long)]
    pub ask_pass: bool,
    /// Ask for the vault password
    #[arg(short = 'J', long)]
    pub ask_vault_pass: bool,
    /// Ask for the password of this vault id (may be repeated)
    #[arg(long, value_name = "ID")]
    pub vault_id: Vec<String>,
    /// Secret variables: a JSON object or a YAML mapping in this file; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub secrets_from: Option<PathBuf>,
}

/// The secrets in a file: each name and its value as JSON.
///
/// # Errors
/// It cannot be read, or is no mapping. Never holds a value.
pub fn from_file(path: &Path) -> Result<Vec<Variable>> {
    // Full size from the start: growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin().take(LONGEST as u64 + 1).read_to_end(&mut bytes),
        false => open::named(path).and_then(|file| file.take(LONGEST as u64 + 1).read_to_end(&mut bytes)),
    };
    let place = || format!("--secrets-from {}", path.display());
    read.with_context(place)?;
    if bytes.len() > LONGEST {
        bail!("{}: above 1 MiB", place());
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| anyhow!("{}: not UTF-8", place()))?;
    extra::variables(text)
        .map_err(|why| anyhow!("{}: expected a JSON object or a YAML mapping of variables: {why}", place()))
}

impl Passwords {
    /// Asks for them.
    ///
    /// # Errors
    /// There is no terminal; a vault id names more than what is asked for.
    pub fn ask(&self) -> Result<Secrets> {
        let mut secrets = Secrets::default();
        if self.ask_pass {
            secrets.set(SecretName::Connection, secret::ask("SSH password: ")?);
        }
        if self.ask_become_pass {
            secrets.set(SecretName::Become, secret::ask("BECOME password: ")?);
        }
        if self.ask_vault_pass {
            secrets.set(SecretName::Vault("default".into()), secret::ask("Vault password: ")?);
        }
        for id in &self.vault_id {
            let id = id.strip_suffix("@prompt").unwrap_or(id);
            if id.contains('@') {
                bail!(
                    "--vault-id {id}: only ids whose password is asked for; name files in ansible.cfg (vault_identity_list)"
                );
            }
            secrets.set(SecretName::Vault(id.to_owned()), secret::ask(&format!("Vault password ({id}): "))?);
        }
        for (name, value) in self.secrets_from.iter().map(|path| from_file(path)).collect::<Result<Vec<_>>>()?.concat()
        {
            secrets.set(SecretName::Extra(name), value);
        }
        Ok(secrets)
    }
}
