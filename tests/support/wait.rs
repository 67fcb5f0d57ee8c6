//! The one way in which tests wait: for the thing itself, with a deadline.

use std::time::{Duration, Instant};

/// Seconds are those of a quiet machine; a busy one gets so many times as many. What waits in vain says so later, and that
/// is all.
pub const BUSY: u64 = 4;

/// Asks until there is an answer, and fails with `what` where none came within `seconds`, or on a busy machine [`BUSY`] times
/// as many.
#[track_caller]
pub fn wait_until<T>(seconds: u64, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(seconds * BUSY);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {seconds} s (and {BUSY} times as long) in vain for: {what}");
        std::thread::sleep(Duration::from_millis(15));
    }
}

/// Likewise for something that is true or not.
#[track_caller]
pub fn wait_true(seconds: u64, what: &str, mut ask: impl FnMut() -> bool) {
    wait_until(seconds, what, || ask().then_some(()));
}
