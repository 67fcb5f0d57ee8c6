//! Standard output for verbs: written whole, and a reader that has gone (`| head`) is no error. And errors in words.

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

/// An error and its causes. Many errors have their cause in their own words already: it is said once.
pub fn causes(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for words in error.chain().map(ToString::to_string) {
        if said.is_empty() {
            said = words;
        } else if !said.contains(&words) {
            said = format!("{said}: {words}");
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::StopError;
    use crate::state::DbError;
    use anyhow::Context;

    #[test]
    fn an_error_says_its_cause_once() {
        let io = || io::Error::other("the supervisor of run 7 does not answer: no such file");
        let once = "the supervisor of run 7 does not answer: no such file";
        assert_eq!(causes(&StopError::Io(io()).into()), once);
        let audit = StopError::Audit(crate::audit::Error::Control(DbError::Io(io())));
        assert_eq!(causes(&audit.into()), format!("nothing is done, since it cannot be recorded: {once}"));
        let more = Err::<(), _>(io()).context("no answer").context("run 7").unwrap_err();
        assert_eq!(causes(&more), format!("run 7: no answer: {once}"), "what is not said yet is added");
    }
}
