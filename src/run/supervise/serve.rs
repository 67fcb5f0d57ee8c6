//! The supervisor's end of the control socket: each connection asks once. Who asks is what the kernel says.

use crate::run::control::{Command, Reply};
use crate::run::machine::Asker;
use crate::state::operator::Operator;
use std::convert::Infallible;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

/// How long an answer may take to be taken when the run has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// More would be kept in memory for nothing: nobody needs that (bytes).
const LONGEST: u64 = 64 << 10;

/// A question and the way back to who asked.
pub struct Question {
    /// What is asked.
    pub command: Command,
    /// Who asks, for the record.
    pub by: Asker,
    /// The process that asks.
    pub pid: u32,
    /// What came behind it: passwords in their wire form.
    pub brought: Zeroizing<Vec<u8>>,
    back: oneshot::Sender<(Reply, Zeroizing<Vec<u8>>)>,
}

impl Question {
    /// Answers.
    pub fn reply(self, ok: bool, message: &str) {
        // Who asked may be gone; what was asked stands.
        let _ = self.back.send((Reply { ok, message: message.to_owned() }, Zeroizing::default()));
    }

    /// Answers with what was asked for.
    pub fn hand(self, values: Zeroizing<Vec<u8>>) {
        let _ = self.back.send((Reply { ok: true, message: String::new() }, values));
    }
}

/// What is asked on the socket.
pub struct Asked {
    questions: mpsc::Receiver<Question>,
    /// Ends when nobody who accepts or converses is left.
    busy: mpsc::Receiver<Infallible>,
}

impl Asked {
    /// The next question.
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
    tokio::spawn(async move {
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => accepted,
                () = tx.closed() => return,
            };
            let Ok((stream, _)) = stream else { return };
            let (tx, alive) = (tx.clone(), alive.clone());
            tokio::spawn(async move {
                let _ = converse(stream, tx).await;
                drop(alive);
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
    let mut brought = received(read.take(LONGEST)).await?;
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
            let by = Asker { uid, name: who(uid, &command), row };
            match tx.send(Question { command, by, pid, brought, back }).await {
                Ok(()) => answer.await.ok(),
                Err(_) => None,
            }
        }
        Err(e) => Some((Reply { ok: false, message: format!("not a command: {e}") }, Zeroizing::default())),
    };
    let ending = || (Reply { ok: false, message: "the supervisor is ending".into() }, Zeroizing::default());
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

// The kernel's word first; what they say of themselves only where it differs.
fn who(uid: u32, command: &Command) -> String {
    let known = Operator::of_uid(uid).name;
    match command {
        Command::Stop { by, .. } if !by.is_empty() && *by != known => format!("{known} (as {by})"),
        _ => known,
    }
}
