//! The `RedisSubscriber` actor: hears what other nodes have committed and hands it to the feeds here.

use super::channels::Channels;
use super::health::Direction;
use super::message::{Beat, Body, Message};
use super::node::NodeContext;
use super::peers::Peers;
use super::push_queue::{Incoming, Overflow, inlet};
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

/// Messages the actor holds that it has not handled; the watcher's, which are not fan-out, are taken beyond it.
const MAILBOX: usize = 1024;
/// Channels of one request.
const CHUNK: usize = 500;
/// How often a connection publishes a beat to itself.
const BEAT: Duration = Duration::from_secs(2);
/// How long it may hear none: two, and what is left of a third.
const SILENCE: Duration = Duration::from_millis(4500);
/// How often it is looked at whether one was heard, and other nodes'.
const LOOK: Duration = Duration::from_millis(250);
/// What is known of one connection.
#[derive(Default)]
struct Pulse {
    nonce: Uuid,
    sent: u64,
    /// For each part the number of the last beat heard, and when.
    heard: Vec<(u64, Timestamp)>,
    is_proven: bool,
}

/// One per node, supervised. Owns the connection that listens, and the set of channels that are wanted: those of the
/// restaurants whose feeds live here.
///
/// Loss: what Redis does not bring is not missed; feeds read it from the log. To know that it may have to be read is this
/// actor's work: it compares heads when a subscription has been confirmed, after every message that did not fit, did not
/// verify or was not taken, and on every new connection; and it has them compared more often while a node is silent that
/// was heard before. A connection that does not bring back this node's own beats is
/// given up, with everything that hangs on it: the actor stops, and its supervisor begins it anew.
pub struct RedisSubscriber {
    station: NodeContext,
    verifier: Arc<dyn Verify>,
    registry: Addr<HeadChecker>,
    wanted: ChannelSubscriptions,
    retry: Retry,
    link: Option<RedisConnection>,
    spill: Overflow,
    pulse: Pulse,
    peers: Peers,
    /// Something may have been missed.
    is_in_doubt: bool,
}

impl RedisSubscriber {
    /// Starts it on this thread's arbiter. It connects by itself, sooner or later.
    pub(super) fn launch(station: NodeContext, verifier: Arc<dyn Verify>, registry: Addr<HeadChecker>) -> Addr<Self> {
        Supervisor::start(move |ctx: &mut Context<Self>| {
            ctx.set_mailbox_capacity(MAILBOX);
            Self {
                station,
                verifier,
                registry,
                wanted: ChannelSubscriptions::default(),
                retry: Retry::default(),
                link: None,
                spill: Overflow::default(),
                pulse: Pulse::default(),
                peers: Peers::default(),
                is_in_doubt: false,
            }
        })
    }

    /// Connects, and listens for beats, this node's own and those of others.
    fn connect(&mut self, ctx: &mut Context<Self>) {
        let (inlet, stream, spill) = inlet();
        self.spill = spill;
        let (address, channels) = (self.station.address.clone(), self.station.channels.clone());
        let connect = async move {
            let mut link = address.connect(inlet).await?;
            let beats: Vec<_> = (0..channels.parts()).flat_map(|part| [channels.beat(part), channels.nodes(part)]).collect();
            link.subscribe(&beats).await.map(|()| link)
        };
        ctx.spawn(connect.into_actor(self).map(|link, subscriber, ctx| match link {
            Ok(link) => subscriber.connected(link, stream, ctx),
            Err(error) => subscriber.fail(&error, ctx),
        }));
    }

    fn connected(&mut self, link: RedisConnection, stream: impl Stream<Item = Incoming> + 'static, ctx: &mut Context<Self>) {
        let now = clock::uptime();
        let heard = vec![(0, now); self.station.channels.parts().into()];
        self.pulse = Pulse { nonce: clock::new_id(), sent: 0, heard, is_proven: false };
        self.link = Some(link);
        ctx.add_stream(stream);
        self.wanted.begin();
        self.settle(ctx);
        self.beat(ctx);
        ctx.run_interval(BEAT, Self::beat);
        ctx.run_interval(LOOK, Self::look);
    }

    /// Brings the subscriptions nearer to what is wanted, one request at a time.
    fn settle(&mut self, ctx: &mut Context<Self>) {
        let Some(mut link) = self.link.clone() else { return };
        let Some(step) = self.wanted.next(CHUNK) else { return self.prove() };
        let channels = self.station.channels.clone();
        let name = move |restaurants: &[RestaurantId]| restaurants.iter().map(|id| channels.feed(*id)).collect::<Vec<_>>();
        let request = async move {
            match &step {
                Step::Subscribe(restaurants) => link.subscribe(&name(restaurants)).await,
                Step::Unsubscribe(restaurants) => link.unsubscribe(&name(restaurants)).await,
            }
            .map(|()| step)
        };
        ctx.spawn(request.into_actor(self).map(|step, subscriber, ctx| match step {
            Ok(step) => subscriber.settled(step, ctx),
            Err(error) => subscriber.fail(&error, ctx),
        }));
    }

