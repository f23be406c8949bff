//! The broker: what one node commits, the others hear of at once, over Redis.
//!
//! It is a nudge and no more. Redis may lose, repeat, reorder and be away; a message that is heard saves a feed the
//! wait for its next comparison of heads. Every message is signed, since whoever can publish on a channel could
//! otherwise put events on a kitchen's screen.

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

/// What the keyring derives the key of messages under.
pub const KEY_LABEL: &str = "broker";

/// The broker of a node.
pub struct Broker {
    /// Whether Redis does its part.
    pub health: Health,
    /// Who tells other nodes.
    pub publisher: Addr<RedisPublisher>,
    /// Who hears them.
    pub subscriber: Addr<RedisSubscriber>,
}

/// Joins a directory's feeds to those of other nodes. `key` is of the keyring, under [`KEY_LABEL`]. Redis does not have
/// to be there: nothing is waited for, and until it is, heads are compared every two seconds.
///
/// # Errors
/// When the URL is not of a Redis; no part of it is in the error.
pub fn start(
    url: &SecretString,
    key: &[u8; 32],
    directory: FeedRegistry,
    registry: Addr<HeadChecker>,
) -> Result<Broker, UrlError> {
    let signer = Signer::new(key, directory.store().epoch());
    Ok(start_with(Address::parse(url)?, signer.clone(), Arc::new(signer), directory, registry))
}

/// As [`start`], with its parts: who signs, and who decides what is believed.
#[must_use]
pub fn start_with(
    address: Address,
    signer: Signer,
    verifier: Arc<dyn Verify>,
    directory: FeedRegistry,
    registry: Addr<HeadChecker>,
) -> Broker {
    let node = clock::new_id();
    let channels = Channels::new(directory.store().epoch(), node, address.parts());
    let health = Health::new(registry.clone(), directory.metrics().clone());
    let station = NodeContext { address, node, channels, signer, health: health.clone(), directory: directory.clone() };
    let publisher = RedisPublisher::launch(station.clone());
    let subscriber = RedisSubscriber::launch(station, verifier, registry);
    directory.add_relay(publisher.clone().recipient());
    directory.add_watcher(subscriber.clone().recipient());
    log::info!(node:%; "joining other nodes over redis");
    Broker { health, publisher, subscriber }
}
