//! A feed, which drives its sequencer like `src/feed/feed.rs`: it delivers a restaurant's events to the rooms of a node.

use super::connection::{Connection, Mail};
use super::node::What;
use super::room::{Inbox, JoinRoom, Room};
use super::rules::Rule;
use super::world::World;
use orderbell::connection::subscription::Subscription;
use orderbell::domain::model::event::Event;
use orderbell::domain::model::history::{Head, Known, Mark, Point, Standing};
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::values::ids::{EventId, Generation, RestaurantId};
use orderbell::domain::values::position::Position;
use orderbell::feed::EventCommitted;
use orderbell::feed::sequencer::Sequencer;
use orderbell::room::Recent;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most events held while earlier ones are missing.
const EARLY: usize = 4;
/// The most events of one read of the log.
const PAGE: usize = 5;
/// The most delivered events that are remembered.
const RECENT: usize = 6;

/// A feed of a node.
pub struct Feed {
    /// Its number, unique among the feeds and rooms of all nodes.
    pub serial: u64,
    state: State,
    pub rooms: BTreeMap<RoomId, Room>,
}

enum State {
    Failed,
    Starting(Vec<JoinRoom>),
    Delivering(Delivery),
}

struct Delivery {
    generation: Option<Generation>,
    sequencer: Sequencer,
    recent: Recent,
    /// Rooms that already have the sequencer's next event.
    handed: Vec<RoomId>,
    is_reading: bool,
    has_retry: bool,
    /// The highest position that the feed has heard of.
    known: Position,
    /// The events as they arrive, if the rule of the sequence is broken.
    arrived: Vec<Arc<Event>>,
}

impl Delivery {
    fn new(Standing { generation, last }: Standing) -> Self {
        Self {
            generation,
            sequencer: Sequencer::new(last, EARLY),
            recent: Recent::new(last, RECENT),
            handed: Vec::new(),
            is_reading: false,
            has_retry: false,
            known: last.position,
            arrived: Vec::new(),
        }
    }

    fn standing(&self) -> Standing {
        Standing { generation: self.generation, last: self.sequencer.delivered() }
    }
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
    /// Returns the delivery of a feed that has started.
    fn delivery(&mut self, node: usize, restaurant: RestaurantId) -> Option<&mut Delivery> {
        self.nodes[node].feeds.get_mut(&restaurant)?.delivery()
    }

    /// Lets a feed do something after a time, unless it has ended by then.
    fn soon_of(&mut self, node: usize, restaurant: RestaurantId, wait: std::ops::RangeInclusive<i64>, what: What) {
        if let Some(serial) = self.nodes[node].feeds.get(&restaurant).map(|feed| feed.serial) {
            self.soon(node, wait, What::In(serial, Box::new(what)));
        }
    }

    /// Lets a connection join a room. The first join of a feed starts it.
    pub fn join_room(
        &mut self,
        node: usize,
        restaurant: RestaurantId,
        member: u64,
        generation: Option<Generation>,
        asked: Subscription,
    ) {
        let Subscription { room, since, only_owner, paged } = asked;
        let serial = self.number();
        let Some(connection) = self.connections.get_mut(&member) else { return };
        let number = connection.joins.next(room);
        let (has_event, head) = (None, Point::default());
        let join = JoinRoom { room, member, number, since, has_event, only_owner, paged, head, generation };
        let of = &mut self.nodes[node];
        let feed = of.feeds.entry(restaurant).or_insert_with(|| {
            of.open.insert(serial);
            Feed { serial, state: State::Failed, rooms: BTreeMap::new() }
        });
        match &mut feed.state {
            State::Delivering(_) => self.forward(node, restaurant, join),
            State::Starting(waiting) => waiting.push(join),
            State::Failed => {
                feed.state = State::Starting(vec![join]);
                let (serial, known) = (feed.serial, of.known.get(&restaurant).cloned());
                self.read(node, move |database| {
                    let asked = known.iter().flat_map(Known::positions);
                    let head = database.map(|database| database.head_and(restaurant, asked));
                    What::In(serial, Box::new(What::Started(restaurant, known, head)))
                });
            }
        }
    }

