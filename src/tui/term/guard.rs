//! The terminal taken and given back: at the end, on a panic, on signals, around Ctrl-Z.

use super::caps::Caps;
use super::screen::Screen;
use super::writer::{self, Link};
use crate::state::child;
use ratatui::layout::Size;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{Action, OptionalActions, QueueSelector, Termios, tcflow, tcflush, tcgetattr, tcsetattr};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

/// How the terminal is taken.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub caps: Caps,
    /// Report clicks and the wheel (1000 and 1006). Never movement: over a slow link that is a stream of bytes.
    pub mouse: bool,
}

/// The taken terminal. Dropping it gives the terminal back.
pub struct Guard {
    tty: Arc<File>,
    link: Arc<Link>,
    caps: Caps,
}

/// What must be undone, within reach of the panic hook and the signal thread.
struct Taken {
    tty: Arc<File>,
    saved: Termios,
    link: Arc<Link>,
    ui: ThreadId,
    mouse: bool,
    active: bool,
}

static TAKEN: Mutex<Option<Taken>> = Mutex::new(None);
static HOOK: Once = Once::new();

/// How long a write under way, or a terminal that takes nothing, may hold up giving it back.
const PATIENCE: Duration = Duration::from_millis(300);

const LEAVE: &[u8] = b"\x1b[?2026l\x1b[r\x1b[m\x1b[?1000l\x1b[?1006l\x1b[?2004l\x1b[?25h\x1b[?1049l";
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[m\x1b[H\x1b[2J";
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1000l\x1b[?1006l";

impl Guard {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste, mouse if asked. Call it on the thread that
    /// draws: a panic there gives the terminal back before its message is printed; a panic of any other thread is only
    /// logged, because the screen goes on. `lost` is called if the terminal breaks.
    ///
    /// # Errors
    /// If standard output is no terminal and there is no controlling one.
    pub fn enter(options: Options, lost: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let tty = Arc::new(open_tty()?);
        let saved = tcgetattr(&tty)?;
        let link = Arc::new(Link::default());
        writer::start(link.clone(), Box::new(tty.try_clone()?), options.caps, Box::new(lost))?;
        let (mouse, ui) = (options.mouse, std::thread::current().id());
        let mut taken = Taken { tty: tty.clone(), saved, link: link.clone(), ui, mouse, active: false };
        taken.enter()?;
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(taken);
        HOOK.call_once(hook);
        Ok(Self { tty, link, caps: options.caps })
    }

    /// The screen on it.
    ///
    /// # Errors
    /// If the terminal does not tell its size.
    pub fn screen(&self) -> io::Result<Screen> {
        let tty = self.tty.clone();
        let size = move || {
            let size = rustix::termios::tcgetwinsize(&tty)?;
            // A terminal that does not know (some serial lines, a bare `ssh -tt`) says 0.
            let or = |n: u16, usual: u16| if n == 0 { usual } else { n };
            Ok(Size::new(or(size.ws_col, 80), or(size.ws_row, 24)))
        };
        Screen::over(self.link.clone(), Box::new(size), self.caps)
    }

    /// Switches the mouse on or off.
    pub fn mouse(&self, on: bool) {
        if let Some(taken) = TAKEN.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            taken.mouse = on;
        }
        self.link.send(if on { MOUSE_ON } else { MOUSE_OFF });
    }

    /// Ctrl-Z: gives the terminal back and stops the whole process group (the shell that waits for us may wait for a
    /// parent of ours). No child is begun meanwhile, see [`crate::state::child`]. The kernel stops us some time after the call, on whichever thread it likes: so nothing of the
    /// terminal may be touched before SIGCONT, whose event calls [`Guard::resume`].
    ///
    /// # Errors
    /// If the group cannot be stopped; the terminal is taken again then.
    pub fn suspend(&self) -> io::Result<()> {
        restore();
        child::close();
        rustix::process::kill_current_process_group(rustix::process::Signal::STOP).or_else(|e| {
            self.resume()?;
            Err(e.into())
        })
    }

    /// Takes the terminal again after the process was stopped; draw a whole frame then.
    ///
    /// # Errors
    /// If the terminal cannot be taken.
    pub fn resume(&self) -> io::Result<()> {
        child::open();
        match TAKEN.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(taken) => taken.enter(),
            None => Ok(()),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
        self.link.stop();
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Gives the terminal back, if it is taken. From any thread, any number of times; never blocks for long.
pub(super) fn restore() {
    // A panic while this lock is held must not wait for itself.
    let mut taken = match TAKEN.try_lock() {
        Ok(taken) => taken,
        Err(std::sync::TryLockError::Poisoned(taken)) => taken.into_inner(),
        Err(std::sync::TryLockError::WouldBlock) => return,
    };
    if let Some(taken) = taken.as_mut().filter(|t| t.active) {
        taken.leave();
    }
}

impl Taken {
    fn enter(&mut self) -> io::Result<()> {
        let mut raw = self.saved.clone();
        raw.make_raw();
        tcsetattr(&self.tty, OptionalActions::Now, &raw)?;
        self.active = true;
        self.write(ENTER);
        if self.mouse {
            self.write(MOUSE_ON);
        }
        self.link.resume();
        Ok(())
    }

    fn leave(&mut self) {
        self.active = false;
        self.link.pause(PATIENCE);
        if !self.writable() {
            // Ctrl-S, or a dead link: let output flow again, and drop what still waits of the frame.
            let _ = tcflow(&self.tty, Action::OOn);
            let _ = tcflush(&self.tty, QueueSelector::OFlush);
        }
        self.write(LEAVE);
        let _ = tcsetattr(&self.tty, OptionalActions::Now, &self.saved);
    }

    fn writable(&self) -> bool {
        let time = Timespec { tv_sec: 0, tv_nsec: PATIENCE.subsec_nanos().into() };
        let mut fds = [PollFd::from_borrowed_fd(self.tty.as_fd(), PollFlags::OUT)];
        matches!(poll(&mut fds, Some(&time)), Ok(1)) && fds[0].revents().contains(PollFlags::OUT)
    }

    /// Best effort: a terminal that takes nothing gets nothing.
    fn write(&self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.writable() {
            match rustix::io::write(&self.tty, bytes) {
                Ok(n) if n > 0 => bytes = &bytes[n..],
                Err(rustix::io::Errno::INTR) => {}
                _ => return,
            }
        }
    }
}

/// Standard output if it is a terminal, else the controlling one.
fn open_tty() -> io::Result<File> {
    let out = rustix::stdio::stdout();
    if rustix::termios::isatty(out) {
        return Ok(out.try_clone_to_owned()?.into());
    }
    File::options().read(true).write(true).open("/dev/tty")
}

fn hook() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let (active, ours) = match TAKEN.try_lock() {
            Ok(t) => t.as_ref().map_or((false, true), |t| (t.active, t.ui == std::thread::current().id())),
            Err(_) => (true, true),
        };
        if active && !ours {
            // The screen goes on: a message printed over it would help nobody.
            tracing::error!("a background thread panicked: {info}");
            return;
        }
        restore();
        before(info);
    }));
}
