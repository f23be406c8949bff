//! An error as clients receive it, the same on every transport.

use super::client_frame::BadFrame;
use super::error_code::ErrorCode;
use super::field_fault::FieldFault;
use super::frame::Frame;
use super::server_frame::ServerFrame;
use crate::domain::model::refusal::{Closed, Denied, Refusal};
use crate::domain::values::ids::CommandId;
use crate::domain::values::limit::Limit;
use serde_json::Value;
use std::borrow::Cow;
use std::time::Duration;

/// The longest room name that is echoed to its sender.
const ECHO: usize = 100;
/// The wait before a request is repeated that should succeed in a moment.
const SOON: Duration = Duration::from_secs(1);

/// An error for a client: what is wrong and what to do about it.
///
/// It has two forms on the wire: [`frame`](Self::frame), and [`ProblemBody`](super::problem_body::ProblemBody) over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    code: ErrorCode,
    message: Cow<'static, str>,
    reason: Option<&'static str>,
    retry_after: Option<Duration>,
    document: Option<Box<Value>>,
    /// The field of the body that is wrong, and what is wrong with it. Only problems carry it.
    fault: Option<Box<FieldFault>>,
    /// The command it is about. Only frames carry it.
    id: Option<CommandId>,
    /// The room it is about, as its sender wrote it. Only frames carry it.
    room: Option<Box<str>>,
}

impl Failure {
    /// Returns a failure with only a code and a message.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self { code, message, reason: None, retry_after: None, document: None, fault: None, id: None, room: None }
    }

    /// A room that the principal may not join, or that does not exist. The answer does not tell which.
    #[must_use]
    pub fn forbidden_room() -> Self {
        Self::new(ErrorCode::Forbidden, "room not found or not allowed")
    }

    /// A room that cannot be read at the moment.
    #[must_use]
    pub fn room_unavailable() -> Self {
        Self::new(ErrorCode::Unavailable, "the room cannot be read at the moment; ask for it again").after(SOON)
    }

    /// More rooms than one connection may follow.
    #[must_use]
    pub fn too_many_rooms() -> Self {
        Self::new(ErrorCode::TooManyRooms, "too many rooms for one connection; leave one, or ask for fewer")
    }

    /// The node is shutting down.
    #[must_use]
    pub fn going_down() -> Self {
        Self::new(ErrorCode::Unavailable, "this node is going down; connect again").after(SOON)
    }

    /// The database does not answer.
    #[must_use]
    pub fn database_unavailable() -> Self {
        Self::new(ErrorCode::Unavailable, "the database is not answering; send the same request again").after(SOON)
    }

    /// A bug, or data that is damaged. The cause is in the server's log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(ErrorCode::Internal, "something went wrong on the server, which has logged it")
    }

    /// Too many commands of one connection are waiting.
    #[must_use]
    pub fn too_many_commands() -> Self {
        Self::new(ErrorCode::RateLimited, "too many commands are waiting for an answer; send it again later").after(SOON)
    }

    /// Sets how long to wait before trying again.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// Sets a more precise word for machines: the name of a limit, or why a session ended.
    #[must_use]
    pub fn because(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }

    /// Adds the current document.
    #[must_use]
    pub fn with_document(self, document: Option<Value>) -> Self {
        Self { document: document.map(Box::new), ..self }
    }

    /// Names the field of the body that is wrong, by its JSON pointer, and what is wrong with it.
    #[must_use]
    pub fn at(self, pointer: &str, detail: impl Into<String>) -> Self {
        Self { fault: Some(Box::new(FieldFault::new(pointer, detail.into()))), ..self }
    }

    /// Names the room with the sender's own text, unless that is too long to be echoed.
    #[must_use]
    pub fn about_room(self, room: impl ToString) -> Self {
        Self { room: Some(room.to_string().into_boxed_str()).filter(|name| name.len() <= ECHO), ..self }
    }

    /// Names the command.
    #[must_use]
    pub fn about_command(self, id: CommandId) -> Self {
        Self { id: Some(id), ..self }
    }

    /// Returns the code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// Returns the text for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the more precise word.
    #[must_use]
    pub const fn reason(&self) -> Option<&'static str> {
        self.reason
    }

    /// Returns the wait before trying again.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns that wait as bodies carry it, one millisecond at least.
    #[must_use]
    pub fn retry_after_ms(&self) -> Option<u64> {
        self.retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1))
    }

    /// Returns the current document.
    #[must_use]
    pub fn document(&self) -> Option<&Value> {
        self.document.as_deref()
    }

    /// Returns the field of the body that is wrong.
    #[must_use]
    pub fn fault(&self) -> Option<&FieldFault> {
        self.fault.as_deref()
    }

    /// Returns the room it names.
    #[must_use]
    pub fn room(&self) -> Option<&str> {
        self.room.as_deref()
    }

    /// Encodes it as an `error` frame.
    #[must_use]
    pub fn frame(&self) -> Frame {
        let frame = ServerFrame::Error {
            id: self.id,
            room: self.room(),
            code: self.code,
            message: &self.message,
            reason: self.reason,
            retry_after_ms: self.retry_after_ms(),
            document: self.document(),
        };
        frame.encode()
    }
}

impl From<BadFrame> for Failure {
    fn from(BadFrame { code, message, id }: BadFrame) -> Self {
        Self { id, ..Self::new(code, message) }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let failure = Self::new(refusal.kind.into(), refusal.message).with_document(refusal.document);
        let failure = match refusal.pointer {
            Some(pointer) => Self { fault: Some(Box::new(FieldFault::new(&pointer, failure.message.to_string()))), ..failure },
            None => failure,
        };
        let reason =
            refusal.limit.map(Limit::as_str).or(refusal.closed.map(Closed::as_str)).or(refusal.denied.map(Denied::as_str));
        Self { retry_after: refusal.retry_after, reason, ..failure }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::refusal::RefusalKind;
    use crate::protocol::problem_body::ProblemBody;
    use serde_json::json;

    fn both(failure: &Failure) -> [Value; 2] {
        let body = ProblemBody::new(failure, failure.code().http_status(), "Title").to_bytes();
        [serde_json::from_slice(&failure.frame().text().into_bytes()).unwrap(), serde_json::from_slice(&body).unwrap()]
    }

    #[test]
    fn a_frame_and_a_problem_say_the_same() {
        let refusal = Refusal::new(RefusalKind::RateLimited, "wait a little").by(Limit::OpenOrdersByTable);
        let document = json!({"status": "ready"});
        let failures = [
            Failure::forbidden_room(),
            Failure::database_unavailable().with_document(Some(document)),
            Failure::from(refusal.after(Duration::from_micros(1))),
        ];
        for failure in failures {
            let [frame, problem] = both(&failure);
            for field in ["code", "reason", "retry_after_ms", "document"] {
                assert_eq!(frame.get(field), problem.get(field), "{field}: {frame} {problem}");
            }
            assert_eq!(frame["message"], problem["detail"]);
            assert_ne!(frame["retry_after_ms"], 0);
        }
    }

    #[test]
    fn only_a_frame_names_its_room_and_its_command_and_long_names_are_not_echoed() {
        let id = CommandId::from_uuid(uuid::Uuid::nil());
        let failure = Failure::forbidden_room().about_room("cellar:1").about_command(id);
        let [frame, problem] = both(&failure);
        assert_eq!((&frame["room"], &frame["id"]), (&json!("cellar:1"), &json!(id)));
        assert!(problem.get("room").is_none() && problem.get("id").is_none());
        assert_eq!(Failure::forbidden_room().about_room("x".repeat(ECHO + 1)).room(), None);
    }
}
