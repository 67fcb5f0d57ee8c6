//! A program in a real pseudo-terminal, and what its terminal shows.

use super::wait::{BUSY, wait_true, wait_until};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Everything that came out, and the screen that it made.
struct Seen {
    bytes: Vec<u8>,
    screen: vt100::Parser,
    /// When the last of it came.
    at: Instant,
    /// The terminal takes nothing.
    held: bool,
}

/// A program in a pseudo-terminal. Dropping it kills the program.
pub struct Pty {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    input: Box<dyn Write + Send>,
    seen: Arc<Mutex<Seen>>,
    changed: Arc<Condvar>,
    cooked: String,
}

impl Pty {
    /// Starts `argv` in `folder` with these variables added, in a terminal of this size that calls itself
    /// xterm-256color.
    pub fn start(argv: &[&str], folder: PathBuf, env: &[(&str, PathBuf)], (cols, rows): (u16, u16)) -> Pty {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let cooked = modes(&*pair.master);
        let mut command = CommandBuilder::from_argv(argv.iter().map(Into::into).collect());
        command.cwd(folder);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("LC_ALL", "C.UTF-8");
        command.env_remove("NO_COLOR");
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().unwrap();
        let seen = Arc::new(Mutex::new(Seen {
            bytes: Vec::new(),
            screen: vt100::Parser::new(size_of(rows), size_of(cols), 0),
            at: Instant::now(),
            held: false,
        }));
        let changed = Arc::new(Condvar::new());
        let (into, tell) = (seen.clone(), changed.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 16384];
            // reading fails when the last process of the terminal is gone
            while let Ok(n @ 1..) = output.read(&mut buffer) {
                let at = Instant::now();
                let mut seen = into.lock().unwrap();
                seen.at = at;
                seen.bytes.extend_from_slice(&buffer[..n]);
                seen.screen.process(&buffer[..n]);
                tell.notify_all();
                drop(tell.wait_while(seen, |s| s.held).unwrap());
            }
        });
        let input = pair.master.take_writer().unwrap();
        Pty { master: pair.master, child, input, seen, changed, cooked }
    }

    /// Types.
    pub fn send(&mut self, keys: &str) {
        self.input.write_all(keys.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    /// What the screen shows now.
    pub fn screen(&self) -> String {
        self.seen.lock().unwrap().screen.screen().contents()
    }

    /// Every byte that came out so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen.lock().unwrap().bytes.clone()
    }

    /// How many bytes came out so far.
    pub fn count(&self) -> usize {
        self.seen.lock().unwrap().bytes.len()
    }

    /// True: the terminal takes nothing any more, as after Ctrl-S or on a dead link (what it reads at this moment it
    /// still takes). False: it goes on.
    pub fn hold(&self, held: bool) {
        self.seen.lock().unwrap().held = held;
        self.changed.notify_all();
    }

    /// When the bytes came that made the screen satisfy `shows`: exact, where [`Pty::wait_for`] only looks now and then.
    #[track_caller]
    pub fn moment(&self, seconds: u64, what: &str, shows: impl Fn(&vt100::Screen) -> bool) -> Instant {
        let deadline = Instant::now() + Duration::from_secs(seconds * BUSY);
        let mut seen = self.seen.lock().unwrap();
        while !shows(seen.screen.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            let screen = || seen.screen.screen().contents();
            assert!(!left.is_zero(), "waited {seconds} s in vain for {what}; the screen:\n{}", screen());
            seen = self.changed.wait_timeout(seen, left).unwrap().0;
        }
        seen.at
    }

    /// Waits until nothing more came out for this long.
    #[track_caller]
    pub fn quiet(&self, seconds: u64, still: Duration) {
        let what = format!("nothing comes out for {still:?}");
        wait_true(seconds, &what, || self.seen.lock().unwrap().at.elapsed() >= still);
    }

    /// Waits until the screen satisfies `shows`; on failure tells what it showed.
    #[track_caller]
    pub fn wait_for(&self, seconds: u64, what: &str, shows: impl Fn(&str) -> bool) -> String {
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_until(seconds, what, || Some(self.screen()).filter(|s| shows(s)))
        }));
        found.unwrap_or_else(|_| panic!("waited {seconds} s in vain for {what}; the screen:\n{}", self.screen()))
    }

    /// Waits until the screen shows this text.
    #[track_caller]
    pub fn wait_text(&self, seconds: u64, text: &str) -> String {
        self.wait_for(seconds, &format!("the text {text:?}"), |screen| screen.contains(text))
    }

    /// Changes the terminal's size.
    pub fn resize(&self, cols: u16, rows: u16) {
        self.seen.lock().unwrap().screen.screen_mut().set_size(size_of(rows), size_of(cols));
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// Process id of the program.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Sends a signal to the program itself.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits until the program ended.
    #[track_caller]
    pub fn wait_exit(&mut self, seconds: u64) -> portable_pty::ExitStatus {
        let child = &mut self.child;
        wait_until(seconds, "the program ends", || child.try_wait().unwrap())
    }

    /// The terminal is as it was: line editing and echo on, main screen, cursor shown, no mouse, no bracketed paste.
    #[track_caller]
    pub fn assert_restored(&self) {
        wait_true(5, "the terminal's modes are back", || modes(&*self.master) == self.cooked);
        wait_true(5, "the screen's modes are back", || {
            let seen = self.seen.lock().unwrap();
            let screen = seen.screen.screen();
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        });
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The terminal's line modes, in words that can be compared.
fn modes(master: &dyn MasterPty) -> String {
    let termios = master.get_termios().unwrap();
    format!("{:?} {:?} {:?}", termios.input_flags, termios.output_flags, termios.local_flags)
}

fn size_of(cells: u16) -> std::num::NonZeroU16 {
    cells.try_into().expect("a terminal has at least one row and one column")
}
