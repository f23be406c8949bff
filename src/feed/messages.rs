//! What feeds are told.

use crate::domain::model::event::Event;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
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

/// A feed lives on this node from now on, or no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum FeedLife {
    /// It has been launched.
    Launched(RestaurantId),
    /// It has been retired.
    Retired(RestaurantId),
}

/// How often heads are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum Pace {
    /// Announcements are known to arrive: on the usual period.
    Steady,
    /// They are not: every two seconds, beginning now.
    Hurried,
}

/// Compare heads now rather than when the period says so.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum CompareNow {
    /// Those of every feed that lives here.
    All,
    /// Those of some restaurants.
    Of(Vec<RestaurantId>),
}
