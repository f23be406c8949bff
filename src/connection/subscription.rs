//! A subscription, pure: what becomes of a wish for a room, whatever carried the wish.

use crate::auth::policy;
use crate::domain::position::Position;
use crate::domain::principal::{Principal, Role};
use crate::domain::room_id::RoomId;
use crate::domain::text::Key;
use crate::protocol::client_frame::Subscribe;

/// What is told of a room that may not be joined and of one that does not exist.
pub const FORBIDDEN: &str = "no such room for you";

/// A room to be joined. An order room still looks at its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Which.
    pub room: RoomId,
    /// From where, if the cursor is of this epoch.
    pub since: Option<Position>,
    /// Only if the order is this diner's.
    pub only_owner: Option<Key>,
    /// A snapshot is to come in parts.
    pub paged: bool,
}

impl Subscription {
    /// What a principal asks for; `None` for what names no room and for a room that is not for it.
    #[must_use]
    pub fn of(who: &Principal, Subscribe { room, since, epoch: of, paged }: &Subscribe, epoch: &str) -> Option<Self> {
        let room = room.parse().ok().filter(|room| policy::may_ask_for(who, *room))?;
        // A cursor without an epoch is taken to be of this one: its sender has read `welcome`.
        let since = since.filter(|_| of.as_deref().is_none_or(|of| of == epoch));
        Some(Self { paged: *paged, ..Self::again(who, room, since) })
    }

    /// A room that it was let into, from a cursor.
    #[must_use]
    pub fn again(who: &Principal, room: RoomId, since: Option<Position>) -> Self {
        let is_own_only = who.role == Role::Diner && matches!(room, RoomId::Order(_));
        Self { room, since, only_owner: is_own_only.then(|| who.sub.clone()), paged: false }
    }
}
