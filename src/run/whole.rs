//! Outputs that are too long for a result: where they lie, as the results say.

use super::{RunState, follow};
use crate::state::RunDir;
use serde_json::Value;
use std::io;
use std::path::PathBuf;

/// An output in a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    pub path: PathBuf,
    pub stderr: bool,
    /// Why it does not hold all of it.
    pub cut: Option<String>,
}

impl Whole {
    /// Those of a host, in the order of its tasks.
    ///
    /// # Errors
    /// A result cannot be read.
    pub fn of(dir: &RunDir, state: &RunState, host: &str) -> io::Result<Vec<Self>> {
        let Some(index) = state.hosts.get_index_of(host) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for cell in state.tasks.iter().map(|task| task.cell(index)) {
            let Some(result) = follow::result(dir, cell)? else { continue };
            let field = |name: &str| result["r"].get(name).and_then(Value::as_str).map(str::to_owned);
            for (stream, stderr) in [("stdout", false), ("stderr", true)] {
                // What the file of events names is no more than a name in that folder.
                let name = field(&format!("{stream}_file"));
                let name = name.as_deref().and_then(|path| path.strip_prefix("output/")).filter(|name| is_name(name));
                if let Some(name) = name {
                    let path = dir.step(u32::from(cell.step)).outputs().join(name);
                    found.push(Self { path, stderr, cut: field(&format!("{stream}_cut")) });
                }
            }
        }
        Ok(found)
    }
}

fn is_name(name: &str) -> bool {
    name.split_once('.')
        .is_some_and(|(n, end)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) && ["out", "err"].contains(&end))
}
