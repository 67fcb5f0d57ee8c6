//! Standard output for verbs: written whole, and a reader that has gone (`| head`) is no error.

use std::io::{self, Write};

/// Says a line of what is done already: it stands whether or not anybody takes the line, and whoever could not is told.
pub fn said(line: &str) {
    if let Err(e) = print(&format!("{line}\n")) {
        eprintln!("opsdeck: it is done, and standard output takes no word of it ({e}): {line}");
    }
}

/// Writes text to standard output.
///
/// # Errors
/// Anything but a closed pipe.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
