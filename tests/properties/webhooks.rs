//! Webhooks: after any failures and deaths of nodes, a receiver gets all events in order, and repeats only under the same id.

use crate::support::at;
use orderbell::domain::model::event::{By, Event, EventKind};
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::webhook::{Fault, SigningKeys, Webhook, WebhookDetails, WebhookState};
use orderbell::domain::values::ids::{EventId, Generation, RestaurantId, WebhookId};
use orderbell::domain::values::position::Position;
use orderbell::domain::values::time::Timestamp;
use orderbell::webhooks::message::{self, Message};
use orderbell::webhooks::plan::{self, LEASE, LONGEST_WAIT, Next, Outcome, PATIENCE};
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;
use uuid::Uuid;

const HOUR: i64 = 60 * 60 * 1000;

fn position(number: u64) -> Position {
    Position::new(number).unwrap()
}

fn webhook() -> Webhook {
    Webhook {
        restaurant: RestaurantId::from_uuid(Uuid::from_u128(1)),
        id: WebhookId::from_uuid(Uuid::from_u128(2)),
        version: 1,
        state: WebhookState::Active,
        due_at: at(0),
        position: Position::ZERO,
        keys: SigningKeys { secret: [1; 32], seed: [2; 32] },
        former_keys: None,
        details: WebhookDetails::new("https://pos.example/hook".parse().unwrap(), at(0), None),
    }
}

fn event(number: u64, bytes: usize) -> Event {
    Event {
        restaurant: RestaurantId::from_uuid(Uuid::from_u128(1)),
        position: position(number),
        id: EventId::from_uuid(Uuid::from_u128(number.into())),
        kind: EventKind::OrderAccepted,
        order: None,
        at: at(0),
        by: By::role(Role::Staff),
        command: None,
        patch: RawValue::from_string(format!("\"{}\"", "x".repeat(bytes))).unwrap(),
    }
}

/// A generator of numbers that a seed determines.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 ^ (self.0 >> 29)
    }

    fn happens(&mut self, one_in: u64) -> bool {
        (self.roll() >> 7).is_multiple_of(one_in)
    }
}

/// A receiver that follows the documented rule.
#[derive(Default)]
struct Receiver {
    cursor: u64,
    seen: HashMap<String, Message>,
    repeats: u32,
}

impl Receiver {
    fn take(&mut self, message: &Message) {
        if let Some(before) = self.seen.insert(message.id.clone(), message.clone()) {
            assert_eq!(&before, message, "the same id means the same message");
            self.repeats += 1;
            return;
        }
        let body: Value = serde_json::from_slice(&message.body).unwrap();
        let data = &body["data"];
        assert_eq!(data["after"].as_u64().unwrap(), self.cursor, "no gap, and no repeat under another id");
        for event in data["events"].as_array().unwrap() {
            self.cursor += 1;
            assert_eq!(event["position"].as_u64().unwrap(), self.cursor);
        }
        assert_eq!(data["through"].as_u64().unwrap(), self.cursor);
    }
}

/// The log, its webhook as the database has it, and nodes that die.
struct World {
    log: Vec<Event>,
    row: Webhook,
    receiver: Receiver,
    dice: Dice,
    /// A node dies at one in so many of the points at which it may.
    deaths_one_in: u64,
    kills: u32,
}

impl World {
    fn dies(&mut self) -> bool {
        let dies = self.dice.happens(self.deaths_one_in);
        self.kills += u32::from(dies);
        dies
    }

