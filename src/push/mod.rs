//! Messages to the phones of diners whose page is closed (Web Push: RFC 8030, 8291, 8292).
//!
//! The [`pusher`] receives this node's commits as the feeds do, and makes a [`notice`] of each
//! event that a guest waits for. The [`post`] encrypts it, signs it with the [`vapid`] key and
//! sends it to a push service on the operator's list. A subscription names an address that this server then calls. Without a
//! list, anyone with a table's key could make it call any reachable address.
//!
//! Loss: best effort. The page shows the current state when it is opened.

pub mod notice;
pub mod post;
pub mod pusher;
mod service;
pub mod vapid;

pub use service::{Push, Unacceptable, WELL_KNOWN_HOSTS};

use crate::feed::FeedRegistry;
use actix::Actor;
use post::Post;
use pusher::Pusher;
use std::sync::Arc;

/// Starts to send notices of this node's commits, on this thread.
///
/// # Errors
/// An error if the HTTP client cannot be made.
pub fn start(push: Arc<Push>, feeds: &FeedRegistry) -> anyhow::Result<()> {
    let post = Post::new(push, feeds.store().clone(), feeds.metrics().clone())?;
    feeds.add_relay(Pusher::new(post).start().recipient());
    Ok(())
}
