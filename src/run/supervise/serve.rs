//! The supervisor's end of the control socket: each connection asks once. Who asks is what the kernel says.

use crate::run::control::{Command, Reply};
use crate::run::machine::Asker;
use crate::state::operator::Operator;
use std::io;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};

/// A question and the way back to who asked.
pub struct Question {
    /// What is asked.
    pub command: Command,
    /// Who asks, for the record.
    pub by: Asker,
    back: oneshot::Sender<Reply>,
}

impl Question {
    /// Answers.
    pub fn reply(self, ok: bool, message: &str) {
        // Who asked may be gone; what was asked stands.
        let _ = self.back.send(Reply { ok, message: message.to_owned() });
    }
}

/// Accepts on the socket for as long as the receiver lives.
pub fn listen(listener: std::os::unix::net::UnixListener) -> io::Result<mpsc::Receiver<Question>> {
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    let (tx, rx) = mpsc::channel(16);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, tx.clone()));
        }
    });
    Ok(rx)
}

async fn converse(stream: UnixStream, tx: mpsc::Sender<Question>) -> io::Result<()> {
    let uid = stream.peer_cred()?.uid();
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    // A line of any length would be kept in memory: nobody needs more than this.
    BufReader::new(read.take(64 << 10)).read_line(&mut line).await?;
    let reply = match serde_json::from_str::<Command>(&line) {
        Ok(command) => {
            let (back, answer) = oneshot::channel();
            let by = Asker { uid, name: who(uid, &command) };
            match tx.send(Question { command, by, back }).await {
                Ok(()) => answer.await.ok(),
                Err(_) => None,
            }
        }
        Err(e) => Some(Reply { ok: false, message: format!("not a command: {e}") }),
    };
    let reply = reply.unwrap_or(Reply { ok: false, message: "the supervisor is ending".into() });
    let mut line = serde_json::to_vec(&reply)?;
    line.push(b'\n');
    write.write_all(&line).await
}

// The kernel's word first; what they say of themselves only where it differs.
fn who(uid: u32, command: &Command) -> String {
    let known = Operator::of_uid(uid).name;
    match command {
        Command::Stop { by, .. } if !by.is_empty() && *by != known => format!("{known} (as {by})"),
        _ => known,
    }
}
