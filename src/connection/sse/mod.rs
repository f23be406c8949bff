//! Server-sent events: the actor of a stream, its body, and the encoding of frames.

pub mod actor;
pub mod body;
pub mod encoding;
pub mod last_event_id;
