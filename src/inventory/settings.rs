//! What `ansible.cfg` and the environment say about inventories. What would change the answer makes us decline.

use super::Declined;
use crate::open;
use crate::project::cfg::{AnsibleCfg, Env};
use crate::project::{PassedOver, Severity};
use std::path::Path;

/// Settings that our answer depends on, and the reasons to leave it to Ansible.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The file-reading plugins in their order, by short name.
    pub plugins: Vec<String>,
    /// What is passed over in a folder of sources.
    pub passed_over: PassedOver,
    /// Why no source can be read natively.
    pub hosts: Option<Declined>,
    /// Why no variables can be told natively.
    pub vars: Option<Declined>,
    /// `group_vars` and `host_vars` are not read at all (`ANSIBLE_VARS_ENABLED=none`).
    pub no_files: bool,
}

/// Variable, section, key, and the values that change nothing for us.
type Rule = (&'static str, &'static str, &'static str, &'static [&'static str]);

const FALSE: &[&str] = &["false", "no", "off", "0", "n", "f"];
const HOSTS: [Rule; 8] = [
    ("ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS", "defaults", "force_valid_group_names", &["never", "ignore"]),
    ("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", "inventory", "any_unparsed_is_failed", FALSE),
    ("ANSIBLE_INVENTORY_UNPARSED_FAILED", "inventory", "unparsed_is_failed", FALSE),
    ("ANSIBLE_YAML_FILENAME_EXT", "defaults", "yaml_valid_extensions", &[]),
    ("ANSIBLE_INVENTORY_PLUGIN_EXTS", "inventory_plugin_yaml", "yaml_valid_extensions", &[]),
    ("ANSIBLE_DUPLICATE_YAML_DICT_KEY", "defaults", "duplicate_dict_key", &["warn", "ignore"]),
    ("ANSIBLE_HOST_PATTERN_MISMATCH", "inventory", "host_pattern_mismatch", &["warning", "ignore"]),
    ("ANSIBLE_RUN_VARS_PLUGINS", "defaults", "run_vars_plugins", &["demand"]),
];
const VARS: [Rule; 9] = [
    ("ANSIBLE_HASH_BEHAVIOUR", "defaults", "hash_behaviour", &["replace"]),
    ("ANSIBLE_PRECEDENCE", "defaults", "precedence", &[]),
    ("ANSIBLE_VARS_PLUGINS", "defaults", "vars_plugins", &[]),
    ("ANSIBLE_VARS_PLUGIN_STAGE", "vars_host_group_vars", "stage", &["all", "task"]),
    ("ANSIBLE_CACHE_PLUGIN", "defaults", "fact_caching", &["memory", "ansible.builtin.memory"]),
    ("ANSIBLE_INJECT_FACT_VARS", "defaults", "inject_facts_as_vars", &["true", "yes", "on", "1"]),
    ("ANSIBLE_PLAYBOOK_DIR", "defaults", "playbook_dir", &[]),
    ("ANSIBLE_INVENTORY_EXPORT", "inventory", "export", FALSE),
    ("ANSIBLE_VARS_ENABLED", "defaults", "vars_plugins_enabled", &["host_group_vars", "none"]),
];
const DEFAULT_PLUGINS: &str = "host_list, script, auto, yaml, ini, toml";

impl Settings {
    /// Those that hold for commands started in `root`.
    pub fn of(root: &Path, env: &Env) -> Self {
        let cfg = AnsibleCfg::load(root, env);
        let refused = |rules: &[Rule]| rules.iter().find_map(|rule| changed(&cfg, rule));
        let passed_over = PassedOver::of(&cfg);
        let mut settings = Self { passed_over, hosts: refused(&HOSTS), vars: refused(&VARS), ..Self::default() };
        let problem = cfg.problems.iter().find(|p| p.severity == Severity::Error);
        if let Some(problem) = problem {
            let why = format!("Ansible's configuration is not valid: {}", problem.message);
            // One that never ends hangs Ansible, whatever it is asked.
            let hopeless = cfg.file.as_deref().is_some_and(|file| open::endless(file).is_some());
            settings.hosts.get_or_insert(Declined { file: cfg.file.clone(), mark: None, why, hopeless });
        }
        let said = cfg.setting("ANSIBLE_VARS_ENABLED", "defaults", "vars_plugins_enabled");
        settings.no_files = said.is_some_and(|s| s.text.trim() == "none");
        let enabled = cfg.setting("ANSIBLE_INVENTORY_ENABLED", "inventory", "enable_plugins");
        let plugins = enabled.map_or(DEFAULT_PLUGINS, |s| s.text);
        for name in plugins.split(',').map(str::trim) {
            let short = name.strip_prefix("ansible.builtin.").unwrap_or(name);
            if !DEFAULT_PLUGINS.split(", ").any(|known| known == short) {
                let why = format!("the inventory plugin `{name}` is enabled");
                let mark = enabled.and_then(|s| s.mark);
                settings.hosts.get_or_insert(Declined { file: cfg.file.clone(), mark, why, ..Declined::default() });
            }
            settings.plugins.push(short.to_owned());
        }
        let home = env.get("HOME").map(Path::new).unwrap_or(Path::new("/root"));
        for dir in [home.join(".ansible/plugins/vars"), Path::new("/usr/share/ansible/plugins/vars").to_path_buf()] {
            let files = std::fs::read_dir(&dir).into_iter().flatten().flatten();
            if files.into_iter().any(|e| e.path().extension().is_some_and(|ext| ext == "py")) {
                let why = "a vars plugin of your own is installed".to_owned();
                settings.vars.get_or_insert(Declined { file: Some(dir), mark: None, why, ..Declined::default() });
            }
        }
        settings
    }
}

fn changed(cfg: &AnsibleCfg, (variable, section, key, harmless): &Rule) -> Option<Declined> {
    let setting = cfg.setting(variable, section, key)?;
    if harmless.contains(&setting.text.trim().to_lowercase().as_str()) {
        return None;
    }
    let (file, name) = match setting.variable {
        Some(variable) => (None, variable.to_owned()),
        None => (cfg.file.clone(), format!("[{section}] {key}")),
    };
    let why = format!("{name} = {} changes how inventories are read", setting.text.trim());
    Some(Declined { file, mark: setting.mark, why, hopeless: false })
}
