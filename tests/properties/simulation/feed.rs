//! A feed, as `src/feed/feed.rs` drives its sequencer: it delivers a restaurant's events to the rooms of a node.

use super::node::What;
use super::room::{Inbox, JoinRoom, Room};
use super::rules::Rule;
use super::world::World;
use orderbell::connection::subscription::Subscription;
use orderbell::domain::model::event::Event;
use orderbell::domain::model::history::Mark;
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::values::ids::{EventId, RestaurantId};
use orderbell::domain::values::position::Position;
use orderbell::feed::EventCommitted;
use orderbell::feed::sequencer::Sequencer;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most events held while earlier ones are missing.
const EARLY: usize = 4;
/// The most events of one read of the log.
const PAGE: usize = 5;

/// A feed of a node.
pub struct Feed {
    state: State,
    pub rooms: BTreeMap<RoomId, Room>,
}

enum State {
    Failed,
    Starting(Vec<JoinRoom>),
    Delivering(Delivery),
}

struct Delivery {
    sequencer: Sequencer,
    /// Rooms that already have the sequencer's next event.
    handed: Vec<RoomId>,
    is_reading: bool,
    has_retry: bool,
    /// The highest position that the feed has heard of.
    known: Position,
    /// The events as they arrive, if the rule of the sequence is broken.
    arrived: Vec<Arc<Event>>,
}

impl Feed {
    fn delivery(&mut self) -> Option<&mut Delivery> {
        match &mut self.state {
            State::Delivering(delivery) => Some(delivery),
            State::Failed | State::Starting(_) => None,
        }
    }
}

impl World {
    /// Returns the delivery of a feed, if it delivers.
    fn delivery(&mut self, node: usize, restaurant: RestaurantId) -> Option<&mut Delivery> {
        self.nodes[node].feeds.get_mut(&restaurant)?.delivery()
    }

    /// Lets a connection join a room. The first join of a feed starts it.
    pub fn join_room(&mut self, node: usize, restaurant: RestaurantId, member: u64, asked: Subscription) {
        let Subscription { room, since, only_owner, paged } = asked;
        let Some(connection) = self.connections.get_mut(&member) else { return };
        let number = connection.joins.next(room);
        let join = JoinRoom { room, member, number, since, only_owner, paged, head: Position::ZERO };
        let starting = || Feed { state: State::Failed, rooms: BTreeMap::new() };
        let feed = self.nodes[node].feeds.entry(restaurant).or_insert_with(starting);
        match &mut feed.state {
            State::Delivering(_) => self.forward(node, restaurant, join),
            State::Starting(waiting) => waiting.push(join),
            State::Failed => {
                feed.state = State::Starting(vec![join]);
                self.read(node, move |database| What::Started(restaurant, database.map(|database| database.last(restaurant))));
            }
        }
    }

    /// Serves the waiting joins from the head on, or refuses them if it could not be read.
    pub fn started(&mut self, node: usize, restaurant: RestaurantId, head: Option<Mark>) {
        let Some(feed) = self.nodes[node].feeds.get_mut(&restaurant) else { return };
        let next = head.map_or(State::Failed, |head| {
            State::Delivering(Delivery {
                sequencer: Sequencer::new(head, EARLY),
                handed: Vec::new(),
                is_reading: false,
                has_retry: false,
                known: head.position,
                arrived: Vec::new(),
            })
        });
        let State::Starting(waiting) = std::mem::replace(&mut feed.state, next) else { return };
        if head.is_some() {
            waiting.into_iter().for_each(|join| self.forward(node, restaurant, join));
            self.soon(node, 1000..=3000, What::Sync(restaurant));
        } else {
            waiting.into_iter().for_each(|join| self.refuse_unavailable(&join));
        }
    }

    /// Forwards a join to its room, which is opened if it is not open.
    fn forward(&mut self, node: usize, restaurant: RestaurantId, join: JoinRoom) {
        let Some(head) = self.delivery(node, restaurant).map(|delivery| delivery.sequencer.delivered().position) else { return };
        let (room, serial) = (join.room, self.number());
        let to = &mut self.nodes[node];
        let Some(feed) = to.feeds.get_mut(&restaurant) else { return };
        let open = feed.rooms.entry(room).or_insert_with(|| {
            to.rooms.insert(serial);
            Room::new(serial, head)
        });
        let join = JoinRoom { head, ..join };
        if open.put(Inbox::Join(join.clone())) {
            open.sent_joins += 1;
            self.wake(node, restaurant, room);
        } else {
            self.refuse_unavailable(&join);
        }
    }

    pub fn leave_room(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, member: u64) {
        let Some(feed) = self.nodes[node].feeds.get_mut(&restaurant) else { return };
        if let State::Starting(waiting) = &mut feed.state {
            waiting.retain(|join| join.room != room || join.member != member);
        }
        if let Some(open) = feed.rooms.get_mut(&room) {
            open.push(Inbox::Leave(member));
            self.wake(node, restaurant, room);
        }
    }

    /// Closes a room that is empty, unless the feed has sent it more joins than it has handled.
    pub fn room_empty(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, joins: u64) {
        let counts = self.keeps(Rule::JoinsAreCounted);
        let of = &mut self.nodes[node];
        let Some(feed) = of.feeds.get_mut(&restaurant) else { return };
        if feed.rooms.get(&room).is_some_and(|open| !counts || open.sent_joins == joins)
            && let Some(closed) = feed.rooms.remove(&room)
        {
            of.rooms.remove(&closed.serial);
        }
    }

