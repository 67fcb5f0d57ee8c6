//! `opsdeck check`: every mistake in the project's files, each with its place and what was expected.

use super::Global;
use super::print::print;
use crate::project::{Problem, Project, Severity};
use crate::text;
use serde_json::json;
use std::process::ExitCode;

/// Options of `check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Exits 0 if all is well (warnings do not count), 1 if there are mistakes, 2 if there is no project.
///
/// # Errors
/// Standard output can't be written.
pub fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let project = match Project::discover(&global.project) {
        Ok(project) => project,
        Err(error) => {
            eprintln!("opsdeck: {}", text::plain(&error.to_string()));
            return Ok(ExitCode::from(2));
        }
    };
    let problems = project.check();
    let count = |severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let out = if args.json {
        let whole = json!({"project": project.root, "errors": errors, "warnings": warnings, "problems": problems});
        serde_json::to_string_pretty(&whole)? + "\n"
    } else {
        let lines: String = problems.iter().map(line).collect();
        let found = [
            number(project.environments.len(), "environment"),
            number(project.playbooks.len(), "playbook"),
            number(project.runbooks.len(), "runbook"),
        ];
        let verdict = match (errors, warnings) {
            (0, 0) => "no mistakes".to_owned(),
            (errors, warnings) => format!("{}, {}", number(errors, "mistake"), number(warnings, "warning")),
        };
        let found = found.join(", ");
        format!("{lines}{}: {found}: {verdict}\n", text::plain(&project.root.to_string_lossy()))
    };
    print(&out)?;
    Ok(if errors > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn number(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn line(problem: &Problem) -> String {
    format!("{}\n", text::plain(&problem.to_string()))
}
