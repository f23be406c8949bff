//! The rooms that a client requests, pure, over any transport.

use crate::auth::policy;
use crate::domain::model::history::{Point, without_tag};
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::room_id::RoomId;
use crate::domain::values::text::Key;
use crate::protocol::Failure;
use crate::protocol::client_frame::Subscribe;
use std::collections::HashMap;

/// A room to join. An order room checks the order itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The room.
    pub room: RoomId,
    /// The client's cursor, if it belongs to this epoch.
    pub since: Option<Point>,
    /// The diner that the order must belong to.
    pub only_owner: Option<Key>,
    /// Whether a snapshot comes in parts.
    pub paged: bool,
}

impl Subscription {
    /// Returns the subscription that a principal asks for; `None` for a name that is no room, and for a room that it may not
    /// join.
    #[must_use]
    pub fn of(principal: &Principal, Subscribe { room, since, epoch: of, paged }: &Subscribe, epoch: &str) -> Option<Self> {
        let room = room.parse().ok().filter(|room| policy::may_ask_for(principal, *room))?;
        // A cursor without an epoch belongs to this one, since its sender has read `welcome`.
        let (of, tag) = of.as_deref().map_or((epoch, None), without_tag);
        let since = since.filter(|_| of == epoch).map(|position| Point { position, tag });
        Some(Self { paged: *paged, ..Self::again(principal, room, since) })
    }

    /// Returns the subscription from a cursor to a room that has admitted the principal before.
    #[must_use]
    pub fn again(principal: &Principal, room: RoomId, since: Option<Point>) -> Self {
        let is_own_only = principal.role == Role::Diner && matches!(room, RoomId::Order(_));
        Self { room, since, only_owner: is_own_only.then(|| principal.sub.clone()), paged: false }
    }
}

/// The number of the last join of each room that a connection has requested. The refusal of an earlier join says nothing about
/// the room, since the answer to the last one is still to come.
#[derive(Debug, Default)]
pub struct LastJoins {
    numbers: HashMap<RoomId, u64>,
    count: u64,
}

impl LastJoins {
    /// Numbers the next join of a room.
    pub fn next(&mut self, room: RoomId) -> u64 {
        self.count += 1;
        self.numbers.insert(room, self.count);
        self.count
    }

    /// Whether a join of a room is the last one.
    #[must_use]
    pub fn is_last(&self, room: RoomId, number: u64) -> bool {
        self.numbers.get(&room) == Some(&number)
    }

    /// Forgets a room.
    pub fn remove(&mut self, room: RoomId) {
        self.numbers.remove(&room);
    }
}

/// The rooms that one request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriptions {
    granted: Vec<Subscription>,
    /// The rooms that the principal may not join, if there are others. They are reported as errors among the frames of the others.
    refused: Vec<Failure>,
    is_single: bool,
}

impl Subscriptions {
    /// Sorts the rooms that a principal asks for. `None` when it asks only for one room that it may not join. A room that is
    /// named twice is joined once.
    #[must_use]
    pub fn of(principal: &Principal, asked: &[Subscribe], epoch: &str) -> Option<Self> {
        let mut subscriptions = Self { granted: Vec::new(), refused: Vec::new(), is_single: asked.len() == 1 };
        for each in asked {
            match Subscription::of(principal, each, epoch) {
                Some(subscription) if subscriptions.granted.iter().any(|granted| granted.room == subscription.room) => {}
                // Snapshots of several rooms come in parts, so that no snapshot delays the events of other rooms.
                Some(subscription) => subscriptions
                    .granted
                    .push(Subscription { paged: subscription.paged || !subscriptions.is_single, ..subscription }),
                None if subscriptions.is_single => return None,
                None => subscriptions.refused.push(Failure::forbidden_room().about_room(&each.room)),
            }
        }
        Some(subscriptions)
    }

    /// Returns the room of a request that names one.
    #[must_use]
    pub fn only(&self) -> Option<&Subscription> {
        self.granted.first().filter(|_| self.is_single)
    }

    /// Returns the rooms to join.
    #[must_use]
    pub fn granted(&self) -> Vec<Subscription> {
        self.granted.clone()
    }

    /// Returns their names.
    #[must_use]
    pub fn rooms(&self) -> Vec<RoomId> {
        self.granted.iter().map(|subscription| subscription.room).collect()
    }

    /// Takes the failures of the rooms that the principal may not join.
    pub fn take_refused(&mut self) -> Vec<Failure> {
        std::mem::take(&mut self.refused)
    }

    /// Removes a room that cannot be followed.
    pub fn remove(&mut self, room: RoomId) {
        self.granted.retain(|subscription| subscription.room != room);
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

    #[test]
    fn a_later_join_of_a_room_replaces_an_earlier_one_and_no_number_is_used_twice() {
        let (mut joins, [menu, kitchen]) =
            (LastJoins::default(), [RoomId::Menu(staff().restaurant), RoomId::Kitchen(staff().restaurant)]);
        let (first, second, other) = (joins.next(menu), joins.next(menu), joins.next(kitchen));
        assert!(!joins.is_last(menu, first) && joins.is_last(menu, second) && joins.is_last(kitchen, other));
        assert!(!joins.is_last(kitchen, second));
        joins.remove(menu);
        assert!(!joins.is_last(menu, second) && joins.is_last(kitchen, other), "the client has left");
        assert!(joins.next(menu) > other, "no number comes twice");
    }

    fn staff() -> Principal {
        let restaurant = RestaurantId::from_uuid(uuid::Uuid::nil());
        let (sub, session): (Key, Key) = ("s".parse().unwrap(), "s".parse().unwrap());
        Principal {
            sub,
            role: Role::Staff,
            restaurant,
            session,
            station: None,
            table: None,
            device: None,
            share: None,
            name: None,
        }
    }

    fn ask(room: &str) -> Subscribe {
        Subscribe { room: room.into(), since: None, epoch: None, paged: true }
    }

    #[test]
    fn each_forbidden_room_is_an_error_and_the_others_are_joined_once() {
        let [floor, menu] = ["floor", "menu"].map(|kind| format!("{kind}:{}", uuid::Uuid::nil()));
        let asked = [&floor, "nonsense", &menu, &floor].map(ask);
        let mut subscriptions = Subscriptions::of(&staff(), &asked, "e1").unwrap();
        assert_eq!(subscriptions.rooms().iter().map(ToString::to_string).collect::<Vec<_>>(), [floor.clone(), menu]);
        assert_eq!(subscriptions.take_refused().iter().map(Failure::room).collect::<Vec<_>>(), [Some("nonsense")]);
        assert!(subscriptions.only().is_none() && subscriptions.take_refused().is_empty());
        assert!(Subscriptions::of(&staff(), &[ask("nonsense")], "e1").is_none());
        assert!(Subscriptions::of(&staff(), &[ask(&floor)], "e1").unwrap().only().is_some());
    }
}
