//! Standard output for verbs: written whole, and a reader that has gone (`| head`) is no error.

use std::io::{self, Write};

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
