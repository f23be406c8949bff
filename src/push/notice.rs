//! What a guest waits for, pure: which events are told, and what a message says.

use crate::domain::model::event::EventKind;
use crate::domain::model::order::{Order, Service};
use crate::domain::model::push::Language;
use crate::domain::model::status::OrderStatus;
use crate::domain::values::ids::{OrderId, RestaurantId};
use crate::domain::values::time::Timestamp;
use crate::feed::EventCommitted;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;

/// Something to tell the diner of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// Where.
    pub restaurant: RestaurantId,
    /// Which order.
    pub order: OrderId,
    /// What has become of it.
    pub status: Told,
}

/// The `status` of a message. All but one are those of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Taken by the house.
    Accepted,
    /// To be served, or picked up.
    Ready,
    /// Not made any further.
    Cancelled,
    /// Not taken.
    Rejected,
    /// A line, or some of it, was taken off, and the total is another.
    Voided,
}

/// The status to tell when an event is one that a guest waits for.
const fn told(kind: EventKind) -> Option<Told> {
    match kind {
        EventKind::OrderAccepted => Some(Told::Accepted),
        EventKind::OrderReady => Some(Told::Ready),
        EventKind::OrderCancelled => Some(Told::Cancelled),
        EventKind::OrderRejected => Some(Told::Rejected),
        EventKind::ItemVoided => Some(Told::Voided),
        _ => None,
    }
}

/// Whether what is told of an order still holds at its status now. An order moves on while a message waits, or is tried again,
/// or another node sends the next one: nobody is to read "accepted" over "ready". Of an order whose last line was taken off,
/// that it is cancelled says it all.
#[must_use]
pub const fn holds(told: Told, now: OrderStatus) -> bool {
    match told {
        Told::Accepted => matches!(now, OrderStatus::Accepted | OrderStatus::Preparing),
        Told::Ready => matches!(now, OrderStatus::Ready),
        Told::Cancelled => matches!(now, OrderStatus::Cancelled),
        Told::Rejected => matches!(now, OrderStatus::Rejected),
        Told::Voided => {
            matches!(now, OrderStatus::Placed | OrderStatus::Accepted | OrderStatus::Preparing | OrderStatus::Ready)
        }
    }
}

/// What is to be told of the events of a transaction, in their order.
pub fn notices(committed: &EventCommitted) -> impl Iterator<Item = Notice> + '_ {
    let restaurant = committed.restaurant;
    committed.events.iter().filter_map(move |event| {
        let (order, status) = (event.order?, told(event.kind)?);
        Some(Notice { restaurant, order, status })
    })
}

/// What a message says: data without words, which are the service worker's. `status` is the event's, so that "accepted" stays
/// that while the kitchen begins.
#[derive(Debug, Serialize)]
struct Payload<'a> {
    order: OrderId,
    number: u32,
    status: Told,
    /// Left out of an order that is eaten at a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Service>,
    #[serde(skip_serializing_if = "Option::is_none")]
    promised_at: Option<Timestamp>,
    language: &'a Language,
}

/// The plain text of a message; some 200 bytes, of the 4096 that push services take.
#[must_use]
pub fn payload(order: &Order, status: Told, language: &Language) -> Vec<u8> {
    let service = Some(order.service).filter(|service| *service != Service::DineIn);
    let payload = Payload { order: order.id, number: order.number, status, service, promised_at: order.promised_at, language };
    // Plain data with text keys always serializes.
    serde_json::to_vec(&payload).unwrap_or_default()
}

/// The topic of an order's messages (RFC 8030, section 5.4): one that waits at the push service gives way to a later one.
#[must_use]
pub fn topic(order: OrderId) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(order.uuid().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::event::{By, Event};
    use crate::domain::model::principal::Role;
    use crate::domain::values::ids::EventId;
    use crate::domain::values::position::Position;
    use serde_json::value::RawValue;
    use uuid::Uuid;

    const HERE: RestaurantId = RestaurantId::from_uuid(Uuid::from_u128(1));
    const ORDER: OrderId = OrderId::from_uuid(Uuid::from_u128(2));

    fn event(kind: EventKind, order: Option<OrderId>) -> Event {
        Event {
            restaurant: HERE,
            position: Position::ZERO.next(),
            id: EventId::from_uuid(Uuid::nil()),
            kind,
            order,
            at: Timestamp::from_millis(0),
            by: By { role: Role::Staff },
            command: None,
            patch: RawValue::from_string("{}".into()).unwrap(),
        }
    }

    #[test]
    fn five_kinds_of_events_are_told_and_no_others() {
        let events = EventKind::ALL.iter().map(|kind| event(*kind, Some(ORDER))).collect();
        let committed = EventCommitted { restaurant: HERE, events };
        let told: Vec<_> = notices(&committed).map(|notice| notice.status).collect();
        for each in [Told::Accepted, Told::Rejected, Told::Ready, Told::Cancelled, Told::Voided] {
            assert!(told.contains(&each), "{each:?}");
        }
        assert_eq!(told.len(), 5);
        assert!(notices(&committed).all(|notice| (notice.restaurant, notice.order) == (HERE, ORDER)));
        let about_nothing = EventCommitted { restaurant: HERE, events: [event(EventKind::OrderReady, None)].into() };
        assert_eq!(notices(&about_nothing).count(), 0);
    }

    #[test]
    fn what_an_order_has_left_behind_is_told_no_more() {
        use OrderStatus::{Accepted, Cancelled, Placed, Preparing, Ready, Rejected, Served};
        let all = [Placed, Accepted, Rejected, Preparing, Ready, Served, Cancelled];
        let held = |told| all.into_iter().filter(|now| holds(told, *now)).collect::<Vec<_>>();
        assert_eq!(held(Told::Accepted), [Accepted, Preparing]);
        assert_eq!(held(Told::Voided), [Placed, Accepted, Preparing, Ready], "not over a cancelled one");
        assert_eq!([held(Told::Ready), held(Told::Rejected), held(Told::Cancelled)], [[Ready], [Rejected], [Cancelled]]);
    }

    #[test]
    fn a_topic_is_the_orders_own_and_as_short_as_it_has_to_be() {
        let other = OrderId::from_uuid(Uuid::from_u128(3));
        assert_ne!(topic(ORDER), topic(other));
        let topic = topic(ORDER);
        assert!(topic.len() <= 32 && topic.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{topic}");
    }
}
