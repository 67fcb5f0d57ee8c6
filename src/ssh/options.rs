//! What Ansible holds true for a host: a variable, else what was asked on the command line, else the environment, else
//! `ansible.cfg`, else the default. Values that only Ansible can make (templates, encrypted ones) are refused with the
//! reason.
//!
//! Facts (ansible-core 2.19, `config/manager.py`): of several names of one kind the last that is set wins; an empty
//! environment variable is a value for texts, and none for numbers.

use crate::inventory::{HostVars, Value};
use crate::project::cfg::AnsibleCfg;

/// What was asked beside the inventory: options of the command line, and which passwords were given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// `--user`.
    pub user: Option<String>,
    /// `--become`.
    pub r#become: bool,
    /// `--become-user`.
    pub become_user: Option<String>,
    /// A become password was given.
    pub become_password: bool,
    /// A connection password was given.
    pub connection_password: bool,
}

/// Why only Ansible can reach a host.
pub(super) type Why = String;

/// The places of one setting, in Ansible's words.
pub(super) struct Setting {
    pub vars: &'static [&'static str],
    pub env: &'static [&'static str],
    /// Sections and keys of `ansible.cfg`.
    pub ini: &'static [(&'static str, &'static str)],
}

/// What holds for one host.
pub(super) struct Says<'a> {
    pub vars: &'a HostVars,
    pub cfg: &'a AnsibleCfg,
}

impl Says<'_> {
    /// The text of a setting, if anybody set it; `cli` is what the command line says.
    pub fn text(&self, setting: &Setting, cli: Option<&str>) -> Result<Option<String>, Why> {
        if let Some(text) = self.var(setting.vars)? {
            return Ok(Some(text));
        }
        Ok(match cli {
            Some(text) => Some(text.to_owned()),
            None => self.configured(setting)?,
        })
    }

    pub fn number(&self, setting: &Setting) -> Result<Option<u32>, Why> {
        let Some(text) = self.text(setting, None)?.filter(|t| !t.is_empty()) else { return Ok(None) };
        let number = text.trim().parse().map(Some);
        number.map_err(|_| format!("{} is {text:?}, no whole number", setting.vars.first().unwrap_or(&"a setting")))
    }

    /// A truth, as Ansible reads it.
    pub fn flag(&self, setting: &Setting, default: bool) -> Result<bool, Why> {
        let Some(text) = self.text(setting, None)? else { return Ok(default) };
        match text.trim().to_lowercase().as_str() {
            "y" | "yes" | "on" | "1" | "true" | "t" | "1.0" => Ok(true),
            "n" | "no" | "off" | "0" | "false" | "f" | "0.0" => Ok(false),
            _ => Err(format!("{} is {text:?}, neither true nor false", setting.vars.first().unwrap_or(&"a setting"))),
        }
    }

    /// The first of these variables that is set at all, whatever its value.
    pub fn any<'n>(&self, names: &[&'n str]) -> Option<&'n str> {
        names.iter().copied().find(|name| self.value(name).is_some())
    }

    /// What the environment or the file says, the later of each kind first.
    pub fn configured(&self, setting: &Setting) -> Result<Option<String>, Why> {
        for name in setting.env.iter().rev() {
            if let Some(text) = self.cfg.variable(name) {
                return plain(name, text).map(Some);
            }
        }
        for (section, key) in setting.ini.iter().rev() {
            // No variable is called so: only the file is asked, with the quotes that Ansible takes off.
            if let Some(found) = self.cfg.setting("", section, key) {
                return plain(&format!("[{section}] {key}"), found.text).map(Some);
            }
        }
        Ok(None)
    }

    fn var(&self, names: &[&str]) -> Result<Option<String>, Why> {
        for name in names.iter().rev() {
            let Some(value) = self.value(name) else { continue };
            return match value {
                Value::Text(text) => plain(name, text).map(Some),
                Value::Unsafe(text) => Ok(Some(text.to_string())),
                Value::Int(n) => Ok(Some(n.to_string())),
                Value::Bool(b) => Ok(Some(if *b { "True" } else { "False" }.to_owned())),
                Value::Vault(_) => Err(format!("{name} is encrypted")),
                _ => Err(format!("{name} is neither text nor a whole number")),
            };
        }
        Ok(None)
    }

    fn value(&self, name: &str) -> Option<&Value> {
        let at = self.vars.vars.binary_search_by(|var| (*var.name).cmp(name)).ok()?;
        Some(&self.vars.vars[at].value).filter(|value| **value != Value::Null)
    }
}

/// Ansible would make something else of a template.
fn plain(name: &str, text: &str) -> Result<String, Why> {
    match ["{{", "{%", "{#"].iter().any(|open| text.contains(open)) {
        true => Err(format!("{name} is a template")),
        false => Ok(text.to_owned()),
    }
}
