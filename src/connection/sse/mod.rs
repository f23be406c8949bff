//! Server-sent events: the actor of a stream, and how frames are written on it.

pub mod actor;
pub mod body;
pub mod encoding;
pub mod last_event_id;