    /// Takes announced events, which continue the history after the event that their link names.
    pub fn take_announced(&mut self, node: usize, EventCommitted { restaurant, link, events }: EventCommitted) {
        let after = link.and_then(|link| link.after.event);
        self.take_events(node, restaurant, after, events.iter().cloned().map(Arc::new).collect());
    }

    fn take_events(&mut self, node: usize, restaurant: RestaurantId, after: Option<EventId>, events: Vec<Arc<Event>>) {
        let in_sequence = self.keeps(Rule::Sequence);
        let Some(delivery) = self.delivery(node, restaurant) else { return };
        let last = events.last().map_or(delivery.known, |event| event.position);
        delivery.known = delivery.known.max(last);
        if !in_sequence {
            delivery.arrived.extend(events.iter().cloned());
        }
        delivery.sequencer.offer(after, events);
        self.pump(node, restaurant);
    }

    pub fn note_head(&mut self, node: usize, restaurant: RestaurantId, head: Position) {
        if let Some(delivery) = self.delivery(node, restaurant) {
            delivery.known = delivery.known.max(head);
            delivery.sequencer.note_head(head);
            self.pump(node, restaurant);
        }
    }

    /// Delivers the events that are next, and reads missing ones from the log.
    fn pump(&mut self, node: usize, restaurant: RestaurantId) {
        if !self.keeps(Rule::Sequence) {
            let arrived = self.delivery(node, restaurant).map(|delivery| std::mem::take(&mut delivery.arrived));
            for event in arrived.into_iter().flatten() {
                self.hand_out(node, restaurant, &event);
            }
            return;
        }
        while let Some(event) = self.delivery(node, restaurant).and_then(|delivery| delivery.sequencer.peek().cloned()) {
            let is_out = self.hand_out(node, restaurant, &event);
            let Some(delivery) = self.delivery(node, restaurant) else { return };
            if !is_out {
                if !std::mem::replace(&mut delivery.has_retry, true) {
                    self.soon(node, 5..=5, What::Pump(restaurant));
                }
                return;
            }
            delivery.handed.clear();
            delivery.sequencer.advance();
        }
        let Some(delivery) = self.delivery(node, restaurant) else { return };
        if delivery.sequencer.is_torn() {
            return self.blame("an event follows another one than was delivered".into());
        }
        if delivery.sequencer.missing().is_some() && !std::mem::replace(&mut delivery.is_reading, true) {
            self.soon(node, 5..=5, What::ReadMissing(restaurant));
        }
    }

    pub fn retry(&mut self, node: usize, restaurant: RestaurantId) {
        if let Some(delivery) = self.delivery(node, restaurant) {
            delivery.has_retry = false;
        }
        self.pump(node, restaurant);
    }

    pub fn read_missing(&mut self, node: usize, restaurant: RestaurantId) {
        let reads = self.keeps(Rule::GapsAreRead);
        let Some(delivery) = self.delivery(node, restaurant) else { return };
        let Some(missing) = delivery.sequencer.missing() else {
            delivery.is_reading = false;
            return;
        };
        self.read(node, move |database| {
            let events = database.map(|database| {
                let events = database.events(restaurant, None, missing.after.position, missing.through);
                if reads { events.take(PAGE).cloned().collect() } else { Vec::new() }
            });
            What::Missing(restaurant, missing.after.event, events)
        });
    }

    pub fn missing(&mut self, node: usize, restaurant: RestaurantId, after: Option<EventId>, events: Option<Vec<Arc<Event>>>) {
        match events {
            Some(events) => {
                if let Some(delivery) = self.delivery(node, restaurant) {
                    delivery.is_reading = false;
                }
                self.take_events(node, restaurant, after, events);
            }
            None => self.soon(node, 20..=200, What::ReadMissing(restaurant)),
        }
    }

    /// Sends an event to each room that carries it. Returns false if a room's mailbox is full.
    fn hand_out(&mut self, node: usize, restaurant: RestaurantId, event: &Arc<Event>) -> bool {
        let once = self.keeps(Rule::HandedOnce);
        let Some(feed) = self.nodes[node].feeds.get_mut(&restaurant) else { return true };
        let State::Delivering(delivery) = &mut feed.state else { return true };
        let mut woken = Vec::new();
        let mut is_out = true;
        for (id, open) in feed.rooms.iter_mut().filter(|(id, _)| id.carries(event)) {
            if once && delivery.handed.contains(id) {
                continue;
            }
            if !open.put(Inbox::Event(event.clone())) {
                is_out = false;
                break;
            }
            delivery.handed.push(*id);
            woken.push(*id);
        }
        woken.into_iter().for_each(|room| self.wake(node, restaurant, room));
        is_out
    }

    /// Tells rooms up to where the feed has delivered. A room that has the next event already is ahead.
    pub fn sync_rooms(&mut self, node: usize, restaurant: RestaurantId) {
        self.soon(node, 1000..=3000, What::Sync(restaurant));
        let is_delivered = self.keeps(Rule::SyncIsDelivered);
        let Some(feed) = self.nodes[node].feeds.get_mut(&restaurant) else { return };
        let State::Delivering(Delivery { sequencer, handed, known, .. }) = &feed.state else { return };
        let head = if is_delivered { sequencer.delivered().position } else { *known };
        let mut woken = Vec::new();
        for (id, open) in feed.rooms.iter_mut().filter(|(id, _)| !handed.contains(id)) {
            if open.put(Inbox::Sync(head)) {
                woken.push(*id);
            }
        }
        woken.into_iter().for_each(|room| self.wake(node, restaurant, room));
    }
}
