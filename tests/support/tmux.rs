//! tmux with a server and socket of its own: detach, come back, see what is there. Dropping it ends that server.

use super::wait::wait_until;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A private tmux server with one session, `main`.
pub struct Tmux {
    socket: PathBuf,
}

impl Tmux {
    /// Starts `shell_command` in a detached session of this size; `lab_command` carries folder and environment.
    pub fn start(socket: &Path, lab_command: &mut Command, shell_command: &str, (cols, rows): (u16, u16)) -> Tmux {
        let out = lab_command
            .args(["-S".as_ref(), socket.as_os_str()])
            .args(["-f", "/dev/null", "-u", "new-session", "-d", "-s", "main"])
            .args(["-x", &cols.to_string(), "-y", &rows.to_string(), shell_command])
            .env_remove("TMUX")
            .output()
            .expect("tmux is missing: tests/run installs it");
        assert!(out.status.success(), "tmux: {}", String::from_utf8_lossy(&out.stderr));
        Tmux { socket: socket.to_owned() }
    }

    /// A tmux command on this server, ready for more arguments.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&self.socket).args(["-f", "/dev/null", "-u"]).args(args).stdin(Stdio::null());
        command.env_remove("TMUX");
        command
    }

    /// Runs it; gives its output.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> String {
        let out = self.command(args).output().unwrap();
        assert!(out.status.success(), "tmux {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// Types keys by tmux's names (`Enter`, `C-c`, `q`), one an argument.
    pub fn keys(&self, keys: &[&str]) {
        self.run(&[&["send-keys", "-t", "main"], keys].concat());
    }

    /// Types text as it is.
    pub fn text(&self, text: &str) {
        self.run(&["send-keys", "-t", "main", "-l", text]);
    }

    /// What the pane shows.
    pub fn screen(&self) -> String {
        self.run(&["capture-pane", "-p", "-t", "main"])
    }

    /// Waits until the pane shows this text.
    #[track_caller]
    pub fn wait_text(&self, seconds: u64, text: &str) -> String {
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_until(seconds, text, || Some(self.screen()).filter(|s| s.contains(text)))
        }));
        found.unwrap_or_else(|_| panic!("waited {seconds} s in vain for {text:?}; the pane:\n{}", self.screen()))
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = self.command(&["kill-server"]).output();
    }
}
