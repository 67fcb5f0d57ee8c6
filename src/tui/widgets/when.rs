//! A moment as the person asked to see it: how long ago, or by the clock of their own zone.

use crate::text::human;

/// A moment: views read no clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Unix milliseconds.
    pub ms: i64,
    /// Offset of the operator's time zone from UTC, in seconds.
    pub offset: i32,
}

/// `4m ago`; or by the clock, `14:02:07` today and `11-22 14:02` on another day.
pub fn when(ts: i64, now: Now, absolute: bool) -> String {
    if !absolute {
        return human::ago(ts, now.ms);
    }
    let Ok(offset) = jiff::tz::Offset::from_seconds(now.offset) else { return "?".into() };
    let at = |ms| jiff::Timestamp::from_millisecond(ms).ok().map(|t| offset.to_datetime(t));
    match (at(ts), at(now.ms)) {
        (Some(t), Some(n)) if t.date() == n.date() => t.strftime("%H:%M:%S").to_string(),
        (Some(t), Some(n)) if t.year() == n.year() => t.strftime("%m-%d %H:%M").to_string(),
        (Some(t), _) => t.strftime("%Y-%m-%d").to_string(),
        (None, _) => "?".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_until_asked_and_then_in_the_own_zone() {
        let now = Now { ms: 1_795_442_527_000, offset: 3600 }; // 2026-11-23 14:02:07 UTC
        assert_eq!(when(now.ms - 240_000, now, false), "4m ago");
        assert_eq!(when(now.ms - 240_000, now, true), "14:58:07");
        assert_eq!(when(now.ms - 86_400_000, now, true), "11-22 15:02");
        assert_eq!(when(0, now, true), "1970-01-01");
        assert_eq!(when(i64::MAX, now, true), "?");
    }
}
