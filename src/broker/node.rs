//! What a node is to the broker; shared by its two actors.

use super::channels::Channels;
use super::health::Health;
use super::message::{Beat, Body, Message};
use super::redis_connection::{Address, Outgoing};
use super::signature::Signer;
use crate::feed::FeedRegistry;
use uuid::Uuid;

/// Where Redis is, who this node is, and whom it tells how things are.
#[derive(Clone)]
pub struct NodeContext {
    pub address: Address,
    pub node: Uuid,
    pub channels: Channels,
    pub signer: Signer,
    pub health: Health,
    pub directory: FeedRegistry,
}

impl NodeContext {
    /// Seals a message of this node for a channel; `None` when it is too large for anybody to take.
    pub fn seal(&self, channel: String, body: Body) -> Option<Outgoing> {
        let message = Message { node: self.node, body }.encode();
        Some(Outgoing { channel, sealed: self.signer.seal(&message).ok()? })
    }

    /// A beat for every part, through the channel that `through` names.
    pub fn beats(&self, nonce: Uuid, number: u64, through: impl Fn(&Channels, u8) -> String) -> Vec<Outgoing> {
        let beat = |part| self.seal(through(&self.channels, part), Body::Beat(Beat { nonce, number, part }));
        (0..self.channels.parts()).filter_map(beat).collect()
    }
}
