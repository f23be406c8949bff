//! The `Dispatcher` actor: finds webhooks that have events to get, and limits how many are served at once.

use super::sender::Sender;
use crate::feed::EventCommitted;
use actix::prelude::*;
use std::sync::Arc;
use std::time::Duration;

/// The capacity of the mailbox. Overflow: the feed registry drops and counts the announcement, and the next search finds the
/// events.
const MAILBOX: usize = 4096;
/// The most webhooks that are served at once. The others wait their turn.
const IN_FLIGHT: usize = 16;
/// The time from a commit of this node to the search, so that a burst of commits causes one search.
const DELAY: Duration = Duration::from_millis(50);
/// The period of searches, for commits of other nodes, for later attempts and for webhooks of nodes that are gone.
const PERIOD: Duration = Duration::from_secs(1);
/// The period in which webhooks are counted for the metrics.
const COUNT_PERIOD: Duration = Duration::from_secs(15);

/// The dispatcher, one for each node that serves the API.
///
/// Ordering: that of a feed for each webhook, since one node at a time serves it; none between webhooks.
///
/// Loss: none. What is not found in one search is found in the next.
pub struct Dispatcher {
    sender: Arc<Sender>,
    in_flight: usize,
    /// Whether a search is planned or running.
    is_searching: bool,
    /// Whether there was a commit since the search began.
    is_woken: bool,
}

impl Dispatcher {
    /// Makes a dispatcher.
    #[must_use]
    pub const fn new(sender: Arc<Sender>) -> Self {
        Self { sender, in_flight: 0, is_searching: false, is_woken: false }
    }

    fn wake(&mut self, ctx: &mut Context<Self>) {
        self.is_woken = true;
        if !self.is_searching && self.in_flight < IN_FLIGHT {
            self.is_searching = true;
            ctx.run_later(DELAY, Self::search);
        }
    }

    fn search(&mut self, ctx: &mut Context<Self>) {
        self.is_woken = false;
        let (sender, free) = (self.sender.clone(), IN_FLIGHT - self.in_flight);
        let search = async move { sender.due(free).await };
        ctx.spawn(search.into_actor(self).map(|due, dispatcher, ctx| {
            dispatcher.is_searching = false;
            for (restaurant, webhook) in due {
                dispatcher.in_flight += 1;
                let sender = dispatcher.sender.clone();
                let serve = async move { sender.serve(restaurant, webhook).await };
                ctx.spawn(serve.into_actor(dispatcher).map(|(), dispatcher, ctx| {
                    dispatcher.in_flight -= 1;
                    dispatcher.wake(ctx);
                }));
            }
            if dispatcher.is_woken {
                dispatcher.wake(ctx);
            }
        }));
    }
}

impl Actor for Dispatcher {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
        ctx.run_interval(PERIOD, |dispatcher, ctx| dispatcher.wake(ctx));
        ctx.run_interval(COUNT_PERIOD, |dispatcher, ctx| {
            let sender = dispatcher.sender.clone();
            ctx.spawn(async move { sender.count().await }.into_actor(dispatcher));
        });
    }
}

impl Handler<EventCommitted> for Dispatcher {
    type Result = ();
    fn handle(&mut self, _: EventCommitted, ctx: &mut Context<Self>) {
        self.wake(ctx);
    }
}
