//! Messages to rooms and from rooms.

use super::members::MemberId;
use crate::domain::model::event::Event;
use crate::domain::model::history::Point;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::Generation;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::protocol::{Frame, Snapshot};
use actix::{Message, Recipient};
use std::sync::Arc;

/// Joins a room. The member receives a snapshot or the missed events, then `live`, then each event;
/// or [`ToMember::Refused`] or [`ToMember::Unavailable`].
#[derive(Message)]
#[rtype(result = "()")]
pub struct Join {
    /// The joining member.
    pub member: MemberId,
    /// The number of this join, which a refusal repeats, since a member may ask again before it has the answer.
    pub number: u64,
    /// The member's cursor, if it has one of this epoch.
    pub since: Option<Point>,
    /// Whether the feed has the event that the cursor names, which the feed sets when it forwards the join. `None` if only the
    /// log can tell.
    pub has_event: Option<bool>,
    /// The last event that the feed has delivered, which the feed sets when it forwards the join. The
    /// room has all events up to it.
    pub head: Point,
    /// The only diner who may join, if this is the room of an order.
    pub only_owner: Option<Key>,
    /// The generation of the member's epoch.
    pub generation: Option<Generation>,
    /// Whether the client accepts snapshots in parts.
    pub paged: bool,
    /// The member's mailbox. The room keeps this address, since `try_send` is bounded only for the same clone.
    pub mailbox: Recipient<ToMember>,
    /// The address for pages. It answers each page when there is space for the next.
    pub pages: Recipient<Page>,
}

/// A page of a snapshot or a replay. The member answers it when most of it has left for the client,
/// so that the room keeps the reader's pace.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub enum Page {
    /// Events of a replay, or a part of a snapshot.
    Frames(Vec<Frame>),
    /// A snapshot as one message, for a client that did not ask for parts.
    Whole(Snapshot),
}

/// Leaves a room.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Leave {
    /// The leaving member.
    pub member: MemberId,
}

/// Delivers the feed's next event that this room carries.
///
/// Ordering: events arrive in feed order, each once.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct FeedEvent(pub Arc<Event>);

/// Reports that the feed has delivered everything up to `head`, for `sync` frames.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Sync {
    /// The last event delivered.
    pub head: Point,
    /// The server's time.
    pub now: Timestamp,
}

/// Ends a feed or a room whose history the database no longer has.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct HistoryRewritten;

/// Reports that a room is empty. The feed ignores this if it has sent the room more than `joins`
/// joins.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct RoomEmpty {
    /// The room.
    pub room: RoomId,
    /// Joins handled so far.
    pub joins: u64,
}

/// A message to a member.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub enum ToMember {
    /// One frame.
    Frame(Frame),
    /// Several frames, in order.
    Frames(Vec<Frame>),
    /// The member may not join, or the room does not exist. With the number of the join.
    Refused(RoomId, u64),
    /// The store failed; the member may try again. With the number of the join.
    Unavailable(RoomId, u64),
    /// The room evicted the member, which fell too far behind. The connection closes, and the
    /// client resumes with its cursor.
    Evicted,
    /// The member's epoch is over. The connection closes, and the client reconnects.
    Rewritten,
}
