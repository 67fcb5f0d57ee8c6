//! `opsdeck.yaml`: what discovery can't know. Its types, their JSON Schema, and reading it with the place of every mistake.

pub mod checks;
mod freeze;
mod near;
pub mod notify;
mod reader;
pub mod recovery;
pub mod release;
mod sections;
pub mod text;
mod values;
pub mod words;

pub use near::nearest;
pub use sections::{Context, read};

use super::{Freeze, Vars};
use release::ReleaseConfig;
use schemars::JsonSchema;
use std::collections::BTreeMap;

/// The version of the format that this program knows.
pub const VERSION: u32 = 1;

/// opsdeck.yaml: everything in it is optional.
#[derive(Debug, Clone, PartialEq, Default, JsonSchema)]
#[schemars(deny_unknown_fields, title = "opsdeck.yaml")]
pub struct Config {
    /// Version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub version: Option<u32>,
    /// How many hosts at a time where nobody says otherwise; overrides ansible.cfg.
    #[schemars(range(min = 1, max = 10000))]
    pub forks: Option<u32>,
    /// Environments by name, in the order shown. Those that were discovered are named here only to change something.
    #[schemars(with = "Option<BTreeMap<String, EnvironmentConfig>>")]
    pub environments: Vec<(String, EnvironmentConfig)>,
    /// Recovery commands.
    #[schemars(with = "Option<Vec<RunbookConfig>>")]
    pub runbooks: Vec<RunbookConfig>,
    /// Variables of every environment and release; those of an environment, a release and the command line win over them.
    #[schemars(with = "Option<BTreeMap<String, serde_json::Value>>")]
    pub vars: Vars,
    /// Policies of auto-recovery by name.
    #[schemars(with = "Option<recovery::Section>")]
    pub recovery: Vec<recovery::Policy>,
    /// Releases by name.
    #[schemars(with = "Option<release::Releases>")]
    pub releases: Vec<ReleaseConfig>,
    /// Health checks by name.
    #[schemars(with = "Option<checks::Checks>")]
    pub checks: Vec<checks::CheckConfig>,
    /// Whom `opsdeck serve` tells what.
    #[schemars(with = "Option<notify::Section>")]
    pub notify: notify::Notify,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct EnvironmentConfig {
    /// Inventory sources as for -i, relative to this file: a text or a list. Not needed where discovery finds them.
    #[schemars(with = "Option<OneOrMany>")]
    pub inventory: Vec<String>,
    /// Colour of the top line: #rrggbb, or red, orange, yellow, green, cyan, blue, purple, magenta, pink, grey, white, black.
    #[schemars(regex(pattern = r"^(#[0-9A-Fa-f]{6}|[A-Za-z]+)$"))]
    pub colour: Option<String>,
    /// Ask to type the environment's name before anything runs there. Default: true for names like production.
    pub protect: Option<bool>,
    /// Variables of every release to it.
    #[schemars(with = "Option<BTreeMap<String, serde_json::Value>>")]
    pub vars: Vars,
    /// Times in which no release begins here.
    #[schemars(with = "Option<Vec<freeze::FreezeConfig>>")]
    pub freeze: Vec<Freeze>,
    /// How many people must agree to a release here, never the one who submitted it.
    #[schemars(range(min = 0, max = 20))]
    pub approvals: Option<u8>,
}

/// A recovery command: either a module or a playbook.
#[derive(Debug, Clone, PartialEq, Default, JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [{"required": ["module"]}, {"required": ["playbook"], "not": {"required": ["args"]}}])
)]
pub struct RunbookConfig {
    /// Name in the menu.
    pub name: String,
    /// One key that starts it from the recovery menu.
    #[schemars(length(min = 1, max = 1))]
    pub key: Option<String>,
    /// What it is for.
    pub help: Option<String>,
    /// Module of an ad-hoc command.
    pub module: Option<String>,
    /// Arguments of the module.
    pub args: Option<String>,
    /// Playbook, relative to this file.
    pub playbook: Option<String>,
    /// Host pattern (module) or limit (playbook). Without it: the marked hosts.
    pub hosts: Option<String>,
    /// Become another user (root, where nothing else is configured).
    #[schemars(with = "Option<bool>")]
    pub r#become: bool,
    /// Extra variables as for -e: key=value, {"json": true} or @file; a text or a list.
    #[schemars(with = "Option<OneOrMany>")]
    pub extra_vars: Vec<String>,
    /// Environments it is offered in. Without it: all.
    #[schemars(with = "Option<OneOrMany>")]
    pub environments: Vec<String>,
}

/// A text or a list of texts.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code, reason = "only its schema is used: the reader makes a list of both forms")]
enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// The JSON Schema (draft 2020-12) of the file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Config).to_value()
}

#[cfg(test)]
mod tests;
