//! How hosts and services are: what is asked of them, and the breakers that keep everybody off what is broken. It judges
//! nothing that belongs to a release, and acts on nothing.

pub mod board;
pub mod breaker;
pub mod judge;
pub mod patterns;
pub mod plan;
pub mod poll;
pub mod probe;
pub mod read;
pub mod record;
pub mod sample;
pub mod series;
pub mod silence;
pub mod store;