    /// Serves the waiting joins from the head on, or refuses them if the head could not be read. If the history was rewritten,
    /// begins another generation first.
    pub fn started(&mut self, node: usize, restaurant: RestaurantId, known: Option<Known>, head: Option<Head>) {
        let standing = head.and_then(|head| self.learn(node, restaurant, known.as_ref(), &head));
        let Some(feed) = self.nodes[node].feeds.get_mut(&restaurant) else { return };
        let next = standing.map_or(State::Failed, |standing| State::Delivering(Delivery::new(standing)));
        let State::Starting(waiting) = std::mem::replace(&mut feed.state, next) else { return };
        if standing.is_some() {
            waiting.into_iter().for_each(|join| self.forward(node, restaurant, join));
            self.soon_of(node, restaurant, 1000..=3000, What::Sync(restaurant));
        } else {
            waiting.into_iter().for_each(|join| self.refuse_unavailable(&join));
        }
    }

    /// Ends a feed whose history was rewritten, with its rooms and the connections in them.
    pub fn end_feed(&mut self, node: usize, restaurant: RestaurantId, head: Mark) {
        if !self.keeps(Rule::RewrittenFeedsEnd) {
            let generation = self.nodes[node].known.get(&restaurant).and_then(|known| known.generation);
            if let Some(delivery) = self.delivery(node, restaurant) {
                *delivery = Delivery::new(Standing { generation, last: head });
            }
            return;
        }
        let of = &mut self.nodes[node];
        let Some(feed) = of.feeds.remove(&restaurant) else { return };
        of.open.remove(&feed.serial);
        for room in feed.rooms.values() {
            of.open.remove(&room.serial);
        }
        let is_in = |open: &Connection| {
            open.node == node && open.state.principal.restaurant == restaurant && !open.state.rooms().is_empty()
        };
        let members: Vec<_> = self.connections.iter().filter(|(_, open)| is_in(open)).map(|(id, _)| *id).collect();
        members.into_iter().for_each(|member| self.deliver(member, Mail::Rewritten));
    }

