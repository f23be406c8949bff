//! Long polls: requests that are answered when one of their rooms has something new.

pub mod actor;
pub mod answer;
pub mod batch;
pub mod room_batch;
pub mod rooms_batch;
