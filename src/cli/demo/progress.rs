//! A progress bar of one line for the demo's preparations: redrawn in place on a terminal, one line a step elsewhere.

use std::io::{IsTerminal, Write};

/// Steps done of steps known; more may become known on the way.
#[derive(Debug)]
pub struct Progress {
    done: usize,
    total: usize,
    live: bool,
}

impl Progress {
    /// A bar over `total` steps, on standard error.
    pub fn new(total: usize) -> Self {
        Self { done: 0, total, live: std::io::stderr().is_terminal() }
    }

    /// One more step begins; `what` says which.
    pub fn step(&mut self, what: &str) {
        self.done += 1;
        self.total = self.total.max(self.done + 1);
        let line = bar(self.done - 1, self.total, what);
        let mut err = std::io::stderr().lock();
        let _ = if self.live { write!(err, "\r{line}\x1b[K") } else { writeln!(err, "{line}") };
        let _ = err.flush();
    }

    /// All steps are done.
    pub fn finish(self, what: &str) {
        let line = bar(self.total, self.total, what);
        let _ = writeln!(std::io::stderr().lock(), "{}{line}{}", if self.live { "\r" } else { "" }, self.clear());
    }

    /// Something went wrong: the next line of text begins on a line of its own.
    pub fn abandon(self) {
        if self.live {
            eprintln!();
        }
    }

    fn clear(&self) -> &'static str {
        if self.live { "\x1b[K" } else { "" }
    }
}

fn bar(done: usize, total: usize, what: &str) -> String {
    const WIDTH: usize = 24;
    let full = done * WIDTH / total.max(1);
    let what: String = what.chars().take(48).collect();
    format!("[{}{}] {:>3}% {what}", "#".repeat(full), ".".repeat(WIDTH - full), done * 100 / total.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_and_never_overflows() {
        assert_eq!(bar(0, 4, "a"), format!("[{}]   0% a", ".".repeat(24)));
        assert_eq!(bar(4, 4, "b"), format!("[{}] 100% b", "#".repeat(24)));
        let mut progress = Progress { done: 0, total: 1, live: false };
        (0..5).for_each(|_| progress.step("more than were known"));
        assert_eq!((progress.done, progress.total), (5, 6));
    }
}
