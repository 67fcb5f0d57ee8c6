//! The promise: whatever the bytes, no panic, and nothing but printable text comes out.

use super::*;
use proptest::prelude::*;

fn text(raw: &[u8]) -> String {
    line(raw, false).text()
}

fn safe(s: &str) -> bool {
    s.chars().all(|c| {
        !c.is_control()
            && !matches!(u32::from(c), 0x200b..=0x200f | 0x202a..=0x202e | 0x2066..=0x2069 | 0x2028 | 0x2029 | 0xfeff | 0xe0000..=0xe0fff)
    })
}

#[test]
fn keeps_colours_and_nothing_else() {
    let l = line(b"a \x1b[1;31mred\x1b[0m \x1b]52;c;AAAA\x07b\x1b[2Jc", false);
    assert_eq!(l.text(), "a red ␛b␛c");
    assert_eq!(l.spans[1].text, "red");
    assert_eq!(l.spans[1].style, Sgr { fg: Some(Color::Ansi(1)), bold: true, ..Sgr::default() });
    assert_eq!(line(b"x\x1b[2Jy", true).text(), "x^[y");
}

#[test]
fn colours_in_every_spelling() {
    let fg = |raw: &[u8]| line(raw, false).spans[0].style.fg;
    assert_eq!(fg(b"\x1b[91mx"), Some(Color::Ansi(9)));
    assert_eq!(fg(b"\x1b[38;5;200mx"), Some(Color::Indexed(200)));
    assert_eq!(fg(b"\x1b[38;5;9mx"), Some(Color::Ansi(9)));
    assert_eq!(fg(b"\x1b[38;2;1;2;3mx"), Some(Color::Rgb(1, 2, 3)));
    assert_eq!(fg(b"\x1b[38:2::1:2:3mx"), Some(Color::Rgb(1, 2, 3)));
    assert_eq!(fg(b"\x1b[38;2;1;2;999mx"), None);
    assert_eq!(fg(b"\x1b[31m\x1b[mx"), None);
    let both = line(b"\x1b[38;5;200;1;48;2;1;2;3mx", false).spans[0].style;
    assert!(both.bold);
    assert_eq!(both.bg, Some(Color::Rgb(1, 2, 3)));
}

#[test]
fn progress_is_overwritten_as_a_terminal_would() {
    assert_eq!(text(b"10%\r20%\r100%"), "100%");
    assert_eq!(text(b"downloading\rdone"), "doneloading");
    assert_eq!(text(b"downloading\r\x1b[Kdone"), "done");
    assert_eq!(text(b"done\r"), "done");
    assert_eq!(text(b"abc\x08X"), "abX");
    assert_eq!(text("漢字\rx".as_bytes()), "x 字");
    assert_eq!(text("ab\r漢".as_bytes()), "漢");
}

#[test]
fn tabs_stand_at_eights() {
    assert_eq!(text(b"a\tb"), "a       b");
    assert_eq!(text("漢\tb".as_bytes()), "漢      b");
}

