//! The database in memory: it decides on groups of commands as the store does (`store::group`), and answers the reads of
//! feeds and rooms.

use crate::support::menu;
use orderbell::domain::model::call::Calls;
use orderbell::domain::model::draft::to_json;
use orderbell::domain::model::event::Event;
use orderbell::domain::model::history::{Head, Mark};
use orderbell::domain::model::menu::Menu;
use orderbell::domain::model::order::Order;
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::model::ticket_counter::TicketCounter;
use orderbell::domain::rules::decision::Write;
use orderbell::domain::values::ids::{CommandId, Generation, OrderId, RestaurantId};
use orderbell::domain::values::position::Position;
use orderbell::domain::values::text::Key;
use orderbell::domain::values::time::Timestamp;
use orderbell::protocol::Snapshot;
use orderbell::protocol::snapshot::{Contents, Document};
use orderbell::store::Result;
use orderbell::store::group::{AnswerKey, Feed, Reading, Remembered, Writes, fold};
use orderbell::store::log::{Committed, Work};
use serde_json::value::{RawValue, to_raw_value};
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

thread_local! {
    /// The ids of events that were made in this run.
    static IDS: Cell<u128> = const { Cell::new(0) };
}

/// Makes the id of an event.
fn new_id() -> Uuid {
    IDS.set(IDS.get() + 1);
    Uuid::from_u128(0x2_0000_0000 + IDS.get())
}

/// A database.
#[derive(Clone)]
pub struct Database {
    feeds: BTreeMap<RestaurantId, Feed>,
    answers: HashMap<AnswerKey, Remembered>,
    orders: BTreeMap<(RestaurantId, OrderId), Order>,
    calls: BTreeMap<RestaurantId, Calls>,
    menus: BTreeMap<RestaurantId, Arc<Menu>>,
    log: BTreeMap<RestaurantId, Vec<Arc<Event>>>,
    /// The command of each commit that changed something.
    effects: Vec<CommandId>,
    /// The server that is recorded in this history.
    pub origin: u64,
}

impl Database {
    pub fn of(restaurants: &[RestaurantId]) -> Self {
        IDS.set(0);
        let last = Some(Mark::default());
        let tickets = TicketCounter::default();
        let feed =
            Feed { head: Position::ZERO, generation: None, last, next_number: 1, tickets, default_minutes: 20, version: 0 };
        let menus = restaurants.iter().map(|id| (*id, Arc::new(Menu { restaurant: *id, position: Position::ZERO, ..menu() })));
        Self {
            feeds: restaurants.iter().map(|id| (*id, feed)).collect(),
            answers: HashMap::new(),
            orders: BTreeMap::new(),
            calls: restaurants.iter().map(|id| (*id, Calls::new())).collect(),
            menus: menus.collect(),
            log: restaurants.iter().map(|id| (*id, Vec::new())).collect(),
            effects: Vec::new(),
            origin: 0,
        }
    }

    /// Decides on a group. Changes nothing.
    pub fn decide(&self, works: &[Work], remembers: bool) -> (Vec<Result<Committed>>, Writes) {
        let reading = Reading {
            feeds: self.feeds.clone().into_iter().collect(),
            answers: if remembers { self.answers.clone() } else { HashMap::new() },
            orders: self.orders.clone().into_iter().collect(),
            menus: self.menus.clone().into_iter().collect(),
            calls: self.calls.clone().into_iter().collect(),
            ..Reading::default()
        };
        fold(reading, works, new_id)
    }

    /// Returns whether a group was decided on the current heads, and none of its commands has been answered since.
    pub fn is_unmoved(&self, writes: &Writes, remembers: bool) -> bool {
        let is_at = |(restaurant, (from, _)): (&RestaurantId, &(Feed, Feed))| self.feeds[restaurant] == *from;
        let is_new = |(key, ..): &(AnswerKey, Remembered, Timestamp)| !remembers || !self.answers.contains_key(key);
        writes.feeds.iter().all(is_at) && writes.answers.iter().all(is_new)
    }

    /// Commits a group.
    pub fn write(&mut self, writes: Writes) {
        for (key, write) in writes.orders {
            self.orders.insert(key, write.order);
        }
        for ((restaurant, id), call) in writes.calls {
            let calls = self.calls.entry(restaurant).or_default();
            match call {
                Some((call, _)) => drop(calls.insert(id, call)),
                None => drop(calls.remove(&id)),
            }
        }
        if let Some((restaurant, Write::Menu(menu))) = writes.row {
            self.menus.insert(restaurant, Arc::new(*menu));
        }
        self.answers.extend(writes.answers.into_iter().map(|(key, remembered, _)| (key, remembered)));
        self.feeds.extend(writes.feeds.into_iter().map(|(restaurant, (_, to))| (restaurant, to)));
        for events in writes.events {
            self.effects.extend(events.first().and_then(|event| event.command));
            for event in events.iter() {
                let log = self.log.entry(event.restaurant).or_default();
                let at = log.partition_point(|before| before.position < event.position);
                log.insert(at, Arc::new(event.clone()));
            }
        }
    }

