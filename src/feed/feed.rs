//! The `Feed` actor: delivers a restaurant's events to its rooms, position n+1 after n, reading from the log what no
//! announcement brought.

use super::messages::{EventCommitted, Head, JoinRoom, LeaveRoom};
use super::sequencer::Sequencer;
use crate::backoff::Backoff;
use crate::domain::model::event::{Event, Topic};
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
use crate::room::messages::RoomEmpty;
use crate::room::{FeedEvent, Parts, Room, Sync, ToMember};
use crate::{clock, store};
use actix::dev::SendError;
use actix::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Messages a feed holds that it has not handled.
const MAILBOX: usize = 4096;
/// Early arrivals held while something before them is missing.
const EARLY: usize = 1024;
/// Joins held while the head is being read.
const WAITING: usize = 4096;
/// How long a gap may close by itself before the log is read: two commits' announcements often cross.
const GRACE: Duration = Duration::from_millis(5);
/// How soon to try a room again whose mailbox was full.
const RETRY: Duration = Duration::from_millis(5);
/// Events of one read of the log.
const PAGE: u32 = 500;
/// How often rooms tell their members how far the feed is; section 5 wants it at most 30 s apart.
const SYNC_PERIOD: Duration = Duration::from_secs(20);
/// How long a feed without rooms stays.
const LINGER: Duration = Duration::from_secs(60);

/// Takes a feed off the node when nobody has joined it meanwhile: whose it is, and how many joins it has handled.
pub type Retire = Box<dyn Fn(RestaurantId, u64)>;

struct OpenRoom {
    addr: Addr<Room>,
    joins: u64,
}

/// One restaurant's events on this node.
///
/// Mailbox: [`MAILBOX`] messages; senders of joins are refused when it is full, announcers wait. A room whose mailbox is
/// full holds the feed back (never the other way round: rooms do not wait for members).
pub struct Feed {
    restaurant: RestaurantId,
    parts: Parts,
    retire: Retire,
    sequencer: Option<Sequencer>,
    waiting: Vec<JoinRoom>,
    rooms: HashMap<RoomId, OpenRoom>,
    /// Rooms that already have the event that the sequencer shows next.
    handed: Vec<RoomId>,
    joins: u64,
    reading: bool,
    retrying: bool,
    backoff: Backoff,
}

impl Feed {
    /// Starts a feed on this thread. Its mailbox has its size from the first message on, which `start_in_arbiter` would
    /// give it only when the arbiter comes to it: a restaurant's phones come back together, and most would be refused.
    pub fn launch(restaurant: RestaurantId, parts: Parts, retire: Retire) -> Addr<Self> {
        Self::create(move |ctx| {
            ctx.set_mailbox_capacity(MAILBOX);
            Self {
                restaurant,
                parts,
                retire,
                sequencer: None,
                waiting: Vec::new(),
                rooms: HashMap::new(),
                handed: Vec::new(),
                joins: 0,
                reading: false,
                retrying: false,
                backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(5)),
            }
        })
    }

    /// Reads where the log stands; deliveries begin after it.
    fn read_head(&mut self, ctx: &mut Context<Self>) {
        self.reading = true;
        let (store, restaurant) = (self.parts.store.clone(), self.restaurant);
        let read = async move { store.head(restaurant).await };
        ctx.spawn(read.into_actor(self).map(|head, feed, ctx| {
            feed.reading = false;
            match head {
                Ok(head) => feed.begin(head, ctx),
                Err(error) => feed.refuse_waiting(error, ctx),
            }
        }));
    }

    fn begin(&mut self, head: Position, ctx: &mut Context<Self>) {
        self.sequencer = Some(Sequencer::new(head, EARLY));
        for join in std::mem::take(&mut self.waiting) {
            self.join(join, ctx);
        }
        self.linger(ctx);
    }

    fn refuse_waiting(&mut self, error: store::StoreError, ctx: &mut Context<Self>) {
        log::warn!(restaurant:% = self.restaurant, error:% = error; "feed cannot read its head");
        for JoinRoom { room, join } in self.waiting.drain(..) {
            let _ = join.mailbox.try_send(ToMember::Unavailable(room));
        }
        self.linger(ctx);
    }

    fn join(&mut self, message: JoinRoom, ctx: &mut Context<Self>) {
        let Some(sequencer) = &self.sequencer else { return };
        let JoinRoom { room, mut join } = message;
        let head = sequencer.delivered();
        join.head = head;
        let open = self.rooms.entry(room).or_insert_with(|| {
            let addr = Room::launch(room, self.restaurant, head, ctx.address().recipient(), self.parts.clone());
            OpenRoom { addr, joins: 0 }
        });
        match open.addr.try_send(join) {
            Ok(()) => open.joins += 1,
            Err(SendError::Full(join) | SendError::Closed(join)) => {
                let _ = join.mailbox.try_send(ToMember::Unavailable(room));
            }
        }
    }

    /// Delivers what is ready; asks the log for what is missing.
    fn pump(&mut self, ctx: &mut Context<Self>) {
        while let Some(event) = self.sequencer.as_ref().and_then(Sequencer::peek).cloned() {
            if !self.hand_out(&event) {
                self.retry(ctx);
                return;
            }
            self.handed.clear();
            if let Some(sequencer) = &mut self.sequencer {
                sequencer.advance();
            }
        }
        let is_behind = self.sequencer.as_ref().is_some_and(|sequencer| sequencer.missing().is_some());
        if is_behind && !self.reading {
            self.reading = true;
            ctx.run_later(GRACE, Self::read_missing);
        }
    }

    /// Gives one event to every room that carries it; false when some room's mailbox is full.
    fn hand_out(&mut self, event: &Arc<Event>) -> bool {
        for room in carriers(event) {
            let Some(open) = self.rooms.get(&room) else { continue };
            if self.handed.contains(&room) {
                continue;
            }
            if matches!(open.addr.try_send(FeedEvent(event.clone())), Err(SendError::Full(_))) {
                return false;
            }
            self.handed.push(room);
        }
        true
    }

    fn retry(&mut self, ctx: &mut Context<Self>) {
        if !std::mem::replace(&mut self.retrying, true) {
            ctx.run_later(RETRY, |feed, ctx| {
                feed.retrying = false;
                feed.pump(ctx);
            });
        }
    }

    fn read_missing(&mut self, ctx: &mut Context<Self>) {
        let Some(missing) = self.sequencer.as_ref().and_then(Sequencer::missing) else {
            self.reading = false;
            return;
        };
        self.parts.metrics.feed_repairs.inc();
        let (store, restaurant) = (self.parts.store.clone(), self.restaurant);
        let read = async move { store.events(restaurant, None, missing.after, missing.through, PAGE).await };
        ctx.spawn(read.into_actor(self).map(|events, feed, ctx| feed.take_read(events, ctx)));
    }

    fn take_read(&mut self, events: store::Result<Vec<Event>>, ctx: &mut Context<Self>) {
        match events {
            Ok(events) => {
                self.reading = false;
                self.backoff.reset();
                self.take(events.into_iter().map(Arc::new), ctx);
            }
            Err(error) => {
                let wait = self.backoff.next(rand::random());
                log::warn!(restaurant:% = self.restaurant, error:% = error; "feed cannot read the log, will try again");
                ctx.run_later(wait, Self::read_missing);
            }
        }
    }

    fn take(&mut self, events: impl Iterator<Item = Arc<Event>>, ctx: &mut Context<Self>) {
        // Before the head is known nothing has to be kept: the head that is being read covers it, or the log has it.
        if let Some(sequencer) = &mut self.sequencer {
            events.for_each(|event| sequencer.offer(event));
            self.pump(ctx);
        }
    }

    fn tell_rooms_how_far(&mut self, _: &mut Context<Self>) {
        let Some(sequencer) = &self.sequencer else { return };
        let sync = Sync { head: sequencer.delivered(), now: clock::now() };
        for (room, open) in &self.rooms {
            // A room that has not yet been handed the next event is told what it has; a full one is told next time.
            let _ = (!self.handed.contains(room)).then(|| open.addr.try_send(sync));
        }
    }

    /// Retires this feed if it stays without rooms.
    fn linger(&mut self, ctx: &mut Context<Self>) {
        if self.rooms.is_empty() {
            ctx.run_later(LINGER, |feed, _| {
                if feed.rooms.is_empty() && feed.waiting.is_empty() {
                    (feed.retire)(feed.restaurant, feed.joins);
                }
            });
        }
    }
}

