//! Notices, pure: the events that guests wait for, and the payload of their messages.

use crate::domain::model::event::EventKind;
use crate::domain::model::order::{Order, Service};
use crate::domain::model::push::Language;
use crate::domain::model::status::OrderStatus;
use crate::domain::values::ids::{OrderId, RestaurantId};
use crate::domain::values::ticket::Ticket;
use crate::domain::values::time::Timestamp;
use crate::feed::EventCommitted;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;

/// A notice to the diner of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// The restaurant.
    pub restaurant: RestaurantId,
    /// The order.
    pub order: OrderId,
    /// The status to report.
    pub status: NoticeStatus,
}

/// The `status` of a message. All but `Voided` are statuses of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeStatus {
    /// The restaurant has accepted the order.
    Accepted,
    /// The order is ready to be served or picked up.
    Ready,
    /// The order was cancelled.
    Cancelled,
    /// The restaurant has rejected the order.
    Rejected,
    /// A line or some of its portions were voided, and the total has changed.
    Voided,
}

/// Returns the status to report for a kind of event, if guests wait for it.
const fn status_of(kind: EventKind) -> Option<NoticeStatus> {
    match kind {
        EventKind::OrderAccepted => Some(NoticeStatus::Accepted),
        EventKind::OrderReady => Some(NoticeStatus::Ready),
        EventKind::OrderCancelled => Some(NoticeStatus::Cancelled),
        EventKind::OrderRejected => Some(NoticeStatus::Rejected),
        EventKind::ItemVoided => Some(NoticeStatus::Voided),
        _ => None,
    }
}

/// Whether a notice is still true at the order's current status. The order may change while a
/// message waits or is retried, and another node may send the next one; a late "accepted" must not
/// replace "ready". For an order whose last line was voided, "cancelled" is enough.
#[must_use]
pub const fn holds(status: NoticeStatus, now: OrderStatus) -> bool {
    match status {
        NoticeStatus::Accepted => matches!(now, OrderStatus::Accepted | OrderStatus::Preparing),
        NoticeStatus::Ready => matches!(now, OrderStatus::Ready),
        NoticeStatus::Cancelled => matches!(now, OrderStatus::Cancelled),
        NoticeStatus::Rejected => matches!(now, OrderStatus::Rejected),
        NoticeStatus::Voided => {
            matches!(now, OrderStatus::Placed | OrderStatus::Accepted | OrderStatus::Preparing | OrderStatus::Ready)
        }
    }
}

/// Returns the notices for the events of a transaction, in order.
pub fn notices(committed: &EventCommitted) -> impl Iterator<Item = Notice> + '_ {
    let restaurant = committed.restaurant;
    committed.events.iter().filter_map(move |event| {
        let (order, status) = (event.order?, status_of(event.kind)?);
        Some(Notice { restaurant, order, status })
    })
}

/// The payload of a message: data without text, which the service worker adds. `status` is the
/// event's, so "accepted" stays "accepted" after the kitchen starts.
#[derive(Debug, Serialize)]
struct Payload<'a> {
    order: OrderId,
    number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<Ticket>,
    status: NoticeStatus,
    /// Absent for an order at a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Service>,
    #[serde(skip_serializing_if = "Option::is_none")]
    promised_at: Option<Timestamp>,
    language: &'a Language,
}

/// Returns the payload of a message before encryption: about 200 bytes, of the 4096 that push
/// services accept.
#[must_use]
pub fn payload(order: &Order, status: NoticeStatus, language: &Language) -> Vec<u8> {
    let service = Some(order.service).filter(|service| *service != Service::DineIn);
    let Order { id, number, ticket, promised_at, .. } = *order;
    let payload = Payload { order: id, number, ticket, status, service, promised_at, language };
    // Plain data with text keys always serializes.
    serde_json::to_vec(&payload).unwrap_or_default()
}

/// Returns the topic of an order's messages (RFC 8030, section 5.4): at the push service, a later
/// message replaces a waiting one.
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
            by: By::role(Role::Staff),
            command: None,
            patch: RawValue::from_string("{}".into()).unwrap(),
        }
    }

    #[test]
    fn five_kinds_of_events_make_notices() {
        let events = EventKind::ALL.iter().map(|kind| event(*kind, Some(ORDER))).collect();
        let committed = EventCommitted { restaurant: HERE, link: None, events };
        let told: Vec<_> = notices(&committed).map(|notice| notice.status).collect();
        for each in
            [NoticeStatus::Accepted, NoticeStatus::Rejected, NoticeStatus::Ready, NoticeStatus::Cancelled, NoticeStatus::Voided]
        {
            assert!(told.contains(&each), "{each:?}");
        }
        assert_eq!(told.len(), 5);
        assert!(notices(&committed).all(|notice| (notice.restaurant, notice.order) == (HERE, ORDER)));
        let about_nothing = EventCommitted { restaurant: HERE, link: None, events: [event(EventKind::OrderReady, None)].into() };
        assert_eq!(notices(&about_nothing).count(), 0);
    }

    #[test]
    fn outdated_notices_do_not_hold() {
        use OrderStatus::{Accepted, Cancelled, Placed, Preparing, Ready, Rejected, Served};
        let all = [Placed, Accepted, Rejected, Preparing, Ready, Served, Cancelled];
        let held = |told| all.into_iter().filter(|now| holds(told, *now)).collect::<Vec<_>>();
        assert_eq!(held(NoticeStatus::Accepted), [Accepted, Preparing]);
        assert_eq!(held(NoticeStatus::Voided), [Placed, Accepted, Preparing, Ready], "a cancelled order needs no further notice");
        assert_eq!(
            [held(NoticeStatus::Ready), held(NoticeStatus::Rejected), held(NoticeStatus::Cancelled)],
            [[Ready], [Rejected], [Cancelled]]
        );
    }

    #[test]
    fn a_topic_is_unique_to_its_order_and_short_enough() {
        let other = OrderId::from_uuid(Uuid::from_u128(3));
        assert_ne!(topic(ORDER), topic(other));
        let topic = topic(ORDER);
        assert!(topic.len() <= 32 && topic.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{topic}");
    }
}
