//! The actor of a long poll: a member of its rooms until one of them has something to send.

use super::batch::Batch;
use crate::auth::authenticate::Denied;
use crate::auth::token::Verified;
use crate::clock;
use crate::connection::Node;
use crate::connection::abandoned::{AbandonGuard, Abandoned};
use crate::connection::registry::Control;
use crate::connection::subscriber::{MAILBOX, OPENING, Subscriber};
use crate::connection::subscription::Subscriptions;
use crate::connection::transport::Transport;
use crate::domain::model::principal::Principal;
use crate::domain::model::room_id::RoomId;
use crate::protocol::client_frame::Subscribe;
use crate::protocol::{Failure, Frame};
use crate::room::{Page, ToMember};
use crate::telemetry::TransportKind;
use actix::prelude::*;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// The longest wait of a poll. A longer request is shortened to this.
pub const MAX_WAIT: Duration = Duration::from_secs(30);
/// The default wait of a poll.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(25);
/// The time for which an answer waits for more frames after the first, so that it has all events of a transaction.
const GATHER: Duration = Duration::from_millis(5);

/// The body of an answer, in pieces.
type Answer = Result<Vec<Bytes>, Failure>;

/// One poll, of one room or of several.
///
/// Loss: none. Events that are not in the answer come after the client's cursors, and the next poll finds them in the log.
pub struct LongPoll {
    subscriber: Subscriber,
    principal: Principal,
    subscriptions: Subscriptions,
    wait: Duration,
    batch: Batch,
    is_time_over: bool,
    /// Whether the answer is being held for [`GATHER`].
    is_gathering: bool,
    answer: Option<oneshot::Sender<Answer>>,
}

/// Joins rooms and waits for the next frames of any of them, for `wait` but never longer than [`MAX_WAIT`]. Without a usable
/// cursor, the first frame is a snapshot, and the answer comes at once. Returns the body of the answer, in pieces.
///
/// Cancel safety: cancelling leaves the rooms.
///
/// # Errors
/// `forbidden`, `rate_limited`, `unavailable`, and `unauthorized` for a session that ends during the wait.
pub async fn wait_for(node: Arc<Node>, verified: Verified, asked: &[Subscribe], wait: Duration) -> Answer {
    let generation = node.generation(verified.principal.restaurant).await?;
    let (subscriptions, slot) = node.admit(&verified.principal, asked, generation)?;
    let wait = wait.min(MAX_WAIT);
    let (answer, answered) = oneshot::channel();
    let poll = LongPoll {
        batch: Batch::new(&subscriptions, node.limits.backlog_bytes),
        subscriber: Subscriber::new(TransportKind::LongPoll, node, slot, generation, verified.expires_at),
        principal: verified.principal,
        subscriptions,
        wait,
        is_time_over: false,
        is_gathering: false,
        answer: Some(answer),
    };
    let _guard = AbandonGuard(poll.start().recipient());
    match tokio::time::timeout(wait + OPENING, answered).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) | Err(_) => Err(Failure::room_unavailable()),
    }
}

impl LongPoll {
    fn answer(&mut self, answer: Answer, ctx: &mut Context<Self>) {
        if let Some(sender) = self.answer.take() {
            // The receiver is gone when the request was dropped.
            let _ = sender.send(answer);
        }
        ctx.stop();
    }

    /// Answers with the batch.
    fn finish(&mut self, ctx: &mut Context<Self>) {
        let pieces = self.batch.pieces(self.subscriber.epoch(), self.subscriber.node.version);
        self.answer(Ok(pieces), ctx);
    }

    /// Answers soon, if the batch is ready.
    fn settle(&mut self, ctx: &mut Context<Self>) {
        if self.is_gathering || !self.batch.is_ready(self.is_time_over) {
            return;
        }
        self.is_gathering = true;
        let hold = if self.is_time_over { Duration::ZERO } else { GATHER };
        ctx.run_later(hold, |poll, ctx| {
            poll.is_gathering = false;
            // Check again: the second snapshot of a room that was requested twice may have begun.
            if poll.batch.is_ready(poll.is_time_over) {
                poll.finish(ctx);
            }
        });
    }

    /// Ends the wait. An answer without events still needs the position of each room.
    fn time_out(&mut self, ctx: &mut Context<Self>) {
        self.is_time_over = true;
        self.settle(ctx);
    }
}

impl Transport for LongPoll {
    fn subscriber(&self) -> &Subscriber {
        &self.subscriber
    }

    fn principal(&self) -> &Principal {
        &self.principal
    }

    fn deliver(&mut self, frames: &[Frame], ctx: &mut Context<Self>) {
        frames.iter().for_each(|frame| self.batch.take(frame));
        self.settle(ctx);
    }

    fn turned_away(&mut self, room: RoomId, failure: Failure, ctx: &mut Context<Self>) {
        match self.batch.refuse(Some(room), failure.about_room(room)) {
            Ok(()) => self.settle(ctx),
            Err(failure) => self.answer(Err(failure), ctx),
        }
    }

    /// Answers with the frames of all rooms, if no snapshot among them is incomplete: it is not known which room evicted the
    /// poll.
    fn evict(&mut self, ctx: &mut Context<Self>) {
        if self.batch.can_answer_early() {
            self.finish(ctx);
        } else {
            self.answer(Err(Failure::room_unavailable()), ctx);
        }
    }

    /// The frames so far belong to the epoch that the answer names.
    fn start_over(&mut self, ctx: &mut Context<Self>) {
        self.evict(ctx);
    }

    fn expire(&mut self, denied: Denied, ctx: &mut Context<Self>) {
        self.answer(Err(denied.into()), ctx);
    }

    /// Answers within the slot. The next poll reaches another node, or is refused with a wait.
    fn leave_after(&mut self, slot: Duration, ctx: &mut Context<Self>) {
        ctx.run_later(slot, Self::time_out);
    }
}

impl Actor for LongPoll {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
        if !self.begin(ctx) {
            return;
        }
        // A token that expires ends the wait; the next poll is refused.
        let wait = self.wait.min(self.subscriber.expires().since(clock::uptime()));
        ctx.run_later(wait, Self::time_out);
        for failure in self.subscriptions.take_refused() {
            // Several rooms are named, or the request would have been refused before.
            let _ = self.batch.refuse(None, failure);
        }
        for subscription in self.subscriptions.granted() {
            self.join(subscription, ctx);
        }
        self.settle(ctx);
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.subscriber.end(&self.principal, &self.subscriptions.rooms());
    }
}

impl Handler<ToMember> for LongPoll {
    type Result = ();
    fn handle(&mut self, message: ToMember, ctx: &mut Context<Self>) {
        self.hear(message, ctx);
    }
}

impl Handler<Page> for LongPoll {
    type Result = ResponseFuture<()>;
    fn handle(&mut self, page: Page, ctx: &mut Context<Self>) -> Self::Result {
        let room = match page {
            Page::Frames(frames) => {
                self.deliver(&frames, ctx);
                frames.last().and_then(Frame::origin).map(|(room, _)| room)
            }
            Page::Whole(snapshot) => {
                self.batch.take_whole(snapshot);
                self.settle(ctx);
                None
            }
        };
        if self.batch.is_done_with(room) {
            // The room need not read the next page, which is for the next poll.
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(()))
    }
}

impl Handler<Control> for LongPoll {
    type Result = ();
    fn handle(&mut self, control: Control, ctx: &mut Context<Self>) {
        self.control(control, ctx);
    }
}

impl Handler<Abandoned> for LongPoll {
    type Result = ();
    fn handle(&mut self, _: Abandoned, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}