#[test]
fn open_strings_end_with_their_line_and_are_seen() {
    assert_eq!(text(b"a\x1b]0;title"), "a␛");
    assert_eq!(text(b"a\x1b_hidden"), "a␛");
    assert_eq!(text(b"a\x1bPq hidden"), "a␛");
    assert_eq!(text(b"a\x1b[31"), "a␛");
    assert_eq!(text(b"a\x1b]0;t\x1b\\b"), "a␛b");
    assert_eq!(text(b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\"), "link");
}

#[test]
fn lies_about_order_and_invisible_characters_go() {
    assert_eq!(text("a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{ad}f".as_bytes()), "abcdef");
    let stacked = format!("a{}b", "\u{301}".repeat(50));
    assert_eq!(text(stacked.as_bytes()).chars().filter(|c| *c == '\u{301}').count(), 4);
    assert_eq!(text(b"a\xff\xc3b"), "a\u{fffd}\u{fffd}b");
}

#[test]
fn long_lines_say_how_much_is_missing() {
    let l = line(&vec![b'x'; LINE_CAP + 1234], false);
    assert_eq!(l.more, 1234);
    assert!(l.text().ends_with("x … +1,234 bytes"));
    let mut raw = vec![b'x'; LINE_CAP - 1];
    raw.extend("漢".as_bytes());
    let l = line(&raw, false);
    assert_eq!(l.more, 3);
    assert!(!l.text().contains('\u{fffd}'));
}

#[test]
fn plain_is_one_line() {
    assert_eq!(plain("web01"), "web01");
    assert!(matches!(plain("東京"), Cow::Borrowed(_)));
    assert_eq!(plain("a\nb\r\n\tc\x1b[31md"), "a b cd");
    assert_eq!(plain("x\u{202e}y"), "xy");
    assert_eq!(plain_lines("a\n\x1b[2Jb"), ["a", "␛b"]);
}

#[test]
fn columns_never_split_a_wide_cell() {
    assert_eq!(width("漢字ab"), 6);
    assert_eq!(cut("漢字ab", 3), "漢");
    assert_eq!(cut("abc", 2), "ab");
    assert_eq!(cut("é", 1), "é");
    assert_eq!(pad("漢字", 3), "漢 ");
    assert_eq!(pad_left("ab", 4), "  ab");
    assert_eq!(skip("漢字ab", 1), ("字ab", 1));
    assert_eq!(skip("漢字ab", 2), ("字ab", 0));
    assert_eq!(fit("production", 5, false), "prod…");
    assert_eq!(fit("漢字漢字", 4, true), "漢~");
    assert_eq!(wrap("漢字ab", 3), ["漢", "字a", "b"]);
    assert_eq!(wrap("", 3), [""]);
    assert_eq!(wrap("漢", 1), ["漢"]);
}

#[test]
fn numbers_as_people_read_them() {
    assert_eq!(human::count(0), "0");
    assert_eq!(human::count(1_234_567), "1,234,567");
    assert_eq!(human::bytes(999), "999 B");
    assert_eq!(human::bytes(1_240), "1.2 kB");
    assert_eq!(human::bytes(999_950), "1.0 MB");
    assert_eq!(human::bytes(38_400_000), "38 MB");
    assert_eq!(human::clock(4_000), "0:04");
    assert_eq!(human::clock(7_439_000), "2:03:59");
    assert_eq!(human::short(7_439_000), "2h");
    assert_eq!(human::duration(1_340), "1.3 s");
    assert_eq!(human::duration(61_000), "1:01");
    assert_eq!(human::ago(0, 245_000), "4m ago");
    assert_eq!(human::ago(200_000, 0), "in 3m");
    assert_eq!(human::rfc3339(1_120), "1970-01-01T00:00:01.120Z");
    assert_eq!(human::time(i64::MAX), "?");
}

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..8),
        Just(b"\x1b[31m".to_vec()),
        Just(b"\x1b]52;c;".to_vec()),
        Just(b"\x1b[9999999999C".to_vec()),
        Just(b"\x1b[900G".to_vec()),
        Just(b"\x1b[K".to_vec()),
        Just(b"\x1b[1K".to_vec()),
        Just(b"\x1bP\x1b\\".to_vec()),
        Just(b"\r\t\x08".to_vec()),
        Just("漢字\u{202e}\u{301}e\u{301}👩\u{200d}🚀".as_bytes().to_vec()),
        Just(b"\xc2\x9b31m\x9b2J".to_vec()),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|p| p.concat())
}

proptest! {
    #![proptest_config(crate::cases::cases(1000))]

    #[test]
    fn no_control_byte_comes_out(raw in hostile(), ascii: bool) {
        let l = line(&raw, ascii);
        prop_assert!(safe(&l.text()), "{:?}", l.text());
        prop_assert!(l.spans.iter().all(|s| !s.text.is_empty()));
        let lossy = String::from_utf8_lossy(&raw).into_owned();
        prop_assert!(safe(&plain(&lossy)));
        prop_assert!(plain_lines(&lossy).iter().all(|l| safe(l)));
    }

    #[test]
    fn cuts_and_pads_are_exact(raw in hostile(), columns in 0usize..40) {
        let s = text(&raw);
        prop_assert!(width(cut(&s, columns)) <= columns);
        prop_assert_eq!(width(&pad(&s, columns)), columns);
        prop_assert!(width(&fit(&s, columns, false)) <= columns);
        prop_assert_eq!(wrap(&s, columns.max(2)).concat(), s.clone());
        let (rest, gap) = skip(&s, columns);
        prop_assert_eq!(width(rest) + gap, width(&s).saturating_sub(columns));
    }
}
