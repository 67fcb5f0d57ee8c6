//! Layers of variables: common, environment, release, command line; each wins over those before. Vaulted values stay
//! sealed, in the shape that Ansible reads (`{"__ansible_vault": ...}`).

use super::{Refused, Wish};
use crate::inventory::Value;
use crate::open;
use crate::project::config::release::ReleaseConfig;
use crate::project::config::words::words;
use crate::project::{Environment, Project, Vars};
use crate::release::plan::Layer;
use crate::yaml;
use serde_json::{Map, json};
use std::collections::BTreeMap;
use std::path::Path;

type Json = serde_json::Value;

/// All layers, not yet merged.
pub struct Layers {
    layers: Vec<(Layer, Map<String, Json>)>,
    release: String,
    environment: String,
}

impl Layers {
    /// Merged for a version, and which layer each came from. The built-in names win: playbooks rely on them.
    pub fn merged(&self, version: Option<&str>) -> (BTreeMap<String, Json>, BTreeMap<String, Layer>) {
        let (mut vars, mut from) = (BTreeMap::new(), BTreeMap::new());
        for (layer, values) in &self.layers {
            for (name, value) in values {
                vars.insert(name.clone(), value.clone());
                from.insert(name.clone(), *layer);
            }
        }
        vars.insert("release_name".into(), json!(self.release));
        vars.insert("release_environment".into(), json!(self.environment));
        vars.extend(version.map(|version| ("release_version".to_owned(), json!(version))));
        (vars, from)
    }
}

/// The layers of a wish.
///
/// # Errors
/// A value that only Ansible can read, or extra variables that are none.
pub fn layers(wish: &Wish<'_>, release: &ReleaseConfig, environment: &Environment) -> Result<Layers, Refused> {
    let mut layers = vec![
        (Layer::Common, written(&wish.project.vars)?),
        (Layer::Environment, written(&environment.vars)?),
        (Layer::Release, written(&release.vars)?),
    ];
    for text in wish.extra_vars {
        layers.push((Layer::CommandLine, extra(text, &wish.project.root)?));
    }
    Ok(Layers { layers, release: release.name.clone(), environment: environment.name.clone() })
}

/// What is known without a command line and a version, for `opsdeck check`.
pub fn known(
    project: &Project,
    release: &ReleaseConfig,
    environment: &Environment,
) -> Result<BTreeMap<String, Json>, Refused> {
    let layers = [&project.vars, &environment.vars, &release.vars].map(written);
    let mut vars = BTreeMap::from([
        ("release_name".to_owned(), json!(release.name)),
        ("release_environment".to_owned(), json!(environment.name)),
    ]);
    for layer in layers {
        vars.extend(layer?);
    }
    Ok(vars)
}

fn written(vars: &Vars) -> Result<Map<String, Json>, Refused> {
    vars.iter().map(|(name, node)| Ok((name.clone(), value(node, "opsdeck.yaml")?))).collect()
}

fn value(node: &yaml::Node, file: &str) -> Result<Json, Refused> {
    let value = Value::of(node).map_err(|(mark, why)| {
        Refused(format!("{file}:{}:{}: only Ansible can read this value: {why}", mark.line, mark.column))
    })?;
    serde_json::from_str(&value.to_json())
        .map_err(|_| Refused(format!("{file}:{}:{}: JSON has no such number", node.mark.line, node.mark.column)))
}

/// One `-x`, as Ansible's `-e` takes it.
fn extra(text: &str, root: &Path) -> Result<Map<String, Json>, Refused> {
    let refuse = |why: &str| Refused(format!("-x {text:?}: {why}"));
    if let Some(file) = text.strip_prefix('@') {
        let content = open::text_named(&root.join(file), open::FLEET).map_err(|error| refuse(&error.to_string()))?;
        if content.starts_with("$ANSIBLE_VAULT") {
            return Err(refuse("the file is encrypted as a whole; expected single values with !vault"));
        }
        return mapping(&content, file);
    }
    if text.trim_start().starts_with(['{', '[']) {
        return mapping(text, "-x");
    }
    let pairs = words(text).map_err(refuse)?;
    let pair = |word: &String| {
        let (name, value) = word.split_once('=').ok_or_else(|| refuse("expected key=value, JSON or @file"))?;
        Ok((name.to_owned(), json!(value)))
    };
    pairs.iter().map(pair).collect()
}

fn mapping(text: &str, file: &str) -> Result<Map<String, Json>, Refused> {
    let tree = yaml::parse_one(text).map_err(|error| Refused(format!("{file}: {error}")))?;
    let Some(tree) = tree else { return Ok(Map::new()) };
    match value(&tree, file)? {
        Json::Object(map) => Ok(map),
        _ => Err(Refused(format!("{file}: expected a mapping of variables"))),
    }
}
