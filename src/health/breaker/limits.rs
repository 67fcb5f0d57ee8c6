//! The numbers of a breaker, with the defaults of releases.md part 3.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Results that are looked at: the last ones,
    pub window: usize,
    /// not older than this.
    pub age: i64,
    /// Fewer results than this have no share.
    pub min: usize,
    /// Share of failures (percent) at which it opens.
    pub percent: u32,
    /// Failures in a row at which it opens.
    pub row: usize,
    /// How long it stays open the first time; doubled at each next one,
    pub open: i64,
    /// at most this.
    pub longest: i64,
    /// A probe without a verdict for so long has failed.
    pub verdict: i64,
    /// Good results that close it again.
    pub good: u32,
    /// A good result that took so many times as long as usual counts as a failure,
    pub slow: u32,
    /// if it also took longer than this.
    pub slow_floor: i64,
    /// More hosts than this (percent) that are given up
    pub fleet_percent: u32,
    /// within this are not the hosts' doing.
    pub fleet_within: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            window: 20,
            age: 600_000,
            min: 5,
            percent: 50,
            row: 3,
            open: 30_000,
            longest: 600_000,
            verdict: 60_000,
            good: 2,
            slow: 3,
            slow_floor: 1_000,
            fleet_percent: 20,
            fleet_within: 60_000,
        }
    }
}
