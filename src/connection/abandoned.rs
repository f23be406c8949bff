//! Notifies an actor when nothing waits for its response any longer.

use actix::{Message, Recipient};

/// Sent to an actor when nothing waits for its response any longer.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Abandoned;

/// A guard of the code that waits for an actor's response. Dropping it sends [`Abandoned`].
pub struct AbandonGuard(pub Recipient<Abandoned>);

impl Drop for AbandonGuard {
    fn drop(&mut self) {
        // It is the last message that the actor needs: a full mailbox must not lose it.
        self.0.do_send(Abandoned);
    }
}
