//! `opsdeck schema`: the JSON Schema of `opsdeck.yaml`, for editors.

use super::print::print;
use crate::project::config;
use std::process::ExitCode;

/// Shown below the help of the verb.
pub const HELP: &str = "\
Example:
  opsdeck schema > opsdeck.schema.json   # then: # yaml-language-server: $schema=opsdeck.schema.json

Exit codes: 0 printed, 1 nobody takes the output.";

/// Prints the schema (draft 2020-12).
///
/// # Errors
/// Standard output can't be written.
pub fn run() -> anyhow::Result<ExitCode> {
    print(&(serde_json::to_string_pretty(&config::schema())? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}
