//! The `Feed` actor: delivers a restaurant's events to its rooms, position n + 1 after n, and reads
//! missing events from the log.

use super::messages::{EventCommitted, Head, JoinRoom, LeaveRoom};
use super::sequencer::{Missing, Sequencer};
use crate::backoff::Backoff;
use crate::domain::model::event::{Event, Topic};
use crate::domain::model::history::Standing;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::{Generation, RestaurantId};
use crate::domain::values::position::Position;
use crate::room::messages::RoomEmpty;
use crate::room::{FeedEvent, HistoryRewritten, Recent, Resources, Room, Sync, ToMember};
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
/// The most delivered events that are remembered, to check cursors without a read of the log.
const RECENT: usize = 1024;
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

/// Removes a restaurant's feed from the registry. The number is that of the joins that the feed has handled. If the registry has
/// sent it more, the feed stays.
pub type Retire = Box<dyn Fn(RestaurantId, u64)>;

struct OpenRoom {
    addr: Addr<Room>,
    joins: u64,
}

/// The state of a feed. It has rooms only while it delivers.
enum State {
    /// The head is unknown, since the last read failed. The next join reads it again.
    Failed,
    /// The feed reads its head; joins wait for it.
    Starting { waiting: Vec<JoinRoom> },
    /// The feed delivers the events after its head.
    Delivering(Delivery),
}

struct Delivery {
    generation: Option<Generation>,
    sequencer: Sequencer,
    recent: Recent,
    /// Rooms that already have the sequencer's next event.
    handed: Vec<RoomId>,
    /// Whether a read of missing events is scheduled or running.
    is_reading: bool,
    /// Whether another attempt at a full mailbox is scheduled.
    retry_scheduled: bool,
}

impl Delivery {
    fn new(Standing { generation, last }: Standing) -> Self {
        let (sequencer, recent) = (Sequencer::new(last, EARLY), Recent::new(last, RECENT));
        Self { generation, sequencer, recent, handed: Vec::new(), is_reading: false, retry_scheduled: false }
    }

    const fn standing(&self) -> Standing {
        Standing { generation: self.generation, last: self.sequencer.delivered() }
    }
}

