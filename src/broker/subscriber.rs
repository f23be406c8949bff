//! The `RedisSubscriber` actor: receives commits of other nodes and delivers them to the feeds of
//! this node.

use super::channels::Channels;
use super::health::Direction;
use super::message::{Beat, Body, Message};
use super::node::NodeContext;
use super::peers::Peers;
use super::push_queue::{Incoming, Overflow, push_queue};
use super::reconnect::Retry;
use super::redis_connection::RedisConnection;
use super::signature::Verify;
use super::subscriptions::{ChannelSubscriptions, Step};
use crate::clock;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::time::Timestamp;
use crate::feed::{CompareNow, FeedLife, HeadChecker};
use actix::prelude::*;
use futures_util::Stream;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The capacity of the mailbox. [`FeedLife`] messages pass a full one.
const MAILBOX: usize = 1024;
/// The most channels of one request.
const CHUNK: usize = 500;
/// The period of the beats that a connection sends to itself.
const BEAT: Duration = Duration::from_secs(2);
/// The longest time without a received beat: two periods and some latency.
const SILENCE: Duration = Duration::from_millis(4500);
/// The period of checks for silence.
const CHECK: Duration = Duration::from_millis(250);

/// The state of one connection's beats.
#[derive(Default)]
struct Pulse {
    nonce: Uuid,
    sent: u64,
    /// For each part, the number and time of the last received beat.
    heard: Vec<(u64, Timestamp)>,
    is_proven: bool,
}

/// The subscriber, one for each node, supervised. It owns the receiving connection and its
/// subscriptions: the channels of restaurants with a feed on this node.
///
/// Loss: feeds read from the log what Redis does not deliver. The subscriber requests a comparison
/// of heads after each confirmed subscription, after each message that overflowed, did not verify
/// or was not accepted, and on each new connection. While a known node is silent, comparisons are
/// more frequent. When a connection does not return this node's own beats, the actor stops, and its
/// supervisor restarts it.
pub struct RedisSubscriber {
    context: NodeContext,
    verifier: Arc<dyn Verify>,
    head_checker: Addr<HeadChecker>,
    subscriptions: ChannelSubscriptions,
    retry: Retry,
    connection: Option<RedisConnection>,
    overflow: Overflow,
    pulse: Pulse,
    peers: Peers,
    /// Whether a message may have been missed.
    may_have_missed: bool,
}

impl RedisSubscriber {
    /// Starts the subscriber on this thread. It connects by itself.
    pub(super) fn launch(context: NodeContext, verifier: Arc<dyn Verify>, head_checker: Addr<HeadChecker>) -> Addr<Self> {
        Supervisor::start(move |ctx: &mut Context<Self>| {
            ctx.set_mailbox_capacity(MAILBOX);
            Self {
                context,
                verifier,
                head_checker,
                subscriptions: ChannelSubscriptions::default(),
                retry: Retry::default(),
                connection: None,
                overflow: Overflow::default(),
                pulse: Pulse::default(),
                peers: Peers::default(),
                may_have_missed: false,
            }
        })
    }

    /// Connects, and subscribes to the beats of this node and of others.
    fn connect(&mut self, ctx: &mut Context<Self>) {
        let (queue, stream, overflow) = push_queue();
        self.overflow = overflow;
        let (address, channels) = (self.context.address.clone(), self.context.channels.clone());
        let connect = async move {
            let mut connection = address.connect(queue).await?;
            let beats: Vec<_> = (0..channels.parts()).flat_map(|part| [channels.beat(part), channels.nodes(part)]).collect();
            connection.subscribe(&beats).await.map(|()| connection)
        };
        ctx.spawn(connect.into_actor(self).map(|connection, subscriber, ctx| match connection {
            Ok(connection) => subscriber.connected(connection, stream, ctx),
            Err(error) => subscriber.fail(&error, ctx),
        }));
    }

    fn connected(
        &mut self,
        connection: RedisConnection,
        stream: impl Stream<Item = Incoming> + 'static,
        ctx: &mut Context<Self>,
    ) {
        let now = clock::uptime();
        let heard = vec![(0, now); self.context.channels.parts().into()];
        self.pulse = Pulse { nonce: clock::new_id(), sent: 0, heard, is_proven: false };
        self.connection = Some(connection);
        ctx.add_stream(stream);
        self.subscriptions.restart();
        self.update_subscriptions(ctx);
        self.beat(ctx);
        ctx.run_interval(BEAT, Self::beat);
        ctx.run_interval(CHECK, Self::check);
    }

    /// Updates the subscriptions, one request at a time.
    fn update_subscriptions(&mut self, ctx: &mut Context<Self>) {
        let Some(mut connection) = self.connection.clone() else { return };
        let Some(step) = self.subscriptions.next(CHUNK) else { return self.check_proven() };
        let channels = self.context.channels.clone();
        let name = move |restaurants: &[RestaurantId]| restaurants.iter().map(|id| channels.feed(*id)).collect::<Vec<_>>();
        let request = async move {
            match &step {
                Step::Subscribe(restaurants) => connection.subscribe(&name(restaurants)).await,
                Step::Unsubscribe(restaurants) => connection.unsubscribe(&name(restaurants)).await,
            }
            .map(|()| step)
        };
        ctx.spawn(request.into_actor(self).map(|step, subscriber, ctx| match step {
            Ok(step) => subscriber.confirm(step, ctx),
            Err(error) => subscriber.fail(&error, ctx),
        }));
    }

