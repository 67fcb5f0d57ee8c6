//! The two clocks. Times of the calendar are those of the wall, which people and NTP set; durations run by the clock of the
//! boot, which nobody sets and which goes on while the machine sleeps.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

/// No moment is believed that lies further in the future (milliseconds): a year.
const FURTHEST: i64 = 365 * 24 * 3_600_000;

/// The wall clock (Unix milliseconds).
pub fn wall() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Milliseconds since the machine booted, those that it slept included.
pub fn booted() -> i64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    time.tv_sec.saturating_mul(1_000).saturating_add(time.tv_nsec / 1_000_000)
}

/// How far the wall clock is ahead of that of the boot. Looked at in between: whoever is kept waiting takes it for no step.
pub(super) fn ahead() -> i64 {
    let mut best = (i64::MAX, 0);
    for _ in 0..5 {
        let (before, wall, after) = (booted(), wall(), booted());
        best = best.min((after - before, wall - after));
        if best.0 < 10 {
            break;
        }
    }
    best.1
}

/// How far the steady clock of this process is ahead of that of the boot.
fn anchor() -> &'static AtomicI64 {
    static ANCHOR: OnceLock<AtomicI64> = OnceLock::new();
    ANCHOR.get_or_init(|| AtomicI64::new(ahead()))
}

/// The steady clock of this process: the wall clock as it was when this was first asked (Unix milliseconds), gone on by the
/// clock of the boot.
pub fn steady() -> i64 {
    booted().saturating_add(anchor().load(Ordering::Relaxed))
}

/// The steady clock goes on from this moment at the earliest: another process had come that far.
pub fn not_before(moment: i64) {
    if moment <= wall().saturating_add(FURTHEST) {
        anchor().fetch_max(moment.saturating_sub(booted()), Ordering::Relaxed);
    }
}

/// The moment of the steady clock as the wall clock would tell it now.
pub fn on_the_wall(steady_moment: i64) -> i64 {
    wall().saturating_sub(steady().saturating_sub(steady_moment))
}

/// The moment of the wall clock as the steady clock would have told it.
pub fn off_the_wall(moment: i64) -> i64 {
    steady().saturating_sub(wall().saturating_sub(moment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steady_clock_never_goes_back_and_follows_who_was_further() {
        let first = steady();
        let is_now = |at: i64| (at - wall()).abs() < 2_000;
        assert!(is_now(first));
        not_before(i64::MAX);
        assert!(is_now(steady()), "nobody was there");
        assert!(booted() > 0 && steady() >= first);
        assert!(is_now(on_the_wall(steady())) && (off_the_wall(wall()) - steady()).abs() < 2_000);
    }
}
