//! The names of Redis channels, pure.
//!
//! On one server, all channels form one part. On a cluster, restaurants are divided into parts, and the names contain the part
//! in braces. A part is one hash slot. So one subscription can name many of its channels, and a beat received through a channel
//! of the part proves that the whole part works.

use crate::domain::values::ids::RestaurantId;
use uuid::Uuid;

/// The channels of a database's nodes, from the view of one node.
#[derive(Debug, Clone)]
pub struct Channels {
    epoch: String,
    node: Uuid,
    parts: u8,
}

impl Channels {
    /// Makes the names for a database's epoch and a node, with a number of parts.
    #[must_use]
    pub fn new(epoch: &str, node: Uuid, parts: u8) -> Self {
        Self { epoch: epoch.to_owned(), node, parts: parts.max(1) }
    }

    /// Returns the number of parts.
    #[must_use]
    pub const fn parts(&self) -> u8 {
        self.parts
    }

    /// Returns the channel of a restaurant's events.
    #[must_use]
    pub fn feed(&self, restaurant: RestaurantId) -> String {
        let id = restaurant.uuid();
        let part = id.as_bytes()[15] % self.parts;
        format!("{}:feed:{restaurant}", self.prefix(part))
    }

    /// Returns the channel of a part through which this node receives its own beats.
    #[must_use]
    pub fn beat(&self, part: u8) -> String {
        format!("{}:node:{}", self.prefix(part), self.node)
    }

    /// Returns the channel of a part through which nodes receive each other's beats.
    #[must_use]
    pub fn nodes(&self, part: u8) -> String {
        format!("{}:nodes", self.prefix(part))
    }

    fn prefix(&self, part: u8) -> String {
        match self.parts {
            1 => format!("orderbell:{}", self.epoch),
            _ => format!("orderbell:{{{}/{part}}}", self.epoch),
        }
    }

    /// Returns the restaurant of a channel; `None` for any other channel or epoch.
    #[must_use]
    pub fn restaurant(&self, channel: &str) -> Option<RestaurantId> {
        let id = channel.rsplit(':').next()?.parse().ok()?;
        (self.feed(id) == channel).then_some(id)
    }
}

/// Returns the part of a channel's name that determines its hash slot.
#[must_use]
pub fn slot_key(channel: &str) -> &str {
    let inside = channel.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
    inside.map_or(channel, |(key, _)| key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_channel_names_its_restaurant_and_shares_its_slot_with_a_beat(id in any::<u128>(), parts in 1_u8..20) {
            let channels = Channels::new("epoch", Uuid::from_u128(9), parts);
            let restaurant = RestaurantId::from_uuid(Uuid::from_u128(id));
            let channel = channels.feed(restaurant);
            prop_assert_eq!(channels.restaurant(&channel), Some(restaurant));
            let beats: Vec<_> = (0..parts).map(|part| channels.beat(part)).collect();
            prop_assert!(parts == 1 || beats.iter().any(|beat| slot_key(beat) == slot_key(&channel)));
            let nodes = (0..parts).map(|part| channels.nodes(part));
            prop_assert!(nodes.chain(beats).all(|other| channels.restaurant(&other).is_none()));
            prop_assert_eq!(Channels::new("other", Uuid::from_u128(9), parts).restaurant(&channel), None);
        }
    }

    #[test]
    fn the_names_are_as_documented() {
        let (one, id) = (Channels::new("e", Uuid::nil(), 1), "00000000-0000-0000-0000-000000000003");
        assert_eq!(one.feed(id.parse().unwrap()), format!("orderbell:e:feed:{id}"));
        assert_eq!(Channels::new("e", Uuid::nil(), 16).feed(id.parse().unwrap()), format!("orderbell:{{e/3}}:feed:{id}"));
        assert_eq!(one.nodes(0), "orderbell:e:nodes");
        assert_eq!(one.beat(0), "orderbell:e:node:00000000-0000-0000-0000-000000000000");
    }
}
