//! `vars_prompt` answered at the terminal before the launch, since a background run has none to ask on.

use super::secret;
use crate::ansible::command::extra_var;
use crate::ansible::prompts::QuestionKind;
use crate::ansible::secrets::SecretName;
use crate::run::launch::open_questions;
use crate::run::{Ask, Request};
use crate::text::plain;
use anyhow::{Result, bail};
use std::io::{BufRead, BufReader, IsTerminal, Write};

/// Asks what the playbook would ask, where there is a terminal; without one the launch says what is missing.
///
/// # Errors
/// No answer was given.
pub fn answer(request: &mut Request) -> Result<()> {
    if !std::io::stdin().is_terminal() {
        return Ok(());
    }
    for question in open_questions(request) {
        let QuestionKind::Variable { name, prompt, private, default, confirm } = question.kind else { continue };
        let prompt = plain(&prompt).into_owned();
        if private {
            let value = secret::ask(&format!("{prompt}: "))?;
            if confirm && secret::ask(&format!("confirm {prompt}: "))? != value {
                bail!("the two answers differ; nothing was started");
            }
            request.secrets.set(SecretName::Prompt(name), value);
        } else {
            let value = visible(&prompt, default.as_deref())?;
            if let Ask::Playbook(play) = &mut request.ask {
                play.common.extra_vars.push(extra_var(&name, &value).into());
            }
        }
    }
    Ok(())
}

fn visible(prompt: &str, default: Option<&str>) -> Result<String> {
    let mut tty = std::fs::File::options().read(true).write(true).open("/dev/tty")?;
    let hint = default.map(|d| format!(" [{}]", plain(d))).unwrap_or_default();
    write!(tty, "{prompt}{hint}: ")?;
    let mut line = String::new();
    if BufReader::new(tty).read_line(&mut line)? == 0 {
        bail!("no answer was given; nothing was started");
    }
    let line = line.trim_end_matches(['\n', '\r']);
    Ok(if line.is_empty() { default.unwrap_or_default().to_owned() } else { line.to_owned() })
}
