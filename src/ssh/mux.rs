//! The protocol between `ssh` and its master (OpenSSH's PROTOCOL.mux, version 4): a greeting, a session over three file
//! descriptors of ours, its exit code. Ours, and no library: the ones that exist hang up with the exit code, and a master
//! whose client hangs up throws away what it has not written yet (seen: with 8 commands at once on one connection up to
//! half of the outputs).

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::io::{self, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::path::Path;
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::UnixStream;

const HELLO: u32 = 1;
const VERSION: u32 = 4;
const NEW_SESSION: u32 = 0x1000_0002;
const ALIVE_CHECK: u32 = 0x1000_0004;
const PERMISSION_DENIED: u32 = 0x8000_0002;
const FAILURE: u32 = 0x8000_0003;
const EXIT_MESSAGE: u32 = 0x8000_0004;
const ALIVE: u32 = 0x8000_0005;
const SESSION_OPENED: u32 = 0x8000_0006;
const NO_ESCAPE: u32 = u32::MAX;
/// Longest message that is taken (bytes): all are a few words.
const LONGEST: usize = 64 << 10;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The session is open, and the command was asked for.
    Opened,
    /// It is not, for this reason.
    Refused(String),
    /// The command ended with this code.
    Exit(u32),
    /// Anything else.
    Other,
}

/// A connection to a master.
#[derive(Debug)]
pub(super) struct Mux {
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Mux {
    /// Connects and exchanges greetings.
    ///
    /// # Errors
    /// Nobody is there, or it speaks another version.
    pub async fn connect(path: &Path) -> io::Result<Self> {
        let mut mux = Self { stream: UnixStream::connect(path).await?, buffer: Vec::new() };
        mux.send(&[HELLO, VERSION], &[]).await?;
        match mux.packet().await?.as_deref().map(words) {
            Some((kind, version)) if (kind, version.first()) == (HELLO, Some(&VERSION)) => Ok(mux),
            Some(_) => Err(io::Error::new(ErrorKind::InvalidData, "the master speaks another version")),
            None => Err(ErrorKind::UnexpectedEof.into()),
        }
    }

    /// True if the master answers.
    pub async fn alive(&mut self) -> io::Result<bool> {
        self.send(&[ALIVE_CHECK, 0], &[]).await?;
        Ok(self.packet().await?.is_some_and(|p| words(&p).0 == ALIVE))
    }

    /// Asks for a session that runs `line` with these files as its input, output and errors.
    ///
    /// # Errors
    /// The master is gone.
    pub async fn open(&mut self, line: &str, files: [BorrowedFd<'_>; 3]) -> io::Result<()> {
        // No terminal, no X11; the agent, which the master forwards only where its own options say so; no subsystem.
        self.send(&[NEW_SESSION, 0, 0, 0, 0, 1, 0, NO_ESCAPE], &["", line]).await?;
        for file in files {
            self.stream.async_io(Interest::WRITABLE, || hand_over(&self.stream, file)).await?;
        }
        Ok(())
    }

    /// The next thing that the master says; `None` when it hung up. May be dropped and called again: nothing is lost.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn answer(&mut self) -> io::Result<Option<Answer>> {
        let Some(packet) = self.packet().await? else { return Ok(None) };
        let (kind, rest) = words(&packet);
        Ok(Some(match kind {
            SESSION_OPENED => Answer::Opened,
            FAILURE | PERMISSION_DENIED => {
                let text = packet.get(12..).unwrap_or_default();
                Answer::Refused(crate::text::plain(&String::from_utf8_lossy(text)).into_owned())
            }
            EXIT_MESSAGE => Answer::Exit(rest.get(1).copied().unwrap_or(255)),
            _ => Answer::Other,
        }))
    }

    async fn send(&mut self, words: &[u32], texts: &[&str]) -> io::Result<()> {
        let mut body: Vec<u8> = Vec::new();
        let put = |body: &mut Vec<u8>, number: u32| body.extend(number.to_be_bytes());
        words.iter().for_each(|word| put(&mut body, *word));
        for text in texts {
            put(&mut body, text.len() as u32);
            body.extend(text.as_bytes());
        }
        let mut packet = (body.len() as u32).to_be_bytes().to_vec();
        packet.append(&mut body);
        self.stream.write_all(&packet).await
    }

    async fn packet(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(length) = self.buffer.first_chunk().map(|b| u32::from_be_bytes(*b) as usize) {
                if length > LONGEST {
                    return Err(io::Error::new(ErrorKind::InvalidData, "the master says something endless"));
                }
                if self.buffer.len() >= 4 + length {
                    let packet = self.buffer[4..4 + length].to_vec();
                    self.buffer.drain(..4 + length);
                    return Ok(Some(packet));
                }
            }
            self.stream.readable().await?;
            let mut bytes = [0; 512];
            match self.stream.try_read(&mut bytes) {
                Ok(0) => return Ok(None),
                Ok(n) => self.buffer.extend_from_slice(&bytes[..n]),
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                Err(e) if e.kind() == ErrorKind::ConnectionReset => return Ok(None),
                Err(e) => return Err(e),
            }
        }
    }
}

