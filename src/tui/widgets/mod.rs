//! Pieces that screens share. Each draws into an area and knows no screen.

pub mod dialog;
pub mod field;
pub mod footer;
pub mod fuzzy;
pub mod header;
pub mod line;