    /// Completes a request. Heads are compared after a subscription, since earlier commits were not
    /// received.
    fn confirm(&mut self, step: Step, ctx: &mut Context<Self>) {
        self.subscriptions.confirm(&step);
        if let Step::Subscribe(restaurants) = step {
            self.head_checker.do_send(CompareNow::Of(restaurants));
        }
        self.update_subscriptions(ctx);
    }

    /// Publishes a beat. A lost one shows by its absence on the receiving side.
    fn beat(&mut self, ctx: &mut Context<Self>) {
        let Some(mut connection) = self.connection.clone() else { return };
        self.pulse.sent += 1;
        let beats = self.context.beats(self.pulse.nonce, self.pulse.sent, Channels::beat);
        let publish = async move { connection.publish(&beats).await };
        ctx.spawn(publish.into_actor(self).map(|published, _, _| {
            if let Err(error) = published {
                log::debug!(error:%; "beat not published");
            }
        }));
    }

    fn receive_beat(&mut self, beat: Beat) {
        let part = self.pulse.heard.get_mut(usize::from(beat.part));
        let part =
            part.filter(|(last, _)| beat.nonce == self.pulse.nonce && (*last + 1..=self.pulse.sent).contains(&beat.number));
        if let Some(part) = part {
            *part = (beat.number, clock::uptime());
            self.check_proven();
        }
    }

    /// Marks the connection as proven once all channels are subscribed and each part has returned a
    /// beat.
    fn check_proven(&mut self) {
        let is_heard = self.pulse.heard.iter().all(|(number, _)| *number > 0);
        if self.connection.is_some()
            && is_heard
            && self.subscriptions.is_settled()
            && !std::mem::replace(&mut self.pulse.is_proven, true)
        {
            let now = clock::uptime();
            self.retry.connected(now);
            self.peers.restart(now);
            self.context.health.mark_up(Direction::Hearing);
            self.head_checker.do_send(CompareNow::All);
        }
    }

    /// Drops a silent connection, requests a comparison of heads if a message may have been missed,
    /// and reports silent nodes.
    fn check(&mut self, ctx: &mut Context<Self>) {
        let now = clock::uptime();
        if self.overflow.is_lost() {
            self.fail(&"the connection has ended", ctx);
        } else if self.pulse.heard.iter().any(|(_, heard)| now.since(*heard) > SILENCE) {
            self.fail(&"the connection does not return published beats", ctx);
        } else {
            if self.overflow.take_overflow() | std::mem::take(&mut self.may_have_missed) {
                self.head_checker.do_send(CompareNow::All);
            }
            if self.pulse.is_proven {
                self.context.health.set_peers(!self.peers.is_any_silent(now));
            }
        }
    }

    fn fail(&mut self, reason: &dyn Display, ctx: &mut Context<Self>) {
        log::debug!(reason:%; "subscriber drops its connection");
        self.context.health.mark_down(Direction::Hearing, reason);
        self.context.feeds.metrics().redis_rebuilds.inc();
        ctx.stop();
    }

    fn receive(&mut self, sealed: &[u8]) {
        let metrics = self.context.feeds.metrics();
        let message = match self.verifier.open(sealed).and_then(Message::decode) {
            Ok(message) => message,
            Err(refused) => {
                // A refused message may have replaced a true one.
                self.may_have_missed = true;
                return metrics.fate(refused.as_str());
            }
        };
        match message.body {
            Body::Beat(beat) if message.node == self.context.node => self.receive_beat(beat),
            Body::Beat(beat) => self.peers.record(message.node, beat.part, beat.number, clock::uptime()),
            // The feed has it since its commit.
            _ if message.node == self.context.node => metrics.fate("own"),
            Body::Committed(committed) => {
                metrics.fate("heard");
                self.may_have_missed |= !self.context.feeds.offer(committed);
            }
            Body::Head(restaurant, position) => {
                metrics.fate("heard");
                self.context.feeds.report_head(restaurant, position);
            }
        }
    }
}

impl Actor for RedisSubscriber {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        let wait = self.retry.wait(clock::uptime(), rand::random());
        ctx.run_later(wait, Self::connect);
    }
}

impl Supervised for RedisSubscriber {
    fn restarting(&mut self, _: &mut Context<Self>) {
        self.connection = None;
        self.pulse = Pulse::default();
    }
}

impl StreamHandler<Incoming> for RedisSubscriber {
    fn handle(&mut self, incoming: Incoming, ctx: &mut Context<Self>) {
        match incoming {
            Incoming::Message(sealed) => self.receive(&sealed),
            Incoming::Oversized => {
                self.may_have_missed = true;
                self.context.feeds.metrics().fate("oversized");
            }
            // A cluster revokes a subscription when its slot moves to another server.
            Incoming::Unsubscribed(channel) => {
                let restaurant = self.context.channels.restaurant(&channel);
                if restaurant.is_none_or(|restaurant| self.subscriptions.contains(restaurant) && self.subscriptions.is_settled())
                {
                    self.fail(&"redis revoked a subscription", ctx);
                }
            }
            Incoming::Lost => self.fail(&"the connection has ended", ctx),
        }
    }

    fn finished(&mut self, ctx: &mut Context<Self>) {
        self.fail(&"the connection has ended", ctx);
    }
}

impl Handler<FeedLife> for RedisSubscriber {
    type Result = ();
    fn handle(&mut self, life: FeedLife, ctx: &mut Context<Self>) {
        match life {
            FeedLife::Launched(restaurant) => self.subscriptions.watch(restaurant),
            FeedLife::Retired(restaurant) => self.subscriptions.unwatch(restaurant),
        }
        self.update_subscriptions(ctx);
    }
}
