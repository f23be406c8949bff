//! What feeds are told.

use crate::domain::event::Event;
use crate::domain::ids::RestaurantId;
use crate::domain::position::Position;
use crate::domain::room_id::RoomId;
use crate::room::{Join, Leave};
use actix::Message;
use std::sync::Arc;

/// Events have been committed, here or on another node. May come late, twice, in any order or not at all.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct EventCommitted {
    /// Whose feed.
    pub restaurant: RestaurantId,
    /// The events of one transaction.
    pub events: Arc<[Event]>,
}

/// The log reaches at least to here.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Head(pub Position);

/// Join a room of this feed; the room is opened when it is not.
#[derive(Message)]
#[rtype(result = "()")]
pub struct JoinRoom {
    /// Which.
    pub room: RoomId,
    /// The join.
    pub join: Join,
}

/// Leave a room of this feed.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct LeaveRoom {
    /// Which.
    pub room: RoomId,
    /// Who.
    pub leave: Leave,
}
