//! What a terminal shows after our bytes, by the vt100 parser: always what a full redraw would show.

use super::caps::{Caps, Depth, Mux};
use super::cell::Frame;
use super::color::{Ink, Kind};
use super::diff;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

pub(super) fn caps(depth: Depth) -> Caps {
    Caps { depth, utf8: true, mux: Mux::None, sync: true, scroll: true }
}

fn side(n: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(n).unwrap()
}

fn color(ink: Ink) -> vt100::Color {
    match ink.kind() {
        Kind::Default => vt100::Color::Default,
        Kind::Index(n) => vt100::Color::Idx(n),
        Kind::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
    }
}

/// The first difference between the terminal and the frame, in words.
fn differs(screen: &vt100::Screen, frame: &Frame) -> Option<String> {
    for y in 0..frame.height {
        for (x, cell) in frame.row(y).iter().enumerate() {
            let Some(shown) = screen.cell(y as u16, x as u16) else { return Some(format!("no cell {x},{y}")) };
            if cell.width == 0 {
                if !shown.is_wide_continuation() {
                    return Some(format!("{x},{y}: half of a wide character is missing"));
                }
                continue;
            }
            let text = if shown.has_contents() { shown.contents() } else { " " };
            let (want, s) = (String::from_utf8_lossy(cell.text()), cell.style);
            let look = (shown.bgcolor(), shown.inverse(), shown.underline());
            let wanted = (color(s.bg), s.attr.contains(Modifier::REVERSED), s.attr.contains(Modifier::UNDERLINED));
            let ink = (shown.fgcolor(), shown.bold(), shown.italic(), shown.dim());
            let inked = (
                color(s.fg),
                s.attr.contains(Modifier::BOLD),
                s.attr.contains(Modifier::ITALIC),
                s.attr.contains(Modifier::DIM),
            );
            // The letter colour of an erased cell is not seen.
            if text != want || look != wanted || (!cell.is_erased() && ink != inked) {
                return Some(format!("{x},{y}: {text:?} {look:?} {ink:?}, wanted {want:?} {wanted:?} {inked:?}"));
            }
        }
    }
    let cursor = (!screen.hide_cursor()).then(|| screen.cursor_position()).map(|(row, col)| (col, row));
    (cursor != frame.cursor).then(|| format!("cursor {cursor:?}, wanted {:?}", frame.cursor))
}

#[derive(Debug, Clone)]
enum Edit {
    Text(u16, u16, String, Style),
    Scroll(u16, u16, i16),
    Clear(u16, u16),
    Fill(u16, u16, u16, u16, Style),
    Cursor(Option<(u16, u16)>),
    Resize(u16, u16),
}

fn style() -> impl Strategy<Value = Style> {
    let color = prop_oneof![
        4 => Just(Color::Reset),
        2 => prop::sample::select(vec![Color::Red, Color::White, Color::DarkGray, Color::LightBlue]),
        1 => any::<u8>().prop_map(Color::Indexed),
        1 => any::<(u8, u8, u8)>().prop_map(|(r, g, b)| Color::Rgb(r, g, b)),
    ];
    (color.clone(), color, any::<u16>(), any::<bool>()).prop_map(|(fg, bg, bits, plain)| {
        let attr = if plain { Modifier::empty() } else { Modifier::from_bits_truncate(bits) };
        Style::default().fg(fg).bg(bg).add_modifier(attr)
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    // No flags, joined emoji or variation selectors: there terminals (and the parser) differ among themselves.
    let text = prop_oneof![
        "[a-z ]{0,30}",
        "[a-e漢字かé ]{0,20}",
        prop::sample::select(vec!["👩🚀x", "e\u{301}\u{302}y", "⚠z", "──│█▌", " "]).prop_map(str::to_owned),
    ];
    prop_oneof![
        6 => (0..40u16, 0..14u16, text, style()).prop_map(|(x, y, t, s)| Edit::Text(x, y, t, s)),
        4 => (0..14u16, 0..14u16, -4..5i16).prop_map(|(a, b, n)| Edit::Scroll(a.min(b), a.max(b), n)),
        1 => (0..14u16, 0..40u16).prop_map(|(y, x)| Edit::Clear(y, x)),
        1 => (0..40u16, 0..14u16, 0..30u16, 0..5u16, style()).prop_map(|(x, y, w, h, s)| Edit::Fill(x, y, w, h, s)),
        1 => prop::option::of((0..10u16, 0..4u16)).prop_map(Edit::Cursor),
        1 => (10..41u16, 4..15u16).prop_map(|(w, h)| Edit::Resize(w, h)),
    ]
}

fn apply(buffer: &mut Buffer, cursor: &mut Option<(u16, u16)>, edit: &Edit) {
    let area = buffer.area;
    match edit {
        Edit::Text(x, y, text, style) if *x < area.width && *y < area.height => {
            buffer.set_string(*x, *y, text, *style);
        }
        Edit::Scroll(top, bottom, n) => {
            let old = buffer.clone();
            for y in *top..(*bottom + 1).min(area.height) {
                let from = y as i16 + n;
                for x in 0..area.width {
                    let inside = from >= *top as i16 && from <= (*bottom as i16).min(area.height as i16 - 1);
                    buffer[(x, y)] = if inside { old[(x, from as u16)].clone() } else { ratatui::buffer::Cell::EMPTY };
                }
            }
        }
        Edit::Clear(y, x) if *y < area.height => (*x..area.width).for_each(|x| buffer[(x, *y)].reset()),
        Edit::Fill(x, y, w, h, style) => {
            let part = Rect::new(*x, *y, *w, *h).intersection(area);
            buffer.set_style(part, *style);
        }
        Edit::Cursor(at) => *cursor = *at,
        Edit::Resize(w, h) => {
            *buffer = Buffer::empty(Rect::new(0, 0, *w, *h));
            *cursor = None;
        }
        _ => {}
    }
}

/// What a real screen draws: every frame anew, so half-covered wide characters never stay in the buffer.
fn tidy(buffer: &mut Buffer) {
    use ratatui::buffer::CellWidth;
    let area = buffer.area;
    for y in 0..area.height {
        let mut x = 0;
        while x < area.width {
            let width = buffer[(x, y)].cell_width().max(1);
            (x + 1..(x + width).min(area.width)).for_each(|t| buffer[(t, y)].reset());
            x += width;
        }
    }
}

/// Plays the edits; after each the terminal must show the frame. Returns the bytes.
fn play(edits: &[Edit], caps: &Caps) -> Result<usize, String> {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 40, 14));
    let (mut cursor, mut shown, mut total) = (None, None::<Frame>, 0);
    let mut terminal = vt100::Parser::new(side(14), side(40), 0);
    for edit in edits {
        apply(&mut buffer, &mut cursor, edit);
        tidy(&mut buffer);
        if let Edit::Resize(w, h) = edit {
            terminal.screen_mut().set_size(side(*h), side(*w));
        }
        let mut next = Frame::default();
        next.load(&buffer, cursor.map(|(x, y)| ratatui::layout::Position { x, y }), caps);
        let bytes = diff::frame(shown.as_ref(), &next, caps);
        total += bytes.len();
        terminal.process(&bytes);
        if let Some(what) = differs(terminal.screen(), &next) {
            return Err(format!("after {edit:?}: {what}; bytes {:?}", String::from_utf8_lossy(&bytes)));
        }
        if !diff::frame(Some(&next), &next, caps).is_empty() {
            return Err("an unchanged frame costs bytes".into());
        }
        shown = Some(next);
    }
    Ok(total)
}

