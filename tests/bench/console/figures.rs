//! Figures beside their goals.

use std::process::exit;
use std::time::Duration;

/// What was measured, and what of it missed its goal.
#[derive(Default)]
pub struct Figures {
    missed: Vec<String>,
}

impl Figures {
    /// Prints a figure that must be at most the goal.
    pub fn most(&mut self, what: &str, unit: &str, measured: f64, goal: f64) {
        self.note(what, format!("{measured:.1} {unit} (at most {goal})"), measured <= goal);
    }

    /// Prints a figure that must be at least the goal.
    pub fn least(&mut self, what: &str, unit: &str, measured: f64, goal: f64) {
        self.note(what, format!("{measured:.1} {unit} (at least {goal})"), measured >= goal);
    }

    fn note(&mut self, what: &str, text: String, reached: bool) {
        println!("{what}: {text}{}", if reached { "" } else { "  MISSED" });
        if !reached {
            self.missed.push(what.to_owned());
        }
    }

    /// Ends the bench, with exit code 1 where a goal was missed.
    pub fn end(self) {
        if !self.missed.is_empty() {
            println!("missed: {}", self.missed.join("; "));
            exit(1);
        }
    }
}

/// Milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The middle one and the greatest.
pub fn median_and_worst(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() - 1])
}
