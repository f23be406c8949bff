//! The `Feed` actor: delivers a restaurant's events to its rooms, position n + 1 after n, and reads
//! missing events from the log.

use super::messages::{EventCommitted, Head, JoinRoom, LeaveRoom};
use super::sequencer::Sequencer;
use crate::backoff::Backoff;
use crate::domain::model::event::{Event, Topic};
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
use crate::room::messages::RoomEmpty;
use crate::room::{FeedEvent, Resources, Room, Sync, ToMember};
use crate::{clock, store};
use actix::dev::SendError;
use actix::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The capacity of a feed's mailbox.
const MAILBOX: usize = 4096;
/// The most events held while earlier ones are missing.
const EARLY: usize = 1024;
/// The most joins held while the feed reads its head.
const WAITING: usize = 4096;
/// The time before the log is read to fill a gap. Announcements of two commits often cross, and the
/// gap closes without a read.
const GRACE: Duration = Duration::from_millis(5);
/// The delay before another attempt at a room with a full mailbox.
const RETRY: Duration = Duration::from_millis(5);
/// The most events of one read of the log.
const PAGE: u32 = 500;
/// The period of `sync` frames. The protocol requires at most 30 s.
const SYNC_PERIOD: Duration = Duration::from_secs(20);
/// The time that a feed without rooms stays.
const LINGER: Duration = Duration::from_secs(60);

/// Removes a restaurant's feed from the registry, unless it was sent more joins than the given
/// number that it has handled.
pub type Retire = Box<dyn Fn(RestaurantId, u64)>;

struct OpenRoom {
    addr: Addr<Room>,
    joins: u64,
}

/// One restaurant's events on this node.
///
/// Bound: a mailbox of [`MAILBOX`] messages. Overflow: joins are refused, announcers wait. A room
/// with a full mailbox delays the feed; rooms, in turn, never wait for members.
pub struct Feed {
    restaurant: RestaurantId,
    resources: Resources,
    retire: Retire,
    sequencer: Option<Sequencer>,
    waiting: Vec<JoinRoom>,
    rooms: HashMap<RoomId, OpenRoom>,
    /// Rooms that already have the sequencer's next event.
    handed: Vec<RoomId>,
    joins: u64,
    reading: bool,
    retrying: bool,
    backoff: Backoff,
}

impl Feed {
    /// Starts a feed on this thread, so that its mailbox has its full capacity from the first
    /// message on. `start_in_arbiter` sets the capacity only later, and would refuse most of a
    /// restaurant's phones that reconnect together.
    pub fn launch(restaurant: RestaurantId, resources: Resources, retire: Retire) -> Addr<Self> {
        Self::create(move |ctx| {
            ctx.set_mailbox_capacity(MAILBOX);
            Self {
                restaurant,
                resources,
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

    /// Reads the log's head, after which deliveries begin.
    fn read_head(&mut self, ctx: &mut Context<Self>) {
        self.reading = true;
        let (store, restaurant) = (self.resources.store.clone(), self.restaurant);
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
            let addr = Room::launch(room, self.restaurant, head, ctx.address().recipient(), self.resources.clone());
            OpenRoom { addr, joins: 0 }
        });
        match open.addr.try_send(join) {
            Ok(()) => open.joins += 1,
            Err(SendError::Full(join) | SendError::Closed(join)) => {
                let _ = join.mailbox.try_send(ToMember::Unavailable(room));
            }
        }
    }

    /// Delivers the events that are next, and reads missing ones from the log.
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

    /// Sends an event to each room that carries it. Returns false if a room's mailbox is full.
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
        self.resources.metrics.feed_repairs.inc();
        let (store, restaurant) = (self.resources.store.clone(), self.restaurant);
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
                log::warn!(restaurant:% = self.restaurant, error:% = error; "feed cannot read the log; will try again");
                ctx.run_later(wait, Self::read_missing);
            }
        }
    }

    fn take(&mut self, events: impl Iterator<Item = Arc<Event>>, ctx: &mut Context<Self>) {
        // Until the head is known, events can be dropped: either the head covers them, or the log
        // has them.
        if let Some(sequencer) = &mut self.sequencer {
            events.for_each(|event| sequencer.offer(event));
            self.pump(ctx);
        }
    }

    fn sync_rooms(&mut self, _: &mut Context<Self>) {
        let Some(sequencer) = &self.sequencer else { return };
        let sync = Sync { head: sequencer.delivered(), now: clock::now() };
        for (room, open) in &self.rooms {
            // A room that already has the next event is ahead of `head`. A full mailbox loses the
            // sync; the next one follows.
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
        ctx.run_interval(SYNC_PERIOD, Self::sync_rooms);
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
            sequencer.note_head(head);
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
            // `do_send`: one message a membership, and losing it would leave a ghost member.
            open.addr.do_send(message.leave);
        }
    }
}

impl Handler<RoomEmpty> for Feed {
    type Result = ();
    fn handle(&mut self, message: RoomEmpty, ctx: &mut Context<Self>) {
        if self.rooms.get(&message.room).is_some_and(|open| open.joins == message.joins) {
            // Dropping the last address stops the room.
            self.rooms.remove(&message.room);
            self.linger(ctx);
        }
    }
}
