//! The wire format, the same on every transport: client and server frames, error codes, close
//! codes.

pub mod client_frame;
pub mod close_code;
pub mod error_code;
pub mod failure;
pub mod field_fault;
pub mod fields;
pub mod frame;
pub mod peer_close;
pub mod problem_body;
pub mod security_headers;
pub mod server_frame;
pub mod snapshot;

pub use client_frame::{BadFrame, ClientFrame};
pub use close_code::CloseCode;
pub use error_code::ErrorCode;
pub use failure::Failure;
pub use frame::{Frame, FrameKind};
pub use server_frame::ServerFrame;
pub use snapshot::Snapshot;

/// The subprotocol that a WebSocket client requests.
pub const SUBPROTOCOL: &str = "orderbell.v1";
/// The prefix of a token in a second subprotocol, for browsers, which cannot set headers.
pub const BEARER_PREFIX: &str = "bearer.";
