//! Long outputs of a host as `logs --host` prints them: whole, from their own files.

use super::paint::shown;
use crate::open;
use crate::run::Whole;
use crate::text;
use std::io::{self, BufRead, BufReader, Read, Write};

/// Bytes of one line that are held in memory at most.
const LINE: u64 = 1 << 20;

/// Prints one. `safe` says whether colours and more than ASCII may be shown; `None`: byte by byte.
///
/// # Errors
/// It cannot be read; nobody takes it.
pub fn print(whole: &Whole, safe: Option<(bool, bool)>) -> io::Result<()> {
    let said = |e| crate::state::file::at(&whole.path, "read", e);
    let mut file = BufReader::with_capacity(1 << 16, open::own(&whole.path).map_err(said)?);
    let (mut out, mut err) = (io::stdout().lock(), io::stderr().lock());
    let to: &mut dyn Write = if whole.stderr { &mut err } else { &mut out };
    match safe {
        None => drop(io::copy(&mut file, to)?),
        Some((colour, ascii)) => {
            let mut to = io::BufWriter::new(to);
            let mut line = Vec::new();
            while (&mut file).take(LINE).read_until(b'\n', &mut line).map_err(said)? > 0 {
                let text = line.strip_suffix(b"\n").unwrap_or(&line);
                writeln!(to, "{}", shown(&text::line(text, ascii), colour, ascii))?;
                line.clear();
            }
            to.flush()?;
        }
    }
    if let Some(why) = &whole.cut {
        eprintln!("opsdeck: the rest of it was not kept: {}", text::plain(why));
    }
    Ok(())
}
