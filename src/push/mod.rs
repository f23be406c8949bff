//! Messages to the phones of diners whose page is closed (Web Push: RFC 8030, 8291, 8292).
//!
//! The [`pusher`] hears of what this node commits, beside the feeds and never before them, makes a [`notice`] of what a guest
//! waits for, and hands it to the [`post`], which encrypts it, signs it with the [`vapid`] key and sends it to a push service
//! on the list of [`hosts`], at one of its public [`addresses`]. Best effort: what is lost is lost, and the page shows the
//! truth when it is opened.

pub mod addresses;
pub mod hosts;
pub mod notice;
pub mod post;
pub mod pusher;
mod service;
pub mod vapid;

pub use service::{Push, Unacceptable};

use crate::feed::FeedRegistry;
use actix::Actor;
use post::Post;
use pusher::Pusher;
use std::sync::Arc;

/// Sends what this node commits from now on, on this thread.
///
/// # Errors
/// When there can be no HTTP client.
pub fn start(push: Arc<Push>, directory: &FeedRegistry) -> anyhow::Result<()> {
    let post = Post::new(push, directory.store().clone(), directory.metrics().clone())?;
    directory.add_relay(Pusher::new(post).start().recipient());
    Ok(())
}
