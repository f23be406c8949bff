//! The `RedisPublisher` actor: tells other nodes what this one has committed.

use super::channels::Channels;
use super::health::Direction;
use super::message::Body;
use super::node::NodeContext;
use super::outbox::{Outbox, Waiting};
use super::push_queue::{Incoming, inlet};
use super::reconnect::Retry;
use super::redis_connection::{RedisConnection, Result};
use crate::clock;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
use crate::feed::EventCommitted;
use actix::prelude::*;
use futures_util::Stream;
use std::fmt::Display;
use std::time::Duration;
use uuid::Uuid;

/// Messages the actor holds that it has not handled; the directory drops and counts what does not fit.
const MAILBOX: usize = 4096;
/// How often other nodes are told that this one publishes.
const BEAT: Duration = Duration::from_secs(1);

/// One per node, supervised. Nothing waits for it: what cannot be published in time is dropped, counted, and told later
/// as "the log reaches to here", so that the feeds of other nodes read it.
///
/// What waits leaves in one round trip. One that fails, for whatever reason, ends the connection.
pub struct RedisPublisher {
    station: NodeContext,
    outbox: Outbox,
    retry: Retry,
    link: Option<RedisConnection>,
    /// What the round trip under way carries, and for each restaurant how far.
    under_way: Option<Vec<(RestaurantId, Position)>>,
    beats: u64,
    is_beat_due: bool,
}

impl RedisPublisher {
    /// Starts it on this thread's arbiter. It connects by itself, sooner or later.
    pub(super) fn launch(station: NodeContext) -> Addr<Self> {
        Supervisor::start(move |ctx: &mut Context<Self>| {
            ctx.set_mailbox_capacity(MAILBOX);
            let (outbox, retry) = (Outbox::default(), Retry::default());
            Self { station, outbox, retry, link: None, under_way: None, beats: 0, is_beat_due: false }
        })
    }

    fn connect(&mut self, ctx: &mut Context<Self>) {
        let (inlet, stream, _) = inlet();
        let address = self.station.address.clone();
        let connect = async move { address.connect(inlet).await };
        ctx.spawn(connect.into_actor(self).map(|link, publisher, ctx| match link {
            Ok(link) => publisher.connected(link, stream, ctx),
            Err(error) => publisher.fail(&error, ctx),
        }));
    }

    /// The first round trip carries the heads of what was dropped. Only when they have gone out do other nodes hear that
    /// this one publishes; without any, its beat shows whether it may.
    fn connected(&mut self, link: RedisConnection, stream: impl Stream<Item = Incoming> + 'static, ctx: &mut Context<Self>) {
        self.link = Some(link);
        ctx.add_stream(stream);
        self.is_beat_due = !self.put_missed();
        self.publish_waiting(ctx);
        ctx.run_interval(BEAT, |publisher, ctx| {
            publisher.is_beat_due = true;
            publisher.publish_waiting(ctx);
        });
    }

    /// Puts the heads of what was dropped into the outbox; says whether there were any.
    fn put_missed(&mut self) -> bool {
        let missed = self.outbox.take_missed();
        for (restaurant, position) in missed.iter().copied() {
            self.put(restaurant, position, Body::Head(restaurant, position));
        }
        !missed.is_empty()
    }

    /// Puts a message into the outbox; one that is too large goes as the head that it reaches.
    fn put(&mut self, restaurant: RestaurantId, reaches: Position, body: Body) {
        let channel = self.station.channels.feed(restaurant);
        let sealed = self.station.seal(channel.clone(), body);
        let sealed = sealed.or_else(|| self.station.seal(channel, Body::Head(restaurant, reaches)));
        let is_kept = sealed.is_some_and(|outgoing| self.outbox.put(Waiting { restaurant, reaches, outgoing }));
        if !is_kept {
            self.miss(restaurant, reaches);
        }
    }

    fn miss(&mut self, restaurant: RestaurantId, reaches: Position) {
        self.station.directory.metrics().fate("dropped");
        self.outbox.miss(restaurant, reaches);
    }

    /// Publishes what waits in one round trip, if anything does and none is under way.
    fn publish_waiting(&mut self, ctx: &mut Context<Self>) {
        let Some(mut link) = self.link.clone().filter(|_| self.under_way.is_none()) else { return };
        let (batch, mut messages) = self.outbox.take_batch();
        if std::mem::take(&mut self.is_beat_due) {
            self.beats += 1;
            messages.extend(self.station.beats(Uuid::nil(), self.beats, Channels::nodes));
        }
        if messages.is_empty() {
            return;
        }
        self.under_way = Some(batch);
        let publish = async move { link.publish(&messages).await };
        ctx.spawn(publish.into_actor(self).map(|published, publisher, ctx| publisher.published(published, ctx)));
    }

    fn published(&mut self, published: Result<()>, ctx: &mut Context<Self>) {
        if let Err(error) = published {
            return self.fail(&error, ctx);
        }
        for _ in self.under_way.take().unwrap_or_default() {
            self.station.directory.metrics().fate("published");
        }
        self.retry.connected(clock::uptime());
        self.station.health.well(Direction::Publishing);
        self.put_missed();
        self.publish_waiting(ctx);
    }

    fn fail(&mut self, reason: &dyn Display, ctx: &mut Context<Self>) {
        log::debug!(reason:%; "publisher gives its connection up");
        self.station.health.ill(Direction::Publishing, reason);
        self.station.directory.metrics().redis_rebuilds.inc();
        ctx.stop();
    }
}

impl Actor for RedisPublisher {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        let wait = self.retry.wait(clock::uptime(), rand::random());
        ctx.run_later(wait, Self::connect);
    }
}

impl Supervised for RedisPublisher {
    fn restarting(&mut self, _: &mut Context<Self>) {
        self.link = None;
        let lost = self.under_way.take().unwrap_or_default();
        for (restaurant, reaches) in lost.into_iter().chain(self.outbox.clear()) {
            self.miss(restaurant, reaches);
        }
    }
}

impl StreamHandler<Incoming> for RedisPublisher {
    fn handle(&mut self, _: Incoming, ctx: &mut Context<Self>) {
        // It subscribes to nothing: all it is ever told is that the connection has ended.
        self.fail(&"the connection has ended", ctx);
    }

    fn finished(&mut self, ctx: &mut Context<Self>) {
        self.fail(&"the connection has ended", ctx);
    }
}

impl Handler<EventCommitted> for RedisPublisher {
    type Result = ();
    fn handle(&mut self, committed: EventCommitted, ctx: &mut Context<Self>) {
        let Some(reaches) = committed.events.last().map(|event| event.position) else { return };
        let restaurant = committed.restaurant;
        if self.link.is_some() {
            self.put(restaurant, reaches, Body::Committed(committed));
            self.publish_waiting(ctx);
        } else {
            self.miss(restaurant, reaches);
        }
    }
}
