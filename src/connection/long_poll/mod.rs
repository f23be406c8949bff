//! Long polls: requests that are answered when a room has something new.

pub mod actor;
pub mod batch;
pub mod bundle;
pub mod bundle_actor;
