//! The one way in which tests wait: for the thing itself, with a deadline.

use std::time::{Duration, Instant};

/// Asks until there is an answer, and fails with `what` where none came within `seconds`.
#[track_caller]
pub fn wait_until<T>(seconds: u64, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {seconds} s in vain for: {what}");
        std::thread::sleep(Duration::from_millis(15));
    }
}

/// Likewise for something that is true or not.
#[track_caller]
pub fn wait_true(seconds: u64, what: &str, mut ask: impl FnMut() -> bool) {
    wait_until(seconds, what, || ask().then_some(()));
}