    /// Lets a node have its turn. It writes its plan, sends, and writes the outcome, and may die between any two of these.
    fn turn(&mut self, now: Timestamp, head: u64, is_up: bool) {
        let mut node = self.row.clone();
        if !plan::claim(&mut node, now) {
            return;
        }
        while let Next::Events(through) = plan::next(&mut node, None, position(head)) {
            let first = usize::try_from(node.position.number()).unwrap();
            let last = usize::try_from(through.number()).unwrap();
            let mut events = self.log[first..last].to_vec();
            if node.details.through.is_none() {
                events.truncate(1 + (self.dice.roll() % 60) as usize);
                plan::begin(&mut node, events.last().unwrap().position);
            }
            let message = message::events(&node, "e1", &events).unwrap();
            plan::lease(&mut node, now);
            self.row = node.clone();
            if self.dies() {
                return;
            }
            if is_up {
                self.receiver.take(&message);
            }
            if self.dies() {
                return;
            }
            let outcome = if is_up { Outcome::Delivered } else { Outcome::Failed(Fault::Unreachable, None) };
            plan::record(&mut node, outcome, now, self.dice.roll());
            if !is_up {
                self.row = node;
                return;
            }
        }
        plan::release(&mut node, now);
        self.row = node;
    }
}

/// Commits 5,000 events within six hours in which the receiver is down, and delivers them afterwards.
fn deliver_after_an_outage(seed: u64, deaths_one_in: u64) -> World {
    const EVENTS: u64 = 5000;
    let log = (1..=EVENTS).map(|number| event(number, 20)).collect();
    let (row, receiver) = (webhook(), Receiver::default());
    let mut world = World { log, row, receiver, dice: Dice(seed), deaths_one_in, kills: 0 };
    let mut now = 0;
    for _ in 0..20_000 {
        let head = (EVENTS * u64::try_from(now.min(6 * HOUR)).unwrap() / u64::try_from(6 * HOUR).unwrap()).max(1);
        world.turn(at(now), head, now > 6 * HOUR);
        assert_eq!(world.row.state, WebhookState::Active);
        assert!(world.row.due_at <= at(now).plus(LONGEST_WAIT), "it is tried at least once an hour");
        if world.row.position == position(EVENTS) {
            assert_eq!(world.receiver.cursor, EVENTS, "the database does not claim more than the receiver has");
            return world;
        }
        now = (now + 1000).max(world.row.due_at.millis() - at(0).millis());
    }
    panic!("not delivered");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn after_six_hours_a_receiver_gets_5000_events_in_order(seed in any::<u64>(), deaths_one_in in 3_u64..1000) {
        deliver_after_an_outage(seed, deaths_one_in);
    }

    #[test]
    fn a_receiver_that_fails_is_tried_for_a_day_and_its_position_stays(randoms in prop::collection::vec(any::<u64>(), 2000)) {
        let (mut webhook, mut now) = (webhook(), at(0));
        webhook.position = position(7);
        let _ = plan::next(&mut webhook, None, position(9));
        plan::begin(&mut webhook, position(8));
        for random in randoms {
            let is_late = now.since(at(0)) >= PATIENCE;
            plan::record(&mut webhook, Outcome::Failed(Fault::TimedOut, None), now, random);
            prop_assert_eq!(webhook.state == WebhookState::Failing, is_late);
            prop_assert_eq!((webhook.position, webhook.details.through), (position(7), Some(position(8))));
            prop_assert!(now <= webhook.due_at && webhook.due_at <= now.plus(LONGEST_WAIT));
            if is_late {
                let due_at = webhook.due_at;
                prop_assert!(!plan::claim(&mut webhook, due_at));
                plan::resume(&mut webhook, now);
                prop_assert!(plan::claim(&mut webhook, now));
                prop_assert_eq!(plan::next(&mut webhook, None, position(9)), Next::Events(position(8)), "the same message");
                break;
            }
            now = webhook.due_at.plus(std::time::Duration::from_millis(1));
        }
    }
}

#[test]
fn two_hundred_nodes_die_and_all_events_arrive() {
    let world = deliver_after_an_outage(7, 2);
    assert!(world.kills >= 200 && world.receiver.repeats >= 20, "{} kills, {} repeats", world.kills, world.receiver.repeats);
}

