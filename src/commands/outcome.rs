//! How a command ended: for its sender, the metrics and the log.

use crate::domain::model::principal::Principal;
use crate::domain::model::refusal::Refusal;
use crate::domain::values::ids::OrderId;
use crate::domain::values::time::Timestamp;
use crate::store::StoreError;
use crate::store::log::Committed;

/// Why a command has no ack.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CommandError {
    /// The command was refused.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// The store failed. The client may send the command again under the same id.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A command that has an answer.
pub(super) struct Done {
    pub action: &'static str,
    /// The order it names.
    pub order: Option<OrderId>,
    /// When it arrived, on the clock of [`clock::uptime`].
    pub begun: Timestamp,
}

/// Returns the word for the outcome of a command.
pub(super) fn word(answer: &Result<Committed, CommandError>) -> &'static str {
    match answer {
        Ok(Committed { repeated: true, .. }) => "repeated",
        Ok(Committed { answer: Ok(ack), .. }) if ack.changed => "changed",
        Ok(Committed { answer: Ok(_), .. }) => "unchanged",
        Ok(Committed { answer: Err(refusal), .. }) | Err(CommandError::Refused(refusal)) => refusal.kind.as_str(),
        Err(CommandError::Store(StoreError::Unavailable)) => "unavailable",
        Err(CommandError::Store(_)) => "internal",
    }
}

/// Logs a command, so that the log answers who did what to an order, and when.
pub(super) fn log(who: &Principal, action: &str, order: Option<OrderId>, answer: &Result<Committed, CommandError>) {
    let (restaurant, role, sub, outcome) = (who.restaurant, who.role, &who.sub, word(answer));
    let events = answer.as_ref().map_or(&[][..], |committed| &*committed.events);
    let order = order.or_else(|| events.first()?.order);
    match (order, events.last()) {
        (Some(order), Some(last)) => {
            log::info!(restaurant:%, role:%, who:% = sub, action, outcome, order:%, position:% = last.position; "command");
        }
        (Some(order), None) => log::info!(restaurant:%, role:%, who:% = sub, action, outcome, order:%; "command"),
        (None, _) => log::info!(restaurant:%, role:%, who:% = sub, action, outcome; "command"),
    }
}
