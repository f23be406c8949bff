//! The messages to receivers, pure.

use crate::domain::model::event::Event;
use crate::domain::model::history::Epoch;
use crate::domain::model::webhook::Webhook;
use crate::domain::values::ids::{RestaurantId, WebhookId};
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use crate::protocol::server_frame::EventBody;
use bytes::Bytes;
use serde::Serialize;
use uuid::Uuid;

/// The most events in a message.
pub const MOST_EVENTS: u32 = 100;
/// The most bytes of the events in a message, unless a single one is larger.
const MOST_BYTES: usize = 256 * 1024;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same whenever the message is sent.
    pub id: String,
    /// JSON.
    pub body: Bytes,
}

#[derive(Serialize)]
struct Body<'a, T> {
    r#type: &'static str,
    timestamp: Timestamp,
    data: &'a T,
}

/// The data of all messages about the feed: the receiver has everything up to `after`.
#[derive(Serialize)]
struct FeedData<'a> {
    restaurant: RestaurantId,
    epoch: String,
    after: Position,
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<Position>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<&'a [PositionedEvent<'a>]>,
}

#[derive(Serialize)]
struct PingData {
    restaurant: RestaurantId,
    webhook: WebhookId,
}

#[derive(Serialize)]
struct PositionedEvent<'a> {
    position: Position,
    event: EventBody<'a>,
}

/// Returns the last of the events that fit into one message, in order.
#[must_use]
pub fn last_that_fits(events: &[Event]) -> Option<&Event> {
    let mut bytes = 0;
    let fits = |event: &&Event| {
        let is_first = bytes == 0;
        bytes += event.patch.get().len();
        is_first || bytes <= MOST_BYTES
    };
    events.iter().take_while(fits).last()
}

/// Makes the message with the events after the webhook's position, of a database with this epoch.
///
/// # Errors
/// An event that is not JSON.
pub fn events(webhook: &Webhook, database: &str, events: &[Event]) -> serde_json::Result<Message> {
    let positioned = events.iter().map(|event| PositionedEvent { position: event.position, event: EventBody::whole(event) });
    let positioned: Vec<_> = positioned.collect();
    let last = events.last();
    let data = FeedData { through: last.map(|event| event.position), events: Some(&positioned), ..feed_data(webhook, database) };
    let at = last.map_or(webhook.details.created_at, |event| event.at);
    message(id(webhook, webhook.position.next()), "events", at, &data)
}

/// Makes the message that the history was rewritten after the webhook's position.
///
/// # Errors
/// None for any webhook.
pub fn history(webhook: &Webhook, database: &str, now: Timestamp) -> serde_json::Result<Message> {
    message(id(webhook, "history"), "history", now, &feed_data(webhook, database))
}

/// Makes a message that only tests the receiver.
///
/// # Errors
/// None for any webhook.
pub fn ping(webhook: &Webhook, unique: Uuid, now: Timestamp) -> serde_json::Result<Message> {
    let data = PingData { restaurant: webhook.restaurant, webhook: webhook.id };
    message(format!("{}.ping.{}", webhook.id, unique.simple()), "ping", now, &data)
}

fn feed_data<'a>(webhook: &Webhook, database: &str) -> FeedData<'a> {
    let epoch = Epoch { database, generation: webhook.details.generation }.to_string();
    FeedData { restaurant: webhook.restaurant, epoch, after: webhook.position, through: None, events: None }
}

/// Returns the id of a message. The generation keeps ids apart whose positions and runs came back from a backup.
fn id(webhook: &Webhook, part: impl std::fmt::Display) -> String {
    let generation = webhook.details.generation.map_or_else(Uuid::nil, |generation| generation.uuid());
    format!("{}.{}.{}.{part}", webhook.id, generation.simple(), webhook.details.run)
}

fn message(id: String, r#type: &'static str, timestamp: Timestamp, data: &impl Serialize) -> serde_json::Result<Message> {
    let body = serde_json::to_vec(&Body { r#type, timestamp, data })?.into();
    Ok(Message { id, body })
}
