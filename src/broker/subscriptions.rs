//! Which restaurants' channels are wanted and which are heard, pure. One request to Redis is on its way at a time; what
//! changes meanwhile is settled by the next.

use crate::domain::values::ids::RestaurantId;
use std::collections::{BTreeSet, HashSet};

/// What to ask of Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Subscribe to these.
    Subscribe(Vec<RestaurantId>),
    /// Unsubscribe from these.
    Unsubscribe(Vec<RestaurantId>),
}

/// The wanted set, and how far it is brought about.
#[derive(Debug, Default)]
pub struct ChannelSubscriptions {
    wanted: HashSet<RestaurantId>,
    heard: HashSet<RestaurantId>,
    /// Those that may be wanted and not heard, or the other way round.
    changed: BTreeSet<RestaurantId>,
    is_asking: bool,
}

impl ChannelSubscriptions {
    /// A restaurant is wanted from now on.
    pub fn watch(&mut self, restaurant: RestaurantId) {
        self.wanted.insert(restaurant);
        self.changed.insert(restaurant);
    }

    /// A restaurant is not wanted any more.
    pub fn unwatch(&mut self, restaurant: RestaurantId) {
        self.wanted.remove(&restaurant);
        self.changed.insert(restaurant);
    }

    /// Whether a restaurant is wanted.
    #[must_use]
    pub fn wants(&self, restaurant: RestaurantId) -> bool {
        self.wanted.contains(&restaurant)
    }

    /// A new connection: nothing is heard, all that is wanted has to be asked for.
    pub fn begin(&mut self) {
        self.heard.clear();
        self.changed = self.wanted.iter().copied().collect();
        self.is_asking = false;
    }

    /// What to ask for next, of at most `most` restaurants; `None` while a request is on its way and when all is as
    /// wanted.
    pub fn next(&mut self, most: usize) -> Option<Step> {
        if self.is_asking {
            return None;
        }
        self.changed.retain(|restaurant| self.wanted.contains(restaurant) != self.heard.contains(restaurant));
        let first = *self.changed.first()?;
        let is_wanted = self.wanted.contains(&first);
        let alike = self.changed.iter().copied().filter(|restaurant| self.wanted.contains(restaurant) == is_wanted);
        let chosen: Vec<_> = alike.take(most.max(1)).collect();
        for restaurant in &chosen {
            self.changed.remove(restaurant);
        }
        self.is_asking = true;
        Some(if is_wanted { Step::Subscribe(chosen) } else { Step::Unsubscribe(chosen) })
    }

    /// Redis has confirmed a step.
    pub fn done(&mut self, step: &Step) {
        self.is_asking = false;
        match step {
            Step::Subscribe(restaurants) => self.heard.extend(restaurants),
            Step::Unsubscribe(restaurants) => {
                for restaurant in restaurants {
                    self.heard.remove(restaurant);
                }
            }
        }
    }

    /// Whether exactly what is wanted is heard, and no request is on its way.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let is_as_wanted = |restaurant| self.wanted.contains(restaurant) == self.heard.contains(restaurant);
        !self.is_asking && self.changed.iter().all(is_as_wanted)
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

    /// Redis, as far as it goes: the channels of one connection.
    #[derive(Default)]
    struct Server(HashSet<RestaurantId>);

    impl Server {
        fn apply(&mut self, step: &Step, most: usize) {
            let (Step::Subscribe(restaurants) | Step::Unsubscribe(restaurants)) = step;
            assert!((1..=most).contains(&restaurants.len()));
            for restaurant in restaurants {
                match step {
                    Step::Subscribe(_) => assert!(self.0.insert(*restaurant), "nothing is asked for twice"),
                    Step::Unsubscribe(_) => assert!(self.0.remove(restaurant), "nothing is left that was not heard"),
                }
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_changes_meanwhile_in_the_end_what_is_wanted_is_heard(changes in changes(), most in 1_usize..5) {
            let (mut wanted, mut server, mut asked, mut truth) = (ChannelSubscriptions::default(), Server::default(), None, HashSet::new());
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
                            prop_assert!(asked.is_none(), "one request at a time");
                            server.apply(&step, most);
                            asked = Some(step);
                        }
                    }
                    Change::Confirm => {
                        if let Some(step) = asked.take() {
                            wanted.done(&step);
                        }
                    }
                    Change::Reconnect => {
                        (server, asked) = (Server::default(), None);
                        wanted.begin();
                    }
                }
                prop_assert!(!wanted.is_settled() || server.0 == truth, "settled is said only when it is so");
            }
            if let Some(step) = asked {
                wanted.done(&step);
            }
            while let Some(step) = wanted.next(most) {
                server.apply(&step, most);
                wanted.done(&step);
            }
            prop_assert!(wanted.is_settled());
            prop_assert_eq!(server.0, truth);
        }
    }
}
