//! The `Pusher` actor: queues notices to phones and limits how many are sent at once.

use super::notice::{Notice, notices};
use super::post::Post;
use crate::feed::EventCommitted;
use actix::prelude::*;
use std::collections::VecDeque;
use std::rc::Rc;

/// The capacity of the mailbox. Overflow: the feed registry drops and counts the announcement.
const MAILBOX: usize = 4096;
/// The most queued notices. Overflow: a further notice is dropped and counted.
const WAITING: usize = 1024;
/// The most notices in flight. A push service that hangs holds each for at most two minutes.
const IN_FLIGHT: usize = 64;

/// The pusher, one for each node with a VAPID key.
///
/// Ordering: none between notices; those of one order share a topic.
///
/// Loss: a full queue, a deadline or the end of the process drops notices. Commits never wait for
/// them.
pub struct Pusher {
    post: Rc<Post>,
    waiting: VecDeque<Notice>,
    in_flight: usize,
}

impl Pusher {
    /// Makes a pusher with an empty queue.
    #[must_use]
    pub fn new(post: Post) -> Self {
        Self { post: Rc::new(post), waiting: VecDeque::new(), in_flight: 0 }
    }

    fn put(&mut self, notice: Notice) {
        if self.waiting.len() < WAITING {
            self.waiting.push_back(notice);
        } else {
            self.post.count("dropped");
        }
    }

    fn run(&mut self, ctx: &mut Context<Self>) {
        while self.in_flight < IN_FLIGHT {
            let Some(notice) = self.waiting.pop_front() else { return };
            self.in_flight += 1;
            let post = self.post.clone();
            let send = async move { post.send_notice(notice).await };
            ctx.spawn(send.into_actor(self).map(|(), pusher, ctx| {
                pusher.in_flight -= 1;
                pusher.run(ctx);
            }));
        }
    }
}

impl Actor for Pusher {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<EventCommitted> for Pusher {
    type Result = ();
    fn handle(&mut self, committed: EventCommitted, ctx: &mut Context<Self>) {
        notices(&committed).for_each(|notice| self.put(notice));
        self.run(ctx);
    }
}
