//! The broker: announces commits to other nodes over Redis.
//!
//! Announcements only save time. Redis may lose, repeat or reorder them, or be down; then feeds
//! find events by the next comparison of heads. Each message is signed: otherwise, anyone who can
//! publish on a channel could put events on a kitchen's screen.

pub mod channels;
pub mod health;
pub mod message;
mod node;
pub mod outbox;
pub mod peers;
pub mod publisher;
pub mod push_queue;
pub mod reconnect;
pub mod redis_connection;
pub mod signature;
pub mod subscriber;
pub mod subscriptions;

pub use health::Health;
pub use redis_connection::{Address, UrlError};
pub use signature::{Signer, Verify};

use crate::clock;
use crate::feed::{FeedRegistry, HeadChecker};
use actix::Addr;
use channels::Channels;
use node::NodeContext;
use publisher::RedisPublisher;
use secrecy::SecretString;
use std::sync::Arc;
use subscriber::RedisSubscriber;

/// The label under which the keyring derives the key of messages.
pub const KEY_LABEL: &str = "broker";

/// The broker of a node.
pub struct Broker {
    /// The health of Redis.
    pub health: Health,
    /// The sender of announcements.
    pub publisher: Addr<RedisPublisher>,
    /// The receiver of announcements.
    pub subscriber: Addr<RedisSubscriber>,
}

/// Connects the feeds of this node to those of other nodes. `key` is the keyring's, under
/// [`KEY_LABEL`]. Does not wait for Redis; until it is reachable, heads are compared every two
/// seconds.
///
/// # Errors
/// [`UrlError`] for an invalid URL, without any part of it.
pub fn start(
    url: &SecretString,
    key: &[u8; 32],
    feeds: FeedRegistry,
    head_checker: Addr<HeadChecker>,
) -> Result<Broker, UrlError> {
    let signer = Signer::new(key, feeds.store().epoch());
    Ok(start_with(Address::parse(url)?, signer.clone(), Arc::new(signer), feeds, head_checker))
}

/// Starts like [`start`], with a given signer and verifier.
#[must_use]
pub fn start_with(
    address: Address,
    signer: Signer,
    verifier: Arc<dyn Verify>,
    feeds: FeedRegistry,
    head_checker: Addr<HeadChecker>,
) -> Broker {
    let node = clock::new_id();
    let channels = Channels::new(feeds.store().epoch(), node, address.parts());
    let health = Health::new(head_checker.clone(), feeds.metrics().clone());
    let context = NodeContext { address, node, channels, signer, health: health.clone(), feeds: feeds.clone() };
    let publisher = RedisPublisher::launch(context.clone());
    let subscriber = RedisSubscriber::launch(context, verifier, head_checker);
    feeds.add_relay(publisher.clone().recipient());
    feeds.add_watcher(subscriber.clone().recipient());
    log::info!(node:%; "joining other nodes over redis");
    Broker { health, publisher, subscriber }
}
