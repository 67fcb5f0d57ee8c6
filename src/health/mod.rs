//! How hosts and services are: what is asked of them. It judges nothing that belongs to a release, and acts on nothing.

pub mod judge;
pub mod probe;
pub mod record;
pub mod series;
pub mod store;
