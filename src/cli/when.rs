//! Points in time on the command line: see [`crate::text::moment`].

pub use crate::text::moment::{since, until};
