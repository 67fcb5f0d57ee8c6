//! One command over a master's socket: three file descriptors handed over, output read as it comes, the exit code. Tells
//! apart what was never started from what is not known.

use super::mux::{Answer, Mux};
use super::order::{Chunk, Exit, Order};
use rustix::pipe::{PipeFlags, pipe_with};
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;
use tokio::net::unix::pipe;
use tokio::time::Instant;

/// Bytes read at once.
pub(super) const CHUNK: usize = 32 << 10;
/// After the exit code: how long a silent output is waited for. The server may send the code before the last output,
/// and a lost packet costs a second; what the command left in the background may hold the output open for ever.
pub(super) const SILENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) enum Broken {
    /// The master was gone: nothing was started.
    Stale(String),
    /// The server gives no session: nothing was started.
    Refused(String),
    /// The master took it and the host said nothing. Nothing is started: should the host wake up, the command finds the end
    /// of its input where it waits for its word.
    Silent,
    /// It ran longer than it may.
    TimedOut,
    /// Neither an exit code nor the news of a signal: the master may be gone.
    Ended(String),
    Local(io::Error),
}

pub(super) async fn run(mut mux: Mux, order: &Order<'_>, mut sink: impl FnMut(Chunk<'_>)) -> Result<Exit, Broken> {
    let pipe = || pipe_with(PipeFlags::CLOEXEC).map_err(|e| Broken::Local(e.into()));
    let ((out_end, out_far), (err_end, err_far)) = (pipe()?, pipe()?);
    let (in_far, in_end) = pipe()?;
    let mut input = Some((pipe::Sender::from_owned_fd(in_end).map_err(Broken::Local)?, order.stdin));
    let out = pipe::Receiver::from_owned_fd(out_end).map_err(Broken::Local)?;
    let err = pipe::Receiver::from_owned_fd(err_end).map_err(Broken::Local)?;
    let opening = async {
        mux.open(order.line, [in_far.as_fd(), out_far.as_fd(), err_far.as_fd()]).await?;
        mux.answer().await
    };
    let opened = tokio::time::timeout(order.open, opening).await;
    drop((in_far, out_far, err_far));
    match opened {
        Ok(Ok(Some(Answer::Opened))) => {}
        Ok(Ok(Some(Answer::Refused(why)))) => return Err(Broken::Refused(why)),
        // The request for the command goes out together with that answer. Without it no command was asked for.
        Ok(Ok(None)) => return Err(Broken::Stale("the master hung up".to_owned())),
        Ok(Ok(Some(other))) => return Err(Broken::Stale(format!("the master said {other:?}"))),
        Ok(Err(e)) => return Err(Broken::Stale(e.to_string())),
        Err(_) => return Err(Broken::Silent),
    }
    let deadline = Instant::now() + order.timeout;
    let (mut code, mut heard, mut over) = (None, Instant::now(), false);
    let mut streams = [Stream::new(out, false), Stream::new(err, true)];
    let mut buffer = vec![0; CHUNK];
    loop {
        // The master hangs up when it has written everything.
        if over && streams.iter().all(|s| s.pipe.is_none()) {
            break;
        }
        let [out, err] = &mut streams;
        // In this order: where everything is due at once, the deadline counts before more output, and output that lies
        // there before the news that there is silence.
        tokio::select! {
            biased;
            () = tokio::time::sleep_until(deadline) => return Err(Broken::TimedOut),
            () = readable(&out.pipe) => { out.take(&mut buffer, order.limit, &mut sink); heard = Instant::now(); }
            () = readable(&err.pipe) => { err.take(&mut buffer, order.limit, &mut sink); heard = Instant::now(); }
            () = feed(&mut input) => input = None,
            answer = mux.answer(), if !over => {
                match answer {
                    Ok(Some(Answer::Exit(value))) => code = Some(value as i32),
                    Ok(Some(_)) => {}
                    Ok(None) | Err(_) => over = true,
                }
                heard = Instant::now();
            }
            () = tokio::time::sleep_until(heard + SILENCE), if code.is_some() || over => break,
        }
    }
    match code {
        Some(code) => {
            let held = streams.iter().any(|s| s.pipe.is_some());
            Ok(Exit { code: Some(code), out: streams[0].size, err: streams[1].size, held })
        }
        None => Err(Broken::Ended("the connection to the master was closed".to_owned())),
    }
}

struct Stream {
    pipe: Option<pipe::Receiver>,
    is_err: bool,
    size: u64,
}

impl Stream {
    fn new(pipe: pipe::Receiver, is_err: bool) -> Self {
        Self { pipe: Some(pipe), is_err, size: 0 }
    }

    /// Takes what is there; at the end the pipe goes.
    fn take(&mut self, buffer: &mut [u8], limit: usize, sink: &mut impl FnMut(Chunk<'_>)) {
        let Some(pipe) = &self.pipe else { return };
        match pipe.try_read(buffer) {
            Ok(0) => self.pipe = None,
            Ok(n) => {
                let room = (limit as u64).saturating_sub(self.size).min(n as u64) as usize;
                self.size += n as u64;
                if room > 0 {
                    let bytes = &buffer[..room];
                    sink(if self.is_err { Chunk::Err(bytes) } else { Chunk::Out(bytes) });
                }
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.pipe = None,
        }
    }
}

async fn readable(pipe: &Option<pipe::Receiver>) {
    match pipe {
        Some(pipe) => drop(pipe.readable().await),
        None => std::future::pending().await,
    }
}

/// Writes what is left of the input, then ends. A command that reads none of it is no error.
async fn feed(input: &mut Option<(pipe::Sender, &[u8])>) {
    let Some((pipe, bytes)) = input else { return std::future::pending().await };
    while !bytes.is_empty() {
        if pipe.writable().await.is_err() {
            return;
        }
        match pipe.try_write(bytes) {
            Ok(n) => *bytes = &bytes[n..],
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
