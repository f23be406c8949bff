//! The context of a node, shared by the publisher and the subscriber.

use super::channels::Channels;
use super::health::Health;
use super::message::{Beat, Body, Message};
use super::redis_connection::{Address, Outgoing};
use super::signature::Signer;
use crate::feed::FeedRegistry;
use uuid::Uuid;

/// The address of Redis, the node's identity, and its health and feeds.
#[derive(Clone)]
pub struct NodeContext {
    pub address: Address,
    pub node: Uuid,
    pub channels: Channels,
    pub signer: Signer,
    pub health: Health,
    pub feeds: FeedRegistry,
}

impl NodeContext {
    /// Seals a message of this node for a channel; `None` if it exceeds the limit of receivers.
    pub fn seal(&self, channel: String, body: Body) -> Option<Outgoing> {
        let message = Message { node: self.node, body }.encode();
        Some(Outgoing { channel, sealed: self.signer.seal(&message).ok()? })
    }

    /// Returns a beat for each part, for the channels that `through` names.
    pub fn beats(&self, nonce: Uuid, number: u64, through: impl Fn(&Channels, u8) -> String) -> Vec<Outgoing> {
        let beat = |part| self.seal(through(&self.channels, part), Body::Beat(Beat { nonce, number, part }));
        (0..self.channels.parts()).filter_map(beat).collect()
    }
}
