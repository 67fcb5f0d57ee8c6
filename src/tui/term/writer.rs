//! The writer thread: takes the newest frame, writes what changed in one write(2). It alone may block on the terminal.

use super::caps::Caps;
use super::cell::Frame;
use super::diff;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What was written so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Bytes given to the terminal.
    pub bytes: u64,
    /// Frames that changed something and were written.
    pub frames: u64,
    /// Frames that a newer one replaced before they were written.
    pub replaced: u64,
    /// A frame waits or is being written: drawing another would only replace it.
    pub busy: bool,
}

/// Between those who draw and the thread that writes.
#[derive(Default)]
pub(super) struct Link {
    slot: Mutex<Slot>,
    wake: Condvar,
    idle: Condvar,
    bytes: AtomicU64,
    frames: AtomicU64,
    replaced: AtomicU64,
}

#[derive(Default)]
struct Slot {
    frame: Option<Frame>,
    spare: Option<Frame>,
    raw: Vec<u8>,
    forget: bool,
    paused: bool,
    stop: bool,
    writing: bool,
    failed: Option<io::ErrorKind>,
}

impl Link {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        // A panic elsewhere does not spoil the slot: every change to it is whole.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A frame to fill: the memory of an older one, where there is one.
    pub(super) fn spare(&self) -> Frame {
        self.lock().spare.take().unwrap_or_default()
    }

    /// Hands over the newest frame. Never blocks on the terminal.
    ///
    /// # Errors
    /// The kind of the error with which the terminal was lost.
    pub(super) fn publish(&self, frame: Frame) -> io::Result<()> {
        let mut slot = self.lock();
        if let Some(kind) = slot.failed {
            return Err(kind.into());
        }
        if let Some(old) = slot.frame.replace(frame) {
            self.replaced.fetch_add(1, Relaxed);
            slot.spare = Some(old);
        }
        self.wake.notify_one();
        Ok(())
    }

    /// Bytes for the terminal besides frames (clipboard, bell).
    pub(super) fn send(&self, bytes: &[u8]) {
        self.lock().raw.extend_from_slice(bytes);
        self.wake.notify_one();
    }

    /// The next frame is drawn whole: nothing is known of what the terminal shows.
    pub(super) fn forget(&self) {
        self.lock().forget = true;
    }

    /// Stops writing; waits so long for a write under way. False if it still hangs.
    pub(super) fn pause(&self, wait: Duration) -> bool {
        let end = Instant::now() + wait;
        let mut slot = self.lock();
        slot.paused = true;
        while slot.writing {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            slot = self.idle.wait_timeout(slot, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Goes on writing; the next frame is drawn whole.
    pub(super) fn resume(&self) {
        let mut slot = self.lock();
        (slot.paused, slot.forget) = (false, true);
        self.wake.notify_one();
    }

    /// Ends the writer thread. A thread that hangs in a write is left behind.
    pub(super) fn stop(&self) {
        self.lock().stop = true;
        self.wake.notify_one();
    }

    pub(super) fn stats(&self) -> Stats {
        let slot = self.lock();
        Stats {
            bytes: self.bytes.load(Relaxed),
            frames: self.frames.load(Relaxed),
            replaced: self.replaced.load(Relaxed),
            busy: slot.frame.is_some() || slot.writing,
        }
    }
}

/// Starts the thread that owns the terminal's output. `lost` is called once, if writing fails for good.
pub(super) fn start(
    link: Arc<Link>,
    out: Box<dyn Write + Send>,
    caps: Caps,
    lost: Box<dyn FnOnce() + Send>,
) -> io::Result<()> {
    std::thread::Builder::new().name("terminal".into()).spawn(move || {
        if let Err(e) = run(&link, out, &caps) {
            let mut slot = link.lock();
            slot.failed = Some(e.kind());
            slot.writing = false;
            link.idle.notify_all();
            drop(slot);
            tracing::warn!("the terminal is lost: {e}");
            lost();
        }
    })?;
    Ok(())
}

fn run(link: &Link, mut out: Box<dyn Write + Send>, caps: &Caps) -> io::Result<()> {
    let mut shown: Option<Frame> = None;
    loop {
        let (frame, mut bytes) = {
            let mut slot = link.lock();
            while !slot.stop && (slot.paused || (slot.frame.is_none() && slot.raw.is_empty())) {
                slot = link.wake.wait(slot).unwrap_or_else(PoisonError::into_inner);
            }
            if slot.stop {
                return Ok(());
            }
            slot.writing = true;
            if std::mem::take(&mut slot.forget) {
                shown = None;
            }
            (slot.frame.take(), std::mem::take(&mut slot.raw))
        };
        let mut recycled = None;
        if let Some(next) = frame {
            let change = diff::frame(shown.as_ref(), &next, caps);
            if !change.is_empty() {
                link.frames.fetch_add(1, Relaxed);
            }
            if bytes.is_empty() {
                bytes = change;
            } else {
                bytes.extend_from_slice(&change);
            }
            recycled = shown.replace(next);
        }
        if !bytes.is_empty() {
            out.write_all(&bytes)?;
            out.flush()?;
            link.bytes.fetch_add(bytes.len() as u64, Relaxed);
        }
        let mut slot = link.lock();
        slot.writing = false;
        if slot.spare.is_none() {
            slot.spare = recycled;
        }
        link.idle.notify_all();
    }
}
