//! Frames from the server.

use super::client_frame::Nonce;
use super::error_code::ErrorCode;
use super::frame::{Frame, FrameKind};
use crate::domain::model::event::{By, Event, EventKind, Rule};
use crate::domain::model::history::{Mark, Point, Tag};
use crate::domain::model::principal::{Person, Role};
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::{CommandId, EventId, OrderId, RestaurantId};
use crate::domain::values::level::Level;
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The limits of one connection, sent in `welcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LimitsFrame {
    /// The most bytes of one message, all fragments together.
    pub frame_bytes: u32,
    /// The most rooms at once.
    pub rooms: u32,
    /// Messages per second, after a burst.
    pub messages_per_second: u32,
    /// The period in which each side sends a sign of life. Two silent periods end the connection.
    pub heartbeat_ms: u32,
}

/// The originator of an event, as the readers of a room may see it.
#[derive(Debug, Serialize)]
struct ByBody<'a> {
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<&'a Person>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Rule>,
}

/// The body of an event in a frame.
#[derive(Debug, Serialize)]
pub struct EventBody<'a> {
    id: EventId,
    kind: EventKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderId>,
    at: Timestamp,
    by: ByBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<CommandId>,
    patch: &'a RawValue,
}

impl<'a> EventBody<'a> {
    /// Returns an event; of its originator only the role, if guests may join the room.
    fn in_room(room: RoomId, event: &'a Event) -> Self {
        Self::by(Some(&event.by).filter(|_| room.kind().is_of_staff()), event)
    }

    /// Returns all of an event, for an operator.
    #[must_use]
    pub fn whole(event: &'a Event) -> Self {
        Self::by(Some(&event.by), event)
    }

    fn by(by: Option<&'a By>, event: &'a Event) -> Self {
        let (person, rule) = (by.and_then(|by| by.person.as_ref()), by.and_then(|by| by.rule));
        Self {
            id: event.id,
            kind: event.kind,
            order: event.order,
            at: event.at,
            by: ByBody { role: event.by.role, person, rule },
            command: event.command,
            patch: &event.patch,
        }
    }
}

/// A frame of the contract, except snapshots, which are encoded in parts ([`super::snapshot`]).
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(missing_docs)] // the fields are the wire's own, explained in docs/protocol.md
pub enum ServerFrame<'a> {
    /// The first frame of a connection.
    Welcome {
        connection: &'a str,
        epoch: &'a str,
        role: Role,
        restaurant: RestaurantId,
        expires_at: Timestamp,
        server_time: Timestamp,
        version: &'a str,
        /// Whether the server sends snapshots in parts to clients that ask for it.
        paged: bool,
        /// The feature level in force.
        feature_level: Level,
        limits: LimitsFrame,
    },
    /// One event of a room.
    Event { room: RoomId, position: Position, prev: Position, event: EventBody<'a> },
    /// The room has no event after `prev` up to `position`.
    Sync {
        room: RoomId,
        position: Position,
        #[serde(skip_serializing_if = "Option::is_none")]
        tag: Option<Tag>,
        prev: Position,
        server_time: Timestamp,
    },
    /// The client has caught up; live events follow.
    Live {
        room: RoomId,
        position: Position,
        #[serde(skip_serializing_if = "Option::is_none")]
        tag: Option<Tag>,
        /// Whether the client's cursor named an event that the database does not have.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        rewritten: bool,
    },
    /// The answer to a command or to `place`.
    Ack { id: CommandId, position: Position, changed: bool, document: &'a RawValue },
    /// A refusal or a failure.
    Error {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<CommandId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<&'a str>,
        code: ErrorCode,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        document: Option<&'a Value>,
    },
    /// The answer to `ping`.
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        nonce: Option<&'a Nonce>,
        server_time: Timestamp,
    },
    /// The node is shutting down; reconnect after this client's slot of the drain window.
    GoingAway { reconnect_in_ms: u64 },
}

impl<'a> ServerFrame<'a> {
    /// Makes the frame of an event for the readers of a room.
    #[must_use]
    pub fn event(room: RoomId, prev: Position, event: &'a Event) -> Self {
        Self::Event { room, position: event.position, prev, event: EventBody::in_room(room, event) }
    }

    const fn kind(&self) -> FrameKind {
        match self {
            Self::Welcome { .. } => FrameKind::Welcome,
            Self::Event { .. } => FrameKind::Event,
            Self::Sync { .. } => FrameKind::Sync,
            Self::Live { .. } => FrameKind::Live,
            Self::Ack { .. } => FrameKind::Ack,
            Self::Error { .. } => FrameKind::Error,
            Self::Pong { .. } => FrameKind::Pong,
            Self::GoingAway { .. } => FrameKind::GoingAway,
        }
    }

    /// Returns the cursor of a reader that has everything up to this frame; zero if it moves none.
    fn point(&self) -> Point {
        match self {
            Self::Event { position, event, .. } => Mark { position: *position, event: Some(event.id) }.into(),
            Self::Sync { position, tag, .. } | Self::Live { position, tag, .. } => Point { position: *position, tag: *tag },
            _ => Point::default(),
        }
    }

    /// Encodes the frame, once for all receivers.
    #[must_use]
    pub fn encode(&self) -> Frame {
        // Enough for most frames. A growing buffer would be copied three times.
        let mut json = Vec::with_capacity(1024);
        // Frames are plain data with text keys, which always serialize.
        if serde_json::to_writer(&mut json, self).is_err() {
            json.clear();
        }
        let frame = Frame::new(self.kind(), self.point(), &json);
        match *self {
            Self::Event { room, prev, .. } | Self::Sync { room, prev, .. } => frame.in_room(room, prev),
            Self::Live { room, position, .. } => frame.in_room(room, position),
            _ => frame,
        }
    }
}