#[test]
fn a_webhook_is_leased_and_waits_as_long_as_its_receiver_asks_within_an_hour() {
    let mut webhook = webhook();
    assert!(plan::claim(&mut webhook, at(5)));
    assert!(!plan::claim(&mut webhook.clone(), at(5)), "leased");
    assert!(plan::claim(&mut webhook.clone(), at(5).plus(LEASE)), "the lease is over");
    let minutes = |count: u64| std::time::Duration::from_secs(count * 60);
    for (asked, waited) in [(minutes(5), minutes(5)), (minutes(500), LONGEST_WAIT)] {
        plan::record(&mut webhook, Outcome::Failed(Fault::Refused { status: 429 }, Some(asked)), at(9), 0);
        assert_eq!(webhook.due_at, at(9).plus(waited));
    }
    plan::record(&mut webhook, Outcome::Gone, at(9), 0);
    assert_eq!((webhook.state, webhook.details.fault), (WebhookState::Gone, Some(Fault::Refused { status: 410 })));
}

#[test]
fn a_rewritten_history_is_announced_once_before_its_events() {
    let generation = Some(Generation::from_uuid(Uuid::from_u128(9)));
    let mut webhook = webhook();
    assert_eq!(plan::next(&mut webhook, None, position(5)), Next::Events(position(5)));
    plan::begin(&mut webhook, position(5));
    let before = message::events(&webhook, "e1", &[event(1, 1)]).unwrap();
    assert_eq!(plan::next(&mut webhook, generation, position(3)), Next::History);
    let history = message::history(&webhook, "e1", at(0)).unwrap();
    let body: Value = serde_json::from_slice(&history.body).unwrap();
    assert_eq!((&body["type"], &body["data"]["after"]), (&"history".into(), &0.into()));
    assert!(body["data"]["epoch"].as_str().unwrap().starts_with("e1-"));
    plan::record(&mut webhook, Outcome::Delivered, at(1), 0);
    assert_eq!(webhook.position, Position::ZERO, "nothing is skipped");
    assert_eq!(plan::next(&mut webhook, generation, position(3)), Next::Events(position(3)));
    let after = message::events(&webhook, "e1", &[event(1, 1)]).unwrap();
    assert!(before.id != after.id && history.id != after.id, "another history has other ids");
}

#[test]
fn a_replay_sends_the_same_positions_as_new_messages() {
    let mut webhook = webhook();
    let first = message::events(&webhook, "e1", &[event(1, 1)]).unwrap();
    plan::begin(&mut webhook, position(1));
    plan::record(&mut webhook, Outcome::Delivered, at(0), 0);
    assert_eq!(webhook.position, position(1));
    plan::replay(&mut webhook, Position::ZERO, at(1));
    assert_eq!(plan::next(&mut webhook, None, position(1)), Next::Events(position(1)));
    assert!(message::events(&webhook, "e1", &[event(1, 1)]).unwrap().id != first.id);
}

#[test]
fn new_keys_sign_beside_the_former_ones_for_a_day() {
    let mut webhook = webhook();
    let (old, new) = (webhook.keys, SigningKeys { secret: [8; 32], seed: [9; 32] });
    plan::rotate(&mut webhook, new, at(0));
    let keys = |now| plan::keys(&webhook, now).copied().collect::<Vec<_>>();
    assert_eq!(keys(at(0)), [new, old]);
    assert_eq!(keys(at(0).plus(plan::OVERLAP)), [new]);
}

#[test]
fn a_message_has_as_many_events_as_fit_and_at_least_one() {
    let last = |sizes: &[usize]| {
        let events: Vec<_> = (1..).zip(sizes).map(|(number, bytes)| event(number, *bytes)).collect();
        message::last_that_fits(&events).map(|event| event.position.number())
    };
    assert_eq!(last(&[]), None);
    assert_eq!(last(&[1, 1, 1]), Some(3));
    assert_eq!(last(&[300_000, 1]), Some(1));
    assert_eq!(last(&[100_000, 100_000, 100_000]), Some(2));
}
