//! The passwords that a launch may need, asked for at the terminal: options that all verbs share which launch something.

use super::secret;
use crate::ansible::secrets::{SecretName, Secrets};
use anyhow::{Result, bail};

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
        Ok(secrets)
    }
}
