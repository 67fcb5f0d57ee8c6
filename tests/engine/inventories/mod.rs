//! What the inventory tests share: the real Ansible as an oracle, cases in text files, and the comparison.

pub mod case;
pub mod generate;
pub mod oracle;

pub use case::Case;
pub use oracle::Oracle;

use opsdeck::inventory::{Inventory, Options, PatternError};
use opsdeck::project::Env;
use std::path::Path;

/// What became of one comparison.
#[derive(Debug, Default)]
pub struct Tally {
    pub equal: usize,
    /// Patterns that were compared as sets: Ansible's own order is chance.
    pub unordered: usize,
    /// Whole inventories.
    pub declined: Vec<String>,
    /// Single patterns.
    pub patterns: Vec<String>,
    pub wrong: Vec<String>,
}

/// The environment in which both engines look: nobody's own configuration.
pub fn options() -> Options {
    Options { env: Env::from([("HOME", "/nonexistent")]) }
}

/// Compares both engines on one inventory: the JSON to the byte, and every pattern with its limit.
pub fn compare(
    oracle: &mut Oracle,
    name: &str,
    cwd: &Path,
    sources: &[String],
    queries: &[(String, Option<String>)],
    tally: &mut Tally,
) {
    let native = Inventory::load(cwd, sources, &options());
    let inventory = match native {
        Ok(inventory) => inventory,
        Err(declined) => return tally.declined.push(format!("{name}: {declined}")),
    };
    match (inventory.list_json(), oracle.list(cwd, sources)) {
        (Err(declined), _) => tally.declined.push(format!("{name}: {declined}")),
        (Ok(ours), Ok(theirs)) if ours == theirs => tally.equal += 1,
        (Ok(ours), Ok(theirs)) => tally.wrong.push(format!("{name}:\n{}", difference(&ours, &theirs))),
        (Ok(_), Err(error)) => tally.wrong.push(format!("{name}: we print it, Ansible fails: {error}")),
    }
    let answers = match oracle.hosts(cwd, sources, queries) {
        Ok(answers) => answers,
        Err(error) => return tally.wrong.push(format!("{name}: Ansible fails: {error}")),
    };
    for ((pattern, limit), theirs) in queries.iter().zip(answers) {
        let asked = format!("{name}: `{pattern}` limit {limit:?}");
        match (inventory.select(pattern, limit.as_deref()), theirs) {
            (Err(PatternError::Declined(declined)), _) => tally.patterns.push(format!("{asked}: {declined}")),
            (Err(PatternError::Wrong(_)), Err(_)) => tally.equal += 1,
            (Err(PatternError::Wrong(_)), Ok(hosts)) if hosts.is_empty() && limit.is_none() => tally.equal += 1,
            (Err(PatternError::Wrong(what)), Ok(hosts)) => {
                tally.wrong.push(format!("{asked}: we refuse ({what}), Ansible selects {hosts:?}"));
            }
            (Ok(ours), theirs) => {
                let mut names: Vec<String> = ours.hosts.iter().map(|id| inventory.host_name(*id).to_owned()).collect();
                match theirs {
                    Ok(hosts) if ours.fixed && hosts == names => tally.equal += 1,
                    Ok(mut hosts) if !ours.fixed => {
                        hosts.sort();
                        names.sort();
                        tally.unordered += 1;
                        if hosts != names {
                            tally.wrong.push(format!("{asked}: we select {names:?}, Ansible {hosts:?} (as sets)"));
                        }
                    }
                    // a limit that leaves nobody is an error of the command
                    Err(error) if names.is_empty() && limit.is_some() && error.contains("leaves us with no hosts") => {
                        tally.equal += 1;
                    }
                    other => tally.wrong.push(format!("{asked}: we select {names:?}, Ansible {other:?}")),
                }
            }
        }
    }
}

/// The first lines that differ.
pub fn difference(ours: &str, theirs: &str) -> String {
    let mut pairs = ours.lines().zip(theirs.lines()).enumerate();
    match pairs.find(|(_, (a, b))| a != b) {
        Some((n, (a, b))) => format!("line {}: we print `{a}`, Ansible `{b}`", n + 1),
        None => format!("we print {} lines, Ansible {}", ours.lines().count(), theirs.lines().count()),
    }
}
