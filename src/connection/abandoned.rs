//! Notices that nobody waits for an answer any more.

use actix::{Message, Recipient};

/// Told to an actor when nobody waits for its response any more.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Abandoned;

/// Held by whoever waits for an actor's response; dropping it tells the actor so.
pub struct AbandonGuard(pub Recipient<Abandoned>);

impl Drop for AbandonGuard {
    fn drop(&mut self) {
        // The last message of its life: a full mailbox must not lose it.
        self.0.do_send(Abandoned);
    }
}
