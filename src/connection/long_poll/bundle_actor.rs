//! The long poll of several rooms: in all of them until one has something to tell.

use super::GATHER;
use super::bundle::Bundle;
use crate::auth::authenticate::Denied;
use crate::auth::token::Verified;
use crate::clock;
use crate::connection::Services;
use crate::connection::abandoned::{AbandonGuard, Abandoned};
use crate::connection::registry::{ConnectionSlot, Control};
use crate::connection::subscriber::{MAILBOX, OPENING, Subscriber};
use crate::connection::subscription::Wishes;
use crate::domain::model::principal::Principal;
use crate::domain::model::room_id::RoomId;
use crate::protocol::{Failure, Frame};
use crate::room::{Page, ToMember};
use actix::prelude::*;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

type Told = Result<Vec<Bytes>, Failure>;

/// One poll.
///
/// Loss: none. What is not in its answer lies after the client's cursors, and is in the log when it asks again.
pub struct BundlePoll {
    presence: Subscriber,
    who: Principal,
    wishes: Wishes,
    rooms: Vec<RoomId>,
    wait: Duration,
    bundle: Bundle,
    /// The time is over.
    waited: bool,
    /// The answer is about to be told.
    is_gathering: bool,
    answer: Option<oneshot::Sender<Told>>,
}

/// Joins rooms and waits for the next frames of any. Cancelling leaves them.
///
/// # Errors
/// `unavailable`, and `unauthorized` for a session that ends meanwhile.
pub async fn wait_for(
    services: Arc<Services>,
    (wishes, seat): (Wishes, ConnectionSlot),
    verified: Verified,
    wait: Duration,
) -> Told {
    let (answer, answered) = oneshot::channel();
    let Verified { principal: who, expires_at } = verified;
    let rooms = wishes.rooms();
    let bundle = Bundle::new(&rooms, services.limits.backlog_bytes);
    let presence = Subscriber::new(services, seat, expires_at);
    let poll =
        BundlePoll { presence, who, wishes, rooms, wait, bundle, waited: false, is_gathering: false, answer: Some(answer) };
    let _leash = AbandonGuard(poll.start().recipient());
    match tokio::time::timeout(wait + OPENING, answered).await {
        Ok(Ok(told)) => told,
        Ok(Err(_)) | Err(_) => Err(Failure::room_unavailable()),
    }
}

impl BundlePoll {
    fn tell(&mut self, told: Told, ctx: &mut Context<Self>) {
        if let Some(sender) = self.answer.take() {
            // Nobody is left to be told when the request was dropped.
            let _ = sender.send(told);
        }
        ctx.stop();
    }

    /// Answers with what there is.
    fn finish(&mut self, ctx: &mut Context<Self>) {
        let services = &self.presence.services;
        let pieces = self.bundle.pieces(services.store.epoch(), services.version);
        self.tell(Ok(pieces), ctx);
    }

    /// Answers soon, if there is something to answer: the events of one transaction make one answer.
    fn settle(&mut self, ctx: &mut Context<Self>) {
        if self.is_gathering || !self.bundle.is_ready(self.waited) {
            return;
        }
        self.is_gathering = true;
        ctx.run_later(if self.waited { Duration::ZERO } else { GATHER }, |poll, ctx| {
            poll.is_gathering = false;
            // Of a room that was asked twice another snapshot may have begun.
            if poll.bundle.is_ready(poll.waited) {
                poll.finish(ctx);
            }
        });
    }

    fn time_out(&mut self, ctx: &mut Context<Self>) {
        self.waited = true;
        self.settle(ctx);
    }

    fn take(&mut self, frames: &[Frame], ctx: &mut Context<Self>) {
        frames.iter().for_each(|frame| self.bundle.take(frame));
        self.settle(ctx);
    }

    fn turned_away(&mut self, room: RoomId, failure: Failure, ctx: &mut Context<Self>) {
        self.bundle.refuse(Some(room), failure.about_room(room).frame());
        self.settle(ctx);
    }
}

impl Actor for BundlePoll {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
        if !self.presence.begin(&self.who, ctx.address().recipient()) {
            return self.tell(Err(Denied::Ended.into()), ctx);
        }
        // A token that expires ends the wait; the next poll is refused.
        let wait = self.wait.min(self.presence.expires().since(clock::uptime()));
        ctx.run_later(wait, Self::time_out);
        for failure in self.wishes.take_refused() {
            self.bundle.refuse(None, failure.frame());
        }
        for wish in self.wishes.granted() {
            let (room, mailbox, pages) = (wish.room, ctx.address().recipient(), ctx.address().recipient());
            if !self.presence.join(&self.who, wish, mailbox, pages) {
                self.turned_away(room, Failure::room_unavailable(), ctx);
            }
        }
        self.settle(ctx);
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.presence.end(&self.who, &self.rooms);
    }
}

impl Handler<ToMember> for BundlePoll {
    type Result = ();
    fn handle(&mut self, message: ToMember, ctx: &mut Context<Self>) {
        match message {
            ToMember::Frame(frame) => self.take(&[frame], ctx),
            ToMember::Frames(frames) => self.take(&frames, ctx),
            ToMember::Refused(room) => self.turned_away(room, Failure::forbidden_room(), ctx),
            ToMember::Unavailable(room) => self.turned_away(room, Failure::room_unavailable(), ctx),
            // Which room it was is not said; what was told of all of them stands.
            ToMember::Evicted if self.bundle.is_whole() => self.finish(ctx),
            ToMember::Evicted => self.tell(Err(Failure::room_unavailable()), ctx),
        }
    }
}

impl Handler<Page> for BundlePoll {
    type Result = ResponseFuture<()>;
    fn handle(&mut self, page: Page, ctx: &mut Context<Self>) -> Self::Result {
        // A snapshot without parts is for who asks for a single room.
        let Page::Frames(frames) = page else { return Box::pin(std::future::ready(())) };
        let room = frames.last().and_then(Frame::origin).map(|(room, _)| room);
        self.take(&frames, ctx);
        if self.bundle.is_done_with(room) {
            // The room need not read the next page, which is for the next poll.
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(()))
    }
}

impl Handler<Control> for BundlePoll {
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

impl Handler<Abandoned> for BundlePoll {
    type Result = ();
    fn handle(&mut self, _: Abandoned, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}
