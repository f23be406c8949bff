//! The twin of the WebSocket's `Connection` that answers a long poll: in the room until there is something to tell.

use super::batch::{Answer, PollBatch};
use super::{GATHER, bundle_actor};
use crate::auth::authenticate::Denied;
use crate::auth::token::Verified;
use crate::clock;
use crate::connection::Services;
use crate::connection::abandoned::{AbandonGuard, Abandoned};
use crate::connection::registry::{ConnectionSlot, Control};
use crate::connection::subscriber::{MAILBOX, OPENING, Subscriber};
use crate::connection::subscription::Subscription;
use crate::domain::model::principal::Principal;
use crate::protocol::client_frame::Subscribe;
use crate::protocol::{Failure, Frame};
use crate::room::{Page, ToMember};
use actix::prelude::*;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// The longest wait of a poll. Who asks for more gets this.
pub const MAX_WAIT: Duration = Duration::from_secs(30);
/// The wait of a poll that names none.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(25);

/// One poll.
///
/// Loss: none. It tells a cursor with what it answers, and what comes after that cursor is in the log when the client
/// asks again.
pub struct LongPoll {
    presence: Subscriber,
    who: Principal,
    wish: Subscription,
    wait: Duration,
    catch: PollBatch,
    /// The room has answered.
    joined: bool,
    /// The time is over.
    waited: bool,
    answer: Option<oneshot::Sender<Result<Answer, Failure>>>,
}

/// Joins a room, or several, and waits for their next frames, `wait` at most and never longer than [`MAX_WAIT`]. Without a
/// usable cursor the frame is a snapshot, at once. Returns the body of the answer, in pieces. Cancelling leaves the rooms.
///
/// # Errors
/// `forbidden`, `rate_limited`, `unavailable`, and `unauthorized` for a session that ends meanwhile.
pub async fn wait_for(
    services: Arc<Services>,
    verified: Verified,
    asked: &[Subscribe],
    wait: Duration,
) -> Result<Vec<Bytes>, Failure> {
    let (wishes, seat) = services.admit(&verified.principal, asked)?;
    let wait = wait.min(MAX_WAIT);
    let Some(wish) = wishes.only().cloned() else {
        return bundle_actor::wait_for(services, (wishes, seat), verified, wait).await;
    };
    let (answer, answered) = oneshot::channel();
    let poll = LongPoll::new(services, seat, verified, wish, wait, answer);
    let _leash = AbandonGuard(poll.start().recipient());
    match tokio::time::timeout(wait + OPENING, answered).await {
        Ok(Ok(answer)) => answer.map(|answer| answer.pieces()),
        Ok(Err(_)) | Err(_) => Err(Failure::room_unavailable()),
    }
}

impl LongPoll {
    fn new(
        services: Arc<Services>,
        seat: ConnectionSlot,
        verified: Verified,
        wish: Subscription,
        wait: Duration,
        answer: oneshot::Sender<Result<Answer, Failure>>,
    ) -> Self {
        let Verified { principal: who, expires_at } = verified;
        let catch = PollBatch::new(wish.since.unwrap_or_default(), services.limits.backlog_bytes);
        let presence = Subscriber::new(services, seat, expires_at);
        Self { presence, who, wish, wait, catch, joined: false, waited: false, answer: Some(answer) }
    }

    fn tell(&mut self, answer: Result<Answer, Failure>, ctx: &mut Context<Self>) {
        if let Some(sender) = self.answer.take() {
            // Nobody is left to be told when the request was dropped.
            let _ = sender.send(answer);
        }
        ctx.stop();
    }

    /// Answers with what there is.
    fn finish(&mut self, ctx: &mut Context<Self>) {
        let services = &self.presence.services;
        let answer = self.catch.answer(self.wish.room, services.store.epoch(), services.version);
        self.tell(Ok(answer), ctx);
    }

    /// The time is over; an answer without frames still needs the room's word on how far it has come.
    fn time_out(&mut self, ctx: &mut Context<Self>) {
        self.waited = true;
        if self.joined && !self.catch.is_partial() {
            self.finish(ctx);
        }
    }

    fn take(&mut self, frames: &[Frame], ctx: &mut Context<Self>) {
        self.joined = true;
        let was_empty = self.catch.is_empty();
        let was_partial = self.catch.is_partial();
        frames.iter().for_each(|frame| self.catch.take(frame));
        if self.catch.is_partial() {
            return;
        }
        if self.waited || was_partial {
            self.finish(ctx);
        } else if was_empty && !self.catch.is_empty() {
            ctx.run_later(GATHER, Self::finish);
        }
    }

    /// The room cannot go on. What was caught before stands, unless it is a part of a whole.
    fn give_up(&mut self, ctx: &mut Context<Self>) {
        if self.catch.is_empty() || self.catch.is_partial() {
            self.tell(Err(Failure::room_unavailable()), ctx);
        } else {
            self.finish(ctx);
        }
    }
}

impl Actor for LongPoll {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
        if !self.presence.begin(&self.who, ctx.address().recipient()) {
            return self.tell(Err(Denied::Ended.into()), ctx);
        }
        // A token that expires ends the wait; the next poll is refused.
        let wait = self.wait.min(self.presence.expires().since(clock::uptime()));
        ctx.run_later(wait, Self::time_out);
        let (mailbox, pages) = (ctx.address().recipient(), ctx.address().recipient());
        if !self.presence.join(&self.who, self.wish.clone(), mailbox, pages) {
            self.tell(Err(Failure::room_unavailable()), ctx);
        }
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.presence.end(&self.who, &[self.wish.room]);
    }
}

impl Handler<ToMember> for LongPoll {
    type Result = ();
    fn handle(&mut self, message: ToMember, ctx: &mut Context<Self>) {
        match message {
            ToMember::Frame(frame) => self.take(&[frame], ctx),
            ToMember::Frames(frames) => self.take(&frames, ctx),
            ToMember::Refused(_) => self.tell(Err(Failure::forbidden_room()), ctx),
            ToMember::Unavailable(_) | ToMember::Evicted => self.give_up(ctx),
        }
    }
}

impl Handler<Page> for LongPoll {
    type Result = ResponseFuture<()>;
    fn handle(&mut self, page: Page, ctx: &mut Context<Self>) -> Self::Result {
        match page {
            Page::Frames(frames) => self.take(&frames, ctx),
            Page::Whole(snapshot) => {
                self.catch.take_whole(snapshot);
                self.finish(ctx);
            }
        }
        if self.catch.is_partial() {
            return Box::pin(std::future::ready(()));
        }
        // One page, or one snapshot, is the answer; the room need not read the next, which is for the next poll.
        Box::pin(std::future::pending())
    }
}

impl Handler<Control> for LongPoll {
    type Result = ();
    fn handle(&mut self, control: Control, ctx: &mut Context<Self>) {
        match control {
            Control::SessionEnded if !self.presence.is_over(&self.who) => {}
            Control::SessionEnded => self.tell(Err(Denied::Ended.into()), ctx),
            // In its own slot of the drain window; the next poll finds another node, or is told to wait.
            Control::Drain { slot_ms } => {
                ctx.run_later(Duration::from_millis(slot_ms), Self::time_out);
            }
        }
    }
}

impl Handler<Abandoned> for LongPoll {
    type Result = ();
    fn handle(&mut self, _: Abandoned, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}
