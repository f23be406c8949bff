//! Privacy: export, purge and erasure of guests' data.

use crate::clock;
use crate::domain::model::delivery::Delivery;
use crate::domain::model::event::Event;
use crate::domain::model::order::Order;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::{EventId, OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::store::audit::{self, Kind, Note};
use crate::store::{Result, SharedStore, batches};
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use utoipa::ToSchema;

/// The most orders of an export.
pub const MOST_ORDERS: u32 = 200;
/// The most events of one order in an export.
const MOST_EVENTS: u32 = 2000;
/// The most orders that one transaction of a purge or an erasure changes, which locks the
/// restaurant's feed.
const BATCH: u32 = 20;

/// The stored data of one guest.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GuestExport)]
pub struct Export {
    diner: Key,
    /// Whether `orders` has all orders of the guest.
    complete: bool,
    orders: Vec<Order>,
    events: Vec<ExportedEvent>,
    /// What riders need for those of the orders that are delivered, while it is stored.
    deliveries: Vec<ExportedDelivery>,
}

/// A rider's data for one of the orders.
#[derive(Debug, Serialize, ToSchema)]
struct ExportedDelivery {
    order: OrderId,
    recipient: Delivery,
}

/// An event of one of the orders.
#[derive(Debug, Serialize, ToSchema)]
struct ExportedEvent {
    id: EventId,
    position: Position,
    kind: &'static str,
    at: Timestamp,
    by: &'static str,
    #[schema(value_type = Object)]
    patch: Box<RawValue>,
}

impl From<Event> for ExportedEvent {
    fn from(event: Event) -> Self {
        let Event { id, position, kind, at, by, patch, .. } = event;
        Self { id, position, kind: kind.as_str(), at, by: by.role.as_str(), patch }
    }
}

/// Collects the stored data of a guest, newest orders first.
///
/// # Errors
/// An error of the store.
pub async fn export(store: &SharedStore, restaurant: RestaurantId, diner: Key) -> Result<Export> {
    let mut orders = store.orders_of_diner(restaurant, &diner, None, MOST_ORDERS + 1).await?;
    let complete = orders.len() <= MOST_ORDERS as usize;
    orders.truncate(MOST_ORDERS as usize);
    let head = store.head(restaurant).await?;
    let (mut events, mut deliveries) = (Vec::new(), Vec::new());
    for order in &orders {
        let found = store.delivery(restaurant, order.id).await?;
        deliveries.extend(found.map(|recipient| ExportedDelivery { order: order.id, recipient }));
        let room = Some(RoomId::Order(order.id));
        let of_order = store.events(restaurant, room, Position::ZERO, head, MOST_EVENTS).await?;
        events.extend(of_order.into_iter().map(ExportedEvent::from));
    }
    store.record(Note::new(restaurant, Kind::Guests, "export_guest").set_to(format_args!("{} orders", orders.len()))).await?;
    Ok(Export { diner, complete, orders, events, deliveries })
}

/// Removes guests' words and names from orders of a restaurant that closed before a time. Returns
/// the number of orders.
///
/// # Errors
/// An error of the store. Orders that were purged before stay purged.
pub async fn purge(store: &SharedStore, restaurant: RestaurantId, before: Timestamp) -> Result<u64> {
    let mut gone = 0;
    loop {
        let begun = clock::uptime();
        let batch = store.purge_orders(restaurant, before, clock::now(), BATCH).await?;
        gone += batch.orders;
        if !batch.more {
            if gone > 0 {
                store.scrub(before)?;
            }
            return Ok(gone);
        }
        batches::rest(clock::uptime().since(begun)).await;
    }
}

/// The result of an erasure.
#[derive(Debug)]
pub enum Erasure {
    /// Nothing is erased, since the kitchen still needs the guest's open orders. This is their number.
    Open(u64),
    /// The guest's data is erased.
    Done {
        /// The number of changed orders.
        orders: u64,
        /// The events for live screens, for the caller to announce.
        events: Arc<[Event]>,
        /// The ended sessions.
        sessions: Vec<Key>,
    },
}

/// Erases a guest's data: words and name in orders, events and remembered answers; sessions; push
/// subscriptions. Changes nothing if the guest has an open order.
///
/// Cancel safety: an interrupted erasure can be repeated.
///
/// # Errors
/// An error of the store.
pub async fn erase(store: &SharedStore, restaurant: RestaurantId, diner: &Key) -> Result<Erasure> {
    let open = store.open_orders_of(restaurant, diner).await?;
    if open > 0 {
        return Ok(Erasure::Open(open));
    }
    // Sessions end first, so that no further order follows. The entry does not name the guest, whose id is to be erased.
    let note = Note::new(restaurant, Kind::Guests, "erase_guest");
    let sessions = audit::recorded(note, store.erase_guest(restaurant, diner)).await?;
    let (mut orders, mut events) = (0, Vec::new());
    loop {
        let begun = clock::uptime();
        let batch = store.erase_orders(restaurant, diner, clock::now(), BATCH).await?;
        orders += batch.orders;
        events.extend(batch.events.iter().cloned());
        if batch.orders < u64::from(BATCH) {
            // This comes last, when documents no longer have the words, so that no later answer contains them.
            store.forget_answers_about(restaurant, diner).await?;
            store.scrub(clock::now())?;
            return Ok(Erasure::Done { orders, events: events.into(), sessions });
        }
        batches::rest(clock::uptime().since(begun)).await;
    }
}
