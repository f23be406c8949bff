//! What rooms are told and what they tell.

use super::members::MemberId;
use crate::domain::model::event::Event;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::protocol::{Frame, Snapshot};
use actix::{Message, Recipient};
use std::sync::Arc;

/// Join a room. The member gets `snapshot` or the missed events, then `live`, then every event; or [`ToMember::Refused`].
#[derive(Message)]
#[rtype(result = "()")]
pub struct Join {
    /// Who.
    pub member: MemberId,
    /// Its cursor, when it has one of this epoch.
    pub since: Option<Position>,
    /// How far the feed is; it says so when it passes the join on. Everything up to there has been handed to the room.
    pub head: Position,
    /// In an order room: refuse unless the order is of this diner.
    pub only_owner: Option<Key>,
    /// A snapshot is to come in parts.
    pub paged: bool,
    /// Its mailbox. This one address is kept: `try_send` on it is bounded, which fresh clones of it would not be.
    pub mailbox: Recipient<ToMember>,
    /// Where pages of a long replay go, each answered when there is room for the next.
    pub pages: Recipient<Page>,
}

/// A part of what a member is yet to get, in order. It is answered when most of it has left for the client, so that a
/// snapshot and a replay go as fast as their reader and no faster.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub enum Page {
    /// Frames: events of a replay, or a part of a snapshot.
    Frames(Vec<Frame>),
    /// A snapshot as one message, for a client that does not ask for parts.
    Whole(Snapshot),
}

/// Leave a room.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Leave {
    /// Who.
    pub member: MemberId,
}

/// The feed's next event that this room carries. Events come in feed order, each once.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct FeedEvent(pub Arc<Event>);

/// The feed has delivered everything up to `head`; tell the members.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Sync {
    /// The last position delivered.
    pub head: Position,
    /// The server's time.
    pub now: Timestamp,
}

/// A room has no members. `joins` is how many joins it has handled: when the feed has sent it more, it is not empty.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct RoomEmpty {
    /// Which.
    pub room: RoomId,
    /// Joins handled so far.
    pub joins: u64,
}

/// What a member is told.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub enum ToMember {
    /// One frame.
    Frame(Frame),
    /// Several, in order.
    Frames(Vec<Frame>),
    /// It may not join (or there is no such order, which is the same answer).
    Refused(RoomId),
    /// The database did not answer; it may try again.
    Unavailable(RoomId),
    /// It fell too far behind and is out of the room: close, so that it comes back with its cursor.
    Evicted,
}
