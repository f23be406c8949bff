//! What a connection tells a client that something was refused.

use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::CommandId;
use crate::protocol::{BadFrame, ErrorCode, Frame, ServerFrame};

/// What is told of a room that may not be joined and of one that does not exist.
pub const FORBIDDEN: &str = "no such room for you";
/// What a client is told to wait when the database does not answer.
pub const RETRY_AFTER_MS: u64 = 1000;
/// The longest room name told back to its sender.
const ECHO: usize = 100;

/// An `error` frame to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The command it is about.
    pub id: Option<CommandId>,
    /// The room it is about, as its sender wrote it.
    pub room: Option<String>,
    /// The code.
    pub code: ErrorCode,
    /// What is wrong and what to do.
    pub message: String,
    /// When to try again.
    pub retry_after_ms: Option<u64>,
}

impl Complaint {
    /// About nothing in particular.
    #[must_use]
    pub fn new(code: ErrorCode, message: &str) -> Self {
        Self { id: None, room: None, code, message: message.into(), retry_after_ms: None }
    }

    /// About a room, by the name that its sender wrote, unless that is too long to be told back.
    #[must_use]
    pub fn about(self, room: String) -> Self {
        Self { room: Some(room).filter(|name| name.len() <= ECHO), ..self }
    }

    /// With the time after which to try again.
    #[must_use]
    pub fn after(self, milliseconds: u64) -> Self {
        Self { retry_after_ms: Some(milliseconds), ..self }
    }

    /// A room that may not be joined, or does not exist.
    #[must_use]
    pub fn forbidden(room: RoomId) -> Self {
        Self::new(ErrorCode::Forbidden, FORBIDDEN).about(room.to_string())
    }

    /// A room that cannot be read now.
    #[must_use]
    pub fn unavailable(room: RoomId) -> Self {
        let message = "the room cannot be read now; subscribe again";
        Self::new(ErrorCode::Unavailable, message).about(room.to_string()).after(RETRY_AFTER_MS)
    }

    /// A command behind too many others.
    #[must_use]
    pub fn too_many_wait(id: CommandId) -> Self {
        let message = "too many commands wait for an answer; send it again later";
        Self { id: Some(id), ..Self::new(ErrorCode::RateLimited, message).after(RETRY_AFTER_MS) }
    }

    /// A token that does not renew the connection's.
    #[must_use]
    pub fn not_renewed() -> Self {
        let message = "not a valid token of this principal; the connection goes on under the old one";
        Self::new(ErrorCode::Unauthorized, message)
    }

    /// A message that is not text.
    #[must_use]
    pub fn not_text() -> Self {
        Self::new(ErrorCode::BadFrame, "frames are text messages of JSON")
    }

    /// The frame.
    #[must_use]
    pub fn frame(&self) -> Frame {
        let Self { id, room, code, message, retry_after_ms } = self;
        let (id, room, code, retry_after_ms) = (*id, room.as_deref(), *code, *retry_after_ms);
        ServerFrame::Error { id, room, code, message, reason: None, retry_after_ms, document: None }.encode()
    }
}

impl From<BadFrame> for Complaint {
    fn from(BadFrame { code, message, id }: BadFrame) -> Self {
        Self { id, room: None, code, message, retry_after_ms: None }
    }
}
