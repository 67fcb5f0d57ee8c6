//! The screen: model, update, view. `update` is the only place that changes the model; `view` is a pure function of it.
//!
//! ```text
//! keys, mouse, data --Msg--> update(&mut Model) --Effect--> edge (threads, terminal) --Msg--> ...
//!                                  |
//!                            view(&Model) -> frame + hits --Msg::Drawn--> ...
//! ```
//!
//! `model` holds what every layer speaks of (state, messages, effects, screens' ids) and knows none of the layers above. A screen is
//! one [`screens::Screen`] record with its [`actions::Action`] records in a folder of `screens`; its state, its `Data` (what arrives
//! for it) and its `Effect` (what it wants done) stand in `model`.

pub mod actions;
pub mod alarm;
pub mod app;
pub mod edge;
pub mod hits;
pub mod keymap;
pub mod list;
pub mod model;
pub mod notices;
pub mod overlay;
pub mod screens;
pub mod term;
pub mod theme;
pub mod update;
pub mod view;
pub mod widgets;

pub use model::{effect, msg};

#[cfg(test)]
pub mod testing;
