//! ratatui on top, the writer below: a frame is drawn into memory and handed over whole.

use super::caps::Caps;
use super::writer::{Link, Stats};
use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::{Frame, Terminal};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Asks for the terminal's size.
pub(super) type Sizer = Box<dyn Fn() -> io::Result<Size> + Send>;

/// The screen: draw on it with ratatui; the bytes are the writer thread's business.
pub struct Screen {
    terminal: Terminal<Tap>,
    link: Arc<Link>,
    caps: Caps,
    size: Size,
    /// ratatui tells its backend of the cursor while the finished frame is still borrowed.
    cursor: Arc<AtomicU32>,
}

impl Screen {
    /// A screen on any output, its writer thread included. For tests and benches; [`super::Guard::screen`] gives the
    /// real one.
    ///
    /// # Errors
    /// If the thread cannot start or the size is not known.
    pub fn on(
        out: impl Write + Send + 'static,
        size: impl Fn() -> io::Result<Size> + Send + 'static,
        caps: Caps,
    ) -> io::Result<Self> {
        let link = Arc::new(Link::default());
        super::writer::start(link.clone(), Box::new(out), caps, Box::new(|| {}))?;
        Self::over(link, Box::new(size), caps)
    }

    pub(super) fn over(link: Arc<Link>, size: Sizer, caps: Caps) -> io::Result<Self> {
        let now = size()?;
        let cursor = Arc::new(AtomicU32::new(HIDDEN));
        let terminal = Terminal::new(Tap { size, cursor: cursor.clone() })?;
        Ok(Self { terminal, link, caps, size: now, cursor })
    }

    /// Draws a frame and hands it to the writer. Never blocks on the terminal, and a frame that the writer has not
    /// taken yet is replaced. A frame equal to the last costs no byte.
    ///
    /// # Errors
    /// If the terminal is lost.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame)) -> io::Result<()> {
        let mut frame = self.link.spare();
        let done = self.terminal.draw(view)?;
        frame.load(done.buffer, caret_of(self.cursor.load(Relaxed)), &self.caps);
        let size = done.area.as_size();
        if size != self.size {
            self.size = size;
            self.link.forget();
        }
        self.link.publish(frame)
    }

    /// Draws the next frame whole: after a resize, after something else wrote on the terminal, on Ctrl-L.
    pub fn redraw(&self) {
        self.link.forget();
    }

    /// Sends bytes besides frames, for instance from [`super::clipboard`].
    pub fn send(&self, bytes: &[u8]) {
        self.link.send(bytes);
    }

    /// What was written so far; ask [`super::Pacer`] with it.
    pub fn stats(&self) -> Stats {
        self.link.stats()
    }

    /// What the terminal can do.
    pub fn caps(&self) -> Caps {
        self.caps
    }

    /// Its size when it was last drawn.
    pub fn size(&self) -> Size {
        self.size
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.link.stop();
    }
}

/// ratatui's backend: knows the size and the cursor. The cells are read from the finished frame, not from ratatui's
/// changes: the writer compares with what the terminal really shows, which may be several frames older.
struct Tap {
    size: Sizer,
    cursor: Arc<AtomicU32>,
}

/// No cursor; else the column in the upper half and the row in the lower.
const HIDDEN: u32 = u32::MAX;

fn caret_of(packed: u32) -> Option<Position> {
    (packed != HIDDEN).then_some(Position { x: (packed >> 16) as u16, y: packed as u16 })
}

impl Backend for Tap {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, _content: I) -> io::Result<()> {
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.cursor.store(HIDDEN, Relaxed);
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(caret_of(self.cursor.load(Relaxed)).unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let at = position.into();
        self.cursor.store(u32::from(at.x) << 16 | u32::from(at.y), Relaxed);
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn clear_region(&mut self, _clear_type: ClearType) -> io::Result<()> {
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        (self.size)()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