    /// Forwards a join to its room, and opens the room if necessary.
    fn forward(&mut self, node: usize, restaurant: RestaurantId, join: JoinRoom) {
        let compares = self.keeps(Rule::JoinIsOfItsGeneration);
        let believes = !self.keeps(Rule::CursorsAreChecked);
        let Some(delivery) = self.delivery(node, restaurant) else { return };
        let standing = delivery.standing();
        let has_event = if believes { Some(true) } else { join.since.and_then(|since| delivery.recent.has(since)) };
        if compares && join.generation != standing.generation {
            return self.deliver(join.member, Mail::Rewritten);
        }
        let (room, serial) = (join.room, self.number());
        let to = &mut self.nodes[node];
        let Some(feed) = to.feeds.get_mut(&restaurant) else { return };
        let open = feed.rooms.entry(room).or_insert_with(|| {
            to.open.insert(serial);
            Room::new(serial, standing)
        });
        let join = JoinRoom { head: standing.last.into(), has_event, ..join };
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
            of.open.remove(&closed.serial);
        }
    }

    /// Takes announced events, which must follow the event that their link names.
    pub fn take_announced(&mut self, node: usize, EventCommitted { restaurant, link, events }: EventCommitted) {
        let is_linked = self.keeps(Rule::EventsAreLinked);
        let Some(delivery) = self.delivery(node, restaurant) else { return };
        let Some(link) = link else { return self.blame("a commit names the event before it".into()) };
        let after = if is_linked { link.after.event } else { delivery.sequencer.delivered().event };
        if is_linked && link.generation != delivery.generation {
            return self.doubt_delivered(node, restaurant);
        }
        self.take_events(node, restaurant, after, events.iter().cloned().map(Arc::new).collect());
    }

    /// Drops undelivered events, and requests a comparison with the log.
    fn doubt_delivered(&mut self, node: usize, restaurant: RestaurantId) {
        let Some(delivery) = self.delivery(node, restaurant) else { return };
        delivery.sequencer.start_over();
        let standing = delivery.standing();
        self.doubt(node, restaurant, standing);
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

    /// Delivers the next events, and reads missing ones from the log.
    fn pump(&mut self, node: usize, restaurant: RestaurantId) {
        if !self.keeps(Rule::Sequence) {
            let arrived = self.delivery(node, restaurant).map(|delivery| std::mem::take(&mut delivery.arrived));
            for event in arrived.into_iter().flatten() {
                self.hand_out(node, restaurant, &event);
            }
            return;
        }
        while let Some(event) = self.delivery(node, restaurant).and_then(|delivery| delivery.sequencer.peek().cloned()) {
            let generation = self.delivery(node, restaurant).and_then(|delivery| delivery.generation);
            if !self.record(node, restaurant, Standing { generation, last: event.mark() }) {
                return self.doubt_delivered(node, restaurant);
            }
            let is_out = self.hand_out(node, restaurant, &event);
            let Some(delivery) = self.delivery(node, restaurant) else { return };
            if !is_out {
                if !std::mem::replace(&mut delivery.has_retry, true) {
                    self.soon_of(node, restaurant, 5..=5, What::Pump(restaurant));
                }
                return;
            }
            delivery.handed.clear();
            delivery.recent.push(event.mark());
            delivery.sequencer.advance();
        }
        let Some(delivery) = self.delivery(node, restaurant) else { return };
        if delivery.sequencer.is_torn() {
            return self.doubt_delivered(node, restaurant);
        }
        if delivery.sequencer.missing().is_some() && !std::mem::replace(&mut delivery.is_reading, true) {
            self.soon_of(node, restaurant, 5..=5, What::ReadMissing(restaurant));
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
        let Some(feed) = self.nodes[node].feeds.get_mut(&restaurant) else { return };
        let serial = feed.serial;
        let Some(delivery) = feed.delivery() else { return };
        let Some(missing) = delivery.sequencer.missing() else {
            delivery.is_reading = false;
            return;
        };
        // The last event delivered is read again, since the log may have another in its place.
        let after = Position::new(missing.after.position.number().saturating_sub(1)).unwrap_or_default();
        self.read(node, move |database| {
            let events = database.map(|database| {
                let events = database.events(restaurant, None, after, missing.through);
                if reads { events.take(PAGE).cloned().collect() } else { Vec::new() }
            });
            What::In(serial, Box::new(What::Missing(restaurant, missing.after, events)))
        });
    }

    pub fn missing(&mut self, node: usize, restaurant: RestaurantId, after: Mark, events: Option<Vec<Arc<Event>>>) {
        let Some(mut events) = events else {
            return self.soon_of(node, restaurant, 20..=200, What::ReadMissing(restaurant));
        };
        if let Some(delivery) = self.delivery(node, restaurant) {
            delivery.is_reading = false;
        }
        let known = if after.event.is_some() { events.drain(..events.len().min(1)).next() } else { None };
        let continues = known.map(|event| event.mark()).unwrap_or_default() == after || !self.keeps(Rule::ReadsAreLinked);
        if !continues || events.is_empty() {
            return self.doubt_delivered(node, restaurant);
        }
        self.take_events(node, restaurant, after.event, events);
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

    /// Sends rooms the position up to which the feed has delivered. A room that already has the next event is ahead of it.
    pub fn sync_rooms(&mut self, node: usize, restaurant: RestaurantId) {
        self.soon_of(node, restaurant, 1000..=3000, What::Sync(restaurant));
        let is_delivered = self.keeps(Rule::SyncIsDelivered);
        let Some(feed) = self.nodes[node].feeds.get_mut(&restaurant) else { return };
        let State::Delivering(Delivery { sequencer, handed, known, .. }) = &feed.state else { return };
        let head = if is_delivered { sequencer.delivered().into() } else { (*known).into() };
        let mut woken = Vec::new();
        for (id, open) in feed.rooms.iter_mut().filter(|(id, _)| !handed.contains(id)) {
            if open.put(Inbox::Sync(head)) {
                woken.push(*id);
            }
        }
        woken.into_iter().for_each(|room| self.wake(node, restaurant, room));
    }
}
