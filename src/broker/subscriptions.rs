//! The subscriptions of a node, pure: the wanted and the confirmed channels. One request to Redis
//! runs at a time; changes during it go into the next.

use crate::domain::values::ids::RestaurantId;
use std::collections::{BTreeSet, HashSet};

/// A request to Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Subscribe to these.
    Subscribe(Vec<RestaurantId>),
    /// Unsubscribe from these.
    Unsubscribe(Vec<RestaurantId>),
}

/// The wanted and the confirmed channels.
#[derive(Debug, Default)]
pub struct ChannelSubscriptions {
    wanted: HashSet<RestaurantId>,
    confirmed: HashSet<RestaurantId>,
    /// Restaurants that may be wanted and not confirmed, or confirmed and not wanted.
    changed: BTreeSet<RestaurantId>,
    is_requesting: bool,
}

impl ChannelSubscriptions {
    /// Adds a restaurant.
    pub fn watch(&mut self, restaurant: RestaurantId) {
        self.wanted.insert(restaurant);
        self.changed.insert(restaurant);
    }

    /// Removes a restaurant.
    pub fn unwatch(&mut self, restaurant: RestaurantId) {
        self.wanted.remove(&restaurant);
        self.changed.insert(restaurant);
    }

    /// Whether a restaurant's channel is wanted.
    #[must_use]
    pub fn contains(&self, restaurant: RestaurantId) -> bool {
        self.wanted.contains(&restaurant)
    }

    /// Restarts on a new connection, on which no channel is confirmed.
    pub fn restart(&mut self) {
        self.confirmed.clear();
        self.changed = self.wanted.iter().copied().collect();
        self.is_requesting = false;
    }

    /// Returns the next request, for at most `most` restaurants. `None` during a request, and if
    /// nothing is left to change.
    pub fn next(&mut self, most: usize) -> Option<Step> {
        if self.is_requesting {
            return None;
        }
        self.changed.retain(|restaurant| self.wanted.contains(restaurant) != self.confirmed.contains(restaurant));
        let first = *self.changed.first()?;
        let is_wanted = self.wanted.contains(&first);
        let same_kind = self.changed.iter().copied().filter(|restaurant| self.wanted.contains(restaurant) == is_wanted);
        let chosen: Vec<_> = same_kind.take(most.max(1)).collect();
        for restaurant in &chosen {
            self.changed.remove(restaurant);
        }
        self.is_requesting = true;
        Some(if is_wanted { Step::Subscribe(chosen) } else { Step::Unsubscribe(chosen) })
    }

    /// Records that Redis has confirmed a request.
    pub fn confirm(&mut self, step: &Step) {
        self.is_requesting = false;
        match step {
            Step::Subscribe(restaurants) => self.confirmed.extend(restaurants),
            Step::Unsubscribe(restaurants) => {
                for restaurant in restaurants {
                    self.confirmed.remove(restaurant);
                }
            }
        }
    }

    /// Whether exactly the wanted channels are confirmed, and no request runs.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let is_as_wanted = |restaurant| self.wanted.contains(restaurant) == self.confirmed.contains(restaurant);
        !self.is_requesting && self.changed.iter().all(is_as_wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    #[derive(Debug, Clone)]
    enum Change {
        Watch(u8),
        Unwatch(u8),
        Ask,
        Confirm,
        Reconnect,
    }

    fn changes() -> impl Strategy<Value = Vec<Change>> {
        let change = prop_oneof![
            3 => (0_u8..12).prop_map(Change::Watch),
            2 => (0_u8..12).prop_map(Change::Unwatch),
            3 => Just(Change::Ask),
            3 => Just(Change::Confirm),
            1 => Just(Change::Reconnect),
        ];
        prop::collection::vec(change, 0..80)
    }

    fn restaurant(number: u8) -> RestaurantId {
        RestaurantId::from_uuid(Uuid::from_u128(u128::from(number)))
    }

    /// A model of Redis: the channels of one connection.
    #[derive(Default)]
    struct Server(HashSet<RestaurantId>);

    impl Server {
        fn apply(&mut self, step: &Step, most: usize) {
            let (Step::Subscribe(restaurants) | Step::Unsubscribe(restaurants)) = step;
            assert!((1..=most).contains(&restaurants.len()));
            for restaurant in restaurants {
                match step {
                    Step::Subscribe(_) => assert!(self.0.insert(*restaurant), "no repeated subscription"),
                    Step::Unsubscribe(_) => assert!(self.0.remove(restaurant), "only confirmed channels are unsubscribed"),
                }
            }
        }
    }

    proptest! {
        #[test]
        fn in_the_end_all_wanted_channels_are_confirmed(changes in changes(), most in 1_usize..5) {
            let (mut wanted, mut server, mut requested, mut truth) = (ChannelSubscriptions::default(), Server::default(), None, HashSet::new());
            for change in changes {
                match change {
                    Change::Watch(number) => {
                        truth.insert(restaurant(number));
                        wanted.watch(restaurant(number));
                    }
                    Change::Unwatch(number) => {
                        truth.remove(&restaurant(number));
                        wanted.unwatch(restaurant(number));
                    }
                    Change::Ask => {
                        if let Some(step) = wanted.next(most) {
                            prop_assert!(requested.is_none(), "one request at a time");
                            server.apply(&step, most);
                            requested = Some(step);
                        }
                    }
                    Change::Confirm => {
                        if let Some(step) = requested.take() {
                            wanted.confirm(&step);
                        }
                    }
                    Change::Reconnect => {
                        (server, requested) = (Server::default(), None);
                        wanted.restart();
                    }
                }
                prop_assert!(!wanted.is_settled() || server.0 == truth, "settled only if Redis agrees");
            }
            if let Some(step) = requested {
                wanted.confirm(&step);
            }
            while let Some(step) = wanted.next(most) {
                server.apply(&step, most);
                wanted.confirm(&step);
            }
            prop_assert!(wanted.is_settled());
            prop_assert_eq!(server.0, truth);
        }
    }
}