fn hand_over(stream: &UnixStream, file: BorrowedFd<'_>) -> io::Result<()> {
    let files = [file];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&files)) {
        return Err(io::Error::other("no room for a file descriptor"));
    }
    let sent = sendmsg(stream, &[IoSlice::new(&[0])], &mut control, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?;
    if sent == 1 { Ok(()) } else { Err(ErrorKind::WriteZero.into()) }
}

/// The kind of a message and the numbers that follow it.
fn words(packet: &[u8]) -> (u32, Vec<u32>) {
    let mut words = packet.chunks_exact(4).map(|c| u32::from_be_bytes([c[0], c[1], c[2], c[3]]));
    (words.next().unwrap_or(0), words.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixListener;

    /// A master that greets and then says `said`; gives what it heard.
    fn master(said: &'static [u8]) -> (tempfile::TempDir, std::thread::JoinHandle<Vec<u8>>) {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("s")).unwrap();
        let heard = std::thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            stream.write_all(b"\0\0\0\x08\0\0\0\x01\0\0\0\x04").unwrap();
            stream.write_all(said).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).unwrap();
            heard
        });
        (dir, heard)
    }

    fn answers(said: &'static [u8]) -> (Vec<Answer>, Vec<u8>) {
        let (dir, heard) = master(said);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answers = runtime.block_on(async {
            let mut mux = Mux::connect(&dir.path().join("s")).await.unwrap();
            let null = std::fs::File::open("/dev/null").unwrap();
            mux.open("id", [null.as_fd(); 3]).await.unwrap();
            let mut answers = Vec::new();
            while let Some(answer) = mux.answer().await.unwrap() {
                answers.push(answer);
            }
            answers
        });
        (answers, heard.join().unwrap())
    }

    #[test]
    fn messages_are_those_of_the_protocol() {
        let (said, heard) = answers(
            b"\0\0\0\x0c\x80\0\0\x06\0\0\0\0\0\0\0\x05\
              \0\0\0\x0c\x80\0\0\x04\0\0\0\x05\0\0\0\x07",
        );
        assert_eq!(said, [Answer::Opened, Answer::Exit(7)]);
        let hello = b"\0\0\0\x08\0\0\0\x01\0\0\0\x04";
        let mut flags = [0u8; 20];
        flags[15] = 1;
        let mut expected = hello.to_vec();
        expected.extend(b"\0\0\0\x2a\x10\0\0\x02\0\0\0\0");
        expected.extend(flags);
        expected.extend(b"\xff\xff\xff\xff\0\0\0\0\0\0\0\x02id\0\0\0");
        assert_eq!(heard, expected);
        let (refused, _) = answers(b"\0\0\0\x0e\x80\0\0\x03\0\0\0\0\0\0\0\x02no");
        assert_eq!(refused, [Answer::Refused("no".into())]);
    }
}
