//! `opsdeck check`: every mistake in the project's files, each with its place and what was expected.

use super::Global;
use super::inventory::LIMIT;
use super::print::print;
use crate::inventory::ask::{self, AskError, Cancel, Failed, Wanted};
use crate::inventory::{Declined, Inventory, Options, Warning};
use crate::project::{Environment, Problem, Project, Severity};
use crate::text;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

const HELP: &str = "\
Examples:
  opsdeck check
  opsdeck check --json | jq '.problems[0]'

Exit codes: 0 no mistake (warnings do not count), 1 mistakes, 2 there is no project.";

/// Options of `check`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
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
    let mut problems = project.check();
    in_inventories(&project, &mut problems);
    problems.extend(crate::release::build::problems(&project));
    problems.extend(crate::health::patterns::problems(&project));
    problems.extend(crate::serve::missing(&project));
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

/// What Ansible would pass over in the environments' sources: since nothing may run on half an inventory, each such
/// place is a mistake. So is what nobody can read to its end; a source that only Ansible can read is left to it.
fn in_inventories(project: &Project, problems: &mut Vec<Problem>) {
    for environment in &project.environments {
        let inventory = match Inventory::load(&project.root, &environment.inventory, &Options::current()) {
            Ok(inventory) => inventory,
            Err(Declined { file, mark, why, hopeless: true }) => {
                let source = || environment.inventory.first().map(|source| project.root.join(source));
                let problem = Problem::error(file.or_else(source).unwrap_or_default(), why);
                add(problems, project, mark.into_iter().fold(problem, Problem::at));
                continue;
            }
            Err(_) => {
                unread(project, environment, problems);
                continue;
            }
        };
        for Warning { file, mark, text } in inventory.warnings() {
            // a path that names nothing is opsdeck.yaml's mistake, and told there
            let Some(file) = file.as_ref().filter(|file| project.root.join(file).exists()) else { continue };
            let problem = match mark {
                Some(mark) => Problem::error(file, text).at(*mark),
                None => Problem::warning(file, text),
            };
            add(problems, project, problem);
        }
    }
}

/// What only Ansible can read is asked of it: a source that fails is another thing than one without hosts.
fn unread(project: &Project, environment: &Environment, problems: &mut Vec<Problem>) {
    let (sources, options) = (&environment.inventory, Options::current());
    match ask::resolve(&project.root, sources, &Wanted::default(), &options, LIMIT, &Cancel::default()) {
        Ok(_) => {}
        // What is broken elsewhere may be why.
        Err(e) if !matches!(e, AskError::Unread(_)) && problems.iter().any(|p| p.severity == Severity::Error) => {}
        Err(AskError::Unread(failed)) => {
            for Failed { source, why } in failed {
                // What is wrong inside it is told with its place already.
                let told =
                    |problem: &Problem| problem.severity == Severity::Error && problem.file == Path::new(&source);
                if problems.iter().any(told) {
                    continue;
                }
                add(problems, project, Problem::error(source, format!("not read: {why}")));
            }
        }
        Err(e) => {
            let source = sources.first().cloned().unwrap_or_default();
            add(problems, project, Problem::warning(source, format!("Ansible could not be asked about it: {e}")));
        }
    }
}

/// Adds it, unless one that is as bad is told at the same place.
fn add(problems: &mut Vec<Problem>, project: &Project, problem: Problem) {
    let problem = problem.below(&project.root);
    let same = |known: &Problem| {
        known.file == problem.file && known.line == problem.line && known.severity >= problem.severity
    };
    if !problems.iter().any(same) {
        problems.push(problem);
    }
}

fn number(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn line(problem: &Problem) -> String {
    format!("{}\n", text::plain(&problem.to_string()))
}
