//! HAProxy's runtime API: one command a connection over its stats socket, on this machine or through OpenSSH. Source:
//! management guide of HAProxy 2.6, section 9.3; answers were read off 2.6.12.

use super::driver::LIMIT;
use crate::health::probe::program;
use crate::open;
use crate::state::child;
use crate::text::plain;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Bytes of one answer at most: `show stat` of some thousand servers.
const MOST: u64 = 8 << 20;

/// A way to a stats socket.
pub struct Runtime {
    path: PathBuf,
    ssh: Option<String>,
    tunnel: Option<Tunnel>,
}

struct Tunnel {
    ssh: Child,
    folder: PathBuf,
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        let _ = self.ssh.kill();
        let _ = self.ssh.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Runtime {
    /// Opens it; over OpenSSH with the operator's own configuration, agent and known hosts.
    pub fn open(socket: &str, ssh: Option<&str>) -> Result<Self, String> {
        let Some(host) = ssh else { return Ok(Runtime { path: socket.into(), ssh: None, tunnel: None }) };
        let folder = std::env::temp_dir().join(format!("opsdeck-{}", uuid::Uuid::now_v7().simple()));
        crate::state::file::private_dir(&folder).map_err(|e| e.to_string())?;
        let path = folder.join("s");
        let mut ssh = Command::new("ssh");
        ssh.args(["-N", "-o", "BatchMode=yes", "-o", "ConnectTimeout=8", "-o", "ExitOnForwardFailure=yes", "-L"])
            .arg(format!("{}:{socket}", path.display()))
            .args(["--", host])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let ssh = child::spawn(&mut ssh).map_err(|e| format!("ssh cannot be started: {e}"))?;
        let mut tunnel = Tunnel { ssh, folder };
        let deadline = Instant::now() + LIMIT;
        while !path.exists() {
            if let Ok(Some(_)) = tunnel.ssh.try_wait() {
                let mut said = String::new();
                let _ = tunnel.ssh.stderr.take().map(|e| e.take(4096).read_to_string(&mut said));
                return Err(format!("ssh {host}: {}", plain(said.lines().last().unwrap_or("it ended without a word"))));
            }
            if Instant::now() > deadline {
                return Err(format!("ssh {host} did not answer within {} s", LIMIT.as_secs()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(Runtime { path, ssh: Some(host.to_owned()), tunnel: Some(tunnel) })
    }

    /// Sends one command and gives the whole answer.
    pub fn ask(&self, command: &str) -> Result<String, String> {
        let name = match (&self.tunnel, &self.ssh) {
            (Some(_), Some(host)) => format!("the stats socket on {host}"),
            _ => self.path.display().to_string(),
        };
        // ssh accepts here and learns only then that the other side does not forward: it closes without a word.
        let hint = match &self.tunnel {
            Some(_) => {
                " (is there such a socket, and does its sshd forward: AllowTcpForwarding, AllowStreamLocalForwarding?)"
            }
            None => "",
        };
        let said = |e: std::io::Error| format!("{name}: {e}{hint}");
        let mut stream = UnixStream::connect(&self.path).map_err(said)?;
        stream.set_read_timeout(Some(LIMIT)).map_err(said)?;
        stream.set_write_timeout(Some(LIMIT)).map_err(said)?;
        stream.write_all(command.as_bytes()).and_then(|()| stream.write_all(b"\n")).map_err(said)?;
        let mut answer = Vec::new();
        stream.take(MOST).read_to_end(&mut answer).map_err(said)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Sends a command that answers nothing where it succeeds.
    pub fn order(&self, command: &str) -> Result<(), String> {
        let answer = self.ask(command)?;
        match answer.trim() {
            "" => Ok(()),
            words => Err(format!("`{command}`: {}", plain(words))),
        }
    }

    /// Reads a file of the balancer's machine.
    pub fn read(&self, path: &str) -> Result<String, String> {
        match &self.ssh {
            None => open::text_given(Path::new(path), open::WRITTEN).map_err(|e| format!("{path}: {e}")),
            Some(host) => remote(host, &format!("cat -- {}", quote(path)), ""),
        }
    }

    /// Replaces a file of the balancer's machine as a whole: what a link leads to, not the link. It keeps its mode and its
    /// owner; where whoever runs this may not give it away, it is written in its place.
    pub fn write(&self, path: &str, text: &str) -> Result<(), String> {
        match &self.ssh {
            None => replace(Path::new(path), text).map_err(|e| format!("{path}: {e}")),
            Some(host) => remote(host, &format!("exec sh -c {}", quote(&replacing(path))), text).map(drop),
        }
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let meta = path.metadata()?;
    let aside = PathBuf::from(format!("{}.opsdeck", path.display()));
    let written = (|| {
        std::fs::copy(&path, &aside)?;
        let mut file = File::create(&aside)?;
        file.write_all(text.as_bytes())?;
        let owned = chown(&aside, Some(meta.uid()), Some(meta.gid()));
        file.set_permissions(meta.permissions())?;
        file.sync_all()?;
        match owned {
            Ok(()) => std::fs::rename(&aside, &path),
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                let mut file = File::options().write(true).truncate(true).open(&path)?;
                file.write_all(text.as_bytes())?;
                file.sync_all()?;
                std::fs::remove_file(&aside)
            }
            Err(e) => Err(e),
        }
    })();
    written.inspect_err(|_| {
        // The one that counts is as it was, or says so itself.
        let _ = std::fs::remove_file(&aside);
    })
}

/// The same for a shell: the new text comes on its standard input.
fn replacing(path: &str) -> String {
    format!(
        "f=$(readlink -f -- {}) && a=$f.opsdeck && own() {{ ls -ldn -- \"$1\" | awk '{{print $3\":\"$4}}'; }} && \
         cp -p -- \"$f\" \"$a\" && cat > \"$a\" && sync -- \"$a\" && \
         if [ \"$(own \"$f\")\" = \"$(own \"$a\")\" ]; then mv -f -- \"$a\" \"$f\"; \
         else cat -- \"$a\" > \"$f\" && sync -- \"$f\" && rm -f -- \"$a\"; fi",
        quote(path)
    )
}

/// Runs a script for the login shell of another machine.
fn remote(host: &str, script: &str, input: &str) -> Result<String, String> {
    let mut command = Command::new("ssh");
    command.args(["-o", "BatchMode=yes", "-o", "ConnectTimeout=8", "--", host, script]);
    let ended = program::feed(command, LIMIT, input).map_err(|e| format!("ssh cannot be started: {e}"))?;
    match ended.status {
        Some(status) if status.success() => Ok(ended.stdout),
        Some(_) => Err(format!("{host}: {}", ended.last_line().unwrap_or_else(|| "it failed without a word".into()))),
        None => Err(format!("ssh {host} did not end within {} s", LIMIT.as_secs())),
    }
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_file_keeps_owner_mode_and_the_link_that_leads_to_it() {
        let by_shell = |path: &Path, text: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", &replacing(&path.display().to_string())]);
            let ended = program::feed(shell, LIMIT, text).unwrap();
            assert!(ended.status.is_some_and(|status| status.success()), "{:?}", ended.last_line());
        };
        let here = |path: &Path, text: &str| replace(path, text).unwrap();
        for write in [&here as &dyn Fn(&Path, &str), &by_shell] {
            let dir = tempfile::tempdir().unwrap();
            let (file, link) = (dir.path().join("it's.map"), dir.path().join("active.map"));
            std::fs::write(&file, "active blue\n").unwrap();
            std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
            symlink("it's.map", &link).unwrap();
            // Only root may give a file away.
            let owner = if rustix::process::geteuid().is_root() { 4711 } else { file.metadata().unwrap().uid() };
            chown(&file, Some(owner), None).unwrap();
            write(&link, "active green\n");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), "active green\n");
            assert!(link.symlink_metadata().unwrap().is_symlink());
            let meta = file.metadata().unwrap();
            assert_eq!((meta.uid(), meta.mode() & 0o777), (owner, 0o640));
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left beside it");
        }
    }
}
