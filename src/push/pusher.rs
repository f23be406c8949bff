//! The `Pusher` actor: what waits to be told to phones, and how much is told at once.

use super::notice::{Notice, notices};
use super::post::Post;
use crate::feed::EventCommitted;
use actix::prelude::*;
use std::collections::VecDeque;
use std::rc::Rc;

/// Commits that the actor has not looked at; the directory drops and counts what does not fit.
const MAILBOX: usize = 4096;
/// Notices that wait; one more is dropped and counted.
const WAITING: usize = 1024;
/// Notices that are told at once. A push service that hangs holds each for two minutes at most.
const UNDER_WAY: usize = 64;

/// One per node with a VAPID key.
///
/// Ordering: none between notices; those of one order share a topic. Loss: whatever a full queue, a deadline or the end of the
/// process takes; a commit never waits for it.
pub struct Pusher {
    post: Rc<Post>,
    waiting: VecDeque<Notice>,
    under_way: usize,
}

impl Pusher {
    /// A pusher with nothing to tell yet.
    #[must_use]
    pub fn new(post: Post) -> Self {
        Self { post: Rc::new(post), waiting: VecDeque::new(), under_way: 0 }
    }

    fn put(&mut self, notice: Notice) {
        if self.waiting.len() < WAITING {
            self.waiting.push_back(notice);
        } else {
            self.post.count("dropped");
        }
    }

    fn run(&mut self, ctx: &mut Context<Self>) {
        while self.under_way < UNDER_WAY {
            let Some(notice) = self.waiting.pop_front() else { return };
            self.under_way += 1;
            let post = self.post.clone();
            let tell = async move { post.tell(notice).await };
            ctx.spawn(tell.into_actor(self).map(|(), pusher, ctx| {
                pusher.under_way -= 1;
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
