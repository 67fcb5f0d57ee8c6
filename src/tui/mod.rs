//! The screen: model, update, view. `update` is the only place that changes the model; `view` is a pure function of it.
//!
//! ```text
//! keys, mouse, data --Msg--> update(&mut Model) --Effect--> edge (threads, terminal) --Msg--> ...
//!                                  |
//!                            view(&Model) -> frame + hits --Msg::Drawn--> ...
//! ```
//!
//! A screen is one [`screens::Screen`] record with its [`actions::Action`] records, a state of its own in the model,
//! a `Data` type for what arrives for it and an `Effect` type for what it wants done.

pub mod actions;
pub mod alarm;
pub mod app;
pub mod edge;
pub mod effect;
pub mod hits;
pub mod keymap;
pub mod list;
pub mod model;
pub mod msg;
pub mod notices;
pub mod overlay;
pub mod screens;
pub mod term;
pub mod theme;
pub mod update;
pub mod view;
pub mod widgets;

#[cfg(test)]
pub mod testing;