/// The rooms that carry an event.
fn carriers(event: &Event) -> impl Iterator<Item = RoomId> + use<> {
    let restaurant = event.restaurant;
    let topic = event.kind.topic();
    let order = event.order.filter(|_| topic == Topic::Order).map(RoomId::Order);
    let wide = [RoomId::Kitchen(restaurant), RoomId::Floor(restaurant), RoomId::Menu(restaurant)];
    order.into_iter().chain(wide.into_iter().filter(move |room| room.topics().contains(&topic)))
}

impl Actor for Feed {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.read_head(ctx);
        ctx.run_interval(SYNC_PERIOD, Self::tell_rooms_how_far);
    }
}

impl Handler<EventCommitted> for Feed {
    type Result = ();
    fn handle(&mut self, message: EventCommitted, ctx: &mut Context<Self>) {
        self.take(message.events.iter().cloned().map(Arc::new), ctx);
    }
}

impl Handler<Head> for Feed {
    type Result = ();
    fn handle(&mut self, Head(head): Head, ctx: &mut Context<Self>) {
        if let Some(sequencer) = &mut self.sequencer {
            sequencer.hear_of(head);
            self.pump(ctx);
        }
    }
}

impl Handler<JoinRoom> for Feed {
    type Result = ();
    fn handle(&mut self, message: JoinRoom, ctx: &mut Context<Self>) {
        self.joins += 1;
        if self.sequencer.is_some() {
            self.join(message, ctx);
        } else if self.waiting.len() < WAITING {
            self.waiting.push(message);
            if !self.reading {
                self.read_head(ctx);
            }
        } else {
            let _ = message.join.mailbox.try_send(ToMember::Unavailable(message.room));
        }
    }
}

impl Handler<LeaveRoom> for Feed {
    type Result = ();
    fn handle(&mut self, message: LeaveRoom, _: &mut Context<Self>) {
        self.waiting.retain(|waiting| waiting.room != message.room || waiting.join.member != message.leave.member);
        if let Some(open) = self.rooms.get(&message.room) {
            // One message a membership: not fan-out, and a leave that is lost would leave a ghost.
            open.addr.do_send(message.leave);
        }
    }
}

impl Handler<RoomEmpty> for Feed {
    type Result = ();
    fn handle(&mut self, message: RoomEmpty, ctx: &mut Context<Self>) {
        if self.rooms.get(&message.room).is_some_and(|open| open.joins == message.joins) {
            // The last address goes, and the room with it.
            self.rooms.remove(&message.room);
            self.linger(ctx);
        }
    }
}
