//! The documents that a reader builds from a feed by applying patches in order.

use orderbell::domain::model::event::{Event, Topic};
use orderbell::domain::values::ids::{OrderId, RestaurantId};
use orderbell::domain::values::merge_patch;
use orderbell::domain::values::position::Position;
use orderbell::store::SharedStore;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The documents of a feed up to a position.
#[derive(Debug)]
pub struct Folded {
    pub orders: BTreeMap<OrderId, Value>,
    pub calls: Value,
    pub displays: Value,
}

pub fn fold(events: &[Event], through: Position) -> Folded {
    let nothing = || Value::Object(Map::new());
    let mut folded = Folded { orders: BTreeMap::new(), calls: nothing(), displays: nothing() };
    for event in events.iter().take_while(|event| event.position <= through) {
        let patch = serde_json::from_str(event.patch.get()).expect("a patch is JSON");
        match (event.kind.topic(), event.order) {
            (Topic::Order, Some(id)) => merge_patch::apply(folded.orders.entry(id).or_insert(Value::Null), &patch),
            (Topic::Call, None) => merge_patch::apply(&mut folded.calls, &patch),
            (Topic::Display, None) => merge_patch::apply(&mut folded.displays, &patch),
            (Topic::Menu, None) => {}
            other => panic!("unexpected document of {other:?}"),
        }
    }
    folded
}

impl Folded {
    /// Returns the open orders, oldest first.
    pub fn open_orders(&self) -> Vec<&Value> {
        let is_final = |order: &Value| ["served", "rejected", "cancelled"].iter().any(|status| order["status"] == *status);
        self.orders.values().filter(|order| !is_final(order)).collect()
    }
}

/// Returns the whole feed, which must have no gap and agree with the documents.
pub async fn sound_feed(store: &SharedStore, restaurant: RestaurantId) -> Vec<Event> {
    let head = store.head(restaurant).await.expect("the head must read");
    let events = store.events(restaurant, None, Position::ZERO, head, u32::MAX).await.expect("the feed must read");
    let positions: Vec<_> = events.iter().map(|event| event.position.number()).collect();
    assert_eq!(positions, (1..=head.number()).collect::<Vec<_>>(), "the feed has no gap");
    for (id, folded) in fold(&events, head).orders {
        let order = store.order(restaurant, id).await.expect("an order must read").expect("its events are there");
        assert_eq!(serde_json::to_value(order).unwrap(), folded, "the document is the fold of its patches");
    }
    events
}
