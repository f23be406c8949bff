//! The `RedisPublisher` actor: announces this node's commits to other nodes.

use super::channels::Channels;
use super::health::Direction;
use super::message::Body;
use super::node::NodeContext;
use super::outbox::{Outbox, Waiting};
use super::push_queue::{Incoming, push_queue};
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

/// The capacity of the mailbox. Overflow: the feed registry drops and counts the announcement.
const MAILBOX: usize = 4096;
/// The period of beats. They prove to other nodes that this one can publish.
const BEAT: Duration = Duration::from_secs(1);

/// The publisher, one for each node, supervised. It sends all queued messages in one round trip. A
/// failed round trip ends the connection.
///
/// Loss: commits never wait for it. It drops and counts what it cannot publish in time, and later
/// sends the head of the log in its place, so that feeds of other nodes read the log.
pub struct RedisPublisher {
    context: NodeContext,
    outbox: Outbox,
    retry: Retry,
    connection: Option<RedisConnection>,
    /// The restaurants and positions of the current round trip.
    in_flight: Option<Vec<(RestaurantId, Position)>>,
    beats: u64,
    is_beat_due: bool,
}

impl RedisPublisher {
    /// Starts the publisher on this thread. It connects by itself.
    pub(super) fn launch(context: NodeContext) -> Addr<Self> {
        Supervisor::start(move |ctx: &mut Context<Self>| {
            ctx.set_mailbox_capacity(MAILBOX);
            let (outbox, retry) = (Outbox::default(), Retry::default());
            Self { context, outbox, retry, connection: None, in_flight: None, beats: 0, is_beat_due: false }
        })
    }

    fn connect(&mut self, ctx: &mut Context<Self>) {
        let (queue, stream, _) = push_queue();
        let address = self.context.address.clone();
        let connect = async move { address.connect(queue).await };
        ctx.spawn(connect.into_actor(self).map(|connection, publisher, ctx| match connection {
            Ok(connection) => publisher.connected(connection, stream, ctx),
            Err(error) => publisher.fail(&error, ctx),
        }));
    }

    /// Publishes the heads of dropped announcements in the first round trip, and a beat only after that: other nodes must not
    /// see a sign of life before the heads. Without heads, the first round trip is a beat, which shows whether this node may
    /// publish.
    fn connected(
        &mut self,
        connection: RedisConnection,
        stream: impl Stream<Item = Incoming> + 'static,
        ctx: &mut Context<Self>,
    ) {
        self.connection = Some(connection);
        ctx.add_stream(stream);
        self.is_beat_due = !self.put_missed();
        self.publish_waiting(ctx);
        ctx.run_interval(BEAT, |publisher, ctx| {
            publisher.is_beat_due = true;
            publisher.publish_waiting(ctx);
        });
    }

    /// Queues the heads of dropped announcements. Returns whether there were any.
    fn put_missed(&mut self) -> bool {
        let missed = self.outbox.take_missed();
        for (restaurant, position) in missed.iter().copied() {
            self.put(restaurant, position, Body::Head(restaurant, position));
        }
        !missed.is_empty()
    }

    /// Queues a message, or only the head of the log if the message is too large.
    fn put(&mut self, restaurant: RestaurantId, reaches: Position, body: Body) {
        let channel = self.context.channels.feed(restaurant);
        let sealed = self.context.seal(channel.clone(), body);
        let sealed = sealed.or_else(|| self.context.seal(channel, Body::Head(restaurant, reaches)));
        let is_queued = sealed.is_some_and(|outgoing| self.outbox.put(Waiting { restaurant, reaches, outgoing }));
        if !is_queued {
            self.miss(restaurant, reaches);
        }
    }

    fn miss(&mut self, restaurant: RestaurantId, reaches: Position) {
        self.context.feeds.metrics().fate("dropped");
        self.outbox.miss(restaurant, reaches);
    }

    /// Publishes queued messages in one round trip, unless one is in flight.
    fn publish_waiting(&mut self, ctx: &mut Context<Self>) {
        let Some(mut connection) = self.connection.clone().filter(|_| self.in_flight.is_none()) else { return };
        let (batch, mut messages) = self.outbox.take_batch();
        if std::mem::take(&mut self.is_beat_due) {
            self.beats += 1;
            messages.extend(self.context.beats(Uuid::nil(), self.beats, Channels::nodes));
        }
        if messages.is_empty() {
            return;
        }
        self.in_flight = Some(batch);
        let publish = async move { connection.publish(&messages).await };
        ctx.spawn(publish.into_actor(self).map(|published, publisher, ctx| publisher.published(published, ctx)));
    }

    fn published(&mut self, published: Result<()>, ctx: &mut Context<Self>) {
        if let Err(error) = published {
            return self.fail(&error, ctx);
        }
        for _ in self.in_flight.take().unwrap_or_default() {
            self.context.feeds.metrics().fate("published");
        }
        self.retry.connected(clock::uptime());
        self.context.health.mark_up(Direction::Publishing);
        self.put_missed();
        self.publish_waiting(ctx);
    }

    fn fail(&mut self, reason: &dyn Display, ctx: &mut Context<Self>) {
        log::debug!(reason:%; "publisher drops its connection");
        self.context.health.mark_down(Direction::Publishing, reason);
        self.context.feeds.metrics().redis_rebuilds.inc();
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
        self.connection = None;
        let lost = self.in_flight.take().unwrap_or_default();
        for (restaurant, reaches) in lost.into_iter().chain(self.outbox.clear()) {
            self.miss(restaurant, reaches);
        }
    }
}

impl StreamHandler<Incoming> for RedisPublisher {
    fn handle(&mut self, _: Incoming, ctx: &mut Context<Self>) {
        // The publisher has no subscriptions, so the only push is the end of the connection.
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
        if self.connection.is_some() {
            self.put(restaurant, reaches, Body::Committed(committed));
            self.publish_waiting(ctx);
        } else {
            self.miss(restaurant, reaches);
        }
    }
}
