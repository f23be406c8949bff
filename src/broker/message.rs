//! Messages between nodes, pure: JSON, sealed by [`super::signature`].

use super::signature::Refused;
use crate::domain::model::event::{By, Event, EventKind};
use crate::domain::model::history::Link;
use crate::domain::values::ids::{CommandId, EventId, OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use crate::feed::EventCommitted;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use uuid::Uuid;

/// A message from one node to all.
#[derive(Debug, Clone)]
pub struct Message {
    /// The id of the sender, which each process makes at its start.
    pub node: Uuid,
    /// The content.
    pub body: Body,
}

/// The content of a message.
#[derive(Debug, Clone)]
pub enum Body {
    /// The sender has committed these events.
    Committed(EventCommitted),
    /// The log of a restaurant reaches at least to this position. Sent in place of events that
    /// could not be sent.
    Head(RestaurantId, Position),
    /// A sign of life of the sender's connection.
    Beat(Beat),
}

/// A beat, which a connection publishes to receive it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// A random id of the connection, since beats of an earlier connection prove nothing about this
    /// one.
    pub nonce: Uuid,
    /// The number of the beat, ascending.
    pub number: u64,
    /// The part of the channels that carried it.
    pub part: u8,
}

#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    node: Uuid,
    body: WireBody<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireBody<'a> {
    Committed {
        restaurant: RestaurantId,
        /// Absent from nodes of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<Link>,
        events: Vec<WireEvent<'a>>,
    },
    Head {
        restaurant: RestaurantId,
        position: Position,
    },
    Beat(Beat),
}

#[derive(Serialize, Deserialize)]
struct WireEvent<'a> {
    position: Position,
    id: EventId,
    kind: EventKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order: Option<OrderId>,
    at: Timestamp,
    by: By,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<CommandId>,
    patch: Cow<'a, RawValue>,
}

impl Message {
    /// Encodes the message as JSON.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let body = match &self.body {
            Body::Committed(committed) => {
                let events = committed.events.iter().map(WireEvent::from).collect();
                WireBody::Committed { restaurant: committed.restaurant, link: committed.link, events }
            }
            Body::Head(restaurant, position) => WireBody::Head { restaurant: *restaurant, position: *position },
            Body::Beat(beat) => WireBody::Beat(*beat),
        };
        // Plain data with text keys always serializes.
        serde_json::to_vec(&Wire { node: self.node, body }).unwrap_or_default()
    }

    /// Decodes a message from JSON.
    ///
    /// # Errors
    /// [`Refused::Garbled`] for invalid JSON, and for events that cannot be of one commit.
    pub fn decode(json: &[u8]) -> Result<Self, Refused> {
        let Wire { node, body } = serde_json::from_slice(json).map_err(|_| Refused::Garbled)?;
        let body = match body {
            WireBody::Committed { restaurant, link, events } => Body::Committed(committed(restaurant, link, events)?),
            WireBody::Head { restaurant, position } => Body::Head(restaurant, position),
            WireBody::Beat(beat) => Body::Beat(beat),
        };
        Ok(Self { node, body })
    }
}

/// Checks that the events of a commit have successive positions.
fn committed(restaurant: RestaurantId, link: Option<Link>, events: Vec<WireEvent<'_>>) -> Result<EventCommitted, Refused> {
    let first = events.first().map(|event| event.position.number()).filter(|first| *first > 0).ok_or(Refused::Garbled)?;
    if (first..).zip(&events).any(|(number, event)| event.position.number() != number) {
        return Err(Refused::Garbled);
    }
    if link.is_some_and(|link| link.after.position.next().number() != first) {
        return Err(Refused::Garbled);
    }
    let events = events.into_iter().map(|event| event.of(restaurant)).collect();
    Ok(EventCommitted { restaurant, link, events })
}

impl<'a> From<&'a Event> for WireEvent<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            position: event.position,
            id: event.id,
            kind: event.kind,
            order: event.order,
            at: event.at,
            by: event.by.clone(),
            command: event.command,
            patch: Cow::Borrowed(&*event.patch),
        }
    }
}

