//! Messages to feeds and to the comparison of heads.

use crate::domain::model::event::Event;
use crate::domain::model::history::Link;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
use crate::room::{Join, Leave};
use actix::Message;
use std::sync::Arc;

/// Announces events that this or another node has committed.
///
/// Loss: an announcement may arrive late, twice, out of order or never.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct EventCommitted {
    /// The restaurant of the feed.
    pub restaurant: RestaurantId,
    /// Where they continue the history. Without it, the feed reads them from the log.
    pub link: Option<Link>,
    /// The events of one transaction.
    pub events: Arc<[Event]>,
}

/// Reports that the log reaches at least to this position.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Head(pub Position);

/// Joins a room of this feed. The feed opens the room if it is not open.
#[derive(Message)]
#[rtype(result = "()")]
pub struct JoinRoom {
    /// The room.
    pub room: RoomId,
    /// The message to the room.
    pub join: Join,
}

/// Leaves a room of this feed.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct LeaveRoom {
    /// The room.
    pub room: RoomId,
    /// The message to the room.
    pub leave: Leave,
}

/// Reports that this node has launched or retired a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum FeedLife {
    /// The node has launched the restaurant's feed.
    Launched(RestaurantId),
    /// The node has retired the restaurant's feed.
    Retired(RestaurantId),
}

/// Sets how often heads are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum Pace {
    /// At the usual period, since announcements arrive.
    Steady,
    /// Every two seconds from now on, since announcements may not arrive.
    Hurried,
}

/// Compares heads now.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum CompareNow {
    /// The heads of all feeds that this node knows, including those that have ended on it.
    Known,
    /// The heads of all feeds on this node.
    All,
    /// The heads of some restaurants.
    Of(Vec<RestaurantId>),
}
