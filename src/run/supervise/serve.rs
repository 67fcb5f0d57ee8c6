//! The supervisor's end of the control socket: each connection asks once. Who asks is what the kernel says.

use crate::run::control::{Command, Reply};
use crate::run::machine::Asker;
use crate::state::operator::Operator;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use zeroize::Zeroizing;

/// How long an answer may take to be taken when the run has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// More would be kept in memory for nothing: nobody needs that (bytes).
const LONGEST: u64 = 64 << 10;
/// How long whoever asks may take to say what.
const SAYING: Duration = Duration::from_secs(10);
/// Conversations at once: whoever comes then waits at the door.
const AT_ONCE: usize = 64;
/// Between two attempts to take in a conversation where the first one failed (no descriptor is left).
const AGAIN: Duration = Duration::from_millis(50);

/// A question and the way back to who asked.
pub struct Question {
    pub command: Command,
    /// Who asks, for the record.
    pub by: Asker,
    pub pid: u32,
    /// What came behind it: passwords in their wire form.
    pub brought: Zeroizing<Vec<u8>>,
    back: oneshot::Sender<(Reply, Zeroizing<Vec<u8>>)>,
}

impl Question {
    pub fn reply(self, ok: bool, message: &str) {
        self.answer(Reply { ok, message: message.to_owned(), unrecorded: None });
    }

    /// It is done, and why the ledger has not taken it, where it has not.
    pub fn done(self, message: String, unrecorded: Option<String>) {
        self.answer(Reply { ok: true, message, unrecorded });
    }

    fn answer(self, reply: Reply) {
        // Who asked may be gone; what was asked stands.
        let _ = self.back.send((reply, Zeroizing::default()));
    }

    /// Who asks, for the ledger: the kernel's word first, and where they came from by their own, if it is our own user.
    /// Asks name services: for a thread of its own.
    pub fn operator(uid: u32, pid: u32, said: Option<&Operator>) -> Operator {
        let named = Operator::of_peer(uid, pid);
        match said {
            Some(said) if uid == rustix::process::geteuid().as_raw() => {
                Operator { effective: named.effective, host: named.host, ..said.clone() }
            }
            _ => named,
        }
    }

    /// Answers with what was asked for.
    pub fn hand(self, values: Zeroizing<Vec<u8>>) {
        let _ = self.back.send((Reply { ok: true, message: String::new(), unrecorded: None }, values));
    }
}

/// What is asked on the socket.
pub struct Asked {
    questions: mpsc::Receiver<Question>,
    /// Ends when nobody who accepts or converses is left.
    busy: mpsc::Receiver<Infallible>,
}

impl Asked {
    pub async fn recv(&mut self) -> Option<Question> {
        self.questions.recv().await
    }

    /// Takes no more, and waits until everybody has their answer: who asked for what ended the run must not learn of the
    /// end before they learn that they were heard.
    pub async fn close(mut self) {
        self.questions.close();
        if tokio::time::timeout(LAST_WORDS, self.busy.recv()).await.is_err() {
            tracing::debug!("somebody on the control socket did not take their answer");
        }
    }
}

/// Accepts on the socket until it is closed.
///
/// # Errors
/// The socket cannot be listened on.
pub fn listen(listener: std::os::unix::net::UnixListener) -> io::Result<Asked> {
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    let (tx, questions) = mpsc::channel(16);
    let (alive, busy) = mpsc::channel(1);
    let seats = Arc::new(Semaphore::new(AT_ONCE));
    tokio::spawn(async move {
        loop {
            // Never closed: it is always got.
            let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { return };
            let stream = tokio::select! {
                accepted = listener.accept() => accepted,
                () = tx.closed() => return,
            };
            let stream = match stream {
                Ok((stream, _)) => stream,
                Err(e) => {
                    tracing::warn!("somebody on the control socket could not be heard, and waits: {e}");
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            };
            let (tx, alive) = (tx.clone(), alive.clone());
            tokio::spawn(async move {
                let _ = converse(stream, tx).await;
                drop((alive, seat));
            });
        }
    });
    Ok(Asked { questions, busy })
}

async fn converse(stream: UnixStream, tx: mpsc::Sender<Question>) -> io::Result<()> {
    let peer = stream.peer_cred()?;
    // 0 is no process: then nothing more than the uid is known.
    let (uid, pid) = (peer.uid(), peer.pid().and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0));
    let (read, mut write) = stream.into_split();
    let mut brought = tokio::time::timeout(SAYING, received(read.take(LONGEST))).await??;
    let line = line(&brought).len();
    let command = serde_json::from_slice::<Command>(&brought[..line]);
    let behind = brought.len().min(line + 1);
    brought.drain(..behind);
    let reply = match command {
        Ok(command) => {
            let (back, answer) = oneshot::channel();
            let row = match &command {
                Command::Stop { row, .. } | Command::Own { row, .. } => *row,
                _ => None,
            };
            let by = Asker { uid, name: who(uid, &command).await, row };
            match tx.send(Question { command, by, pid, brought, back }).await {
                Ok(()) => answer.await.ok(),
                Err(_) => None,
            }
        }
        Err(e) => Some((no(format!("not a command: {e}")), Zeroizing::default())),
    };
    let ending = || (no("the supervisor is ending".into()), Zeroizing::default());
    let (reply, values) = reply.unwrap_or_else(ending);
    let mut line = serde_json::to_vec(&reply)?;
    line.push(b'\n');
    write.write_all(&line).await?;
    write.write_all(&values).await
}

/// A line, and what belongs to it, in one buffer that is wiped and never grows: passwords may be in it.
async fn received(mut from: impl AsyncRead + Unpin) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut sent = Zeroizing::new(Vec::with_capacity(LONGEST as usize + 1));
    while from.read_buf(&mut *sent).await? > 0 {
        let line = line(&sent);
        if line.len() < sent.len() && !matches!(serde_json::from_slice(line), Ok(Command::Give)) {
            break;
        }
    }
    Ok(sent)
}

fn line(sent: &[u8]) -> &[u8] {
    sent.split(|&byte| byte == b'\n').next().unwrap_or_default()
}

fn no(message: String) -> Reply {
    Reply { ok: false, message, unrecorded: None }
}

/// The kernel's word first; what they say of themselves only where it differs. A name service is asked beside the work.
async fn who(uid: u32, command: &Command) -> String {
    let named = tokio::task::spawn_blocking(move || Operator::of_uid(uid).name).await;
    let known = named.unwrap_or_else(|_| format!("uid {uid}"));
    match command {
        Command::Stop { by, .. } if !by.is_empty() && *by != known => format!("{known} (as {by})"),
        _ => known,
    }
}