/// One restaurant's events on this node.
///
/// Bound: a mailbox of [`MAILBOX`] messages. Overflow: joins are refused, announcers wait. A room
/// with a full mailbox delays the feed; rooms, in turn, never wait for members.
pub struct Feed {
    restaurant: RestaurantId,
    resources: Resources,
    retire: Retire,
    state: State,
    rooms: HashMap<RoomId, OpenRoom>,
    /// Joins handled so far.
    joins: u64,
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
                state: State::Starting { waiting: Vec::new() },
                rooms: HashMap::new(),
                joins: 0,
                backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(5)),
            }
        })
    }

    /// Reads the log's head, after which deliveries begin.
    fn read_head(&mut self, ctx: &mut Context<Self>) {
        let (histories, restaurant) = (self.resources.histories.clone(), self.restaurant);
        let read = async move { histories.read(restaurant).await };
        ctx.spawn(read.into_actor(self).map(|head, feed, ctx| feed.start(head, ctx)));
    }

    /// Serves the waiting joins from the head on, or refuses them if it cannot be read.
    fn start(&mut self, head: store::Result<Standing>, ctx: &mut Context<Self>) {
        let next = match &head {
            Ok(head) => State::Delivering(Delivery::new(*head)),
            Err(_) => State::Failed,
        };
        let State::Starting { waiting } = std::mem::replace(&mut self.state, next) else { return };
        if let Err(error) = head {
            log::warn!(restaurant:% = self.restaurant, error:% = error; "feed cannot read its head");
            waiting.iter().for_each(refuse);
        } else {
            waiting.into_iter().for_each(|join| self.join(join, ctx));
        }
        self.linger(ctx);
    }

    const fn delivery(&mut self) -> Option<&mut Delivery> {
        match &mut self.state {
            State::Delivering(delivery) => Some(delivery),
            State::Failed | State::Starting { .. } => None,
        }
    }

    fn join(&mut self, message: JoinRoom, ctx: &mut Context<Self>) {
        let Some(delivery) = self.delivery() else { return };
        if message.join.generation != delivery.generation {
            return end(&message);
        }
        let standing = delivery.standing();
        let JoinRoom { room, mut join } = message;
        join.head = standing.last.into();
        join.has_event = join.since.and_then(|since| delivery.recent.has(since));
        let open = self.rooms.entry(room).or_insert_with(|| {
            let addr = Room::launch(room, self.restaurant, standing, ctx.address().recipient(), self.resources.clone());
            OpenRoom { addr, joins: 0 }
        });
        match open.addr.try_send(join) {
            Ok(()) => open.joins += 1,
            Err(SendError::Full(join) | SendError::Closed(join)) => {
                let _ = join.mailbox.try_send(ToMember::Unavailable(room, join.number));
            }
        }
    }

    /// Delivers the events that are next, and reads missing ones from the log.
    fn pump(&mut self, ctx: &mut Context<Self>) {
        let State::Delivering(delivery) = &mut self.state else { return };
        while let Some(event) = delivery.sequencer.peek().cloned() {
            // Before any room has the event: what the room reads next is compared with it.
            let standing = Standing { generation: delivery.generation, last: event.mark() };
            if !self.resources.histories.record(self.restaurant, standing) {
                return self.doubt();
            }
            if !delivery.hand_out(&self.rooms, &event) {
                if !std::mem::replace(&mut delivery.retry_scheduled, true) {
                    ctx.run_later(RETRY, Self::retry);
                }
                return;
            }
            delivery.handed.clear();
            delivery.recent.push(event.mark());
            delivery.sequencer.advance();
        }
        if delivery.sequencer.is_torn() {
            self.doubt();
        } else if delivery.sequencer.missing().is_some() && !std::mem::replace(&mut delivery.is_reading, true) {
            ctx.run_later(GRACE, Self::read_missing);
        }
    }

    /// Drops what is not delivered, and requests a comparison with the log. The next events come
    /// from the log, or this feed ends.
    fn doubt(&mut self) {
        let State::Delivering(delivery) = &mut self.state else { return };
        delivery.sequencer.start_over();
        self.resources.histories.doubt(self.restaurant, delivery.standing());
    }

    fn retry(&mut self, ctx: &mut Context<Self>) {
        if let Some(delivery) = self.delivery() {
            delivery.retry_scheduled = false;
        }
        self.pump(ctx);
    }

    fn read_missing(&mut self, ctx: &mut Context<Self>) {
        let Some(delivery) = self.delivery() else { return };
        let Some(missing) = delivery.sequencer.missing() else {
            delivery.is_reading = false;
            return;
        };
        self.resources.metrics.feed_repairs.inc();
        let (store, restaurant) = (self.resources.store.clone(), self.restaurant);
        // The last event delivered is read again, since the log may have another in its place.
        let after = Position::new(missing.after.position.number().saturating_sub(1)).unwrap_or_default();
        let read = async move { store.events(restaurant, None, after, missing.through, PAGE).await };
        ctx.spawn(read.into_actor(self).map(move |events, feed, ctx| feed.take_read(missing, events, ctx)));
    }

    fn take_read(&mut self, missing: Missing, events: store::Result<Vec<Event>>, ctx: &mut Context<Self>) {
        match events {
            Ok(mut events) => {
                let Some(delivery) = self.delivery() else { return };
                delivery.is_reading = false;
                let known = if missing.after.event.is_some() { events.drain(..events.len().min(1)).next() } else { None };
                let continues = known.map(|event| event.mark()).unwrap_or_default() == missing.after;
                if !continues || events.is_empty() {
                    return self.doubt();
                }
                delivery.sequencer.offer(missing.after.event, events.into_iter().map(Arc::new));
                self.backoff.reset();
                self.pump(ctx);
            }
            Err(error) => {
                let wait = self.backoff.next(rand::random());
                log::warn!(restaurant:% = self.restaurant, error:% = error; "feed cannot read the log; will try again");
                ctx.run_later(wait, Self::read_missing);
            }
        }
    }

    fn take(&mut self, EventCommitted { link, events, .. }: &EventCommitted, ctx: &mut Context<Self>) {
        // Until the head is known, events can be dropped: either the head covers them, or the log
        // has them.
        let Some(delivery) = self.delivery() else { return };
        match link {
            Some(link) if link.generation == delivery.generation => {
                delivery.sequencer.offer(link.after.event, events.iter().cloned().map(Arc::new));
            }
            Some(_) => return self.doubt(),
            None => events.iter().for_each(|event| delivery.sequencer.note_head(event.position)),
        }
        self.pump(ctx);
    }

    fn sync_rooms(&mut self, _: &mut Context<Self>) {
        let State::Delivering(Delivery { sequencer, handed, .. }) = &self.state else { return };
        let sync = Sync { head: sequencer.delivered().into(), now: clock::now() };
        for (room, open) in &self.rooms {
            // A room that already has the next event is ahead of `head`. A full mailbox loses the
            // sync; the next one follows.
            let _ = (!handed.contains(room)).then(|| open.addr.try_send(sync));
        }
    }

    fn has_waiting(&self) -> bool {
        matches!(&self.state, State::Starting { waiting } if !waiting.is_empty())
    }

    /// Retires this feed if it stays without rooms.
    fn linger(&mut self, ctx: &mut Context<Self>) {
        if self.rooms.is_empty() {
            ctx.run_later(LINGER, |feed, _| {
                if feed.rooms.is_empty() && !feed.has_waiting() {
                    (feed.retire)(feed.restaurant, feed.joins);
                }
            });
        }
    }
}

