//! A subscription, pure: what becomes of a wish for a room, whatever carried the wish.

use crate::auth::policy;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::room_id::RoomId;
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use crate::protocol::Failure;
use crate::protocol::client_frame::Subscribe;

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

/// The rooms that one request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wishes {
    granted: Vec<Subscription>,
    /// Of several rooms those that are not for this principal: errors among the frames of the others.
    refused: Vec<Failure>,
    is_single: bool,
}

impl Wishes {
    /// Sorts what a principal asks for; `None` when it asks for a single room that is not for it. A room that is named
    /// twice is asked for once.
    #[must_use]
    pub fn of(who: &Principal, asked: &[Subscribe], epoch: &str) -> Option<Self> {
        let mut wishes = Self { granted: Vec::new(), refused: Vec::new(), is_single: asked.len() == 1 };
        for each in asked {
            match Subscription::of(who, each, epoch) {
                Some(wish) if wishes.granted.iter().any(|granted| granted.room == wish.room) => {}
                // Snapshots of several rooms come in parts, so that none holds up what the others say.
                Some(wish) => wishes.granted.push(Subscription { paged: wish.paged || !wishes.is_single, ..wish }),
                None if wishes.is_single => return None,
                None => wishes.refused.push(Failure::forbidden_room().about_room(&each.room)),
            }
        }
        Some(wishes)
    }

    /// The room of a request that names one.
    #[must_use]
    pub fn only(&self) -> Option<&Subscription> {
        self.granted.first().filter(|_| self.is_single)
    }

    /// The rooms to be joined.
    #[must_use]
    pub fn granted(&self) -> Vec<Subscription> {
        self.granted.clone()
    }

    /// Their names.
    #[must_use]
    pub fn rooms(&self) -> Vec<RoomId> {
        self.granted.iter().map(|wish| wish.room).collect()
    }

    /// The errors about rooms that are not for this principal, once.
    pub fn take_refused(&mut self) -> Vec<Failure> {
        std::mem::take(&mut self.refused)
    }

    /// Forgets a room that cannot be followed.
    pub fn remove(&mut self, room: RoomId) {
        self.granted.retain(|wish| wish.room != room);
    }

    /// Whether no room is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.granted.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::ids::RestaurantId;

    fn staff() -> Principal {
        let restaurant = RestaurantId::from_uuid(uuid::Uuid::nil());
        let (sub, session): (Key, Key) = ("s".parse().unwrap(), "s".parse().unwrap());
        Principal { sub, role: Role::Staff, restaurant, session, station: None, table: None, device: None, share: None }
    }

    fn ask(room: &str) -> Subscribe {
        Subscribe { room: room.into(), since: None, epoch: None, paged: true }
    }

    #[test]
    fn of_several_rooms_those_that_are_not_for_one_are_errors_and_the_others_are_joined_once() {
        let [floor, menu] = ["floor", "menu"].map(|kind| format!("{kind}:{}", uuid::Uuid::nil()));
        let asked = [&floor, "nonsense", &menu, &floor].map(ask);
        let mut wishes = Wishes::of(&staff(), &asked, "e1").unwrap();
        assert_eq!(wishes.rooms().iter().map(ToString::to_string).collect::<Vec<_>>(), [floor.clone(), menu]);
        assert_eq!(wishes.take_refused().iter().map(Failure::room).collect::<Vec<_>>(), [Some("nonsense")]);
        assert!(wishes.only().is_none() && wishes.take_refused().is_empty());
        assert!(Wishes::of(&staff(), &[ask("nonsense")], "e1").is_none());
        assert!(Wishes::of(&staff(), &[ask(&floor)], "e1").unwrap().only().is_some());
    }
}
