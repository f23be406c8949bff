//! What a webhook gets next and when, pure: time and randomness are arguments.

use crate::backoff::Backoff;
use crate::domain::model::webhook::{Fault, SigningKeys, Webhook, WebhookState};
use crate::domain::values::ids::Generation;
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use std::time::Duration;

/// The time for which one node has a webhook: longer than an attempt takes.
pub const LEASE: Duration = Duration::from_secs(15);
/// The longest first wait between attempts, with full jitter. It doubles with each failure.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait between attempts.
pub const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);
/// The time after which a webhook whose receiver fails is no longer tried.
pub const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);
/// The time for which the former keys sign beside new ones.
pub const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

/// What a webhook has to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    Nothing,
    /// The message that the history was rewritten.
    History,
    /// The events after its position, at most up to this one: those of the message that was begun, or all.
    Events(Position),
}

/// The outcome of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has accepted the message.
    Delivered,
    /// The receiver wants no more.
    Gone,
    /// Another attempt is needed, after a wait if the receiver named one.
    Failed(Fault, Option<Duration>),
}

/// Takes a webhook for a node. Returns false if it is not its turn.
#[must_use]
pub fn claim(webhook: &mut Webhook, now: Timestamp) -> bool {
    let is_free = webhook.state == WebhookState::Active && webhook.due_at <= now;
    if is_free {
        lease(webhook, now);
    }
    is_free
}

/// Keeps a webhook for a node for another while.
pub fn lease(webhook: &mut Webhook, now: Timestamp) {
    webhook.due_at = now.plus(LEASE);
}

/// Leaves a webhook that has everything to whichever node finds the next event.
pub fn release(webhook: &mut Webhook, now: Timestamp) {
    webhook.due_at = now;
}

/// Returns what comes next, by the feed's generation and last event. In another generation, what the receiver has from after the
/// webhook's position is of a history that was lost, and so is a message that was begun.
pub fn next(webhook: &mut Webhook, generation: Option<Generation>, head: Position) -> Next {
    let details = &mut webhook.details;
    if details.generation != generation {
        (details.generation, details.owes_history, details.through) = (generation, true, None);
    }
    match details.through {
        _ if details.owes_history => Next::History,
        Some(through) => Next::Events(through),
        None if head > webhook.position => Next::Events(head),
        None => Next::Nothing,
    }
}

/// Begins a message with the events up to a position.
pub const fn begin(webhook: &mut Webhook, through: Position) {
    webhook.details.through = Some(through);
}

/// Records the outcome of an attempt. `random` is uniform over `u64`.
pub fn record(webhook: &mut Webhook, outcome: Outcome, now: Timestamp, random: u64) {
    let details = &mut webhook.details;
    match outcome {
        Outcome::Delivered => {
            if !std::mem::take(&mut details.owes_history) {
                webhook.position = details.through.take().unwrap_or(webhook.position);
            }
            forgive(webhook);
            webhook.details.delivered_at = Some(now);
        }
        Outcome::Gone => {
            details.fault = Some(Fault::Refused { status: 410 });
            webhook.state = WebhookState::Gone;
        }
        Outcome::Failed(fault, wait) => {
            details.fault = Some(fault);
            let since = *details.failing_since.get_or_insert(now);
            let mut backoff = Backoff::after(details.attempts, FIRST_WAIT, LONGEST_WAIT);
            details.attempts = details.attempts.saturating_add(1);
            if now.since(since) >= PATIENCE {
                webhook.state = WebhookState::Failing;
            }
            let wait = wait.unwrap_or_default().min(LONGEST_WAIT);
            webhook.due_at = now.plus(backoff.next(random).max(wait));
        }
    }
}

fn forgive(webhook: &mut Webhook) {
    let details = &mut webhook.details;
    (details.attempts, details.failing_since, details.fault) = (0, None, None);
}

/// Stops a webhook at its position.
pub const fn pause(webhook: &mut Webhook) {
    webhook.state = WebhookState::Paused;
}

/// Continues at the webhook's position, at once.
pub fn resume(webhook: &mut Webhook, now: Timestamp) {
    forgive(webhook);
    webhook.state = WebhookState::Active;
    webhook.due_at = now;
}

/// Sends everything after a position again, as new messages.
pub fn replay(webhook: &mut Webhook, after: Position, now: Timestamp) {
    webhook.position = after;
    webhook.due_at = now;
    webhook.details.through = None;
    webhook.details.run = webhook.details.run.saturating_add(1);
    forgive(webhook);
}

/// Signs with new keys, and for a while with the former ones as well.
pub fn rotate(webhook: &mut Webhook, keys: SigningKeys, now: Timestamp) {
    webhook.former_keys = Some(std::mem::replace(&mut webhook.keys, keys));
    webhook.details.former_until = Some(now.plus(OVERLAP));
}

/// Returns the keys that sign at a time, the newest first.
pub fn keys(webhook: &Webhook, now: Timestamp) -> impl Iterator<Item = &SigningKeys> {
    let former = webhook.former_keys.as_ref().filter(|_| webhook.details.former_until.is_some_and(|until| now < until));
    std::iter::once(&webhook.keys).chain(former)
}
