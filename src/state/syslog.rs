//! The system's log, for what must not be lost when nothing else can be written (RFC 3164, as `/dev/log` takes it).

use std::io;
use std::os::unix::net::UnixDatagram;

const WARNING: u32 = 10 * 8 + 4;

/// Writes a line, and never waits for whoever reads there.
///
/// # Errors
/// There is no such log, or it takes nothing now.
pub fn warn(line: &str) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    let line = format!("<{WARNING}>opsdeck[{}]: {}", std::process::id(), crate::text::plain(line));
    socket.send_to(line.as_bytes(), "/dev/log").map(drop)
}
