//! `ansible.cfg`: the file that Ansible chooses in a folder, and what it sets, environment variables first.
//!
//! Facts (ansible-core 2.19, `config/manager.py`): the first of `$ANSIBLE_CONFIG`, `./ansible.cfg` (not in a
//! world-writable folder), `~/.ansible.cfg`, `/etc/ansible/ansible.cfg` that exists and can be read; files are never merged.

mod parser;
mod paths;

pub use parser::{Ini, Refusal, Value};

use super::problem::Problem;
use crate::open;
use crate::yaml::Mark;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The environment variables that a child of ours will see. A value, so that tests bring their own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    /// Those of this process; variables that are no UTF-8 are left out.
    pub fn current() -> Self {
        let utf8 = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(utf8).collect())
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Env {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
    }
}

impl FromIterator<(String, String)> for Env {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// Ansible's configuration as it holds in one folder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AnsibleCfg {
    /// The file in use.
    pub file: Option<PathBuf>,
    /// An `ansible.cfg` that Ansible passes over because everybody may write into its folder.
    pub ignored: Option<PathBuf>,
    /// What is wrong with it; an error here makes every Ansible command fail.
    pub problems: Vec<Problem>,
    cwd: PathBuf,
    env: Env,
    ini: Ini,
}

/// A setting and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting<'a> {
    /// Its text.
    pub text: &'a str,
    /// The environment variable that sets it, if it is one; else the file does.
    pub variable: Option<&'a str>,
    /// Place in the file.
    pub mark: Option<Mark>,
}

