//! Numbers, sizes, durations and times as people read them. One spelling for all views and verbs.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `18,204`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `1 host`, `8 hosts`.
pub fn of(n: u64, one: &str) -> String {
    format!("{} {one}{}", count(n), if n == 1 { "" } else { "s" })
}

/// `412 B`, `1.2 kB`, `38 MB`: powers of 1000, two figures.
pub fn bytes(n: u64) -> String {
    let (mut value, mut unit) = (n as f64, 0);
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    // 999.5 would be written as 1000.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 || value >= 9.95 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// A running time from milliseconds: `0:04`, `1:12`, `2:03:59`. Negative is shown as `0:00`.
pub fn clock(ms: i64) -> String {
    let s = ms.max(0) / 1000;
    let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m}:{s:02}") }
}

/// A duration in its largest unit, from milliseconds: `45s`, `2m`, `6h`, `9d`.
pub fn short(ms: i64) -> String {
    match ms.max(0) / 1000 {
        s @ 0..=59 => format!("{s}s"),
        s @ 60..=3599 => format!("{}m", s / 60),
        s @ 3600..=86_399 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86_400),
    }
}

/// What is left of a time, from milliseconds, to the nearest minute: `2h`, `1h30m`, `45m`; seconds in the last one, hours
/// where it is days: `2d4h`. What was said a moment ago reads as it was said.
pub fn left(ms: i64) -> String {
    let rounded = |unit: i64| (ms.max(0) + unit / 2) / unit;
    let (s, m, h) = (rounded(1_000), rounded(60_000), rounded(3_600_000));
    let two = |(big, of): (i64, &str), (small, unit): (i64, &str)| match small {
        0 => format!("{big}{of}"),
        _ => format!("{big}{of}{small}{unit}"),
    };
    match (s, m, h) {
        (..60, ..) => format!("{s}s"),
        (_, ..60, _) => format!("{m}m"),
        (_, ..1440, _) => two((m / 60, "h"), (m % 60, "m")),
        _ => two((h / 24, "d"), (h % 24, "h")),
    }
}

/// Names that a line has room for.
const FEW: usize = 6;

/// Names in a line: the first few, and how many more there are: `web1, web2, web3 and 994 more`.
pub fn few<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(FEW);
    let first = names.take(FEW).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{first} and {} more", count(more as u64)) } else { first }
}

/// A duration with two figures, from milliseconds: `380 ms`, `1.3 s`, `48 s`, then as [`clock`].
pub fn duration(ms: i64) -> String {
    match ms.max(0) {
        ms @ 0..=999 => format!("{ms} ms"),
        ms @ 1000..=9_949 => format!("{:.1} s", ms as f64 / 1000.0),
        ms @ 9_950..=59_999 => format!("{} s", ms / 1000),
        ms => clock(ms),
    }
}

/// How long ago (both Unix milliseconds): `just now`, `4m ago`; `in 3m` for what is ahead by more than a second.
pub fn ago(then: i64, now: i64) -> String {
    match now.saturating_sub(then) {
        d if d < -1000 => format!("in {}", short(-d)),
        d if d < 1000 => "just now".into(),
        d => format!("{} ago", short(d)),
    }
}

/// Time of day of Unix milliseconds, local: `14:02:07`.
pub fn time(ts: i64) -> String {
    zoned(ts, &TimeZone::system(), "%H:%M:%S")
}

/// Local date and time of Unix milliseconds: `2026-11-23 14:02:07`.
pub fn date_time(ts: i64) -> String {
    zoned(ts, &TimeZone::system(), "%Y-%m-%d %H:%M:%S")
}

/// RFC 3339 in UTC with milliseconds, for `--json`: `2026-11-23T14:02:07.120Z`.
pub fn rfc3339(ts: i64) -> String {
    zoned(ts, &TimeZone::UTC, "%Y-%m-%dT%H:%M:%S.%3fZ")
}

fn zoned(ts: i64, zone: &TimeZone, format: &str) -> String {
    match Timestamp::from_millisecond(ts) {
        Ok(t) => t.to_zoned(zone.clone()).strftime(format).to_string(),
        Err(_) => "?".into(),
    }
}

/// A length of time as people type it, in milliseconds: `30m`, `1h30m`.
///
/// # Errors
/// In words: it is none, or lies behind.
pub fn span(text: &str) -> Result<i64, String> {
    let span: jiff::SignedDuration =
        text.parse().map_err(|_| format!("{text:?} is no length of time: expected one such as 30m or 2h"))?;
    match i64::try_from(span.as_millis()) {
        Ok(ms @ 1..) => Ok(ms),
        _ => Err("expected a time that lies ahead".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_reads_as_it_was_said_a_moment_ago() {
        let (second, minute, hour) = (1_000, 60_000, 3_600_000);
        for (ms, words) in [
            (2 * hour - 300, "2h"),
            (90 * minute - 4 * second, "1h30m"),
            (59 * minute + 50 * second, "1h"),
            (12 * minute + 10 * second, "12m"),
            (59 * second, "59s"),
            (-1, "0s"),
            (24 * hour - 1, "1d"),
            (52 * hour, "2d4h"),
        ] {
            assert_eq!(left(ms), words);
        }
    }

    #[test]
    fn many_names_are_a_few_and_a_count() {
        let names: Vec<String> = (1..=1000).map(|n| format!("w{n}")).collect();
        let few = |n: usize| few(names[..n].iter().map(String::as_str));
        assert_eq!((few(0).as_str(), few(2).as_str(), few(6).as_str()), ("", "w1, w2", "w1, w2, w3, w4, w5, w6"));
        assert_eq!(few(1000), "w1, w2, w3, w4, w5, w6 and 994 more");
    }

    #[test]
    fn a_word_holds_for_a_time_that_lies_ahead() {
        assert_eq!(span("30m"), Ok(1_800_000));
        assert_eq!(span("1h30m"), Ok(5_400_000));
        for wrong in ["", "soon", "0s", "-5m", "30"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
