//! `opsdeck doctor`: what this machine lacks, what that means, and the command that helps. Changes nothing.

mod item;
mod machine;
mod programs;
mod terminal;

use super::Global;
use super::print::print;
use crate::project::cfg::Env;
use crate::text;
use item::{Item, State};
use serde_json::json;
use std::process::ExitCode;

const HELP: &str = "\
Examples:
  opsdeck doctor
  opsdeck doctor --json | jq .ok

Exit codes: 0 nothing that is needed is missing (warnings do not count), 1 something is.";

/// Options of `doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Exits 0 if nothing that opsdeck needs is missing (warnings do not count), else 1.
///
/// # Errors
/// Standard output can't be written.
pub fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let env = Env::current();
    let mut items = programs::all(&env);
    items.extend(terminal::all(&env));
    items.extend(machine::all(&env, &global.store(), &global.project));
    let missing = items.iter().any(|item| item.state == State::Missing);
    let out = if args.json {
        serde_json::to_string_pretty(&json!({"ok": !missing, "items": items}))? + "\n"
    } else {
        table(&items)
    };
    print(&out)?;
    Ok(if missing { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn table(items: &[Item]) -> String {
    let width = items.iter().map(|item| text::width(item.name)).max().unwrap_or_default();
    let mut out = String::new();
    for item in items {
        let detail = text::plain(&item.detail);
        out.push_str(&format!("{:7}  {}  {detail}\n", item.state.word(), text::pad(item.name, width)));
        if let Some(fix) = &item.fix {
            out.push_str(&format!("{:9}{}  -> {}\n", "", text::pad("", width), text::plain(fix)));
        }
    }
    out
}
