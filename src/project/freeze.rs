//! Freeze windows: times in which no release begins. Once, between two moments, or every week on some days.

use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// A window.
#[derive(Debug, Clone, PartialEq)]
pub struct Freeze {
    /// When.
    pub when: When,
    /// Zone in which it is meant (`Europe/Berlin`); `None`: the control host's.
    pub zone: Option<String>,
    /// Why, in the operator's words.
    pub reason: Option<String>,
}

/// When it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// Once; the end does not belong to it.
    Once {
        /// Begin.
        from: DateTime,
        /// End.
        to: DateTime,
    },
    /// Every week, beginning on these days; an end at or before the begin is one of the next day.
    Weekly {
        /// Days on which it begins.
        days: Vec<Weekday>,
        /// Begin.
        from: Time,
        /// End.
        to: Time,
    },
}

impl Freeze {
    /// When the window that holds now ends; `None`: it does not hold. A zone that this host does not know holds: nobody
    /// can say that it does not.
    pub fn until(&self, now: Timestamp) -> Option<Zoned> {
        let zone = match &self.zone {
            Some(name) => match TimeZone::get(name) {
                Ok(zone) => zone,
                Err(_) => return Some(now.to_zoned(TimeZone::UTC)),
            },
            None => TimeZone::system(),
        };
        let here = now.to_zoned(zone.clone());
        let within = |from: DateTime, to: DateTime| {
            let (from, to) = (from.to_zoned(zone.clone()).ok()?, to.to_zoned(zone.clone()).ok()?);
            (from <= here && here < to).then_some(to)
        };
        match &self.when {
            When::Once { from, to } => within(*from, *to),
            When::Weekly { days, from, to } => {
                let today = here.date();
                // one that began yesterday may go on
                [today.yesterday().ok(), Some(today)]
                    .into_iter()
                    .flatten()
                    .filter(|day| days.contains(&day.weekday()))
                    .find_map(|day| {
                        let end = if to <= from { day.checked_add(1.day()).ok()? } else { day };
                        within(day.to_datetime(*from), end.to_datetime(*to))
                    })
            }
        }
    }

    /// What a person reads while it holds: `frozen until 2027-01-02 00:00 CET: holidays`.
    pub fn words(&self, until: &Zoned) -> String {
        let reason = self.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("frozen until {}{reason}", until.strftime("%Y-%m-%d %H:%M %Z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weekly(days: &[Weekday], from: &str, to: &str) -> Freeze {
        let when = When::Weekly { days: days.to_vec(), from: from.parse().unwrap(), to: to.parse().unwrap() };
        Freeze { when, zone: Some("Europe/Berlin".into()), reason: None }
    }

    fn holds(freeze: &Freeze, at: &str) -> Option<String> {
        freeze.until(at.parse().unwrap()).map(|until| until.strftime("%a %H:%M %Z").to_string())
    }

    #[test]
    fn a_week_has_its_windows_also_past_midnight_and_in_their_own_zone() {
        let late = weekly(&[Weekday::Friday], "16:00", "06:00");
        // 2026-11-27 is a Friday; Berlin is an hour ahead of UTC
        assert_eq!(holds(&late, "2026-11-27T14:59:59Z"), None);
        assert_eq!(holds(&late, "2026-11-27T15:00:00Z"), Some("Sat 06:00 CET".into()));
        assert_eq!(holds(&late, "2026-11-28T04:59:59Z"), Some("Sat 06:00 CET".into()));
        assert_eq!(holds(&late, "2026-11-28T05:00:00Z"), None);
        assert_eq!(holds(&late, "2026-11-29T00:00:00Z"), None);
        let whole = weekly(&[Weekday::Saturday], "00:00", "00:00");
        assert_eq!(holds(&whole, "2026-11-28T22:59:00Z"), Some("Sun 00:00 CET".into()));
        assert_eq!(holds(&whole, "2026-11-28T23:00:00Z"), None);
    }

    #[test]
    fn once_is_from_its_begin_to_before_its_end_and_an_unknown_zone_holds() {
        let when = When::Once { from: "2026-12-20T18:00".parse().unwrap(), to: "2027-01-03T00:00".parse().unwrap() };
        let mut freeze = Freeze { when, zone: Some("UTC".into()), reason: Some("holidays".into()) };
        assert_eq!(freeze.until("2026-12-20T17:59:59Z".parse().unwrap()), None);
        let until = freeze.until("2026-12-20T18:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(freeze.words(&until), "frozen until 2027-01-03 00:00 UTC: holidays");
        assert_eq!(freeze.until("2027-01-03T00:00:00Z".parse().unwrap()), None);
        freeze.zone = Some("Nowhere/Town".into());
        assert!(freeze.until("2030-01-01T00:00:00Z".parse().unwrap()).is_some());
    }
}