    /// Returns the head of a feed, and the events at some positions.
    pub fn head_and(&self, restaurant: RestaurantId, asked: impl IntoIterator<Item = Position>) -> Head {
        let feed = &self.feeds[&restaurant];
        let event = |position| self.log[&restaurant].iter().find(|event| event.position == position).map(|event| event.id);
        let asked = asked.into_iter().map(|position| Mark { position, event: event(position) });
        Head { generation: feed.generation, last: feed.last.unwrap(), asked: asked.collect() }
    }

    /// Replaces a generation of a feed by a new one. Returns the generation that the feed then has.
    pub fn begin_generation(&mut self, restaurant: RestaurantId, from: Option<Generation>, to: Generation) -> Option<Generation> {
        let feed = self.feeds.get_mut(&restaurant).unwrap();
        if feed.generation == from {
            feed.generation = Some(to);
        }
        feed.generation
    }

    /// Begins a generation of every feed.
    pub fn begin_generations(&mut self, fresh: Uuid) {
        let latest = self.feeds.values().filter_map(|feed| feed.generation).max();
        let next = Generation::after(latest, fresh);
        self.feeds.values_mut().for_each(|feed| feed.generation = Some(next));
    }

    pub fn head(&self, restaurant: RestaurantId) -> Position {
        self.feeds[&restaurant].head
    }

    /// Returns the events of a room after one position up to another, or of the whole feed.
    pub fn events(
        &self,
        restaurant: RestaurantId,
        room: Option<RoomId>,
        after: Position,
        through: Position,
    ) -> impl Iterator<Item = &Arc<Event>> {
        let carries = move |event: &&Arc<Event>| room.is_none_or(|room| room.carries(event));
        let log = &self.log[&restaurant];
        let (begin, end) = (log.partition_point(|e| e.position <= after), log.partition_point(|e| e.position <= through));
        log[begin..end.max(begin)].iter().filter(carries)
    }

    /// Returns the position of a room's last event up to a head.
    pub fn last_in_room(&self, restaurant: RestaurantId, room: RoomId, head: Position) -> Position {
        self.events(restaurant, Some(room), Position::ZERO, head).last().map_or(Position::ZERO, |event| event.position)
    }

    /// Returns the state of a room, and the last event of its feed; `None` if it does not exist.
    pub fn snapshot(&self, restaurant: RestaurantId, room: RoomId) -> Option<(Snapshot, Mark)> {
        let raw = |value: &serde_json::Value| -> Box<RawValue> { to_raw_value(value).unwrap() };
        let documents = match room {
            RoomId::Menu(_) => vec![Document::from(raw(&to_json(&*self.menus[&restaurant])))],
            RoomId::Order(id) => vec![Document::from(raw(&to_json(self.orders.get(&(restaurant, id))?)))],
            RoomId::Kitchen(_) | RoomId::Floor(_) => {
                self.open_orders(restaurant).map(|order| Document::of_order(order.id, raw(&to_json(order)))).collect()
            }
        };
        let entry = |id: String, value| (id, raw(&value));
        let is_floor = matches!(room, RoomId::Floor(_));
        let calls =
            is_floor.then(|| self.calls[&restaurant].iter().map(|(id, call)| entry(id.to_string(), to_json(call))).collect());
        let contents = Contents { documents, calls, displays: is_floor.then(BTreeMap::new) };
        let last = self.feeds[&restaurant].last.unwrap();
        Some((Snapshot::encode(room, last, contents, Into::into), last))
    }

    fn open_orders(&self, restaurant: RestaurantId) -> impl Iterator<Item = &Order> {
        self.orders.values().filter(move |order| order.restaurant == restaurant && !order.status.is_final())
    }

    pub fn orders(&self, restaurant: RestaurantId) -> impl Iterator<Item = &Order> {
        self.orders.values().filter(move |order| order.restaurant == restaurant)
    }

    pub fn order(&self, restaurant: RestaurantId, id: OrderId) -> Option<&Order> {
        self.orders.get(&(restaurant, id))
    }

    pub fn owner(&self, restaurant: RestaurantId, room: RoomId) -> Option<Key> {
        let RoomId::Order(id) = room else { return None };
        self.order(restaurant, id)?.diner.clone()
    }

    pub fn calls(&self, restaurant: RestaurantId) -> &Calls {
        &self.calls[&restaurant]
    }

    pub fn menu(&self, restaurant: RestaurantId) -> &Menu {
        &self.menus[&restaurant]
    }

    /// Returns the number of commits in which a command has changed something.
    pub fn effects(&self, id: CommandId) -> usize {
        self.effects.iter().filter(|effect| **effect == id).count()
    }

    /// Returns the ids of all commands that changed something.
    pub fn commands(&self) -> &[CommandId] {
        &self.effects
    }
}