    /// What was committed before a subscription was confirmed has not been heard.
    fn settled(&mut self, step: Step, ctx: &mut Context<Self>) {
        self.wanted.done(&step);
        if let Step::Subscribe(restaurants) = step {
            self.registry.do_send(CompareNow::Of(restaurants));
        }
        self.settle(ctx);
    }

    /// Publishes a beat. Whether it arrives is seen by whether it is heard.
    fn beat(&mut self, ctx: &mut Context<Self>) {
        let Some(mut link) = self.link.clone() else { return };
        self.pulse.sent += 1;
        let beats = self.station.beats(self.pulse.nonce, self.pulse.sent, Channels::beat);
        let publish = async move { link.publish(&beats).await };
        ctx.spawn(publish.into_actor(self).map(|published, _, _| {
            if let Err(error) = published {
                log::debug!(error:%; "beat not published");
            }
        }));
    }

    fn hear(&mut self, beat: Beat) {
        let part = self.pulse.heard.get_mut(usize::from(beat.part));
        let part =
            part.filter(|(last, _)| beat.nonce == self.pulse.nonce && (*last + 1..=self.pulse.sent).contains(&beat.number));
        if let Some(part) = part {
            *part = (beat.number, clock::uptime());
            self.prove();
        }
    }

    /// Says that this connection does its work, once everything wanted is subscribed and every part has been heard.
    fn prove(&mut self) {
        let is_heard = self.pulse.heard.iter().all(|(number, _)| *number > 0);
        if self.link.is_some() && is_heard && self.wanted.is_settled() && !std::mem::replace(&mut self.pulse.is_proven, true) {
            let now = clock::uptime();
            self.retry.connected(now);
            self.peers.begin(now);
            self.station.health.well(Direction::Hearing);
            self.registry.do_send(CompareNow::All);
        }
    }

    /// Gives up a connection that has gone silent; compares heads when something may have been missed, and more often
    /// while another node is silent.
    fn look(&mut self, ctx: &mut Context<Self>) {
        let now = clock::uptime();
        if self.spill.is_lost() {
            self.fail(&"the connection has ended", ctx);
        } else if self.pulse.heard.iter().any(|(_, heard)| now.since(*heard) > SILENCE) {
            self.fail(&"what is published is not heard", ctx);
        } else {
            if self.spill.take_overflow() | std::mem::take(&mut self.is_in_doubt) {
                self.registry.do_send(CompareNow::All);
            }
            if self.pulse.is_proven {
                self.station.health.peers(!self.peers.is_any_silent(now));
            }
        }
    }

    fn fail(&mut self, reason: &dyn Display, ctx: &mut Context<Self>) {
        log::debug!(reason:%; "subscriber gives its connection up");
        self.station.health.ill(Direction::Hearing, reason);
        self.station.directory.metrics().redis_rebuilds.inc();
        ctx.stop();
    }

    fn receive(&mut self, sealed: &[u8]) {
        let metrics = self.station.directory.metrics();
        let message = match self.verifier.open(sealed).and_then(Message::decode) {
            Ok(message) => message,
            Err(refused) => {
                // What cannot be believed may still have stood in the place of something true.
                self.is_in_doubt = true;
                return metrics.fate(refused.as_str());
            }
        };
        match message.body {
            Body::Beat(beat) if message.node == self.station.node => self.hear(beat),
            Body::Beat(beat) => self.peers.hear(message.node, beat.part, beat.number, clock::uptime()),
            // Delivered when it was committed.
            _ if message.node == self.station.node => metrics.fate("own"),
            Body::Committed(committed) => {
                metrics.fate("heard");
                self.is_in_doubt |= !self.station.directory.offer(committed);
            }
            Body::Head(restaurant, position) => {
                metrics.fate("heard");
                self.station.directory.report_head(restaurant, position);
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
        self.link = None;
        self.pulse = Pulse::default();
    }
}

impl StreamHandler<Incoming> for RedisSubscriber {
    fn handle(&mut self, incoming: Incoming, ctx: &mut Context<Self>) {
        match incoming {
            Incoming::Message(sealed) => self.receive(&sealed),
            Incoming::Oversized => {
                self.is_in_doubt = true;
                self.station.directory.metrics().fate("oversized");
            }
            // A cluster takes a subscription back when its slot moves to another server.
            Incoming::Unsubscribed(channel) => {
                let restaurant = self.station.channels.restaurant(&channel);
                if restaurant.is_none_or(|restaurant| self.wanted.wants(restaurant) && self.wanted.is_settled()) {
                    self.fail(&"a subscription was taken back", ctx);
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
            FeedLife::Launched(restaurant) => self.wanted.watch(restaurant),
            FeedLife::Retired(restaurant) => self.wanted.unwatch(restaurant),
        }
        self.settle(ctx);
    }
}
