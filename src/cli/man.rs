//! `opsdeck man`: one manual page of the whole command line, from its own definition.

use super::{Cli, print::print};
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::io;
use std::process::ExitCode;

/// Shown below the help of the verb.
pub const HELP: &str = "\
Example:
  opsdeck man | man -l -

Exit codes: 0 printed, 1 nobody takes the output.";

/// Prints the page (roff): `opsdeck man | man -l -`.
///
/// # Errors
/// Standard output can't be written.
pub fn run() -> anyhow::Result<ExitCode> {
    print(&page()?)?;
    Ok(ExitCode::SUCCESS)
}

fn page() -> io::Result<String> {
    let mut root = Cli::command();
    root.build();
    let mut out = Vec::new();
    let man = Man::new(root.clone());
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    let mut page = String::from_utf8_lossy(&out).into_owned();
    for verb in root.get_subcommands() {
        section(verb, "opsdeck", &mut page)?;
    }
    Ok(page)
}

/// A verb and what is below it: its sections one level lower, under its own name.
fn section(verb: &Command, above: &str, page: &mut String) -> io::Result<()> {
    if verb.is_hide_set() || verb.get_name() == "help" {
        return Ok(());
    }
    let name = format!("{above} {}", verb.get_name());
    let whole = verb.clone();
    // the options of every verb stand once, above
    let man = Man::new(whole.mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg }));
    let mut out = Vec::new();
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    if verb.get_arguments().any(|arg| !arg.is_hide_set() && !arg.is_global_set() && arg.get_id() != "help") {
        man.render_options_section(&mut out)?;
    }
    page.push_str(&format!(".SH \"{}\"\n", name.to_uppercase()));
    page.push_str(&String::from_utf8_lossy(&out).replace(".SH ", ".SS "));
    verb.get_subcommands().try_for_each(|sub| section(sub, &name, page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_verb_that_is_not_hidden() {
        let page = page().unwrap();
        assert!(page.starts_with(".ie") && page.contains(".TH opsdeck 1"), "{page:.200}");
        for verb in Cli::command().get_subcommands() {
            let heading = format!(".SH \"OPSDECK {}\"", verb.get_name().to_uppercase());
            assert_eq!(page.contains(&heading), !verb.is_hide_set(), "{heading}");
        }
        assert!(page.contains(".SH \"OPSDECK AUDIT VERIFY\""));
    }
}