impl AnsibleCfg {
    /// The configuration of Ansible commands that are started in `cwd` with `env`. Never fails: see `problems`.
    pub fn load(cwd: &Path, env: &Env) -> Self {
        let mut cfg = Self { cwd: cwd.to_path_buf(), env: env.clone(), ..Self::default() };
        let variable = env.get("ANSIBLE_CONFIG").map(|path| {
            let path = paths::resolve(path, cwd, cwd, env);
            if path.is_dir() { path.join("ansible.cfg") } else { path }
        });
        let local = cwd.join("ansible.cfg");
        let public = cwd.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o002 != 0);
        let candidates = [
            variable.clone(),
            (!public).then(|| local.clone()),
            Some(paths::resolve("~/.ansible.cfg", cwd, cwd, env)),
            Some(PathBuf::from("/etc/ansible/ansible.cfg")),
        ];
        cfg.file = candidates.into_iter().flatten().find(|path| readable(path));
        if public && local.exists() && (variable.is_none() || cfg.file != variable) {
            let message = "Ansible ignores this file: everybody may write into its folder (chmod o-w makes it count)";
            cfg.problems.push(Problem::warning(&local, message));
            cfg.ignored = Some(local);
        }
        if let Some(file) = cfg.file.clone() {
            cfg.read(&file);
        }
        cfg.check_forks();
        cfg
    }

    fn read(&mut self, file: &Path) {
        if !file.extension().is_some_and(|ext| ext == "cfg" || ext == "ini") {
            let problem = Problem::error(file, "Ansible reads no configuration file of this name");
            return self.problems.push(problem.expected("a name that ends in .cfg or .ini"));
        }
        let text = match open::read_given(file, open::WRITTEN).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(e)) => {
                let line = 1 + e.as_bytes()[..e.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count();
                let mark = Mark { line: u32::try_from(line).unwrap_or(u32::MAX), column: 1 };
                return self.problems.push(Problem::error(file, "this is not UTF-8").at(mark).expected("UTF-8 text"));
            }
            Err(e) => return self.problems.push(Problem::error(file, format!("cannot be read: {e}"))),
        };
        let (ini, refused) = Ini::parse(&text);
        self.ini = ini;
        self.problems.extend(refused.into_iter().map(|refusal| {
            Problem::error(file, refusal.message).at(refusal.mark).found(refusal.found).expected(refusal.expected)
        }));
    }

    /// A variable of the environment that it was loaded with.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.env.get(name)
    }

    /// What the file says; environment variables are not looked at.
    pub fn get(&self, section: &str, key: &str) -> Option<&str> {
        self.ini.get(section, key).map(|value| value.text.as_str())
    }

    /// What holds: the environment variable where it is set, else the file.
    pub fn setting(&self, variable: &'static str, section: &str, key: &str) -> Option<Setting<'_>> {
        let said = self.env.get(variable).map(|text| Setting { text, variable: Some(variable), mark: None });
        said.or_else(|| {
            let value = self.ini.get(section, key)?;
            Some(Setting { text: unquote(&value.text), variable: None, mark: Some(value.mark) })
        })
    }

    /// The inventory sources that hold where no `-i` is given, as absolute paths; `None`: Ansible's `/etc/ansible/hosts`.
    pub fn inventory(&self) -> Option<Vec<PathBuf>> {
        self.paths("ANSIBLE_INVENTORY", "defaults", "inventory", ',')
    }

    /// Where the team's own callback plugins lie, if they said so.
    pub fn callback_plugins(&self) -> Option<Vec<PathBuf>> {
        self.paths("ANSIBLE_CALLBACK_PLUGINS", "defaults", "callback_plugins", ':')
    }

    /// Where roles lie, if they said so.
    pub fn roles_path(&self) -> Option<Vec<PathBuf>> {
        self.paths("ANSIBLE_ROLES_PATH", "defaults", "roles_path", ':')
    }

    /// Where collections lie, if they said so.
    pub fn collections_path(&self) -> Option<Vec<PathBuf>> {
        let old = || self.paths("ANSIBLE_COLLECTIONS_PATHS", "defaults", "collections_paths", ':');
        self.paths("ANSIBLE_COLLECTIONS_PATH", "defaults", "collections_path", ':').or_else(old)
    }

    /// The vault password file or script.
    pub fn vault_password_file(&self) -> Option<PathBuf> {
        let setting = self.raw("ANSIBLE_VAULT_PASSWORD_FILE", "defaults", "vault_password_file")?;
        Some(self.resolve(setting.text, setting.variable.is_some()))
    }

    /// The private key that every connection uses, if they said so.
    pub fn private_key_file(&self) -> Option<PathBuf> {
        let setting = self.raw("ANSIBLE_PRIVATE_KEY_FILE", "defaults", "private_key_file")?;
        Some(self.resolve(setting.text, setting.variable.is_some()))
    }

    /// Every file that it names as one of a password or key.
    pub fn secret_files(&self) -> Vec<PathBuf> {
        let identities = self.vault_identities();
        let sources =
            identities.iter().map(|id| self.path(id.split_once('@').map_or(id.as_str(), |(_, source)| source)));
        let settings = [
            ("ANSIBLE_BECOME_PASSWORD_FILE", "privilege_escalation", "become_password_file"),
            ("ANSIBLE_CONNECTION_PASSWORD_FILE", "defaults", "connection_password_file"),
        ];
        let passwords = settings.iter().filter_map(|(variable, section, key)| {
            let setting = self.raw(variable, section, key)?;
            Some(self.resolve(setting.text, setting.variable.is_some()))
        });
        let single = [self.vault_password_file(), self.private_key_file()];
        sources.chain(passwords).chain(single.into_iter().flatten()).collect()
    }

    /// A path as Ansible reads it where no file says it: `~` and variables filled in, relative to the working directory.
    pub fn path(&self, text: &str) -> PathBuf {
        self.resolve(text, true)
    }

    /// Vault identities, `label@source` each, as written.
    pub fn vault_identities(&self) -> Vec<String> {
        let setting = self.raw("ANSIBLE_VAULT_IDENTITY_LIST", "defaults", "vault_identity_list");
        let items = setting.map(|s| s.text.split(',').map(|item| unquote(item.trim()).to_owned()).collect());
        items.unwrap_or_default()
    }

    /// `become` is on for every task that does not say otherwise.
    pub fn becomes(&self) -> bool {
        self.flag("ANSIBLE_BECOME", "privilege_escalation", "become")
    }

    /// Ansible would ask for the become password.
    pub fn asks_become_password(&self) -> bool {
        self.flag("ANSIBLE_BECOME_ASK_PASS", "privilege_escalation", "become_ask_pass")
    }

    /// Ansible would ask for the connection password.
    pub fn asks_connection_password(&self) -> bool {
        self.flag("ANSIBLE_ASK_PASS", "defaults", "ask_pass")
    }

    /// Ansible would ask for the vault password.
    pub fn asks_vault_password(&self) -> bool {
        self.flag("ANSIBLE_ASK_VAULT_PASS", "defaults", "ask_vault_pass")
    }

    /// How many hosts at a time, if they said so. What Ansible refuses as a number is in `problems`.
    pub fn forks(&self) -> Option<u32> {
        whole(self.raw("ANSIBLE_FORKS", "defaults", "forks")?.text).filter(|forks| *forks > 0)
    }

    fn flag(&self, variable: &'static str, section: &str, key: &str) -> bool {
        let text = self.raw(variable, section, key).map(|s| s.text.trim().to_lowercase()).unwrap_or_default();
        matches!(text.as_str(), "y" | "yes" | "on" | "1" | "true" | "t")
    }

    /// A value that is no number where one must be: every Ansible command fails on it.
    fn check_forks(&mut self) {
        let Some(setting) = self.raw("ANSIBLE_FORKS", "defaults", "forks") else { return };
        // an empty variable counts as not set
        if whole(setting.text).is_some() || (setting.variable.is_some() && setting.text.is_empty()) {
            return;
        }
        let file = setting.variable.map(|name| PathBuf::from(format!("${name}"))).or_else(|| self.file.clone());
        let problem = Problem::error(file.unwrap_or_default(), "Ansible takes no such forks, and every command fails");
        let problem = problem.found(format!("{:?}", setting.text)).expected("a whole number, without quotes");
        self.problems.push(match setting.mark {
            Some(mark) => problem.at(mark),
            None => problem,
        });
    }

    /// Ansible takes the quotes off texts, but not off paths, lists, numbers and flags.
    fn raw(&self, variable: &'static str, section: &str, key: &str) -> Option<Setting<'_>> {
        let setting = self.setting(variable, section, key)?;
        Some(Setting {
            text: if setting.variable.is_some() { setting.text } else { self.get(section, key)? },
            ..setting
        })
    }

    fn paths(&self, variable: &'static str, section: &str, key: &str, separator: char) -> Option<Vec<PathBuf>> {
        let setting = self.raw(variable, section, key)?;
        let parts = setting.text.split(separator);
        // comma lists are trimmed by Ansible, colon lists are not
        let trimmed = parts.map(|part| if separator == ',' { part.trim() } else { part });
        Some(trimmed.map(|part| self.resolve(part, setting.variable.is_some())).collect())
    }

    /// Relative to the working directory where a variable says it, to the file's folder where the file does.
    fn resolve(&self, path: &str, variable: bool) -> PathBuf {
        let base = if variable { None } else { self.file.as_deref().and_then(Path::parent) };
        paths::resolve(path, base.unwrap_or(&self.cwd), &self.cwd, &self.env)
    }
}

fn readable(path: &Path) -> bool {
    path.exists() && rustix::fs::access(path, rustix::fs::Access::READ_OK).is_ok()
}

/// `12`, and `12.0` too, as Ansible's decimal numbers have it.
fn whole(text: &str) -> Option<u32> {
    let text = text.trim();
    let point =
        text.split_once('.').map_or(text, |(whole, part)| if part.bytes().all(|b| b == b'0') { whole } else { text });
    point.parse().ok()
}

/// Without the quotes around it.
pub fn unquote(text: &str) -> &str {
    let quoted = ['"', '\''].iter().find_map(|q| text.strip_prefix(*q)?.strip_suffix(*q));
    quoted.filter(|inner| !inner.ends_with('\\')).unwrap_or(text)
}

#[cfg(test)]
mod tests;
