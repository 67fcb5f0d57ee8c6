//! A connection of its own, without a master, for one command: where the server gives the master no further session. The
//! same arguments, the same line and input; more costly by a login.

use super::failure::{Failure, Unreached, unreachable};
use super::order::{Chunk, Exit, Order};
use super::route::Target;
use super::{master, session};
use crate::state::child;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

/// So much of what `ssh` may have said itself is kept (bytes).
const SAID: usize = 8 << 10;
/// What `ssh` ends with where it is itself that failed; a command may end with it too.
const OWN: i32 = 255;

/// Logs in within `login`, runs the order, hands its output on as it comes.
pub(super) async fn run(
    target: &Target,
    order: &Order<'_>,
    login: Duration,
    mut sink: impl FnMut(Chunk<'_>),
) -> Result<Exit, Failure> {
    let local = |e: std::io::Error| Failure::Local(format!("cannot run {}: {e}", target.argv[0]));
    let mut command = master::program(target);
    // The last `-S` counts, whatever socket the arguments name.
    command.args(["-S", "none", "--"]).arg(&target.address).arg(order.line);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = child::spawn_async(&mut command).map_err(local)?;
    let (stdin, mut out, mut err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A command that reads none of it is no error.
            let _ = stdin.write_all(order.stdin).await;
        }
        std::future::pending::<()>().await
    };
    let mut feed = std::pin::pin!(feed);
    let deadline = Instant::now() + login + order.timeout;
    let (mut sizes, mut said) = ([0u64; 2], Vec::new());
    let (mut out_buffer, mut err_buffer) = (vec![0; session::CHUNK], vec![0; session::CHUNK]);
    let (mut status, mut heard) = (None, Instant::now());
    let mut hand_on = |bytes: &[u8], size: &mut u64, is_err: bool| {
        let room = (order.limit as u64).saturating_sub(*size).min(bytes.len() as u64) as usize;
        *size += bytes.len() as u64;
        if room > 0 {
            sink(if is_err { Chunk::Err(&bytes[..room]) } else { Chunk::Out(&bytes[..room]) });
        }
    };
    while status.is_none() || out.is_some() || err.is_some() {
        tokio::select! {
            biased;
            () = tokio::time::sleep_until(deadline) => return Err(Failure::TimedOut(order.timeout.as_secs())),
            n = read(&mut out, &mut out_buffer) => {
                hand_on(&out_buffer[..n], &mut sizes[0], false);
                heard = Instant::now();
            }
            n = read(&mut err, &mut err_buffer) => {
                let room = SAID.saturating_sub(said.len()).min(n);
                said.extend_from_slice(&err_buffer[..room]);
                hand_on(&err_buffer[..n], &mut sizes[1], true);
                heard = Instant::now();
            }
            () = &mut feed => {}
            ended = child.wait(), if status.is_none() => status = Some(ended.map_err(local)?),
            () = tokio::time::sleep_until(heard + session::SILENCE), if status.is_some() => break,
        }
    }
    let code = status.and_then(|status| status.code());
    let exit = Exit { code, out: sizes[0], err: sizes[1], held: out.is_some() || err.is_some() };
    match code {
        Some(OWN) => own(&String::from_utf8_lossy(&said), exit),
        Some(_) => Ok(exit),
        None => Err(Failure::Lost("ssh was killed".to_owned())),
    }
}

/// What 255 means: `ssh` failed before the command began, the connection broke, or the command ended with it.
fn own(said: &str, exit: Exit) -> Result<Exit, Failure> {
    if said.contains("open failed") || said.contains("shell request failed") || said.contains("exec request failed") {
        let lines = crate::text::plain_lines(said);
        let said = lines.iter().map(|line| line.trim()).rfind(|line| line.contains("failed")).unwrap_or_default();
        return Err(Failure::Unreachable { kind: Unreached::Sessions, said: said.to_owned() });
    }
    match unreachable(said, exit.code) {
        // Of these nobody knows whether the command had begun.
        Failure::Unreachable { kind: Unreached::Dropped, said } => Err(Failure::Lost(said)),
        Failure::Unreachable { kind: Unreached::Other, .. } => Ok(exit),
        failure => Err(failure),
    }
}

/// The next piece; at the end the pipe goes.
async fn read(pipe: &mut Option<impl AsyncReadExt + Unpin>, buffer: &mut [u8]) -> usize {
    let Some(open) = pipe else { return std::future::pending().await };
    match open.read(buffer).await {
        Ok(n) if n > 0 => n,
        _ => {
            *pipe = None;
            0
        }
    }
}
