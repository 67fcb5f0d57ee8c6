//! Asking for a password on the terminal, without showing it.

use anyhow::{Context, Result, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{Read, Write};
use zeroize::Zeroizing;

/// Longest password (bytes).
const LONGEST: usize = 4096;

/// It was asked for, and not given: nothing was started, and the exit code says so.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotGiven(String);

/// Asks on the terminal itself, whatever stdin and stdout are.
///
/// # Errors
/// [`NotGiven`]: there is no terminal; Ctrl-C was pressed.
pub fn ask(question: &str) -> Result<Zeroizing<String>> {
    asked(question).map_err(|e| NotGiven(super::print::causes(&e)).into())
}

fn asked(question: &str) -> Result<Zeroizing<String>> {
    let mut tty = File::options().read(true).write(true).open("/dev/tty");
    let tty = tty.as_mut().map_err(|e| anyhow::anyhow!("{question}there is no terminal to ask on: {e}"))?;
    let quiet = Quiet::on(tty.try_clone()?)?;
    tty.write_all(question.as_bytes())?;
    // Full size from the start: growing would leave copies behind.
    let mut typed = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut byte = [0_u8];
    loop {
        if tty.read(&mut byte).context("the terminal is gone")? == 0 {
            bail!("the terminal is gone");
        }
        match byte[0] {
            b'\n' | b'\r' => break,
            3 | 4 if byte[0] == 3 || typed.is_empty() => {
                drop(quiet);
                tty.write_all(b"\n")?;
                bail!("no password was given; nothing was started");
            }
            8 | 0x7f => drop(typed.pop()),
            21 => typed.clear(),
            _ if typed.len() == LONGEST => bail!("a password has {LONGEST} bytes at most"),
            b => typed.push(b),
        }
    }
    drop(quiet);
    tty.write_all(b"\n")?;
    let text = std::str::from_utf8(&typed).context("the password is not UTF-8")?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// No echo, and Ctrl-C comes as a byte: the terminal is put back whatever happens.
struct Quiet {
    tty: File,
    before: Termios,
}

impl Quiet {
    fn on(tty: File) -> Result<Quiet> {
        let before = tcgetattr(&tty)?;
        let mut quiet = before.clone();
        quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        tcsetattr(&tty, OptionalActions::Flush, &quiet)?;
        Ok(Quiet { tty, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.tty, OptionalActions::Flush, &self.before);
    }
}
