//! Delivery: frames in and out, and the order of events.

use crate::support::{Ticket, at, basket, line, position, restaurant};
use divan::{Bencher, black_box};
use orderbell::domain::model::draft::to_json;
use orderbell::domain::model::event::{By, Event, EventKind};
use orderbell::domain::model::history::Mark;
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::values::ids::{EventId, OrderId};
use orderbell::feed::sequencer::Sequencer;
use orderbell::protocol::client_frame::ClientFrame;
use orderbell::protocol::server_frame::ServerFrame;
use orderbell::protocol::snapshot::{Contents, Document, Snapshot};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use std::sync::Arc;
use uuid::Uuid;

/// The most early events that a feed holds.
const EARLY: usize = 1024;

const FRAMES: [&str; 3] = [
    r#"{"type":"subscribe","room":"order:00000000-0000-7000-8000-000000000001","since":41}"#,
    r#"{"type":"command","id":"00000000-0000-7000-8000-000000000002","order":"00000000-0000-7000-8000-000000000001","action":"ready"}"#,
    r#"{"type":"place","id":"00000000-0000-7000-8000-000000000003","order":{"service":"dine_in","items":[{"menu_item":"00000000-0000-7000-8000-000000000004","quantity":2,"note":"no onions"}]}}"#,
];

fn event(number: u64) -> Event {
    let patch = json!({"position": number, "status": "ready", "ready_at": "2026-11-24T10:00:00.000Z"});
    Event {
        restaurant: restaurant(),
        position: position(number),
        id: EventId::from_uuid(Uuid::from_u128(u128::from(number))),
        kind: EventKind::OrderReady,
        order: Some(OrderId::from_uuid(Uuid::from_u128(0x2000))),
        at: at(0),
        by: By::role(Role::Kitchen),
        command: None,
        patch: to_raw_value(&patch).unwrap(),
    }
}

#[divan::bench]
fn encode_event(bencher: Bencher) {
    let event = event(7);
    let room = RoomId::Kitchen(restaurant());
    bencher.bench(|| {
        let event = black_box(&event);
        ServerFrame::event(room, position(6), event).encode()
    });
}

#[divan::bench(args = [10, 100, 1000])]
fn encode_snapshot(bencher: Bencher, orders: u128) {
    let order = Ticket::place(&basket((0..3).map(|n| line(n, 1)).collect()), position(100)).unwrap().order;
    let text: Box<RawValue> = to_raw_value(&to_json(&order)).unwrap();
    let contents = || {
        let document = |n| Document::of_order(OrderId::from_uuid(Uuid::from_u128(n)), text.clone());
        Contents { documents: (0..orders).map(document).collect(), calls: None, displays: None }
    };
    let room = RoomId::Kitchen(restaurant());
    bencher.with_inputs(contents).bench_values(|contents| Snapshot::encode(room, position(100), contents, |bytes| bytes.into()));
}

/// Returns the id of the event before this one.
fn before(event: &Event) -> Option<EventId> {
    let before = event.id.uuid().as_u128() - 1;
    (before > 0).then(|| EventId::from_uuid(Uuid::from_u128(before)))
}

fn sequence(mut sequencer: Sequencer, events: &[Arc<Event>]) -> Sequencer {
    for event in events {
        sequencer.offer(before(event), [event.clone()]);
        while sequencer.peek().is_some() {
            sequencer.advance();
        }
    }
    sequencer
}

#[divan::bench(args = [1, 64])]
fn sequencer_in_order(bencher: Bencher, count: u64) {
    let events: Vec<_> = (1..=count).map(|number| Arc::new(event(number))).collect();
    let new = || Sequencer::new(Mark::default(), EARLY);
    bencher.with_inputs(new).bench_values(|sequencer| sequence(sequencer, black_box(&events)));
}

#[divan::bench(args = [2, 64])]
fn sequencer_last_first(bencher: Bencher, count: u64) {
    let events: Vec<_> = (1..=count).rev().map(|number| Arc::new(event(number))).collect();
    let new = || Sequencer::new(Mark::default(), EARLY);
    bencher.with_inputs(new).bench_values(|sequencer| sequence(sequencer, black_box(&events)));
}

#[divan::bench(args = ["subscribe", "command", "place"])]
fn parse_frame(bencher: Bencher, kind: &str) {
    let frame = FRAMES.into_iter().find(|frame| frame.contains(&format!(r#""type":"{kind}""#))).unwrap();
    assert!(ClientFrame::parse(frame).is_ok(), "{frame}");
    bencher.bench(|| ClientFrame::parse(black_box(frame)));
}