proptest! {
    #![proptest_config(crate::cases::cases(400))]

    #[test]
    fn bytes_reproduce_every_frame(edits in prop::collection::vec(edit(), 1..30), depth in 0..4u8, scroll: bool) {
        let depth = [Depth::None, Depth::Ansi16, Depth::Indexed, Depth::True][usize::from(depth)];
        let caps = Caps { scroll, ..caps(depth) };
        if let Err(e) = play(&edits, &caps) {
            return Err(TestCaseError::fail(e));
        }
    }

    #[test]
    fn ascii_terminals_get_ascii(edits in prop::collection::vec(edit(), 1..10)) {
        let caps = Caps { utf8: false, ..caps(Depth::True) };
        let mut buffer = Buffer::empty(Rect::new(0, 0, 40, 14));
        let mut cursor = None;
        for e in &edits {
            apply(&mut buffer, &mut cursor, e);
        }
        let mut next = Frame::default();
        next.load(&buffer, None, &caps);
        prop_assert!(diff::frame(None, &next, &caps).is_ascii());
    }
}

#[test]
fn a_scrolled_block_costs_a_scroll() {
    let style = Style::default().fg(Color::Rgb(1, 2, 3));
    let mut edits: Vec<Edit> =
        (0..14).map(|y| Edit::Text(0, y, format!("line {y} {}", "abcdefghij".repeat(3)), style)).collect();
    let before = play(&edits, &caps(Depth::True)).unwrap();
    edits.push(Edit::Scroll(2, 11, 1));
    let cost = play(&edits, &caps(Depth::True)).unwrap() - before;
    assert!(cost < 60, "{cost} bytes");
    let plain = Caps { scroll: false, ..caps(Depth::True) };
    let before = play(&edits[..14], &plain).unwrap();
    assert!(play(&edits, &plain).unwrap() - before > cost);
}

#[test]
fn no_control_character_passes_the_last_guard() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
    for (x, symbol) in ["\x1b", "\u{9b}", "a\x07", "\u{200b}"].into_iter().enumerate() {
        buffer[(x as u16, 0)].set_symbol(symbol);
    }
    let mut next = Frame::default();
    next.load(&buffer, None, &caps(Depth::True));
    assert!(next.cells.iter().all(|c| c.text() == b" "));
}

#[test]
fn a_terminal_that_takes_nothing_stops_only_the_writer() {
    use std::io::Read;
    use std::time::{Duration, Instant};
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
    let size = || Ok(ratatui::layout::Size::new(120, 40));
    let mut screen = super::Screen::on(std::fs::File::from(writer), size, caps(Depth::True)).unwrap();
    let mut draw = |n: usize| {
        screen
            .draw(|f| {
                for y in 0..40 {
                    let text = format!("frame {n} row {y} {}", "x".repeat(80 + (n + y) % 20));
                    f.buffer_mut().set_string(0, y as u16, text, Style::new());
                }
            })
            .unwrap();
        screen.stats()
    };
    // Nobody reads: two hundred frames go by without waiting, and all but the newest are forgotten.
    let start = Instant::now();
    (0..200).for_each(|n| _ = draw(n));
    let stats = draw(200);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(stats.busy && stats.frames <= 2 && stats.replaced >= 198, "{stats:?}");
    // It takes again: what arrives is a frame or two, and the newest state.
    let mut terminal = vt100::Parser::new(side(40), side(120), 0);
    let (mut file, mut block, mut total) = (std::fs::File::from(reader), [0; 4096], 0);
    while !terminal.screen().contents().contains("frame 200 row 39") {
        let n = file.read(&mut block).unwrap();
        total += n;
        terminal.process(&block[..n]);
    }
    assert!(total < 20_000, "{total} bytes after the pause");
    assert!(!terminal.screen().contents().contains("frame 0 "));
}