impl Delivery {
    /// Sends an event to each room that carries it. Returns false if a room's mailbox is full.
    fn hand_out(&mut self, rooms: &HashMap<RoomId, OpenRoom>, event: &Arc<Event>) -> bool {
        for room in carriers(event) {
            let Some(open) = rooms.get(&room) else { continue };
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
}

/// Ends a connection whose epoch is not the feed's.
fn end(message: &JoinRoom) {
    // `do_send`: the one message that ends a connection must not be lost to a full mailbox.
    message.join.mailbox.do_send(ToMember::Rewritten);
}

fn refuse(message: &JoinRoom) {
    let JoinRoom { room, join } = message;
    let _ = join.mailbox.try_send(ToMember::Unavailable(*room, join.number));
}

/// Returns the rooms that carry an event.
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
        self.take(&message, ctx);
    }
}

impl Handler<Head> for Feed {
    type Result = ();
    fn handle(&mut self, Head(head): Head, ctx: &mut Context<Self>) {
        if let Some(delivery) = self.delivery() {
            delivery.sequencer.note_head(head);
            self.pump(ctx);
        }
    }
}

impl Handler<HistoryRewritten> for Feed {
    type Result = ();
    fn handle(&mut self, _: HistoryRewritten, ctx: &mut Context<Self>) {
        if let State::Starting { waiting } = &self.state {
            waiting.iter().for_each(end);
        }
        for open in self.rooms.values() {
            // `do_send`: one message in a room's life, and losing it would leave a stale room.
            open.addr.do_send(HistoryRewritten);
        }
        ctx.stop();
    }
}

impl Handler<JoinRoom> for Feed {
    type Result = ();
    fn handle(&mut self, message: JoinRoom, ctx: &mut Context<Self>) {
        self.joins += 1;
        match &mut self.state {
            State::Delivering(_) => self.join(message, ctx),
            State::Starting { waiting } if waiting.len() < WAITING => waiting.push(message),
            State::Starting { .. } => refuse(&message),
            State::Failed => {
                self.state = State::Starting { waiting: vec![message] };
                self.read_head(ctx);
            }
        }
    }
}

impl Handler<LeaveRoom> for Feed {
    type Result = ();
    fn handle(&mut self, message: LeaveRoom, _: &mut Context<Self>) {
        if let State::Starting { waiting } = &mut self.state {
            waiting.retain(|waiting| waiting.room != message.room || waiting.join.member != message.leave.member);
        }
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
