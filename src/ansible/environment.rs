//! What a child of ours finds in its environment beyond what the person's shell has: nothing secret, and nothing that
//! changes what Ansible does to hosts. The spec records exactly this; the caller's own environment passes through.

use crate::project::cfg::{AnsibleCfg, Env};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where this child's channels to us are.
#[derive(Debug, Clone, Copy)]
pub struct Channels<'a> {
    /// Folder of our callback plugin, from [`super::callback::install`].
    pub plugin: &'a Path,
    /// File that the plugin appends to.
    pub events: &'a Path,
    /// File whose existence stops the run between two tasks.
    pub stop_file: &'a Path,
}

/// What is added for a child.
///
/// Facts: `ANSIBLE_CALLBACK_PLUGINS` replaces the project's own list, so theirs follow ours; stdout is block-buffered
/// without `PYTHONUNBUFFERED` and lines come seconds late; without `ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED` half an
/// inventory is exit code 0; ad-hoc commands load no callbacks unless told. `ANSIBLE_CALLBACKS_ENABLED` would replace the
/// project's list and our plugin does not need it: left alone.
pub fn additions(channels: Channels<'_>, adhoc: bool, cfg: &AnsibleCfg, env: &Env) -> BTreeMap<String, String> {
    let mut plugins = vec![channels.plugin.to_path_buf()];
    plugins.extend(cfg.callback_plugins().unwrap_or_else(|| default_plugins(cfg, env)));
    let plugins: Vec<_> = plugins.iter().map(|path| path.to_string_lossy()).collect();
    let mut added: BTreeMap<String, String> = [
        ("PYTHONUNBUFFERED", "1".into()),
        ("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", "1".into()),
        ("ANSIBLE_CALLBACK_PLUGINS", plugins.join(":")),
        ("OPSDECK_EVENTS", channels.events.to_string_lossy().into_owned()),
        ("OPSDECK_STOP_FILE", channels.stop_file.to_string_lossy().into_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if adhoc {
        added.insert("ANSIBLE_LOAD_CALLBACK_PLUGINS".into(), "1".into());
    }
    // A person who wants no colour said so; the log then has none either.
    let says = |name: &str| env.get(name).is_some_and(|value| !value.is_empty());
    if !says("NO_COLOR") && !says("ANSIBLE_NOCOLOR") && !says("ANSIBLE_FORCE_COLOR") {
        added.insert("ANSIBLE_FORCE_COLOR".into(), "1".into());
    }
    added
}

/// Where Ansible looks when nobody says otherwise.
fn default_plugins(cfg: &AnsibleCfg, env: &Env) -> Vec<PathBuf> {
    let home = match cfg.setting("ANSIBLE_HOME", "defaults", "home") {
        Some(setting) => PathBuf::from(setting.text.replacen('~', env.get("HOME").unwrap_or("~"), 1)),
        None => Path::new(env.get("HOME").unwrap_or("/")).join(".ansible"),
    };
    vec![home.join("plugins/callback"), PathBuf::from("/usr/share/ansible/plugins/callback")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(cfg_text: &str, env: &Env, adhoc: bool) -> BTreeMap<String, String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ansible.cfg"), cfg_text).unwrap();
        let cfg = AnsibleCfg::load(dir.path(), env);
        let [plugin, events, stop_file] = ["/p", "/run/events.jsonl", "/run/stop"].map(Path::new);
        let mut added = additions(Channels { plugin, events, stop_file }, adhoc, &cfg, env);
        for value in added.values_mut() {
            *value = value.replace(&dir.path().to_string_lossy().into_owned(), "PROJECT");
        }
        added
    }

    #[test]
    fn the_projects_own_plugins_follow_ours() {
        let env = Env::from([("HOME", "/home/ada")]);
        let added = added("[defaults]\ncallback_plugins = plugins/callback:~/mine\n", &env, false);
        let lines: Vec<_> = added.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let expected = [
            "ANSIBLE_CALLBACK_PLUGINS=/p:PROJECT/plugins/callback:/home/ada/mine",
            "ANSIBLE_FORCE_COLOR=1",
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=1",
            "OPSDECK_EVENTS=/run/events.jsonl",
            "OPSDECK_STOP_FILE=/run/stop",
            "PYTHONUNBUFFERED=1",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn without_a_list_ansibles_own_places_follow_ours() {
        let env = Env::from([("HOME", "/home/ada"), ("NO_COLOR", "1")]);
        let added = added("", &env, true);
        let expected = "/p:/home/ada/.ansible/plugins/callback:/usr/share/ansible/plugins/callback";
        assert_eq!(added["ANSIBLE_CALLBACK_PLUGINS"], expected);
        assert_eq!(added["ANSIBLE_LOAD_CALLBACK_PLUGINS"], "1");
        assert!(!added.contains_key("ANSIBLE_FORCE_COLOR") && !added.contains_key("ANSIBLE_CALLBACKS_ENABLED"));
    }
}
