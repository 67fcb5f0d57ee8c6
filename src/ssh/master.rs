//! Logging in: the real `ssh` becomes a master in the background and leaves its control socket. One that was there is
//! used; a socket that nobody serves any more is `ssh`'s to sweep.

use super::failure::{Failure, Unreached, unreachable};
use super::hostkey::Changed;
use super::route::Target;
use super::share::Socket;
use crate::state::child;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

/// So much of what `ssh` says is read (bytes): banners have no end.
const SAID: u64 = 64 << 10;

/// The control socket of a host. Asks `ssh` where the path is made of parts that only it knows.
pub(super) async fn socket(target: &Target) -> Result<PathBuf, Failure> {
    if let Socket::At(path) = &target.socket {
        return Ok(path.clone());
    }
    let mut command = program(target);
    command.arg("-G").args(&target.ours).arg("--").arg(&target.address).stdout(Stdio::piped());
    let (code, out, err) = finish(command, Duration::from_secs(10)).await?;
    let path = out.lines().find_map(|line| line.strip_prefix("controlpath "));
    match path.filter(|p| code == Some(0) && *p != "none") {
        Some(path) => Ok(PathBuf::from(path)),
        None => Err(Failure::Local(format!("ssh -G names no control socket for {}: {err}", target.name))),
    }
}

/// Logs in and leaves a master behind, within `limit`.
pub(super) async fn login(target: &Target, socket: &Path, limit: Duration) -> Result<(), Failure> {
    // As Ansible makes it. Where the operator named another place, that is theirs to make.
    if socket.starts_with(&target.folder) {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&target.folder);
        made.map_err(|e| Failure::Local(format!("cannot make {}: {e}", target.folder.display())))?;
    }
    let mut command = program(target);
    command.args(&target.ours).args(["-N", "-f", "--"]).arg(&target.address).stdout(Stdio::null());
    let (code, _, err) = finish(command, limit).await?;
    match code {
        Some(0) => Ok(()),
        code => Err(match Changed::of(&err) {
            Some(changed) => {
                let said = crate::text::plain(&changed.told(&listed(&changed).await)).into_owned();
                Failure::Unreachable { kind: Unreached::HostKeyChanged, said }
            }
            None => unreachable(&err, code),
        }),
    }
}

/// The keys on record for the host whose key has changed, as `ssh-keygen` lists them; empty where it cannot.
async fn listed(changed: &Changed) -> String {
    let Some(question) = changed.question() else { return String::new() };
    let mut command = Command::new("ssh-keygen");
    command.args(question).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    finish(command, Duration::from_secs(5)).await.map_or_else(|_| String::new(), |(_, out, _)| out)
}

/// The server hung up before the login, as it does when too many come at once: asking again does no harm.
pub(super) fn may_be_asked_again(failure: &Failure) -> bool {
    matches!(failure, Failure::Unreachable { kind: Unreached::Dropped, .. })
}

pub(super) fn program(target: &Target) -> Command {
    let mut command = Command::new(&target.argv[0]);
    command.args(&target.argv[1..]).stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    // It outlives the run that started it: other runs use it too, and nothing of a run may look for it.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OPSDECK_") {
            command.env_remove(name);
        }
    }
    // Nothing may be asked at a terminal that a screen has; who has an agent with a window of its own says so.
    if std::env::var_os("SSH_ASKPASS_REQUIRE").is_none() {
        command.env("SSH_ASKPASS_REQUIRE", "force").env("SSH_ASKPASS", "/bin/false");
    }
    command
}

/// Runs it to its end. The master that it leaves behind may hold its stderr open: the end of the process counts.
async fn finish(mut command: Command, limit: Duration) -> Result<(Option<i32>, String, String), Failure> {
    let cannot = |e: io::Error, argv: &str| Failure::Local(format!("cannot run {argv}: {e}"));
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    let mut child = child::spawn_async(&mut command).map_err(|e| cannot(e, &name))?;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let read_out = async {
        if let Some(stdout) = stdout {
            let _ = stdout.take(SAID).read_to_end(&mut out).await;
        }
    };
    let read_err = async {
        if let Some(mut stderr) = stderr {
            let _ = (&mut stderr).take(SAID).read_to_end(&mut err).await;
            // More than that is thrown away, so that it can go on.
            let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
        }
    };
    let ended = tokio::time::timeout(limit, async {
        let mut reading = std::pin::pin!(async { tokio::join!(read_out, read_err) });
        let mut read = false;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status,
                _ = &mut reading, if !read => read = true,
            }
        };
        if !read {
            // What it said last lies in the pipe already.
            let _ = tokio::time::timeout(Duration::from_millis(20), &mut reading).await;
        }
        status
    })
    .await;
    match ended {
        Ok(Ok(status)) => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            Ok((status.code(), text(&out), text(&err)))
        }
        Ok(Err(e)) => Err(cannot(e, &name)),
        Err(_) => {
            let said = format!("no login within {} s", limit.as_secs());
            Err(Failure::Unreachable { kind: Unreached::TimedOut, said })
        }
    }
}
