//! Puts what `opsdeck.yaml` declares over what was discovered. The file wins, except that a mistake never unprotects.

use super::config::{self, Config, Context, EnvironmentConfig, RunbookConfig};
use super::environments::environment;
use super::problem::Problem;
use super::{Environment, Project, Runbook};
use crate::open;

const NAMES: [&str; 2] = ["opsdeck.yaml", "opsdeck.yml"];

/// Reads `opsdeck.yaml` in the project's root, if there is one, and applies it.
pub fn apply(project: &mut Project) {
    // Whatever lies there was meant to be it: what is no file cannot be read, and is no reason to go on without it.
    let mut there = NAMES.iter().filter(|name| project.root.join(name).symlink_metadata().is_ok());
    let Some(name) = there.next() else { return };
    if there.next().is_some() {
        let message = "opsdeck.yaml lies beside it and wins: this file is not read";
        project.problems.push(Problem::warning(NAMES[1], message));
    }
    let text = match open::read_given(&project.root.join(name), open::WRITTEN).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return unreadable(project, Problem::error(*name, "this is not UTF-8").expected("UTF-8 text")),
        Err(e) => return unreadable(project, Problem::error(*name, format!("cannot be read: {e}"))),
    };
    let discovered: Vec<_> = project.environments.iter().map(|env| env.name.clone()).collect();
    let (config, problems) = config::read(&text, name, &Context { root: &project.root, discovered: &discovered });
    project.problems.extend(problems);
    match config {
        Some(config) => declare(project, config),
        None => protect_all(project),
    }
}

fn unreadable(project: &mut Project, problem: Problem) {
    project.problems.push(problem);
    protect_all(project);
}

/// Nobody knows what the file would have protected.
fn protect_all(project: &mut Project) {
    project.environments.iter_mut().for_each(|env| env.protect = true);
}

fn declare(project: &mut Project, config: Config) {
    project.forks = config.forks.or(project.forks);
    let mut discovered = std::mem::take(&mut project.environments);
    for (name, declared) in config.environments {
        project.environments.extend(merge(name, declared, &mut discovered));
    }
    project.environments.append(&mut discovered);
    project.runbooks = config.runbooks.into_iter().map(runbook).collect();
    project.recovery = config.recovery;
    project.releases = config.releases;
    project.checks = config.checks;
    project.notify = config.notify;
    project.vars = config.vars;
}

fn merge(name: String, declared: EnvironmentConfig, discovered: &mut Vec<Environment>) -> Option<Environment> {
    let tidy = |source: &String| source.strip_prefix("./").unwrap_or(source).trim_end_matches('/').to_owned();
    let inventory: Vec<_> = declared.inventory.iter().map(tidy).collect();
    let known = discovered.iter().position(|env| env.name == name).map(|at| discovered.remove(at));
    // the same sources under the name that discovery gave them
    discovered.retain(|env| inventory.is_empty() || env.inventory != inventory);
    let mut env = known.unwrap_or_else(|| environment(name, Vec::new()));
    if !inventory.is_empty() {
        env.inventory = inventory;
    }
    env.colour = declared.colour.or(env.colour);
    env.protect = declared.protect.unwrap_or(env.protect);
    env.vars = declared.vars;
    env.freeze = declared.freeze;
    env.approvals = declared.approvals.unwrap_or_default();
    (!env.inventory.is_empty()).then_some(env)
}

fn runbook(config: RunbookConfig) -> Runbook {
    Runbook {
        name: config.name.text,
        key: config.key.and_then(|key| key.text.chars().next()),
        help: config.help,
        environments: config.environments,
        module: config.module,
        args: config.args.map(|args| args.text),
        playbook: config.playbook,
        hosts: config.hosts,
        r#become: config.r#become,
        extra_vars: config.extra_vars,
    }
}
