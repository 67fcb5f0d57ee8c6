//! Points in time as a person writes them: `2026-11-23T10:00:00Z`, `2026-11-23 10:00`, `2026-11-23`, `2h`, `3d`, `yesterday`.

use jiff::civil::{Date, DateTime};
use jiff::{Span, SpanRelativeTo, Timestamp, Zoned};

/// For `--since`: a date means its first millisecond. Unix milliseconds.
///
/// # Errors
/// What was expected, in words.
pub fn since(text: &str) -> Result<i64, String> {
    parse(text, &Zoned::now(), false)
}

/// For `--until`: a date means its last millisecond. Unix milliseconds.
///
/// # Errors
/// What was expected, in words.
pub fn until(text: &str) -> Result<i64, String> {
    parse(text, &Zoned::now(), true)
}

/// A moment as seen from `now`; `end`: a date means its last millisecond, else its first. Unix milliseconds.
///
/// # Errors
/// What was expected, in words.
pub fn parse(text: &str, now: &Zoned, end: bool) -> Result<i64, String> {
    let text = text.trim();
    let day = |date: Date| {
        let date = if end { date.tomorrow().unwrap_or(date) } else { date };
        let edge = date.to_zoned(now.time_zone().clone()).map_err(|e| e.to_string())?;
        Ok(edge.timestamp().as_millisecond() - i64::from(end))
    };
    match text {
        "now" => return Ok(now.timestamp().as_millisecond()),
        "today" => return day(now.date()),
        "yesterday" => return day(now.date().yesterday().map_err(|e| e.to_string())?),
        _ => {}
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.as_millisecond());
    }
    if text.len() <= 10
        && let Ok(date) = text.parse::<Date>()
    {
        return day(date);
    }
    if let Ok(at) = text.parse::<DateTime>() {
        let at = at.to_zoned(now.time_zone().clone()).map_err(|e| e.to_string())?;
        return Ok(at.timestamp().as_millisecond());
    }
    let ago = text.strip_suffix("ago").unwrap_or(text).trim();
    let length = ago.parse::<Span>().ok().and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    match length.and_then(|length| now.timestamp().checked_sub(length.abs()).ok()) {
        Some(at) => Ok(at.as_millisecond()),
        None => Err("expected a time like 2026-11-23T10:00:00Z, 2026-11-23, 2h or 3d (ago), today or yesterday".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, end: bool) -> Result<String, String> {
        let now: Zoned = "2026-11-23T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
        parse(text, &now, end).map(|ms| Timestamp::from_millisecond(ms).unwrap().to_string())
    }

    #[test]
    fn every_form_means_what_it_says() {
        for (text, expected) in [
            ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"),
            ("2026-11-23T10:00:00+02:00", "2026-11-23T08:00:00Z"),
            ("2026-11-23 10:00", "2026-11-23T09:00:00Z"),
            ("2026-11-23", "2026-11-22T23:00:00Z"),
            ("yesterday", "2026-11-21T23:00:00Z"),
            ("today", "2026-11-22T23:00:00Z"),
            ("now", "2026-11-23T11:00:00Z"),
            ("2h", "2026-11-23T09:00:00Z"),
            ("1h30m ago", "2026-11-23T09:30:00Z"),
            ("3d", "2026-11-20T11:00:00Z"),
            ("2w", "2026-11-09T11:00:00Z"),
        ] {
            assert_eq!(at(text, false).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(at("2026-11-23", true).as_deref(), Ok("2026-11-23T22:59:59.999Z"));
    }

    #[test]
    fn anything_else_says_what_was_expected() {
        for text in ["", "soon", "2026-13-01", "99999999999999999y", "-"] {
            assert!(at(text, false).unwrap_err().starts_with("expected a time"), "{text}");
        }
    }
}
