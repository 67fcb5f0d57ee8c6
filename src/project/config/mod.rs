//! `opsdeck.yaml`: what discovery can't know. Each key is declared once, where its section is read: `keys!` makes its
//! field, its default, its reading with the place of every mistake, its schema and its documentation of that.

pub mod checks;
mod environments;
mod freeze;
mod keys;
mod near;
pub mod notify;
mod probes;
mod reader;
pub mod recovery;
pub mod release;
mod runbooks;
mod shapes;
pub mod text;
mod values;
pub mod words;

pub use environments::EnvironmentConfig;
pub use near::nearest;
pub use runbooks::RunbookConfig;

use super::Vars;
use super::problem::Problem;
use crate::yaml::{self, Node};
use keys::{Keys, Shape, keys, of};
use reader::{Reader, describe};
use release::ReleaseConfig;
use serde_json::json;
use shapes::{by_name, mapping, number, vars};
use std::path::Path;

/// The version of the format that this program knows.
pub const VERSION: u32 = 1;

keys! {
    /// opsdeck.yaml: everything in it is optional.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Config {
        /// Version of this format.
        version: Option<u32> => version();
        /// How many hosts at a time where nobody says otherwise; overrides ansible.cfg.
        forks: Option<u32> => number(1, 10_000);
        /// Environments by name, in the order shown. Those that were discovered are named here only to change something.
        environments: Vec<(String, EnvironmentConfig)> => environments::environments();
        /// Recovery commands.
        runbooks: Vec<RunbookConfig> => runbooks::runbooks();
        /// Variables of every environment and release; those of an environment, a release and the command line win over them.
        vars: Vars => vars();
        /// Releases by name.
        releases: Vec<ReleaseConfig> => release::releases();
        /// Health checks by name.
        checks: Vec<checks::CheckConfig> => checks::checks();
        /// Policies of auto-recovery by name.
        recovery: Vec<recovery::Policy> => by_name(recovery::policy, recovery::Policy::schema), last();
        /// Whom `opsdeck serve` tells what.
        notify: notify::Notify => mapping::<notify::Notify>();
    }
}

/// What the file is checked against.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The project's root: paths are relative to it.
    pub root: &'a Path,
    /// Names of environments that were discovered.
    pub discovered: &'a [String],
}

/// Reads the text of `file`. What is right in it is taken, everything else is a problem. `None`: it is no YAML at all.
pub fn read(text: &str, file: &str, context: &Context<'_>) -> (Option<Config>, Vec<Problem>) {
    let tree = match yaml::parse_one(text) {
        Ok(Some(tree)) => tree,
        Ok(None) => return (Some(Config::default()), Vec::new()),
        Err(error) => return (None, vec![Problem::yaml(file, &error)]),
    };
    let mut reader = Reader::new(file);
    reader.known.root = context.root.to_owned();
    reader.known.environments = context.discovered.to_vec();
    reader.known.checks = ["ssh"].into_iter().chain(checks::METRICS).map(str::to_owned).collect();
    reader.newer = tree.get("version").and_then(Node::text).and_then(|text| text.parse().ok()) > Some(VERSION);
    let mut config = Config::default();
    config.fill(&tree, tree.mark, "opsdeck.yaml", &mut reader);
    reader.problems.sort_by_key(|problem| (problem.line, problem.column));
    (Some(config), reader.problems)
}

/// The JSON Schema (draft 2020-12) of the file.
pub fn schema() -> serde_json::Value {
    let mut schema = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "opsdeck.yaml" });
    if let (Some(all), Some(own)) = (schema.as_object_mut(), Config::schema().as_object()) {
        all.extend(own.clone());
    }
    schema["$defs"] = release::definitions();
    schema["$defs"]["EnvironmentConfig"] = EnvironmentConfig::schema();
    schema["$defs"]["RunbookConfig"] = RunbookConfig::schema();
    schema
}

fn version() -> impl Shape<Value = u32> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let version = reader.number(node, what, 1, u32::MAX)?;
        if version > VERSION {
            let message = "this file is of a newer format: use the newer opsdeck that it was written for";
            reader.mistake(node.mark, message, describe(node), format!("version {VERSION}"));
        }
        Some(version)
    };
    of(read, || number(1, VERSION).schema())
}

#[cfg(test)]
mod tests;
