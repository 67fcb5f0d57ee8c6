//! When a frame may be drawn: at once for a person's key, as the link can take it for what streams in. Pure: time and
//! counters are given.

use super::writer::Stats;
use std::time::{Duration, Instant};

/// Why a frame is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Something changed by itself: output, events, the clock.
    Stream,
    Input,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Frames a second for what streams in.
    pub fps: u32,
    /// Bytes a second for what streams in, over the long run.
    pub rate: u32,
    /// Bytes that may be written at once after a pause.
    pub burst: u32,
}

impl Pace {
    /// 30 frames and 26 kB a second.
    pub const NORMAL: Self = Self { fps: 30, rate: 26_000, burst: 8_000 };
    /// For thin links: 10 frames and 4 kB a second.
    pub const LOW: Self = Self { fps: 10, rate: 4_000, burst: 4_000 };
}

/// Shortest time between two frames for input: a paste is not drawn letter by letter.
const INPUT_GAP: Duration = Duration::from_millis(8);
/// A large frame for input (a new screen) shall not silence the stream for longer than that.
const DEBT: f64 = 16_000.0;

#[derive(Debug, Clone)]
pub struct Pacer {
    pace: Pace,
    wanted: Option<Cause>,
    level: f64,
    filled: Instant,
    drawn: Option<Instant>,
    bytes: u64,
}

impl Pacer {
    /// A pacer with a full budget.
    pub fn new(pace: Pace, now: Instant) -> Self {
        Self { pace, wanted: None, level: f64::from(pace.burst), filled: now, drawn: None, bytes: 0 }
    }

    /// Changes the limits (low-bandwidth switch).
    pub fn set(&mut self, pace: Pace) {
        self.pace = pace;
    }

    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// Something changed: a frame is wanted. The stronger cause wins.
    pub fn want(&mut self, cause: Cause) {
        self.wanted = self.wanted.max(Some(cause));
    }

    /// `None`: nothing to draw, sleep until something happens. Zero: draw now, then call [`Pacer::drawn`]. Otherwise
    /// ask again after that time, or when something happens.
    pub fn due(&mut self, now: Instant, stats: Stats) -> Option<Duration> {
        let cause = self.wanted?;
        self.pay(now, stats.bytes);
        let since = self.drawn.map(|d| now.saturating_duration_since(d));
        let gap = |min: Duration| since.map_or(Duration::ZERO, |s| min.saturating_sub(s));
        let frame = Duration::from_secs(1) / self.pace.fps.max(1);
        Some(match cause {
            // Behind a terminal that takes nothing even a key can only replace the waiting frame.
            Cause::Input => gap(if stats.busy { frame } else { INPUT_GAP }),
            Cause::Stream if stats.busy => gap(frame).max(frame / 4),
            Cause::Stream => {
                let repay = Duration::from_secs_f64((-self.level).max(0.0) / f64::from(self.pace.rate.max(1)));
                gap(frame).max(repay)
            }
        })
    }

    pub fn drawn(&mut self, now: Instant) {
        self.drawn = Some(now);
        self.wanted = None;
    }

    fn pay(&mut self, now: Instant, bytes: u64) {
        let time = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.level = (self.level + time * f64::from(self.pace.rate)).min(f64::from(self.pace.burst));
        self.level = (self.level - bytes.saturating_sub(self.bytes) as f64).max(-DEBT);
        self.bytes = bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws as told for ten seconds, each frame of so many bytes; returns frames and bytes.
    fn run(pace: Pace, cause: Cause, size: u64) -> (u64, u64) {
        let start = Instant::now();
        let mut pacer = Pacer::new(pace, start);
        let mut stats = Stats::default();
        let mut now = start;
        while now < start + Duration::from_secs(10) {
            pacer.want(cause);
            match pacer.due(now, stats) {
                Some(Duration::ZERO) => {
                    pacer.drawn(now);
                    stats.bytes += size;
                    stats.frames += 1;
                }
                Some(wait) => now += wait,
                None => unreachable!("a frame is wanted"),
            }
        }
        (stats.frames, stats.bytes)
    }

    #[test]
    fn streams_stay_in_their_budget() {
        let (frames, bytes) = run(Pace::NORMAL, Cause::Stream, 6_500);
        assert!(frames > 30, "{frames}");
        assert!(bytes < 300_000, "{bytes}");
        let (frames, _) = run(Pace::NORMAL, Cause::Stream, 100);
        assert!((290..=301).contains(&frames), "{frames}");
        let (_, bytes) = run(Pace::LOW, Cause::Stream, 6_500);
        assert!(bytes < 60_000, "{bytes}");
    }

    #[test]
    fn keys_do_not_wait_for_the_budget() {
        let now = Instant::now();
        let mut pacer = Pacer::new(Pace::NORMAL, now);
        assert_eq!(pacer.due(now, Stats::default()), None);
        let spent = Stats { bytes: 1_000_000, ..Stats::default() };
        pacer.want(Cause::Stream);
        assert!(pacer.due(now, spent) > Some(Duration::from_millis(500)));
        pacer.want(Cause::Input);
        assert_eq!(pacer.due(now, spent), Some(Duration::ZERO));
        pacer.want(Cause::Stream);
        assert_eq!(pacer.due(now, spent), Some(Duration::ZERO), "the stronger cause stays");
        pacer.drawn(now);
        assert_eq!(pacer.due(now, spent), None);
    }
}
