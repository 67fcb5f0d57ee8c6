//! What Ansible passes over in a folder that is an inventory source: by its ending, by the team's patterns, and folders of
//! variables.
//!
//! Facts (ansible-core 2.19, `inventory/manager.py`, `config/base.yml`): one regular expression searches the entry's name; a
//! list in `ansible.cfg` or the environment replaces the default one. Until 2.18 the default one held `.ini`.

use super::cfg::{AnsibleCfg, unquote};
use crate::yaml::Mark;
use regex::Regex;

const ENDS: [&str; 12] =
    [".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"];
/// Folders of variables and plugins, whatever is configured.
pub const VARIABLES: [&str; 3] = ["group_vars", "host_vars", "vars_plugins"];

/// The rule that holds in one project.
#[derive(Debug, Clone)]
pub struct PassedOver {
    ends: Vec<String>,
    patterns: Vec<Regex>,
    /// A pattern that only Python can read, and its place.
    pub unknown: Option<(String, Option<Mark>)>,
}

impl Default for PassedOver {
    fn default() -> Self {
        Self { ends: ENDS.map(str::to_owned).into(), patterns: Vec::new(), unknown: None }
    }
}

impl PassedOver {
    /// As `cfg` has it.
    pub fn of(cfg: &AnsibleCfg) -> Self {
        let said = |variable, keys: [(&str, &str); 2]| keys.iter().find_map(|(s, key)| cfg.setting(variable, s, key));
        let mut rule = Self::default();
        let ends = [("defaults", "inventory_ignore_extensions"), ("inventory", "ignore_extensions")];
        if let Some(setting) = said("ANSIBLE_INVENTORY_IGNORE", ends) {
            rule.ends = list(setting.text).map(str::to_owned).collect();
        }
        let patterns = [("defaults", "inventory_ignore_patterns"), ("inventory", "ignore_patterns")];
        if let Some(setting) = said("ANSIBLE_INVENTORY_IGNORE_REGEX", patterns) {
            for pattern in list(setting.text) {
                match Regex::new(pattern) {
                    Ok(pattern) => rule.patterns.push(pattern),
                    Err(_) => rule.unknown = Some((format!("inventory_ignore_patterns = {pattern}"), setting.mark)),
                }
            }
        }
        rule
    }

    /// Whether some version of Ansible passes an entry of this name over: `.ini` was among the endings until 2.18. A file of
    /// that name is meant by its own name alone, whichever version reads it.
    pub fn may_be(&self, name: &str) -> bool {
        self.is(name) || self.ends == ENDS && name.ends_with(".ini")
    }

    /// Whether Ansible passes an entry of this name over.
    pub fn is(&self, name: &str) -> bool {
        name.starts_with('.')
            || VARIABLES.contains(&name)
            || self.ends.iter().any(|end| name.ends_with(end))
            || self.patterns.iter().any(|pattern| pattern.is_match(name))
    }
}

/// Empty parts are kept: an empty ending is that of every name.
fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(|part| unquote(part.trim()))
}
