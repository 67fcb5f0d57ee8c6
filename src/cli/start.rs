//! From a request to a launched run, its id on stdout, and the watching of it: shared by `adhoc`, `play` and `rerun`.

use super::print::{causes, said};
use super::{Global, record, wait};
use crate::run::{LaunchError, Request};
use anyhow::Result;
use std::process::ExitCode;

/// Nothing was started, and the reason stands on stderr.
pub const REFUSED: u8 = 64;

/// Says why nothing was started. That no host is meant is a slip on the command line, as it is for `hosts`.
pub fn refused(why: &anyhow::Error) -> ExitCode {
    eprintln!("opsdeck: {}", crate::text::plain_lines(&causes(why)).join("\n"));
    match why.downcast_ref() {
        Some(LaunchError::Nobody { .. }) => ExitCode::FAILURE,
        _ => REFUSED.into(),
    }
}

/// Launches; then prints the id, or stays and watches.
///
/// # Errors
/// What was launched cannot be watched.
pub fn start(global: &Global, request: Request, stay: bool, json: bool) -> Result<ExitCode> {
    let desk = global.desk();
    let launched = match desk.acting()?.launch(request) {
        Ok(launched) => launched,
        Err(e) => return Ok(refused(&e.into())),
    };
    for warning in &launched.warnings {
        eprintln!("opsdeck: {}", crate::text::plain(warning));
    }
    let id = launched.id;
    if !stay {
        let line = if json {
            serde_json::json!({ "id": id, "warnings": launched.warnings }).to_string()
        } else {
            id.to_string()
        };
        // The run goes on even if nobody takes the line.
        said(&line);
        return Ok(ExitCode::SUCCESS);
    }
    let code = wait::wait(&desk, id, json)?;
    if json && code != 130 {
        let run = desk.follow(id)?;
        said(&format!("{:#}", record::json(&run.spec, &run.state)));
    }
    Ok(code.into())
}
