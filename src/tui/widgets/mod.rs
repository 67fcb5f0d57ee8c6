//! Pieces that screens share. Each draws into an area, from data, a small UI state and the theme; none knows a screen,
//! a file or a clock: what time it is comes in as an argument.

pub mod alarm;
pub mod diagram;
pub mod dialog;
pub mod diff;
pub mod field;
pub mod footer;
pub mod fuzzy;
pub mod header;
pub mod hosts;
pub mod line;
pub mod log;
pub mod matrix;
pub mod order;
pub mod paint;
pub mod progress;
pub mod result;
pub mod secret;
pub mod sign;
pub mod spark;
pub mod when;

#[cfg(test)]
pub mod fixtures;
#[cfg(test)]
mod tests;
