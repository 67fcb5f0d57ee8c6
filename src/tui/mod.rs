//! The screen: model, update, view. `update` is the only place that changes the model; `view` is a pure function of it.

pub mod theme;
