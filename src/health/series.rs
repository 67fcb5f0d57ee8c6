//! What a number was lately, one value a minute; and where it is going. Pure.

use serde::{Deserialize, Serialize};

/// Minutes that are kept: what a sparkline shows.
pub const MINUTES: usize = 30;
const MINUTE: i64 = 60_000;

/// A trend needs so many minutes with a value: one large file is no trend.
const ENOUGH: usize = 10;
/// And this much of what it did must be explained by it (coefficient of determination).
const EXPLAINED: f64 = 0.8;

/// The last half hour of a number.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Series {
    /// Minute (since 1970) of the newest value.
    minute: i64,
    /// The last value of each minute, oldest first; NaN: none.
    values: Vec<f32>,
}

/// Where a number is going.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    pub per_hour: f64,
}

impl Series {
    /// One more value. What is older than the newest minute is left out.
    pub fn push(&mut self, at: i64, value: f64) {
        let minute = at.div_euclid(MINUTE);
        if self.values.is_empty() || minute - self.minute >= MINUTES as i64 {
            *self = Series { minute, values: vec![value as f32] };
            return;
        }
        while self.minute < minute {
            self.values.push(f32::NAN);
            self.minute += 1;
        }
        if let (true, Some(last)) = (self.minute == minute, self.values.last_mut()) {
            *last = value as f32;
        }
        let over = self.values.len().saturating_sub(MINUTES);
        self.values.drain(..over);
    }

    /// The last [`MINUTES`] up to `now`, oldest first; `None`: no value in that minute.
    pub fn minutes(&self, now: i64) -> Vec<Option<f32>> {
        let newest = now.div_euclid(MINUTE);
        let value = |minute: i64| {
            let back = usize::try_from(self.minute - minute).ok()?;
            let at = self.values.len().checked_sub(back + 1)?;
            self.values.get(at).copied().filter(|value| !value.is_nan())
        };
        (0..MINUTES as i64).map(|n| value(newest - (MINUTES as i64 - 1) + n)).collect()
    }

    /// Least squares over what is known; `None`: too little, or no straight line.
    pub fn trend(&self) -> Option<Trend> {
        let known = self.values.iter().enumerate().filter(|(_, value)| !value.is_nan());
        let points: Vec<(f64, f64)> = known.map(|(minute, value)| (minute as f64, f64::from(*value))).collect();
        if points.len() < ENOUGH {
            return None;
        }
        let n = points.len() as f64;
        let (x, y) = points.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for (px, py) in &points {
            xx += (px - x) * (px - x);
            xy += (px - x) * (py - y);
            yy += (py - y) * (py - y);
        }
        (yy > 0.0 && xy * xy / (xx * yy) >= EXPLAINED).then(|| Trend { per_hour: xy / xx * 60.0 })
    }
}

impl Trend {
    /// Milliseconds until a number that is `value` now comes to `limit`; `None`: it moves away from it, or stands.
    pub fn until(self, value: f64, limit: f64) -> Option<i64> {
        let hours = (limit - value) / self.per_hour;
        (hours.is_finite() && hours >= 0.0).then_some((hours * 3_600_000.0) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: impl IntoIterator<Item = f64>) -> Series {
        let mut series = Series::default();
        values.into_iter().enumerate().for_each(|(n, value)| series.push(n as i64 * MINUTE, value));
        series
    }

    #[test]
    fn a_minute_has_its_last_value_and_gaps_stay_gaps() {
        let mut some = series([1.0, 2.0]);
        some.push(MINUTE + 30_000, 3.0);
        some.push(3 * MINUTE, 4.0);
        some.push(MINUTE, 9.0);
        let seen = some.minutes(4 * MINUTE);
        assert_eq!(seen.len(), MINUTES);
        assert_eq!(seen[MINUTES - 5..], [Some(1.0), Some(3.0), None, Some(4.0), None]);
        assert!(seen[..MINUTES - 5].iter().all(Option::is_none));
        some.push(500 * MINUTE, 5.0);
        assert_eq!(some.minutes(500 * MINUTE).iter().flatten().count(), 1, "what is older than it all is forgotten");
        assert_eq!(series((0..90).map(f64::from)).values.len(), MINUTES);
    }

    #[test]
    fn a_steady_growth_is_a_trend_and_a_jump_is_none() {
        let grows = series((0..20).map(|n| 90.0 + f64::from(n) / 60.0)).trend().unwrap();
        assert!((grows.per_hour - 1.0).abs() < 1e-3, "{grows:?}");
        assert_eq!(grows.until(91.0, 100.0).map(|ms| (ms as f64 / 3_600_000.0).round()), Some(9.0));
        assert_eq!(grows.until(91.0, 90.0), None);
        assert_eq!(series((0..20).map(|n| if n < 15 { 40.0 } else { 60.0 })).trend(), None);
        assert_eq!(series((0..9).map(f64::from)).trend(), None);
        assert_eq!(series((0..20).map(|_| 5.0)).trend(), None);
    }
}
