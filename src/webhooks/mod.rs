//! Webhooks: the feed of a restaurant, sent to servers of integrators (Standard Webhooks).
//!
//! Each webhook has one position in the feed. The [`dispatcher`] finds those that have events to get, and the [`sender`] sends
//! each its next [`message`], in order and at least once. The [`plan`] decides what comes next. A node writes the plan to the
//! database before it sends, so that another node, which takes over when the first one dies, sends the same message under the
//! same id.

pub mod dispatcher;
pub mod message;
pub mod plan;
pub mod sender;
pub mod signature;

use crate::feed::FeedRegistry;
use actix::Actor;
use dispatcher::Dispatcher;
use sender::Sender;
use std::sync::Arc;

/// Starts to send the webhooks of all restaurants, on this thread.
pub fn start(sender: Arc<Sender>, feeds: &FeedRegistry) {
    feeds.add_relay(Dispatcher::new(sender).start().recipient());
}