impl WireEvent<'_> {
    fn of(self, restaurant: RestaurantId) -> Event {
        let Self { position, id, kind, order, at, by, command, patch } = self;
        Event { restaurant, position, id, kind, order, at, by, command, patch: patch.into_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::event::Rule;
    use crate::domain::model::history::Mark;
    use crate::domain::model::principal::{Person, Role};
    use crate::domain::values::ids::{DeviceId, Generation, UserId};
    use proptest::prelude::*;
    use serde_json::json;

    prop_compose! {
        fn event()(
            ids in any::<(u128, u128)>(),
            kind in prop::sample::select(EventKind::ALL),
            order in any::<Option<u128>>(),
            command in any::<Option<u128>>(),
            millis in 0_i64..4_000_000_000_000,
            role in prop::sample::select(&Role::ALL[..]),
            person in any::<Option<u128>>(),
            screen in any::<Option<u128>>(),
            note in ".{0,40}",
        ) -> Event {
            Event {
                restaurant: RestaurantId::from_uuid(Uuid::from_u128(ids.0)),
                position: Position::ZERO,
                id: EventId::from_uuid(Uuid::from_u128(ids.1)),
                kind,
                order: order.map(|id| OrderId::from_uuid(Uuid::from_u128(id))),
                at: Timestamp::from_millis(millis),
                by: By {
                    role,
                    person: person.map(|id| Person { id: UserId::from_uuid(Uuid::from_u128(id)), name: "mina".parse().unwrap() }),
                    screen: screen.map(|id| DeviceId::from_uuid(Uuid::from_u128(id))),
                    rule: screen.is_none().then_some(Rule::AutoAccept),
                },
                command: command.map(|id| CommandId::from_uuid(Uuid::from_u128(id))),
                patch: serde_json::value::to_raw_value(&serde_json::json!({ "note": note, "gone": null })).unwrap(),
            }
        }
    }

    fn commit(first: u64, mut events: Vec<Event>) -> EventCommitted {
        let restaurant = events[0].restaurant;
        for (number, event) in (first..).zip(&mut events) {
            event.restaurant = restaurant;
            event.position = Position::new(number).unwrap();
        }
        let event = (first > 1).then(|| EventId::from_uuid(Uuid::from_u128(7)));
        let after = Mark { position: Position::new(first - 1).unwrap(), event };
        let link = Link { generation: Some(Generation::from_uuid(Uuid::from_u128(8))), after };
        EventCommitted { restaurant, link: Some(link), events: events.into() }
    }

    proptest! {
        #[test]
        fn events_round_trip(first in 1_u64..1 << 52, events in prop::collection::vec(event(), 1..4), node in any::<u128>()) {
            let sent = commit(first, events);
            let message = Message { node: Uuid::from_u128(node), body: Body::Committed(sent.clone()) };
            let read = Message::decode(&message.encode()).unwrap();
            prop_assert_eq!(read.node, message.node);
            let Body::Committed(got) = read.body else { panic!("a message with events") };
            prop_assert_eq!(format!("{got:?}"), format!("{sent:?}"));
        }

        #[test]
        fn invalid_bytes_are_garbled(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert_eq!(Message::decode(&bytes).unwrap_err(), Refused::Garbled);
        }

        #[test]
        fn a_cut_message_is_garbled(events in prop::collection::vec(event(), 1..3), cut in 0.0_f64..1.0) {
            let json = Message { node: Uuid::nil(), body: Body::Committed(commit(1, events)) }.encode();
            let length = (json.len() as f64 * cut) as usize;
            prop_assert_eq!(Message::decode(&json[..length]).unwrap_err(), Refused::Garbled);
        }

        #[test]
        fn positions_with_a_gap_are_garbled(events in prop::collection::vec(event(), 2..4), gap in 1_u64..9) {
            let mut events = commit(1, events).events.to_vec();
            let last = events.last_mut().unwrap();
            last.position = Position::new(last.position.number() + gap).unwrap();
            let committed = EventCommitted { restaurant: events[0].restaurant, link: None, events: events.into() };
            let json = Message { node: Uuid::nil(), body: Body::Committed(committed) }.encode();
            prop_assert_eq!(Message::decode(&json).unwrap_err(), Refused::Garbled);
        }
    }

    #[test]
    fn events_that_do_not_follow_their_link_are_garbled_and_a_missing_link_is_accepted() {
        let sent = |link| {
            let (restaurant, after) =
                (RestaurantId::from_uuid(Uuid::nil()), Mark { position: Position::new(4).unwrap(), event: None });
            let events = json!([{"position": 6, "id": Uuid::nil(), "kind": "order.ready", "at": "2026-11-24T10:00:00.123Z",
                "by": {"role": "kitchen"}, "patch": {}}]);
            let mut committed = json!({"restaurant": restaurant, "events": events});
            if link {
                committed["link"] = json!(Link { generation: None, after });
            }
            Message::decode(json!({"node": Uuid::nil(), "body": {"committed": committed}}).to_string().as_bytes())
        };
        assert_eq!(sent(true).unwrap_err(), Refused::Garbled);
        assert!(matches!(sent(false).unwrap().body, Body::Committed(EventCommitted { link: None, .. })));
    }

    #[test]
    fn heads_and_beats_round_trip() {
        let beat = Beat { nonce: Uuid::from_u128(3), number: 4, part: 5 };
        let (restaurant, position) = (RestaurantId::from_uuid(Uuid::from_u128(6)), Position::new(7).unwrap());
        for body in [Body::Beat(beat), Body::Head(restaurant, position)] {
            let message = Message { node: Uuid::from_u128(1), body };
            assert_eq!(format!("{:?}", Message::decode(&message.encode()).unwrap()), format!("{message:?}"));
        }
    }
}
